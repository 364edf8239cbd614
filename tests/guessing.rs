//! Whoever guesses tokens is slowed down by address, and no real key with them.

use reqwest::Method;
use serde_json::json;

use crate::gateways::{ask_from, status_over_grpc};
use crate::metrics::figure;
use crate::support::{Answer, Engine, Server, text};

/// A token that nobody has, with a right checksum: `number` makes it another.
pub(crate) fn unknown(number: u32) -> String {
    with_checksum(&format!("sk_live_{number:032}"))
}

/// The first part of a token with the six characters that make it one of ours.
pub(crate) fn with_checksum(first: &str) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crate::support::crc32(first.as_bytes());
    let mut checksum = [0_u8; 6];
    for place in checksum.iter_mut().rev() {
        *place = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    format!("{first}{}", String::from_utf8_lossy(&checksum))
}

#[tokio::test]
async fn a_flood_from_one_address_is_throttled_and_real_keys_from_there_and_elsewhere_pass() {
    let mut server = Server::init(Engine::Sqlite).await;
    server.environment = vec![("CLAVIGER_GUESSING_RATE", "60/1m burst 20".to_owned())];
    server.serve().await;
    let (cached, fresh) = (server.create(json!({})).await, server.create(json!({})).await);
    let (cached, fresh) = (text(&cached, "secret"), text(&fresh, "secret"));
    assert_eq!(
        server.verify(unknown(0).as_str()).await,
        json!({"valid": false, "code": "NOT_FOUND"})
    );
    assert_eq!(server.verify(cached).await["code"], "VALID");
    let ask = async |door: &str, ip: &str, key: &str| {
        Answer::of(ask_from(&server, door, ip).header("x-api-key", key)).await
    };
    for number in 0..20 {
        let answer = ask("caddy", "203.0.113.1", &unknown(number)).await;
        answer.refused(401, "unauthenticated", "one of the first");
    }
    let mut throttled = 0;
    for number in 0..60 {
        // Malformed, with a wrong checksum, unknown for the first time and the second.
        let guess = match number % 3 {
            0 => "nonsense".to_owned(),
            1 => format!("{}x", unknown(number)),
            _ => unknown(100 + number / 2),
        };
        let answer = ask("caddy", "203.0.113.1", &guess).await;
        if answer.status == 429 {
            answer.refused(429, "too_many_requests", "a guess");
            assert_eq!(answer.header("retry-after"), "1");
            assert!(answer.header("www-authenticate").is_empty());
            throttled += 1;
        }
    }
    assert!(throttled >= 50, "{throttled}");
    let answer = ask("nginx", "203.0.113.1", &unknown(999)).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.header("claviger-status"),
            answer.header("retry-after")
        ),
        (403, "429", "1"),
        "as nginx can carry it"
    );
    for (key, case) in [(cached, "cached"), (fresh, "not cached")] {
        for ip in ["203.0.113.1", "203.0.113.2"] {
            let answer = ask("caddy", ip, key).await;
            assert_eq!(answer.status, 200, "{case} from {ip}: {}", answer.text);
        }
    }
    ask("caddy", "203.0.113.2", &unknown(5))
        .await
        .refused(401, "unauthenticated", "another address");
    // Where the answer is always 200, the code stays what it is, and says when to ask again.
    let body = json!({"key": unknown(7), "ip": "203.0.113.1"});
    let answer = Answer::of(server.door(Method::POST, "/v1/verify").json(&body)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({"valid": false, "code": "NOT_FOUND", "retry_after": 1})
    );
    // The same address at another door, and where the answer has no room for it.
    for number in 200..230 {
        ask("caddy", "192.0.2.7", &unknown(number)).await;
    }
    assert_eq!(
        status_over_grpc(&server, &unknown(300)).await,
        (429, Some("1".to_owned()))
    );
    assert_eq!(status_over_grpc(&server, cached).await, (200, None));
    for number in 400..425 {
        let request = server.door(Method::POST, "/oauth2/introspect");
        let form = format!("token={}", unknown(number));
        let answer = Answer::of(
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form),
        )
        .await;
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (200, json!({"active": false}))
        );
    }
    assert_eq!(
        server.verify(&unknown(500)).await["retry_after"],
        1,
        "whoever names no address is one"
    );
    assert_eq!(server.verify(cached).await["code"], "VALID");
    let page = server.metrics().await;
    assert!(figure(&page, "claviger_guesses_throttled_total") >= f64::from(throttled) + 2.0);
    assert!(figure(&page, "claviger_guesses_total") >= 84.0);
    assert!(!page.contains("203.0.113"), "no address is a label");
}
