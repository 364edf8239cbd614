//! Sign-in by OpenID Connect, against a provider process that is not ours.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::{Client, Response, header, redirect};

/// The provider, with its stock pages; gone at the end.
pub(crate) struct OpenIdProvider {
    pub(crate) issuer: String,
    child: Child,
    /// Kept open: it would stop at its next word otherwise.
    _words: BufReader<ChildStdout>,
}

impl OpenIdProvider {
    pub(crate) const CLIENT: &str = "claviger";
    pub(crate) const SECRET: &str = "sample-secret-of-the-tests";

    /// Sends people back to `redirect`.
    pub(crate) fn start(redirect: &str) -> Self {
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

/// A browser as far as redirects, cookies and plain forms go.
pub(crate) struct Browser {
    http: Client,
    cookies: HashMap<String, String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
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

    pub(crate) async fn get(&mut self, url: &str) -> Response {
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
    pub(crate) async fn sign_in_at(&mut self, provider: &OpenIdProvider, start: &str, login: &str) -> String {
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
