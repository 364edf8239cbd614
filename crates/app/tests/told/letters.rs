//! Letters reach whom they should, once: each threshold of each key's end, whatever restarts, however many nodes there are, and
//! whatever the mail server does. The clock is moved by hand; databases and the mail server are real.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock as _;
use domain::id::KeyId;
use domain::key::KeyDraft;
use domain::policy::ExpiryRequest;
use serde_json::json;
use store::db::Target;
use store::testkit::{TestDatabase, databases};

use crate::support::{Hands, MailServer, Node, Taken, at, berlin};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Letters by their recipients, in the order in which they were taken.
fn by_recipient(letters: &[Taken]) -> BTreeMap<&str, Vec<&Taken>> {
    let mut all = BTreeMap::<&str, Vec<&Taken>>::new();
    for letter in letters {
        all.entry(&letter.to).or_default().push(letter);
    }
    all
}

#[tokio::test]
async fn each_threshold_is_told_once_through_35_days_restarts_nodes_and_a_change_of_clocks() {
    for db in databases().await {
        let (clock, mail) = (Arc::new(Hands::default()), MailServer::start());
        // In Berlin the first of March, a quarter past midnight; clocks go forward on the 29th.
        clock.put(at("2026-02-28T23:15:00Z"));
        let mut node = Node::first(&db, clock.clone(), mail.settings()).await;
        node.patch_policy(berlin()).await;
        // Through the second of April; through the last of March, by two keys; within the very next days; and far away.
        node.key(
            "Ends in April",
            "april@sample.example",
            "2026-04-02T21:59:59.999999Z",
        )
        .await;
        node.key(
            "Ends in March",
            "march@sample.example",
            "2026-03-31T21:59:59.999999Z",
        )
        .await;
        node.key(
            "Ends in March, too",
            "march@sample.example",
            "2026-03-31T10:00:00Z",
        )
        .await;
        node.key("Short", "short@sample.example", "2026-03-03T12:00:00Z")
            .await;
        node.key("Far", "far@sample.example", "2027-03-03T12:00:00Z")
            .await;
        let extended = node
            .key("Extended", "extended@sample.example", "2026-03-20T12:00:00Z")
            .await;
        let revoked = node
            .key("Revoked", "revoked@sample.example", "2026-03-20T12:00:00Z")
            .await;

        // When a letter came, by its id, in days of Berlin.
        let mut came = BTreeMap::new();
        let mut other = node.another(&db, mail.settings()).await;
        for hour in 0..35 * 24 {
            // Twice an hour, by one node or both at once; at times one is started anew.
            let at_once = matches!(db.target(), Target::Postgres(_));
            for _ in 0..2 {
                if at_once {
                    tokio::join!(node.tell(), other.tell());
                } else {
                    node.tell().await;
                }
                clock.forward(30 * MINUTE);
            }
            for letter in mail.letters() {
                came.entry(letter.id).or_insert(hour);
            }
            match hour {
                120 | 500 => node = node.another(&db, mail.settings()).await,
                300 => other = node.another(&db, mail.settings()).await,
                // The twelfth and the eighteenth of March, at noon.
                276 => {
                    let edit = app::key::EditKey {
                        expiry: ExpiryRequest::At(at("2026-06-20T12:00:00Z")),
                        ..app::key::EditKey::default()
                    };
                    node.app
                        .edit_key(&node.caller(), extended, edit)
                        .await
                        .expect("a later end");
                }
                420 => {
                    node.app
                        .revoke_key(&node.caller(), revoked, None)
                        .await
                        .expect("an end");
                }
                _ => (),
            }
        }

        let letters = mail.letters();
        let all = by_recipient(&letters);
        // The hours since the first of March, 00:15, in whose course it turned eight; one less after the clocks went forward.
        let on = |day: usize| (day - 1) * 24 + if day < 29 { 8 } else { 7 };
        let hours = |who: &str| -> Vec<usize> {
            all.get(who)
                .map(|letters| letters.iter().map(|letter| came[&letter.id]).collect())
                .unwrap_or_default()
        };
        assert_eq!(
            hours("april@sample.example"),
            [3, 19, 26, 30, 31, 32, 33].map(on),
            "{letters:#?}"
        );
        assert_eq!(hours("march@sample.example"), [1, 17, 24, 28, 29, 30, 31].map(on));
        assert_eq!(
            hours("short@sample.example"),
            [1, 2, 3].map(on),
            "two days before, one, and that day"
        );
        assert_eq!(hours("far@sample.example"), [0; 0]);
        assert_eq!(
            hours("extended@sample.example"),
            [6].map(on),
            "and then it ends later"
        );
        assert_eq!(
            hours("revoked@sample.example"),
            [6, 13, 17, 18].map(on)[..],
            "and then it was revoked"
        );
        let ids: BTreeSet<&str> = letters.iter().map(|letter| letter.id.as_str()).collect();
        assert_eq!(ids.len(), letters.len(), "none came twice");
        assert_eq!(
            node.record().await.len(),
            letters.len(),
            "each is in the audit log"
        );

        let both = all["march@sample.example"][0];
        assert_eq!(
            both.subject,
            "Sample Ltd: 2 API keys end, the first on 31 March 2026"
        );
        for name in ["Ends in March\n", "Ends in March, too\n"] {
            assert!(both.text.contains(name), "{}", both.text);
        }
        let last = all["april@sample.example"][6];
        assert_eq!(
            last.subject,
            "Sample Ltd: API key “Ends in April” ends on 2 April 2026"
        );
        assert!(last.text.contains("Ends: 2 April 2026, today"), "{}", last.text);
        assert_eq!(
            (last.from.as_str(), last.auto.as_str()),
            ("Claviger <keys@sample.example>", "auto-generated")
        );
        assert!(last.id.ends_with("@sample.example>"), "{}", last.id);
    }
}

#[tokio::test]
async fn who_starts_late_sends_the_latest_threshold_alone() {
    for db in databases().await {
        let (clock, mail) = (Arc::new(Hands::default()), MailServer::start());
        clock.put(at("2026-03-01T00:00:00Z"));
        let node = Node::first(&db, clock.clone(), mail.settings()).await;
        node.patch_policy(berlin()).await;
        node.key("Over", "over@sample.example", "2026-05-08T12:00:00Z")
            .await;
        node.key("Long over", "long-over@sample.example", "2026-05-01T12:00:00Z")
            .await;
        node.key("Near", "near@sample.example", "2026-05-12T12:00:00Z")
            .await;
        // It was off for two months.
        clock.put(at("2026-05-10T09:00:00Z"));
        node.tell().await;
        node.tell().await;
        let letters = mail.letters();
        let all = by_recipient(&letters);
        assert_eq!(letters.len(), 2, "{letters:#?}");
        assert!(
            all["near@sample.example"][0]
                .text
                .contains("12 May 2026, in 2 days")
        );
        assert_eq!(
            all["over@sample.example"][0].subject,
            "Sample Ltd: API key “Over” ended on 8 May 2026"
        );
        for _ in 0..72 {
            clock.forward(HOUR);
            node.tell().await;
        }
        let letters = mail.letters();
        assert_eq!(
            by_recipient(&letters)["near@sample.example"].len(),
            3,
            "the day before, and the day"
        );
        assert_eq!(letters.len(), 4);
    }
}

/// A key that is told of on the next morning at eight, and that morning. It is told of once.
async fn next_morning(node: &Node, name: &str, who: &str) -> KeyId {
    let now = node.clock.now();
    let key = node.key(name, who, &now.plus(28 * HOUR).to_string()).await;
    node.clock.forward(2 * HOUR);
    key
}

/// An installation at seven in the morning, which tells of each key once.
async fn at_seven(db: &TestDatabase, mail: &MailServer) -> Node {
    let clock = Arc::new(Hands::default());
    clock.put(at("2026-03-01T06:00:00Z"));
    let node = Node::first(db, clock, mail.settings()).await;
    node.patch_policy(json!({
        "expiry": {"timezone": "Europe/Berlin"},
        "reminders": {"days": [1], "to": ["contacts"]},
    }))
    .await;
    node
}

fn told(became: &str, who: &str) -> (String, String) {
    (became.to_owned(), who.to_owned())
}

#[tokio::test]
async fn an_address_that_is_refused_is_given_up_and_one_that_is_put_off_is_tried_again() {
    for db in databases().await {
        let mail = MailServer::start();
        let node = at_seven(&db, &mail).await;
        mail.behave("refuse");
        let soon = node.clock.now().plus(28 * HOUR).to_string();
        node.key("Refused", "gone@sample.example", &soon).await;
        next_morning(&node, "Not refused", "here@sample.example").await;
        node.tell().await;
        node.clock.forward(HOUR);
        node.tell().await;
        let record: BTreeSet<_> = node.record().await.into_iter().collect();
        let expected = [
            told("failed", "gone@sample.example"),
            told("sent", "here@sample.example"),
        ];
        assert_eq!(record, BTreeSet::from(expected));
        assert_eq!(mail.letters().len(), 1);

        mail.behave("greylist");
        node.clock.forward(21 * HOUR);
        next_morning(&node, "Put off", "later@sample.example").await;
        node.tell().await;
        node.clock.forward(30 * SECOND);
        node.tell().await;
        assert_eq!(mail.letters().len(), 1, "it waits a minute");
        node.clock.forward(30 * SECOND);
        node.tell().await;
        assert_eq!(mail.letters().len(), 2);
        assert_eq!(
            node.record().await.last(),
            Some(&told("sent", "later@sample.example"))
        );
        node.clock.forward(HOUR);
        node.tell().await;
        assert_eq!(mail.letters().len(), 2);
    }
}

#[tokio::test]
async fn what_waits_while_no_mail_server_is_there_becomes_one_letter_and_says_what_is_true_then() {
    for db in databases().await {
        let mut mail = MailServer::start();
        let node = at_seven(&db, &mail).await;
        mail.stop();
        next_morning(&node, "First", "down@sample.example").await;
        node.tell().await;
        node.clock.forward(22 * HOUR);
        let settled = node
            .key(
                "Settled",
                "settled@sample.example",
                &node.clock.now().plus(28 * HOUR).to_string(),
            )
            .await;
        next_morning(&node, "Second", "down@sample.example").await;
        node.tell().await;
        node.app
            .revoke_key(&node.caller(), settled, None)
            .await
            .expect("an end");
        mail.run();
        for _ in 0..3 {
            node.clock.forward(HOUR);
            node.tell().await;
        }
        let letters = mail.letters();
        assert_eq!(letters.len(), 1, "{letters:#?}");
        assert_eq!(letters[0].to, "down@sample.example");
        assert_eq!(
            letters[0].subject,
            "Sample Ltd: 2 API keys end, the first on 2 March 2026"
        );
        assert!(
            letters[0].text.contains("Ends: 2 March 2026, today"),
            "{}",
            letters[0].text
        );
        assert!(
            letters[0].text.contains("Ends: 3 March 2026, tomorrow"),
            "{}",
            letters[0].text
        );
    }
}

#[tokio::test]
async fn a_letter_that_may_have_been_taken_goes_again_as_the_same_letter() {
    for db in databases().await {
        let mut mail = MailServer::start();
        let node = at_seven(&db, &mail).await;

        // It takes the letter, and dies before it has said so.
        mail.behave("die");
        next_morning(&node, "Died", "died@sample.example").await;
        node.tell().await;
        assert_eq!((mail.letters().len(), node.record().await), (1, Vec::new()));
        mail.stop();
        mail.behave("take");
        mail.run();
        node.clock.forward(MINUTE);
        node.tell().await;
        let letters = mail.letters();
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[0].id, letters[1].id);
        assert_eq!(node.record().await, [told("sent", "died@sample.example")]);

        // It never answers, and who waits for it is killed.
        mail.behave("hang");
        node.clock.forward(22 * HOUR - MINUTE);
        next_morning(&node, "Killed", "killed@sample.example").await;
        let waiting = tokio::spawn({
            let app = node.app.clone();
            async move { app.tell().await }
        });
        mail.is_waited_for().await;
        waiting.abort();
        mail.behave("take");
        let node = node.another(&db, mail.settings()).await;
        node.tell().await;
        assert_eq!(mail.letters().len(), 2, "somebody else may still be sending it");
        node.clock.forward(2 * MINUTE);
        node.tell().await;
        assert_eq!(
            node.record().await.last(),
            Some(&told("sent", "killed@sample.example"))
        );

        // It never answers: that is found out after ten seconds of the real time.
        mail.behave("hang");
        node.clock.forward(22 * HOUR - 2 * MINUTE);
        next_morning(&node, "Hung", "hung@sample.example").await;
        node.tell().await;
        assert_eq!(mail.letters().len(), 3);
        mail.behave("take");
        node.clock.forward(MINUTE);
        node.tell().await;
        assert_eq!(mail.letters().len(), 4);
        assert_eq!(
            node.record().await.last(),
            Some(&told("sent", "hung@sample.example"))
        );
    }
}

#[tokio::test]
async fn a_letter_that_nobody_takes_is_given_up_after_three_days_and_that_is_on_record() {
    for db in databases().await {
        let mut mail = MailServer::start();
        let node = at_seven(&db, &mail).await;
        mail.stop();
        next_morning(&node, "Never", "never@sample.example").await;
        for _ in 0..80 {
            node.tell().await;
            node.clock.forward(HOUR);
        }
        assert_eq!(node.record().await, [told("failed", "never@sample.example")]);
        assert_eq!(node.app.store().letters_waiting().await.expect("letters"), 0);
    }
}

#[tokio::test]
async fn the_policy_says_who_is_written_to_and_names_are_inert() {
    for db in databases().await {
        let (clock, mail) = (Arc::new(Hands::default()), MailServer::start());
        clock.put(at("2026-03-01T06:00:00Z"));
        let (node, person) =
            Node::with_a_person(&db, clock.clone(), mail.settings(), "boss@sample.example").await;
        node.patch_policy(json!({"reminders": {
            "days": [1],
            "to": ["owner", "contacts", "creator", "administrators", "organisation_email"],
            "organisation_email": "house@sample.example",
        }}))
        .await;
        let own = node
            .account("With an address", Some("System@sample.example"), &person)
            .await;
        let answered = node.account("Answered for", None, &person).await;
        let hostile = "<img src=x onerror=alert(1)> & co";
        let soon = clock.now().plus(28 * HOUR);
        for (name, owner) in [(hostile, &own), ("Plain", &answered)] {
            let draft = KeyDraft {
                name: Some(name.to_owned()),
                owner: Some(owner.clone()),
                // The same mailbox in other letters.
                contacts: Some(vec![
                    "SYSTEM@sample.example".to_owned(),
                    "contact@sample.example".to_owned(),
                ]),
                ..KeyDraft::default()
            };
            node.key_of(draft, soon).await;
        }
        clock.forward(3 * HOUR);
        node.tell().await;
        let letters = mail.letters();
        let all: BTreeMap<String, usize> = letters
            .iter()
            .map(|letter| (letter.to.to_lowercase(), letter.text.matches("\n* ").count()))
            .collect();
        let expected = [
            ("boss@sample.example", 2),
            ("contact@sample.example", 2),
            ("house@sample.example", 2),
            ("system@sample.example", 2),
        ];
        assert_eq!(all, expected.map(|(who, keys)| (who.to_owned(), keys)).into());
        assert_eq!(letters.len(), 4, "one letter each");
        let letter = &letters[0];
        assert!(
            !letter.html.contains("<img")
                && letter
                    .html
                    .contains("&lt;img src=x onerror=alert(1)&gt; &amp; co")
        );
        assert!(letter.text.contains(hostile));

        // Who makes the keys is told of a leak whatever the policy says of reminders.
        node.patch_policy(json!({"reminders": {"days": [], "to": []}}))
            .await;
        let draft = KeyDraft {
            name: Some("Leaked".to_owned()),
            owner: Some(own.clone()),
            ..KeyDraft::default()
        };
        let token = node.key_of(draft, clock.now().plus(900 * HOUR)).await;
        let request = node.caller().request;
        let place = Some("https://paste.sample.example/1".to_owned());
        node.app
            .report_leak(&token, place, None, request)
            .await
            .expect("a report");
        node.tell().await;
        let letters = mail.letters().split_off(4);
        let who: BTreeSet<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
        assert_eq!(
            who,
            BTreeSet::from(["System@sample.example", "boss@sample.example"])
        );
        assert_eq!(
            letters[0].subject,
            "Sample Ltd: The token of API key “Leaked” was reported as leaked"
        );
        assert!(
            letters[0]
                .text
                .contains("Found at: https://paste.sample.example/1"),
            "{}",
            letters[0].text
        );
        assert!(
            !letters[0]
                .text
                .contains(std::str::from_utf8(&token).expect("a token"))
        );
    }
}
