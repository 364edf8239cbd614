//! A program that an organisation names is told of what happens within a moment, and nobody sees what its messages are signed with
//! again. (How messages are tried again, signed and kept inside is in `crates/app/tests/told`.)

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ENGINES, Engine, Server, text};

/// A program that says yes to whatever it is sent, and hands on what that was.
fn receiver() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let (mut request, mut part) = (String::new(), [0; 4096]);
            while let Ok(read @ 1..) = stream.read(&mut part) {
                request.push_str(&String::from_utf8_lossy(&part[..read]));
                if request.ends_with("}}}") || request.ends_with("}}") {
                    break;
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            if send.send(request).is_err() {
                return;
            }
        }
    });
    (port, receive)
}

async fn serve(engine: Engine) -> Server {
    let mut server = Server::init(engine).await;
    server.environment = vec![("CLAVIGER_WEBHOOKS_ALLOW", "127.0.0.1/32".to_owned())];
    server.serve().await;
    server
}

#[tokio::test]
async fn a_webhook_is_told_within_a_moment_and_its_secret_is_shown_once() {
    for engine in ENGINES {
        let server = serve(engine).await;
        let (port, told) = receiver();
        let fields =
            json!({"name": "Sample", "url": format!("http://127.0.0.1:{port}/hooks"), "events": ["key.*"]});
        let (status, made) = server.call(Method::POST, "/v1/webhooks", Some(fields)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let secret = text(&made, "secret").to_owned();
        assert!(secret.starts_with("whsec_"));

        let key = server.create(json!({"name": "Told"})).await;
        let message = told.recv_timeout(Duration::from_secs(20)).expect("a message");
        assert!(
            message.contains(text(&key, "id")) && message.contains("\"key.created\""),
            "{message}"
        );
        assert!(
            !message.contains(text(&key, "secret")),
            "no token is ever in a message"
        );

        let path = format!("/v1/webhooks/{}", text(&made, "id"));
        for path in [
            path.clone(),
            "/v1/webhooks".to_owned(),
            format!("{path}/messages"),
            "/v1/audit".to_owned(),
        ] {
            let (status, shown) = server.call(Method::GET, &path, None).await;
            assert_eq!(status, StatusCode::OK, "{shown}");
            assert!(!shown.to_string().contains(&secret), "{path}");
        }
        assert!(!server.log().contains(&secret));
        let (status, gone) = server.call(Method::DELETE, &path, None).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{gone}");
    }
}

#[tokio::test]
async fn a_webhook_that_cannot_be_is_refused_with_what_is_wrong() {
    let server = serve(Engine::Sqlite).await;
    let good = json!({"name": "Sample", "url": "https://hooks.sample.example/", "events": ["key.revoked"]});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x\u{202e}y")),
        ("url", json!("ftp://a.sample.example")),
        ("url", json!("https://user:word@a.sample.example")),
        ("url", json!("hooks.sample.example")),
        (
            "url",
            json!(format!("https://a.sample.example/{}", "x".repeat(2_000))),
        ),
        ("events", json!([])),
        ("events", json!(["key.revoked", "key.invented"])),
        ("events", json!(vec!["key.*"; 33])),
    ] {
        let (status, refused) = server
            .call(Method::POST, "/v1/webhooks", Some(with(field, value.clone())))
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{field} {value}: {refused}");
        assert!(
            refused["errors"][0]["field"]
                .as_str()
                .expect("a field")
                .starts_with(field),
            "{refused}"
        );
    }
    for number in 0..20 {
        let (status, made) = server
            .call(
                Method::POST,
                "/v1/webhooks",
                Some(with("name", json!(format!("No {number}")))),
            )
            .await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
    }
    let (status, refused) = server.call(Method::POST, "/v1/webhooks", Some(good)).await;
    assert_eq!(
        (status, text(&refused, "code")),
        (StatusCode::CONFLICT, "too_many_webhooks")
    );
}

#[tokio::test]
async fn the_command_line_keeps_webhooks() {
    let server = serve(Engine::Sqlite).await;
    let (port, told) = receiver();
    let run = |args: &[&str]| {
        let output = server.claviger(args).output().expect("it runs");
        let said = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let (out, complaint) = (said(output.stdout), said(output.stderr));
        assert!(output.status.success(), "{args:?}: {complaint}");
        (out, complaint)
    };
    let url = format!("http://127.0.0.1:{port}/");
    let (secret, about) = run(&["webhooks", "create", "Sample", &url, "--event", "key.revoked"]);
    assert!(
        secret.starts_with("whsec_") && secret.lines().count() == 1,
        "{secret}"
    );
    let id = about.split_whitespace().next().expect("an id").to_owned();
    let (sent, _) = run(&["webhooks", "test", &id]);
    assert!(sent.contains("delivered") && sent.contains("204"), "{sent}");
    assert!(
        told.recv_timeout(Duration::from_secs(10))
            .expect("a message")
            .contains("webhook.test")
    );
    let (list, _) = run(&["webhooks", "list"]);
    assert!(
        list.contains("Sample") && list.contains("active") && list.contains(&url),
        "{list}"
    );
    let (messages, _) = run(&["webhooks", "messages", &id, "--json"]);
    let messages: Value = serde_json::from_str(&messages).expect("JSON");
    let message = text(&messages["items"][0], "id").to_owned();
    run(&["webhooks", "replay", &id, &message]);
    assert!(
        told.recv_timeout(Duration::from_secs(10))
            .expect("a message")
            .contains(&message)
    );
    let (shown, _) = run(&["webhooks", "edit", &id, "--active", "false"]);
    assert!(shown.contains("off"), "{shown}");
    let (rotated, _) = run(&["webhooks", "rotate", &id, "--grace", "1h"]);
    assert!(rotated.starts_with("whsec_") && rotated != secret);
    run(&["webhooks", "delete", &id, "--yes"]);
    let (none, _) = run(&["webhooks", "list", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&none).expect("JSON")["items"],
        json!([])
    );
}
