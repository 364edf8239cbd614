//! People: who is asked in and by whom, who may change whom, what becomes of what they leave behind, and how they are
//! written to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Command;
use std::sync::mpsc;

use domain::id::{KeyId, UserId};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Answer, Browser, ENGINES, Engine, PASSWORD, Server, path_of, text};

fn names<'a>(answer: &'a Answer, field: &str) -> Vec<&'a str> {
    let items = answer.body["items"].as_array().expect("a list");
    items.iter().map(|item| text(item, field)).collect()
}

fn token(link: &str) -> &str {
    link.rsplit('/').next().expect("a token")
}

/// Makes a key stand for a person.
async fn give(server: &Server, key: &Value, user: &str) {
    let key: KeyId = text(key, "id").parse().expect("an id");
    let user: UserId = user.parse().expect("an id");
    let sql = "UPDATE keys SET owner_kind = 'user', owner_id = $2 WHERE id = $1";
    server.sql(sql, &[key.into(), user.into()]).await;
}

#[tokio::test]
async fn somebody_who_is_invited_comes_in_by_their_link_once() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let mut ann = Browser::first(&server).await;
        let body = json!({"email": "Bob@sample.example", "name": "Bob", "roles": ["viewer"]});
        let invited = ann.post("/v1/users", body.clone()).await;
        assert_eq!(invited.status, 201, "{}", invited.text);
        assert_eq!(
            (&invited.body["status"], &invited.body["mail"]),
            (&json!("invited"), &json!("off"))
        );
        let first = text(&invited.body, "invitation_url").to_owned();
        assert!(
            first.starts_with(&format!("{}/invitations/invite_", server.management)),
            "{first}"
        );
        ann.post("/v1/users", body)
            .await
            .refused(409, "email_taken", "the same address");
        let id = text(&invited.body, "id").to_owned();

        let mut bob = Browser::new(&server);
        bob.sign_in("bob@sample.example", PASSWORD)
            .await
            .refused(401, "wrong_credentials", "not come yet");
        let again = ann.post(&format!("/v1/users/{id}/invite"), json!({})).await;
        let link = text(&again.body, "invitation_url").to_owned();
        let path = format!("/v1/invitations/{}", token(&link));
        let old = format!("/v1/invitations/{}", token(&first));
        bob.get(&old)
            .await
            .refused(404, "not_found", "a younger link took its place");
        let shown = bob.get(&path).await;
        assert_eq!(shown.body["email"], "Bob@sample.example");
        assert_eq!(shown.body["organisation"]["name"], "Sample Ltd");
        let page = bob.get(&format!("/invitations/{}", token(&link))).await;
        assert!(
            page.status == 200 && page.text.contains("<form method=\"post\">"),
            "{}",
            page.text
        );
        for weak in [
            "short",
            "passwordpassword",
            "bob@sample.example",
            "Sample Ltd Bob!!",
        ] {
            let refused = bob.post(&path, json!({ "password": weak })).await;
            refused.refused(400, "invalid_request", weak);
            assert_eq!(refused.body["errors"][0]["field"], "password");
        }
        let mut tries = JoinSet::new();
        for _ in 0..8 {
            let body = json!({"name": "Bobby", "password": PASSWORD});
            tries.spawn(Answer::of(bob.request(Method::POST, &path).json(&body)));
        }
        let (won, lost): (Vec<_>, Vec<_>) = tries.join_all().await.into_iter().partition(|a| a.status == 201);
        assert_eq!((won.len(), lost.len()), (1, 7), "one link, one winner");
        assert!(lost.iter().all(|answer| answer.fault(404, "not_found").is_none()));
        bob.get(&path).await.refused(404, "not_found", "used up");

        assert_eq!(bob.sign_in("bob@sample.example", PASSWORD).await.status, 201);
        let me = bob.get("/v1/me").await;
        assert_eq!(
            (&me.body["name"], &me.body["status"]),
            (&json!("Bobby"), &json!("active"))
        );
        assert_eq!(bob.get("/v1/keys").await.status, 200, "a viewer sees");
        bob.get("/v1/users")
            .await
            .refused(403, "forbidden", "a viewer sees no people");
        let make = bob.post("/v1/keys", json!({"name": "x"})).await;
        make.refused(403, "forbidden", "a viewer makes nothing");
        let renamed = bob.send(Method::PATCH, "/v1/me", json!({"name": "Robert"})).await;
        assert_eq!(
            (&renamed.body["name"], renamed.header("etag")),
            (&json!("Robert"), "\"3\"")
        );
        ann.post(&format!("/v1/users/{id}/invite"), json!({}))
            .await
            .refused(409, "not_invited", "has come");
    }
}

#[tokio::test]
async fn nobody_changes_whoever_stands_above_them_and_nobody_lifts_themself() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let ann = Browser::first(&server).await;
        let mut adam = Browser::invited(&server, "adam@sample.example", &["administrator"]).await;
        let (owner, own) = (
            format!("/v1/users/{}", ann.id().await),
            format!("/v1/users/{}", adam.id().await),
        );
        for (method, path, body) in [
            (Method::PATCH, owner.clone(), json!({"name": "x"})),
            (Method::PATCH, owner.clone(), json!({"roles": []})),
            (Method::POST, format!("{owner}/disable"), json!({})),
            (Method::POST, format!("{owner}/recover"), json!({})),
            (Method::DELETE, format!("{owner}/sessions"), json!({})),
            (Method::DELETE, owner.clone(), json!({})),
            (Method::PATCH, own.clone(), json!({"roles": ["owner"]})),
            (
                Method::PATCH,
                own.clone(),
                json!({"roles": ["administrator", "owner"], "name": "x"}),
            ),
            (Method::PATCH, own.clone(), json!({"operator": true})),
            (
                Method::POST,
                "/v1/users".to_owned(),
                json!({"email": "eve@sample.example", "roles": ["owner"]}),
            ),
            (
                Method::POST,
                "/v1/users".to_owned(),
                json!({"email": "eve@sample.example", "operator": true}),
            ),
        ] {
            let case = format!("{method} {path} {body}");
            adam.send(method, &path, body)
                .await
                .refused(403, "grants_beyond", &case);
        }
        let all = ann.get("/v1/users?sort=name").await;
        assert_eq!(
            names(&all, "name"),
            ["Ann Baker", "Somebody"],
            "nothing was made or changed"
        );
        assert_eq!(all.body["items"][0]["roles"][0]["name"], "owner");

        // What they hold they may hand out, and take.
        let eve = json!({"email": "eve@sample.example", "roles": ["key-manager", "auditor"]});
        let eve = adam.post("/v1/users", eve).await;
        assert_eq!(eve.status, 201, "{}", eve.text);
        let path = format!("/v1/users/{}", text(&eve.body, "id"));
        let unknown = adam
            .send(
                Method::PATCH,
                &path,
                json!({"roles": ["nobody", "viewer", "nothing"]}),
            )
            .await;
        unknown.refused(400, "invalid_request", "roles that are none");
        assert_eq!(unknown.body["errors"].as_array().map(Vec::len), Some(2));
        let stale = adam
            .request(Method::PATCH, &path)
            .header("if-match", "\"9\"")
            .json(&json!({"name": "Eve"}));
        Answer::of(stale)
            .await
            .refused(412, "precondition_failed", "another version");
        let edited = adam
            .request(Method::PATCH, &path)
            .header("if-match", eve.header("etag"))
            .json(&json!({"name": "Eve"}));
        let edited = Answer::of(edited).await;
        assert_eq!((edited.status.as_u16(), edited.header("etag")), (200, "\"2\""));
        for (body, fields) in [
            (json!({"email": "no address", "name": ""}), 2),
            (json!({"name": "a\r\nb", "roles": vec!["viewer"; 65]}), 2),
        ] {
            let refused = adam.send(Method::PATCH, &path, body).await;
            refused.refused(400, "invalid_request", "every fault at once");
            assert_eq!(refused.body["errors"].as_array().map(Vec::len), Some(fields));
        }
    }
}

#[tokio::test]
async fn the_last_owner_stays() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let ann = Browser::first(&server).await;
        let path = format!("/v1/users/{}", ann.id().await);
        let attempts = |path: String| {
            [
                server.local(Method::POST, &format!("{path}/disable")),
                server.local(Method::DELETE, &path),
                server
                    .local(Method::PATCH, &path)
                    .json(&json!({"roles": ["administrator"]})),
            ]
        };
        for attempt in attempts(path.clone()) {
            Answer::of(attempt)
                .await
                .refused(409, "last_owner", "the only one");
        }
        let invited = json!({"email": "idle@sample.example", "roles": ["owner"]});
        assert_eq!(
            Answer::of(server.local(Method::POST, "/v1/users").json(&invited))
                .await
                .status,
            201
        );
        for attempt in attempts(path.clone()) {
            Answer::of(attempt)
                .await
                .refused(409, "last_owner", "the other one has not come");
        }
        // Two take each other away at once: one stays.
        let bob = Browser::invited(&server, "bob@sample.example", &["owner"]).await;
        let mut both = JoinSet::new();
        for path in [path, format!("/v1/users/{}", bob.id().await)] {
            both.spawn(Answer::of(server.local(Method::POST, &format!("{path}/disable"))));
        }
        let mut statuses: Vec<u16> = both.join_all().await.iter().map(|a| a.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }
}

#[tokio::test]
async fn what_somebody_owned_is_handed_over_whole_before_they_go() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let _ann = Browser::first(&server).await;
        let bob = Browser::invited(&server, "bob@sample.example", &["viewer"]).await;
        let eve = Browser::invited(&server, "eve@sample.example", &["viewer"]).await;
        let (bob, eve) = (bob.id().await, eve.id().await);
        let mut keys = Vec::new();
        for _ in 0..3 {
            keys.push(server.create(json!({"permissions": ["a:b"]})).await);
        }
        server
            .call(Method::POST, &path_of(&keys[2], "revoke"), None)
            .await;
        for key in &keys {
            give(&server, key, &bob).await;
        }
        let path = format!("/v1/users/{bob}");
        let delete = || Answer::of(server.local(Method::DELETE, &path));
        delete().await.refused(409, "user_owns", "three keys");
        let over = |to: String| {
            Answer::of(
                server
                    .local(Method::POST, &format!("{path}/hand-over"))
                    .json(&json!({ "to": to })),
            )
        };
        over(bob.clone())
            .await
            .refused(400, "invalid_request", "to themself");
        over("usr_00000000000000000000000000".to_owned())
            .await
            .refused(400, "invalid_request", "to nobody");
        over("everybody".to_owned())
            .await
            .refused(400, "invalid_request", "no id");
        let done = over(eve.clone()).await;
        assert_eq!(
            done.body,
            json!({"keys": 3, "service_accounts": 0}),
            "{}",
            done.text
        );
        for key in &keys {
            let (_, shown) = server.call(Method::GET, &path_of(key, ""), None).await;
            assert_eq!(
                (&shown["owner"]["type"], &shown["owner"]["id"]),
                (&json!("user"), &json!(eve))
            );
        }
        let events = Answer::of(server.local(Method::GET, "/v1/audit?action=key.reassign")).await;
        assert_eq!(names(&events, "action").len(), 3);
        assert_eq!(delete().await.status, 204);
        delete().await.refused(404, "not_found", "gone");
        let log = Answer::of(server.local(Method::GET, &format!("/v1/audit?target={bob}"))).await;
        assert!(names(&log, "action").contains(&"user.delete"), "{}", log.text);
        let proof = Answer::of(server.local(Method::GET, "/v1/audit/verify")).await;
        assert_eq!(proof.body["ok"], true, "{}", proof.text);
    }
}

#[tokio::test]
async fn people_of_one_organisation_are_nobody_in_another() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let mut ann = Browser::first(&server).await;
        let made = Answer::of(server.local(Method::POST, "/v1/installation/demo")).await;
        let slug = made.body["organisation"]["slug"]
            .as_str()
            .expect("a slug")
            .to_owned();
        let mut dan = Browser::invited_to(&slug, &server, "dan@sample.example", &["owner"]).await;
        let (ann_id, dan_id) = (ann.id().await, dan.id().await);
        for (method, tail, body) in [
            (Method::GET, "", Value::Null),
            (Method::PATCH, "", json!({"name": "x"})),
            (Method::DELETE, "", Value::Null),
            (Method::POST, "/disable", Value::Null),
            (Method::POST, "/enable", Value::Null),
            (Method::POST, "/invite", Value::Null),
            (Method::POST, "/recover", Value::Null),
            (Method::POST, "/hand-over", json!({ "to": dan_id })),
            (Method::GET, "/sessions", Value::Null),
            (Method::DELETE, "/sessions", Value::Null),
        ] {
            for id in [
                ann_id.as_str(),
                "usr_00000000000000000000000000",
                "key_00000000000000000000000000",
                "x",
            ] {
                let request = dan.request(method.clone(), &format!("/v1/users/{id}{tail}"));
                let request = if body.is_null() {
                    request
                } else {
                    request.json(&body)
                };
                Answer::of(request)
                    .await
                    .refused(404, "not_found", &format!("{method} {id}{tail}"));
            }
        }
        let session = ann.get("/v1/sessions").await.body["items"][0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let end = dan.request(Method::DELETE, &format!("/v1/sessions/{session}"));
        Answer::of(end)
            .await
            .refused(404, "not_found", "somebody else's session");

        // A member acts at home alone; an operator anywhere.
        let elsewhere = |browser: &Browser<'_>, slug: &str| {
            Answer::of(
                browser
                    .request(Method::GET, "/v1/keys")
                    .header("claviger-organisation", slug),
            )
        };
        elsewhere(&dan, "sample-ltd")
            .await
            .refused(404, "not_found", "not a member");
        elsewhere(&dan, "nowhere")
            .await
            .refused(404, "not_found", "there is none");
        assert_eq!(elsewhere(&dan, &slug).await.status, 200);
        let home = ann.get("/v1/keys").await;
        let there = elsewhere(&ann, &slug).await;
        assert_eq!(there.status, 200);
        assert_ne!(home.body["items"], there.body["items"]);
        let me = ann
            .request(Method::GET, "/v1/session")
            .header("claviger-organisation", &slug);
        let me = Answer::of(me).await;
        assert_eq!(
            (&me.body["home"]["slug"], &me.body["organisation"]["slug"]),
            (&json!("sample-ltd"), &json!(slug))
        );

        // One address in two organisations: then one must be named, and nothing says so to strangers.
        let twin = Browser::invited_to(&slug, &server, "ann@sample.example", &["viewer"]).await;
        assert_ne!(twin.id().await, ann_id);
        ann.sign_in("ann@sample.example", PASSWORD).await.refused(
            401,
            "wrong_credentials",
            "which of the two?",
        );
        let named =
            json!({"email": "ann@sample.example", "password": PASSWORD, "organisation": "sample-ltd"});
        assert_eq!(ann.post("/v1/session", named).await.status, 201);
        assert_eq!(ann.id().await, ann_id);
        assert_eq!(
            dan.post("/v1/users", json!({"email": "x@sample.example"}))
                .await
                .status,
            201
        );
        let list = ann.get("/v1/users?q=sample&sort=-created_at&limit=1").await;
        assert_eq!(names(&list, "email"), ["ann@sample.example"]);
        assert!(list.body["next_cursor"].is_null());
    }
}

/// A mail server that takes one letter and hands it over as it came.
fn sink(refuse: bool) -> (u16, mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a reader")).lines();
            let mut letter = String::new();
            stream.write_all(b"220 sink\r\n").expect("a greeting");
            while let Some(Ok(line)) = lines.next() {
                let word = line
                    .split([' ', ':'])
                    .next()
                    .unwrap_or_default()
                    .to_ascii_uppercase();
                letter.push_str(&format!("{line}\n"));
                let answer: &[u8] = match word.as_str() {
                    "EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
                    "RCPT" if refuse => b"550 nobody here\r\n",
                    "DATA" => {
                        stream.write_all(b"354 go on\r\n").expect("an answer");
                        for line in lines.by_ref().map_while(Result::ok) {
                            letter.push_str(&format!("{line}\n"));
                            if line == "." {
                                break;
                            }
                        }
                        send.send(std::mem::take(&mut letter)).expect("a reader");
                        b"250 taken\r\n"
                    }
                    "QUIT" => b"221 bye\r\n",
                    _ => b"250 fine\r\n",
                };
                if stream.write_all(answer).is_err() || word == "QUIT" {
                    break;
                }
            }
        }
    });
    (port, receive)
}

#[tokio::test]
async fn an_invitation_goes_by_mail_and_is_not_lost_with_it() {
    let (port, letters) = sink(false);
    let mut server = Server::init(Engine::Sqlite).await;
    server.environment = vec![
        ("CLAVIGER_MAIL_URL", format!("smtp://127.0.0.1:{port}")),
        ("CLAVIGER_MAIL_FROM", "Claviger <keys@sample.example>".to_owned()),
        (
            "CLAVIGER_WEB_PUBLIC_URL",
            "https://keys.sample.example".to_owned(),
        ),
    ];
    server.serve().await;
    let body = json!({"email": "bob@sample.example", "name": "Bób Źół", "roles": ["viewer"]});
    let invited = Answer::of(server.local(Method::POST, "/v1/users").json(&body)).await;
    assert_eq!(
        (invited.status.as_u16(), &invited.body["mail"]),
        (201, &json!("sent")),
        "{}",
        invited.text
    );
    assert!(
        invited.body["invitation_url"].is_null(),
        "the link is nobody's but theirs"
    );
    let letter = letters
        .recv_timeout(std::time::Duration::from_secs(10))
        .expect("a letter");
    assert!(letter.contains("RCPT TO:<bob@sample.example>"), "{letter}");
    assert!(
        letter.contains("From: Claviger <keys@sample.example>"),
        "{letter}"
    );
    // Quoted-printable wraps lines and writes `=` as `=3D`.
    let plain = letter.replace("=\n", "").replace("=3D", "=");
    let at = plain
        .find("https://keys.sample.example/invitations/")
        .expect("a link in the letter");
    let link = plain[at..].split_whitespace().next().expect("a link");
    let shown = Answer::of(server.anonymous(Method::GET, &format!("/v1/invitations/{}", token(link)))).await;
    assert_eq!(shown.body["email"], "bob@sample.example", "{}", shown.text);
    assert!(!server.log().contains(token(link)), "the link is in no log");
    let record = Answer::of(server.local(Method::GET, "/v1/audit?action=mail.send")).await;
    assert!(
        record.text.contains("sent") && !record.text.contains(token(link)),
        "{}",
        record.text
    );
    server.stop_soon().await;

    let (port, _refused) = sink(true);
    server.environment[0].1 = format!("smtp://127.0.0.1:{port}");
    server.serve().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    drop(nobody);
    let body = json!({"email": "eve@sample.example", "roles": ["viewer"]});
    let invited = Answer::of(server.local(Method::POST, "/v1/users").json(&body)).await;
    assert_eq!(
        (invited.status.as_u16(), &invited.body["mail"]),
        (201, &json!("failed")),
        "{}",
        invited.text
    );
    let link = text(&invited.body, "invitation_url").to_owned();
    let path = format!("/v1/invitations/{}", token(&link));
    let shown = Answer::of(server.anonymous(Method::GET, &path)).await;
    assert_eq!(shown.body["email"], "eve@sample.example", "the invitation stands");
    assert!(server.log().contains("a letter could not be sent"));
}

fn run(mut command: Command) -> (Option<i32>, String, String) {
    let output = command.output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn the_command_line_invites_changes_and_lets_people_in_again() {
    let mut server = Server::init(Engine::Sqlite).await;
    let (code, link, said) = run(server.claviger(&[
        "users",
        "invite",
        "bob@sample.example",
        "--name",
        "Bob",
        "--role",
        "viewer",
    ]));
    assert_eq!(code, Some(0), "{said}");
    let path = format!("/v1/invitations/{}", token(link.trim()));
    assert!(
        said.contains("bob@sample.example") && !said.contains("invite_"),
        "the link alone on standard output: {said}"
    );
    let (code, link, said) = run(server.claviger(&["admin", "recover", "--new", "ann@sample.example"]));
    assert_eq!(code, Some(0), "{said}");
    let new = format!("/v1/invitations/{}", token(link.trim()));
    server.serve().await;
    let mut bob = Browser::new(&server);
    assert_eq!(bob.post(&path, json!({ "password": PASSWORD })).await.status, 201);
    let mut ann = Browser::new(&server);
    assert_eq!(ann.post(&new, json!({ "password": PASSWORD })).await.status, 201);
    let session = ann.get("/v1/session").await;
    assert_eq!(
        (
            &session.body["operator"],
            &session.body["user"]["roles"][0]["name"]
        ),
        (&json!(true), &json!("owner"))
    );

    let json = |arguments: &[&str]| -> Value {
        let (code, out, said) = run(server.claviger(&[arguments, &["--json"]].concat()));
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        serde_json::from_str(&out).unwrap_or(Value::Null)
    };
    let list = json(&["users", "list", "--status", "active", "--search", "bob"]);
    assert_eq!(list["items"][0]["email"], "bob@sample.example");
    let edited = json(&[
        "users",
        "edit",
        "BOB@sample.example",
        "--role",
        "auditor",
        "--name",
        "Robert",
    ]);
    assert_eq!(
        (&edited["name"], &edited["roles"][0]["name"]),
        (&json!("Robert"), &json!("auditor"))
    );
    assert_eq!(
        json(&["users", "sessions", "bob@sample.example"])["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(
        json(&["users", "sessions", "bob@sample.example", "--end"])["ended"],
        1
    );
    bob.get("/v1/me")
        .await
        .refused(401, "unauthenticated", "signed out");
    assert_eq!(
        json(&["users", "disable", "bob@sample.example"])["status"],
        "disabled"
    );
    bob.sign_in("bob@sample.example", PASSWORD)
        .await
        .refused(401, "wrong_credentials", "disabled");
    let recovered = json(&["admin", "recover", "bob@sample.example"]);
    assert_eq!(recovered["status"], "active");
    let link = text(&recovered, "recovery_url");
    let path = format!("/v1/invitations/{}", token(link));
    assert_eq!(
        bob.post(&path, json!({ "password": "quarrel-tin-otter-17" }))
            .await
            .status,
        201
    );
    assert_eq!(
        json(&["users", "enable", "bob@sample.example"])["status"],
        "active"
    );
    assert!(text(&json(&["users", "recover", "bob@sample.example"]), "recovery_url").contains("recover_"));
    let gone = json(&["users", "delete", "bob@sample.example", "--yes"]);
    assert_eq!(gone["email"], "bob@sample.example");
    let (code, _, said) = run(server.claviger(&["users", "show", "bob@sample.example"]));
    assert_eq!(code, Some(1), "{said}");
    let (code, _, said) = run(server.claviger(&["admin", "recover", "nobody@sample.example"]));
    assert_eq!(code, Some(1), "{said}");
    let log = Answer::of(server.local(Method::GET, "/v1/audit?action=user.recover")).await;
    assert!(log.text.contains("local administrator"), "{}", log.text);

    // Break-glass is for the host alone.
    let body = json!({"email": "ann@sample.example", "new": false});
    let from_afar = server
        .request(Method::POST, "/v1/installation/recover")
        .json(&body);
    Answer::of(from_afar).await.refused(404, "not_found", "over TCP");
    let from_afar = ann.request(Method::POST, "/v1/installation/recover").json(&body);
    Answer::of(from_afar)
        .await
        .refused(404, "not_found", "an operator, over TCP");
}
