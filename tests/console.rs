//! The web console is served by the binary, or the binary says how to get one; whichever it is, programs are answered as ever.

use reqwest::Method;

use crate::support::{Answer, Engine, Server};

const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

#[tokio::test]
async fn the_console_is_served_beside_the_api_and_never_in_its_place() {
    let server = Server::start(Engine::Sqlite).await;
    let browse = |path: &str| server.anonymous(Method::GET, path).header("accept", BROWSER);

    let first = Answer::of(browse("/")).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert!(first.header("content-type").starts_with("text/html"));
    assert!(
        first
            .header("content-security-policy")
            .contains("default-src 'none'")
    );
    if let Some(index) = console::index() {
        assert_eq!(first.header("cache-control"), "no-cache");
        let known = Answer::of(browse("/").header("if-none-match", first.header("etag"))).await;
        assert_eq!(known.status, 304, "what is known is not sent again");
        assert!(known.text.is_empty());
        for path in ["/keys", "/keys/key_01k1qhwaswfn78ypkbfj6sw3rt"] {
            assert_eq!(
                Answer::of(browse(path)).await.text.as_bytes(),
                index.plain,
                "{path}"
            );
        }
        let script = console::FILES
            .iter()
            .find(|file| file.kind.starts_with("text/javascript"));
        let script = format!("/{}", script.expect("a script").path);
        let coded = Answer::of(browse(&script).header("accept-encoding", "gzip, br")).await;
        assert_eq!(coded.header("content-encoding"), "br");
        assert!(coded.header("cache-control").contains("immutable"), "{script}");
        let head = Answer::of(server.anonymous(Method::HEAD, &script)).await;
        assert_eq!(head.status, 200);
        assert!(head.text.is_empty());
    } else {
        assert!(first.text.contains("npm run build"), "{}", first.text);
        Answer::of(browse("/keys"))
            .await
            .refused(404, "not_found", "there is no console");
    }

    for path in [
        "/v1/nowhere",
        "/docs/nowhere",
        "/assets/gone-1a2b3c4d.js",
        "/api/apiKeys/x/y",
    ] {
        Answer::of(browse(path)).await.refused(404, "not_found", path);
    }
    let program = Answer::of(server.anonymous(Method::GET, "/keys")).await;
    program.refused(404, "not_found", "a program learns that an address is unknown");
    let post = Answer::of(server.anonymous(Method::POST, "/keys")).await;
    post.refused(404, "not_found", "nothing is taken there");
}

#[tokio::test]
async fn the_set_up_link_is_redeemed_by_the_console_once() {
    let server = Server::start(Engine::Sqlite).await;
    let token = server.setup_url.rsplit('/').next().expect("a token").to_owned();
    let path = format!("/v1/setup/{token}");
    let shown = Answer::of(server.anonymous(Method::GET, &path)).await;
    assert_eq!(shown.body["password_length"], 15, "{}", shown.text);
    let redeem = |password: &str| {
        let person =
            serde_json::json!({"name": "Ada Sample", "email": "ada@sample.example", "password": password});
        server.anonymous(Method::POST, &path).json(&person)
    };
    let short = Answer::of(redeem("short")).await;
    assert_eq!(short.body["errors"][0]["field"], "password", "{}", short.text);
    let made = Answer::of(redeem("plain sample words that are long")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(made.header("set-cookie").contains("HttpOnly"));
    Answer::of(redeem("plain sample words that are long"))
        .await
        .refused(404, "not_found", "used up");
    Answer::of(server.anonymous(Method::GET, &path))
        .await
        .refused(404, "not_found", "used up");
}
