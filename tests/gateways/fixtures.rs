//! Traefik and APISIX, by the requests that they send: what forwardAuth and forward-auth put together, replayed at the door.

use serde_json::json;

use super::parts::{deployed, host, send};
use super::promises::orders;
use crate::support::{Engine, Server, text};

const FIXTURES: [(&str, &str); 2] = [
    ("traefik", include_str!("fixtures/traefik.http")),
    ("apisix", include_str!("fixtures/apisix.http")),
];

#[tokio::test]
async fn the_requests_of_traefik_and_apisix_are_understood() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let key = server
        .create(json!({"permissions": ["orders:view"], "networks": ["192.0.2.7"]}))
        .await;
    let door = host(&server.verification).parse().expect("an address");
    for (gateway, fixture) in FIXTURES {
        for (method, uri, token, status) in [
            ("GET", "/orders/7?x=1", text(&key, "secret"), 200),
            ("DELETE", "/orders/7", text(&key, "secret"), 403),
            ("GET", "/orders/../admin", text(&key, "secret"), 403),
            ("GET", "/orders/7", "sk_live_unknown", 401),
            ("GET", "/orders/7", "", 401),
        ] {
            let request = fixture
                .replace("{key}", token)
                .replace("{method}", method)
                .replace("{uri}", uri);
            let reply = send(door, &request).await;
            assert_eq!(reply.status, status, "{gateway} {method} {uri}: {reply:?}");
            let id = if status == 200 { text(&key, "id") } else { "" };
            assert_eq!(reply.header("claviger-key-id"), id, "{gateway}");
        }
    }
}

/// What the files say is what the fixtures ask, and every identity header is taken over.
#[test]
fn the_files_for_traefik_and_apisix_ask_at_their_doors_and_replace_what_clients_say() {
    let traefik = deployed("traefik/claviger.yml", &[]);
    assert!(traefik.contains("address: http://127.0.0.1:7401/verify/traefik\n"));
    assert!(
        traefik.contains("authResponseHeadersRegex: ^Claviger-\n")
            && traefik.contains("trustForwardHeader: false")
    );
    let apisix = deployed("apisix/apisix.yaml", &[]);
    assert!(apisix.contains("uri: http://127.0.0.1:7401/verify/apisix\n"));
    assert!(apisix.contains("allow_degradation: false") && apisix.contains("status_on_error: 403"));
    for header in [
        "Key-Id",
        "Key-Name",
        "Owner-Type",
        "Owner-Id",
        "Owner-Name",
        "Organisation",
        "Permissions",
    ] {
        assert!(apisix.contains(&format!("- Claviger-{header}\n")), "{header}");
        assert!(traefik.contains(&format!("Claviger-{header}: \"\"")), "{header}");
        assert!(
            traefik.contains(&format!("Claviger_{}: \"\"", header.replace('-', "_"))),
            "{header}"
        );
    }
}
