//! Programs that were written for another system go on as they are: its routes, its words, its refusals; and nothing that is
//! promised elsewhere is given up for it.

mod maximo;
mod off;
mod omnicrm;
mod openlmis;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::organisations::second;
use crate::support::{Answer, Browser, Engine, Server, text};

/// A server on which the first organisation has these dialects switched on.
async fn speaking(engine: Engine, dialects: &[&str]) -> Server {
    let server = Server::start(engine).await;
    server.policy(json!({ "dialects": dialects })).await;
    server
}

/// Asks as the first management key.
async fn ask(server: &Server, method: Method, path: &str, body: Value) -> Answer {
    let request = server.request(method, path);
    Answer::of(match body {
        Value::Null => request,
        body => request.json(&body),
    })
    .await
}

/// What was done last to something, by the audit log.
async fn last_action(server: &Server, key: &Value) -> String {
    let path = format!("/v1/keys/{}/events?limit=1", text(key, "id"));
    let events = Answer::of(server.request(Method::GET, &path)).await;
    assert_eq!(events.status, StatusCode::OK, "{}", events.text);
    text(&events.body["items"][0], "action").to_owned()
}

/// The key of that number, as our own API shows it.
async fn numbered(server: &Server, number: &Value) -> Value {
    let keys = Answer::of(server.request(Method::GET, "/v1/keys?status=all&limit=500")).await;
    let keys = keys.body["items"].as_array().expect("keys").clone();
    let found = keys.into_iter().find(|key| key["number"] == *number);
    found.expect("a key of that number")
}
