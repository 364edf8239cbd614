//! An installation whose organisation begins with a preset, and what a checklist asks of it.

use std::time::Duration;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Engine, Server, path_of, text};

const DAY: Duration = Duration::from_secs(86_400);

/// Does the items of a part of a document one after the other on one server. Each is named after the promise it holds the
/// preset to; the name of the one that fails is the last that is printed.
macro_rules! checklist {
    ($house:expr; $($item:ident),+ $(,)?) => {{
        let house = $house;
        $(
            println!("{}", stringify!($item));
            $item(&house).await;
        )+
    }};
}
pub(super) use checklist;

/// The installation.
pub(super) struct House {
    pub(super) server: Server,
}

impl House {
    /// On SQLite.
    pub(super) async fn open(preset: &str) -> Self {
        Self::open_on(Engine::Sqlite, preset, &[]).await
    }

    /// With these variables for the server.
    pub(super) async fn open_on(engine: Engine, preset: &str, environment: &[(&'static str, &str)]) -> Self {
        let mut server = Server::empty(engine).await;
        let arguments = [
            "init",
            "--json",
            "--organisation",
            "Sample Ltd",
            "--preset",
            preset,
        ];
        let made = server.claviger(&arguments).output().expect("init runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
        server.key = text(&made, "management_key").to_owned();
        server.setup_url = text(&made, "setup_url").to_owned();
        let variables = environment
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        server.environment.extend(variables);
        server.serve().await;
        Self { server }
    }

    /// A request of the administrator's; without a body where it is null.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.server.local(method, path);
        Answer::of(if body.is_null() {
            request
        } else {
            request.json(&body)
        })
        .await
    }

    /// What there is.
    pub(super) async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.body
    }

    /// Something new.
    pub(super) async fn make(&self, path: &str, body: Value) -> Value {
        let answer = self.ask(Method::POST, path, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{path}: {}", answer.text);
        answer.body
    }

    /// A new key.
    pub(super) async fn key(&self, body: Value) -> Value {
        self.make("/v1/keys", body).await
    }

    /// A new service account.
    pub(super) async fn account(&self, body: Value) -> Value {
        self.make("/v1/service-accounts", body).await
    }

    /// Does something to a key, which goes well.
    pub(super) async fn act(&self, key: &Value, verb: &str, body: Value) -> Value {
        let answer = self.ask(Method::POST, &path_of(key, verb), body).await;
        assert_eq!(answer.status, StatusCode::OK, "{verb}: {}", answer.text);
        answer.body
    }

    /// Changes a key, or tries to.
    pub(super) async fn edit(&self, key: &Value, body: Value) -> Answer {
        self.ask(Method::PATCH, &path_of(key, ""), body).await
    }

    /// Deletes a key, or tries to.
    pub(super) async fn delete(&self, key: &Value) -> Answer {
        self.ask(Method::DELETE, &path_of(key, ""), Value::Null).await
    }

    /// The answer to a gateway that asks about a request with these headers.
    pub(super) async fn door(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.server.door(Method::GET, &format!("/verify/caddy{query}"));
        let add =
            |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| request.header(*name, *value);
        Answer::of(headers.iter().fold(request, add)).await
    }

    /// The code of a verification that asks for a permission; for none where it is empty.
    pub(super) async fn code(&self, token: &str, requires: &str) -> String {
        let mut question = json!({ "key": token });
        if !requires.is_empty() {
            question["permissions"] = requires.into();
        }
        text(&self.server.verify_with(question).await, "code").to_owned()
    }

    /// Lets time pass for a key that nobody has verified yet: it ends, or has ended, at that instant.
    pub(super) async fn end_at(&self, key: &Value, at: Timestamp) {
        let number = key["number"]
            .as_i64()
            .or(key["api_key_id"].as_i64())
            .expect("a number");
        let values = [at.as_micros(), number].map(store::db::Value::Int);
        let end = "UPDATE keys SET expires_at = $1 WHERE number = $2";
        self.server.sql(end, &values).await;
    }

    /// What is asked of a list until it holds as many rows: what was used is written once a second.
    pub(super) async fn soon(&self, path: &str, is_there: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..100 {
            let body = self.get(path).await;
            if is_there(&body) {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} never came to show it: {}", self.get(path).await);
    }
}

/// The rows of a list.
pub(super) fn rows(list: &Value) -> &[Value] {
    list["items"].as_array().expect("items")
}

/// What the rows of a list are called.
pub(super) fn names(list: &Value) -> Vec<&str> {
    rows(list).iter().map(|row| text(row, "name")).collect()
}

/// What was done, the latest first.
pub(super) fn actions(list: &Value) -> Vec<&str> {
    rows(list).iter().map(|row| text(row, "action")).collect()
}

/// Now.
pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// The instant so many days from now.
pub(super) fn in_days(days: u32) -> Timestamp {
    now().plus(DAY * days)
}

/// The date so many days from now, in UTC.
pub(super) fn date(days: u32) -> String {
    in_days(days).to_string()[..10].to_owned()
}

/// Waits where a day is about to end, so that what a test calls today is today until it is done with it.
pub(super) async fn well_before_midnight() {
    while now().to_string()[11..].starts_with("23:59:3")
        || now().to_string()[11..].starts_with("23:59:4")
        || now().to_string()[11..].starts_with("23:59:5")
    {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
