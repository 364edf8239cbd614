//! Webhooks are told of what happens, signed, until they have it; one that does not want it is switched off, and none reaches where it
//! should not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use app::webhook::{EditWebhook, MadeWebhook, MessageQuery, MessageView, WebhookView};
use domain::clock::Clock as _;
use domain::id::WebhookId;
use domain::span::Span;
use domain::webhook::{SigningSecret, WebhookDraft};
use serde_json::{Value, json};
use store::testkit::{TestDatabase, databases};
use store::webhooks::MessageState;
use zeroize::Zeroizing;

use crate::receiver::{Call, Receiver};
use crate::support::{Hands, MailServer, Node, at};

const HOUR: Duration = Duration::from_secs(3600);

async fn node(db: &TestDatabase) -> Node {
    // As the server does at its start; another test may have been here first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let clock = Arc::new(Hands::default());
    clock.put(at("2026-03-01T06:00:00Z"));
    Node::first(db, clock, None).await
}

async fn make(node: &Node, url: &str, events: &[&str]) -> MadeWebhook {
    let draft = WebhookDraft {
        name: Some("Sample receiver".to_owned()),
        url: Some(url.to_owned()),
        events: Some(events.iter().map(|event| (*event).to_owned()).collect()),
        active: None,
    };
    node.app
        .create_webhook(&node.caller(), draft)
        .await
        .expect("a webhook")
}

async fn show(node: &Node, id: WebhookId) -> WebhookView {
    node.app
        .show_webhook(&node.caller(), id)
        .await
        .expect("a webhook")
}

async fn messages(node: &Node, id: WebhookId) -> Vec<MessageView> {
    let query = MessageQuery {
        limit: 500,
        ..MessageQuery::default()
    };
    node.app
        .list_messages(&node.caller(), id, query)
        .await
        .expect("messages")
        .items
}

/// A receiver that knows the secret finds the message's signature among those that came with it.
fn is_signed(call: &Call, secret: &str) -> bool {
    use base64::Engine as _;
    let bytes = secret.strip_prefix("whsec_").expect("a secret");
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(bytes)
        .expect("base64");
    let secret = SigningSecret::from_bytes(Zeroizing::new(bytes)).expect("a secret");
    let seconds: i64 = call.header("webhook-timestamp").parse().expect("seconds");
    let then = domain::clock::Timestamp::from_micros(seconds * 1_000_000);
    let expected = secret.sign(call.header("webhook-id"), then, &call.body);
    call.header("webhook-signature")
        .split(' ')
        .any(|one| one == expected)
}

fn told(calls: &[Call]) -> Vec<(String, String)> {
    let event = |call: &Call| {
        let body: Value = serde_json::from_str(&call.body).expect("JSON");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        assert_eq!(text(&body["id"]), call.header("webhook-id"));
        (text(&body["type"]), text(&body["subject"]))
    };
    calls.iter().map(event).collect()
}

#[tokio::test]
async fn what_happens_is_told_once_signed_and_only_what_was_asked_for() {
    for db in databases().await {
        let (node, receiver) = (node(&db).await, Receiver::start().await);
        node.key("Before", "a@sample.example", "2026-09-01T00:00:00Z")
            .await;
        let made = make(
            &node,
            &receiver.url(),
            &["key.created", "key.revoked", "key.expired"],
        )
        .await;
        let other = make(&node, &receiver.url(), &["account.*"]).await;
        let key = node
            .key("After", "a@sample.example", "2026-03-01T08:00:00Z")
            .await;
        let revoked = node
            .key("Revoked", "a@sample.example", "2026-09-01T00:00:00Z")
            .await;
        let edit = app::key::EditKey {
            draft: domain::key::KeyDraft {
                description: Some("Edited".to_owned()),
                ..domain::key::KeyDraft::default()
            },
            ..app::key::EditKey::default()
        };
        node.app
            .edit_key(&node.caller(), key, edit)
            .await
            .expect("an edit");
        node.app
            .revoke_key(&node.caller(), revoked, None)
            .await
            .expect("an end");
        node.tell().await;
        node.clock.forward(3 * HOUR);
        node.tell().await;
        for _ in 0..3 {
            node.app.deliver().await.expect("it looks");
        }
        let calls = receiver.take();
        let expected = [
            ("key.created", key),
            ("key.created", revoked),
            ("key.revoked", revoked),
            ("key.expired", key),
        ];
        let mut all = told(&calls);
        all.sort();
        let mut expected: Vec<_> = expected
            .map(|(event, key)| (event.to_owned(), key.to_string()))
            .into();
        expected.sort();
        assert_eq!(all, expected);
        for call in &calls {
            assert_eq!(
                (call.path.as_str(), call.header("content-type")),
                ("/hooks", "application/json")
            );
            assert!(is_signed(call, &made.secret) && !is_signed(call, &other.secret));
            let body: Value = serde_json::from_str(&call.body).expect("JSON");
            assert_eq!(body["data"]["organisation"], node.organisation.to_string());
            assert!(body["data"]["actor"]["name"].is_string() && body["data"]["audit"]["seq"].is_i64());
        }
        let kept = messages(&node, made.view.id).await;
        assert!(
            kept.iter()
                .all(|one| one.state == MessageState::Delivered && one.attempts == 1)
        );
        assert_eq!(kept.len(), 4);
        assert!(messages(&node, other.view.id).await.is_empty());
    }
}

#[tokio::test]
async fn a_message_is_tried_again_with_longer_pauses_under_one_id_and_can_be_replayed() {
    for db in databases().await {
        let (node, receiver) = (node(&db).await, Receiver::start().await);
        let id = make(&node, &receiver.url(), &["key.created"]).await.view.id;
        receiver.answers("500 Oops", "", "out of order\u{1b}[31m");
        node.key("Sample", "a@sample.example", "2026-09-01T00:00:00Z")
            .await;
        let (begun, mut tries) = (node.clock.now(), Vec::new());
        while tries.len() < 4 {
            node.app.deliver().await.expect("it looks");
            tries.extend(receiver.take().into_iter().map(|call| (node.clock.now(), call)));
            node.clock.forward(Duration::from_secs(1));
        }
        let after: Vec<u64> = tries
            .iter()
            .map(|(then, _)| then.since(begun).as_secs())
            .collect();
        assert_eq!(after, [0, 5, 35, 155]);
        let ids: BTreeSet<&str> = tries.iter().map(|(_, call)| call.header("webhook-id")).collect();
        assert_eq!(ids.len(), 1);
        let kept = messages(&node, id).await;
        let last = kept[0].last_attempt.as_ref().expect("an attempt");
        assert_eq!(
            (kept[0].state, kept[0].attempts, last.status),
            (MessageState::Waiting, 4, Some(500))
        );
        assert_eq!(last.said, "out of order [31m", "what it says is inert");
        assert!(show(&node, id).await.failing_since.is_some());

        // It asks for an hour, and gets it.
        receiver.answers("429 Too Many Requests", "retry-after: 3600\r\n", "");
        node.clock.forward(Duration::from_secs(600));
        node.app.deliver().await.expect("it looks");
        assert_eq!(receiver.take().len(), 1);
        receiver.answers("200 OK", "", "thanks");
        node.clock.forward(Duration::from_secs(3599));
        node.app.deliver().await.expect("it looks");
        assert_eq!(receiver.take().len(), 0);
        node.clock.forward(Duration::from_secs(1));
        node.app.deliver().await.expect("it looks");
        assert_eq!(receiver.take().len(), 1);
        assert_eq!(messages(&node, id).await[0].state, MessageState::Delivered);
        assert_eq!(show(&node, id).await.failing_since, None);

        let message = messages(&node, id).await[0].id;
        node.app
            .replay_message(&node.caller(), id, message)
            .await
            .expect("a replay");
        node.app.deliver().await.expect("it looks");
        let again = receiver.take();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].header("webhook-id"), message.to_string());
    }
}

#[tokio::test]
async fn whoever_is_gone_or_fails_for_a_day_is_switched_off_and_somebody_is_told() {
    for db in databases().await {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (clock, mail) = (Arc::new(Hands::default()), MailServer::start());
        clock.put(at("2026-03-01T06:00:00Z"));
        let (node, _) = Node::with_a_person(&db, clock, mail.settings(), "boss@sample.example").await;
        let (gone, failing) = (Receiver::start().await, Receiver::start().await);
        let first = make(&node, &gone.url(), &["key.created"]).await.view.id;
        let second = make(&node, &failing.url(), &["key.*"]).await.view.id;
        gone.answers("410 Gone", "", "");
        failing.answers("503 Service Unavailable", "", "");
        node.key("Sample", "a@sample.example", "2026-09-01T00:00:00Z")
            .await;
        for turn in 0..30 * 12 {
            if turn == 6 * 12 {
                node.key("Younger", "a@sample.example", "2026-09-01T00:00:00Z")
                    .await;
            }
            node.app.deliver().await.expect("it looks");
            node.tell().await;
            node.clock.forward(HOUR / 12);
        }
        let (first, second) = (show(&node, first).await, show(&node, second).await);
        assert_eq!(
            (first.active, first.stopped.as_deref()),
            (false, Some("the receiver answered 410 Gone"))
        );
        assert_eq!(
            (second.active, second.stopped.as_deref()),
            (false, Some("every attempt failed for a day"))
        );
        assert_eq!(gone.take().len(), 1);
        assert!(failing.take().len() >= 8);
        let letters = mail.letters();
        let subjects: Vec<&str> = letters.iter().map(|letter| letter.subject.as_str()).collect();
        assert_eq!(
            subjects,
            ["Sample Ltd: The webhook “Sample receiver” was switched off"; 2]
        );
        assert!(
            letters[1].text.contains("Why: every attempt failed for a day"),
            "{}",
            letters[1].text
        );

        // Nothing is sent while it is off; switched on, it is told of what happens from then on, and gets what waited.
        node.key("While it is off", "a@sample.example", "2026-09-01T00:00:00Z")
            .await;
        node.clock.forward(HOUR);
        node.app.deliver().await.expect("it looks");
        assert_eq!(failing.take().len(), 0);
        failing.answers("204 No Content", "", "");
        let edit = EditWebhook {
            draft: WebhookDraft {
                active: Some(true),
                ..WebhookDraft::default()
            },
            version: None,
        };
        let on = node
            .app
            .edit_webhook(&node.caller(), second.id, edit)
            .await
            .expect("an edit");
        assert_eq!((on.active, on.stopped, on.failing_since), (true, None, None));
        node.key("Afterwards", "a@sample.example", "2026-09-01T00:00:00Z")
            .await;
        node.clock.forward(12 * HOUR);
        node.app.deliver().await.expect("it looks");
        let bodies: Vec<String> = failing.take().into_iter().map(|call| call.body).collect();
        let named = |name: &str| {
            bodies
                .iter()
                .filter(|body| body.contains(&format!("\"{name}\"")))
                .count()
        };
        assert_eq!((named("Sample"), named("Younger")), (1, 1), "both have waited");
        assert_eq!((named("While it is off"), named("Afterwards")), (0, 1));
    }
}

#[tokio::test]
async fn both_secrets_sign_while_one_replaces_the_other() {
    for db in databases().await {
        let (node, receiver) = (node(&db).await, Receiver::start().await);
        let made = make(&node, &receiver.url(), &["*"]).await;
        let rotated = node
            .app
            .rotate_webhook(&node.caller(), made.view.id, Span::days(1))
            .await
            .expect("another secret");
        let both = async |message: &str| {
            let sent = node
                .app
                .test_webhook(&node.caller(), made.view.id)
                .await
                .expect("a message");
            assert_eq!(sent.state, MessageState::Delivered, "{message}");
            let call = receiver.take().pop().expect("a call");
            (is_signed(&call, &made.secret), is_signed(&call, &rotated.secret))
        };
        assert_eq!(both("while both sign").await, (true, true));
        node.clock.forward(25 * HOUR);
        assert_eq!(both("afterwards").await, (false, true));
        assert_eq!(show(&node, made.view.id).await.previous_until, None);
        let now = node
            .app
            .rotate_webhook(&node.caller(), made.view.id, Span::ZERO)
            .await
            .expect("another secret");
        node.app
            .test_webhook(&node.caller(), made.view.id)
            .await
            .expect("a message");
        let call = receiver.take().pop().expect("a call");
        assert!(is_signed(&call, &now.secret) && !is_signed(&call, &rotated.secret));
        let far = node
            .app
            .rotate_webhook(&node.caller(), made.view.id, Span::days(31))
            .await;
        assert!(far.is_err());
    }
}

#[tokio::test]
async fn no_webhook_reaches_what_is_not_public_unless_the_settings_allow_it() {
    let db = TestDatabase::sqlite().await;
    // The settings allow 127.0.0.1, and that alone.
    let (node, receiver) = (node(&db).await, Receiver::start().await);
    let port = receiver.address.port();
    let refused = "the address is not one of the public internet, and the settings do not allow it";
    let said = async |url: &str| {
        let made = make(&node, url, &["*"]).await;
        let sent = node
            .app
            .test_webhook(&node.caller(), made.view.id)
            .await
            .expect("a message");
        node.app
            .delete_webhook(&node.caller(), made.view.id)
            .await
            .expect("its end");
        (sent.state, sent.last_attempt.expect("an attempt").said)
    };
    for url in [
        format!("http://127.0.0.2:{port}/"),
        format!("https://127.0.0.2:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.2]:{port}/"),
        format!("https://0x7f.0.0.2:{port}/"),
        format!("https://2130706434:{port}/"),
        format!("https://127.2:{port}/"),
        format!("https://0:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        // Public, but not without TLS.
        "http://1.1.1.1/".to_owned(),
    ] {
        let (state, text) = said(&url).await;
        assert_eq!((state, text.as_str()), (MessageState::Failed, refused), "{url}");
    }
    assert_eq!(receiver.take().len(), 0);

    // By name: what it leads to counts.
    let (state, _) = said(&format!("http://localhost:{port}/")).await;
    assert_eq!((state, receiver.take().len()), (MessageState::Delivered, 1));
    // Whoever answers with another address is not followed.
    receiver.answers(
        "302 Found",
        &format!("location: http://127.0.0.1:{port}/elsewhere\r\n"),
        "",
    );
    let (state, _) = said(&receiver.url()).await;
    let paths: Vec<String> = receiver.take().into_iter().map(|call| call.path).collect();
    assert_eq!((state, paths), (MessageState::Failed, vec!["/hooks".to_owned()]));
    // Whoever listens nowhere is not there, and nobody learns more.
    let (state, text) = said("http://127.0.0.1:9/").await;
    assert_eq!(state, MessageState::Failed);
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn two_nodes_send_each_message_once() {
    let db = TestDatabase::postgres().await;
    let (node, receiver) = (node(&db).await, Receiver::start().await);
    let other = node.another(&db, None).await;
    make(&node, &receiver.url(), &["key.created"]).await;
    for round in 0..20 {
        node.key(
            &format!("Sample {round}"),
            "a@sample.example",
            "2026-09-01T00:00:00Z",
        )
        .await;
        let (one, two) = tokio::join!(node.app.deliver(), other.app.deliver());
        one.and(two).expect("they look");
    }
    node.clock.forward(HOUR);
    node.app.deliver().await.expect("it looks");
    let calls = receiver.take();
    let ids: BTreeSet<&str> = calls.iter().map(|call| call.header("webhook-id")).collect();
    assert_eq!((calls.len(), ids.len()), (20, 20));
    assert!(json!(told(&calls)).to_string().contains("key.created"));
}
