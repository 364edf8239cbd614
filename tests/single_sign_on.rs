//! Sign-in by OpenID Connect, against a provider process that is not ours.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::{Client, Method, Response, StatusCode, header, redirect};
use serde_json::json;

use crate::support::{Answer, Browser, ENGINES, Engine, Server, text};

/// The provider, with its stock pages; gone at the end.
struct OpenIdProvider {
    issuer: String,
    child: Child,
    /// Kept open: it would stop at its next word otherwise.
    _words: BufReader<ChildStdout>,
}

impl OpenIdProvider {
    const CLIENT: &str = "claviger";
    const SECRET: &str = "sample-secret-of-the-tests";

    /// Sends people back to `redirect`.
    fn start(redirect: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/openid_provider/provider.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(redirect)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs the provider");
        let mut words = BufReader::new(child.stdout.take().expect("its output"));
        let mut issuer = String::new();
        while !issuer.starts_with("http") {
            issuer.clear();
            let read = words.read_line(&mut issuer).expect("a line");
            assert!(
                read > 0,
                "the provider does not start: `make test` has npm fetch it"
            );
        }
        Self {
            issuer: issuer.trim().to_owned(),
            child,
            _words: words,
        }
    }
}

impl Drop for OpenIdProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser that goes to other servers, as far as redirects, cookies and plain forms go.
struct Tourist {
    http: Client,
    cookies: HashMap<String, String>,
}

impl Tourist {
    fn new() -> Self {
        let http = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            http,
            cookies: HashMap::new(),
        }
    }

    async fn get(&mut self, url: &str) -> Response {
        let request = self.http.get(url).header(header::COOKIE, self.jar());
        let response = request.send().await.expect("an answer");
        self.keep(&response);
        response
    }

    async fn post(&mut self, url: &str, form: String) -> Response {
        let request = self
            .http
            .post(url)
            .header(header::COOKIE, self.jar())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let response = request.send().await.expect("an answer");
        self.keep(&response);
        response
    }

    fn jar(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, response: &Response) {
        for set in response.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().expect("a cookie is text");
            let (name, rest) = set.split_once('=').expect("a name and a value");
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Goes where the provider sends it, signs in there as `login`, agrees to all, and stops where it is sent back to.
    async fn sign_in_at(&mut self, provider: &OpenIdProvider, start: &str, login: &str) -> String {
        let mut url = start.to_owned();
        for _ in 0..20 {
            let mut response = self.get(&url).await;
            if response.status().is_success() {
                let page = response.text().await.expect("a page");
                let form = if page.contains("name=\"login\"") {
                    format!(
                        "prompt=login&login={}&password=x",
                        login.replace('@', "%40").replace('+', "%2B")
                    )
                } else {
                    "prompt=consent".to_owned()
                };
                response = self.post(&url, form).await;
            }
            let next = response
                .headers()
                .get(header::LOCATION)
                .unwrap_or_else(|| panic!("{url} leads nowhere: {}", response.status()))
                .to_str()
                .expect("an address")
                .to_owned();
            url = match next.starts_with('/') {
                true => format!("{}{next}", provider.issuer),
                false => next,
            };
            if !url.starts_with(&provider.issuer) {
                return url;
            }
        }
        panic!("the provider goes round in circles at {url}");
    }
}

impl Tourist {
    /// Goes to the provider and back, as `login`; answers what the server says in the end.
    async fn come_as(&mut self, server: &Server, provider: &OpenIdProvider, login: &str) -> Response {
        let start = self
            .get(&format!("{}/v1/oidc/start?then=/keys", server.management))
            .await;
        assert_eq!(start.status(), StatusCode::SEE_OTHER);
        let url = start.headers()[header::LOCATION]
            .to_str()
            .expect("an address")
            .to_owned();
        let back = self.sign_in_at(provider, &url, login).await;
        assert!(back.starts_with(&server.management), "{back}");
        self.get(&back).await
    }

    async fn me(&mut self, server: &Server) -> (StatusCode, serde_json::Value) {
        let answer = self.get(&format!("{}/v1/session", server.management)).await;
        (answer.status(), answer.json().await.expect("JSON"))
    }
}

/// A server whose people may sign in by a provider.
async fn house(engine: Engine) -> (Server, OpenIdProvider) {
    // The provider knows where it may send people back to, and the server where the provider is.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a free port")
        .local_addr()
        .expect("its address")
        .port();
    let provider = OpenIdProvider::start(&format!("http://127.0.0.1:{port}/v1/oidc/callback"));
    let mut server = Server::init(engine).await;
    server.listen = format!("127.0.0.1:{port}");
    server.environment.extend([
        ("CLAVIGER_OIDC_ISSUER", provider.issuer.clone()),
        ("CLAVIGER_OIDC_CLIENT_ID", OpenIdProvider::CLIENT.to_owned()),
        ("CLAVIGER_OIDC_CLIENT_SECRET", OpenIdProvider::SECRET.to_owned()),
    ]);
    server.serve().await;
    (server, provider)
}

async fn invite(server: &Server, email: &str) -> String {
    let body = json!({"email": email, "name": "Invited", "roles": ["viewer"]});
    let invited = Answer::of(server.local(Method::POST, "/v1/users").json(&body)).await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text);
    text(&invited.body, "id").to_owned()
}

#[tokio::test]
async fn whoever_was_invited_comes_in_by_the_provider_and_is_known_by_its_subject_from_then_on() {
    for engine in ENGINES {
        let (server, provider) = house(engine).await;
        let id = invite(&server, "Ann@Sample.example").await;
        let mut ann = Tourist::new();
        let arrived = ann.come_as(&server, &provider, "ann@sample.example").await;
        assert_eq!(arrived.status(), StatusCode::SEE_OTHER);
        assert_eq!(arrived.headers()[header::LOCATION], "/keys");
        let (status, me) = ann.me(&server).await;
        assert_eq!((status, &me["user"]["id"]), (StatusCode::OK, &json!(id)), "{me}");
        assert_eq!(me["session"]["method"], "oidc");

        // Her address here changes, and she is still who she is there.
        let path = format!("/v1/users/{id}");
        let body = json!({"email": "ann.baker@sample.example"});
        let edited = Answer::of(server.local(Method::PATCH, &path).json(&body)).await;
        assert_eq!(edited.status, StatusCode::OK, "{}", edited.text);
        let mut again = Tourist::new();
        again.come_as(&server, &provider, "ann@sample.example").await;
        assert_eq!(again.me(&server).await.1["user"]["id"], json!(id));

        let disable = server.local(Method::POST, &format!("{path}/disable"));
        assert_eq!(Answer::of(disable).await.status, StatusCode::OK);
        let refused = Tourist::new()
            .come_as(&server, &provider, "ann@sample.example")
            .await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert_eq!(again.me(&server).await.0, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn nobody_is_made_by_the_provider_and_an_address_that_it_has_not_verified_is_nobodys() {
    let (server, provider) = house(Engine::Sqlite).await;
    invite(&server, "bob@sample.example").await;
    for login in ["stranger@sample.example", "unverified+bob@sample.example"] {
        let mut browser = Tourist::new();
        let refused = browser.come_as(&server, &provider, login).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{login}");
        assert_eq!(browser.me(&server).await.0, StatusCode::UNAUTHORIZED, "{login}");
    }
    let all = Answer::of(server.local(Method::GET, "/v1/users")).await;
    assert_eq!(
        all.body["items"].as_array().map(Vec::len),
        Some(1),
        "{}",
        all.text
    );
    assert_eq!(all.body["items"][0]["status"], "invited");
}

#[tokio::test]
async fn only_the_browser_that_left_comes_back_and_only_once() {
    let (server, provider) = house(Engine::Sqlite).await;
    invite(&server, "cleo@sample.example").await;
    let mut browser = Tourist::new();
    let start = browser.get(&format!("{}/v1/oidc/start", server.management)).await;
    let url = start.headers()[header::LOCATION]
        .to_str()
        .expect("an address")
        .to_owned();
    let back = browser.sign_in_at(&provider, &url, "cleo@sample.example").await;

    // Somebody else is made to follow the link: they would be signed in as another (login CSRF).
    let other = Tourist::new().get(&back).await;
    assert_eq!(other.status(), StatusCode::FORBIDDEN);
    let forged = back.replace("state=", "state=x");
    let mut copy = Tourist::new();
    copy.cookies = browser.cookies.clone();
    assert_eq!(copy.get(&forged).await.status(), StatusCode::FORBIDDEN);

    copy.cookies = browser.cookies.clone();
    assert_eq!(browser.get(&back).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        copy.get(&back).await.status(),
        StatusCode::FORBIDDEN,
        "the code was used"
    );
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_on_a_page_and_passwords_work_on() {
    let (server, provider) = house(Engine::Sqlite).await;
    Browser::first(&server).await;
    drop(provider);
    let gone = Tourist::new()
        .get(&format!("{}/v1/oidc/start", server.management))
        .await;
    assert_eq!(gone.status(), StatusCode::BAD_GATEWAY);
    assert!(gone.text().await.expect("a page").contains("cannot be asked"));
    let mut ann = Browser::new(&server);
    let signed = ann.sign_in("ann@sample.example", crate::support::PASSWORD).await;
    assert_eq!(signed.status, StatusCode::CREATED, "{}", signed.text);
}

#[tokio::test]
async fn nobody_is_led_to_another_server_and_without_a_provider_there_is_no_way_there() {
    let (server, _provider) = house(Engine::Sqlite).await;
    for then in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "keys",
    ] {
        let url = format!("{}/v1/oidc/start?then={then}", server.management);
        assert_eq!(
            Tourist::new().get(&url).await.status(),
            StatusCode::BAD_REQUEST,
            "{then}"
        );
    }
    let plain = Server::start(Engine::Sqlite).await;
    let start = Tourist::new()
        .get(&format!("{}/v1/oidc/start", plain.management))
        .await;
    assert_eq!(start.status(), StatusCode::NOT_FOUND);
    let methods = Tourist::new()
        .get(&format!("{}/v1/session/methods", plain.management))
        .await;
    let methods: serde_json::Value = methods.json().await.expect("JSON");
    assert_eq!(methods, json!({"password": true, "oidc": false}));
}
