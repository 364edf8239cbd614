//! A tenant sees itself alone: every route of the description is asked, as one tenant, about what is another's.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::authorisation_matrix::DIALECTS;
use crate::openapi::{Operation, example_of as nobodys, operations};
use crate::organisations::second;
use crate::support::{Answer, Browser, ENGINES, Server, text};

/// The other tenant: its key, a person of its own, and something of each kind that is its own, by the name of the id's schema.
struct Other<'a> {
    key: String,
    person: Browser<'a>,
    things: BTreeMap<String, String>,
    /// Whatever would give it away in a list.
    marks: Vec<String>,
}

const NAME: &str = "Quietly another's";

/// The parameters of a path, each with the schema of its id; what is no id is left out.
fn ids_of(operation: &Operation) -> Vec<(String, String)> {
    let parameters = operation.described["parameters"].as_array().into_iter().flatten();
    let of_path = parameters.filter(|one| one["in"] == "path");
    of_path
        .filter_map(|one| {
            let kind = one["schema"]["$ref"].as_str()?.rsplit('/').next()?;
            Some((text(one, "name").to_owned(), kind.to_owned()))
        })
        .collect()
}

/// Whether it is a route of another system's.
fn is_dialect(operation: &Operation) -> bool {
    !operation.path.starts_with("/v1/")
}

fn example(operation: &Operation) -> Option<Value> {
    operation.described["requestBody"]["content"]["application/json"]
        .get("example")
        .cloned()
}

impl<'a> Other<'a> {
    async fn of(server: &'a Server) -> Self {
        let (organisation, key) = second(server, "Another Ltd").await;
        let key = text(&key, "secret").to_owned();
        let slug = text(&organisation, "slug");
        for slug in [slug, "sample-ltd"] {
            let patch = server
                .local(Method::PATCH, "/v1/policy")
                .header("claviger-organisation", slug);
            let patched = Answer::of(patch.json(&json!({ "dialects": DIALECTS }))).await;
            assert_eq!(patched.status, StatusCode::OK, "{}", patched.text);
        }
        let person = Browser::invited_to(slug, server, "quiet@another.example", &["owner"]).await;
        let session = person.get("/v1/session").await;
        let mut things = BTreeMap::from([
            ("OrganisationId".to_owned(), text(&organisation, "id").to_owned()),
            (
                "SessionId".to_owned(),
                text(&session.body["session"], "id").to_owned(),
            ),
            // What is another's is asked about for whoever asks.
            ("Slug".to_owned(), nobodys("Slug")),
        ]);
        // Of what does not happen here: it may not go there, and a webhook that fails says so.
        let webhook = json!({"name": NAME, "url": "https://127.0.0.1/", "events": ["account.idle"]});
        let (status, webhook) = server
            .call_as(&key, Method::POST, "/v1/webhooks", Some(webhook))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{webhook}");
        let path = format!("/v1/webhooks/{}/test", text(&webhook, "id"));
        let (status, message) = server.call_as(&key, Method::POST, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{message}");
        things.insert("WebhookId".to_owned(), text(&webhook, "id").to_owned());
        things.insert("MessageId".to_owned(), text(&message, "id").to_owned());
        for operation in operations() {
            for (name, kind) in ids_of(&operation) {
                if things.contains_key(&kind) {
                    continue;
                }
                let made = Self::make(server, &key, &operation, &name, &kind).await;
                things.insert(kind, made);
            }
        }
        let own = things.iter().filter(|(kind, _)| *kind != "Slug");
        let mut marks: Vec<String> = own.map(|(_, id)| id.clone()).collect();
        marks.extend([slug.to_owned(), NAME.to_owned()]);
        Self {
            key,
            person,
            things,
            marks,
        }
    }

    /// Makes something of that kind with the example of the route that makes it: `POST` to the path before the id.
    async fn make(server: &Server, key: &str, operation: &Operation, name: &str, kind: &str) -> String {
        let collection = operation
            .path
            .split(&format!("/{{{name}}}"))
            .next()
            .unwrap_or_default();
        let all = operations();
        let maker = all
            .iter()
            .find(|one| one.method == "POST" && one.path == collection);
        let mut body = maker.and_then(example).unwrap_or_default();
        if body.get("name").is_some() {
            body["name"] = json!(NAME);
        }
        let (status, made) = server.call_as(key, Method::POST, collection, Some(body)).await;
        let id = made["id"].as_str().filter(|_| status == StatusCode::CREATED);
        id.unwrap_or_else(|| {
            panic!(
                "{} {} takes a {kind}, of which POST {collection} with its example made none ({status} {made}): make one in \
                 `Other::of`, in the other tenant, and put its id into `things`",
                operation.method, operation.path
            )
        })
        .to_owned()
    }

    fn fill(&self, operation: &Operation, id_of: impl Fn(&str) -> String) -> String {
        let ids = ids_of(operation).into_iter();
        ids.fold(operation.path.clone(), |path, (name, kind)| {
            path.replace(&format!("{{{name}}}"), &id_of(&kind))
        })
    }

    /// Asks as the other tenant: its person where a key has nothing, else its key.
    async fn get(&self, server: &Server, operation: &Operation, path: &str) -> Answer {
        if operation.permission == "any person" {
            return self.person.get(path).await;
        }
        Answer::of(server.anonymous(Method::GET, path).bearer_auth(&self.key)).await
    }

    fn mark_in(&self, answer: &Answer) -> Option<&str> {
        let marks = self.marks.iter().find(|mark| answer.text.contains(&***mark));
        marks.map(String::as_str)
    }
}

/// An answer without what differs from request to request.
fn plain(answer: &Answer) -> (StatusCode, Value) {
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    (answer.status, body)
}

/// A path with a query.
pub(crate) fn with(path: &str, query: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params(&format!("http://localhost{path}"), query).expect("an address");
    format!("{path}?{}", url.query().unwrap_or_default())
}

/// Asks as this tenant: its first person where a key has nothing, else its key.
async fn ask(person: &Browser<'_>, operation: &Operation, path: &str, body: Option<Value>) -> Answer {
    let method: Method = operation.method.parse().expect("a method");
    let request = match operation.permission.as_str() {
        "any person" => person.request(method, path),
        _ => person.server.request(method, path),
    };
    Answer::of(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_id_is_answered_on_every_route_like_one_that_is_nobodys() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let person = Browser::first(&server).await;
        let other = Other::of(&server).await;
        let with_ids: Vec<Operation> = operations()
            .into_iter()
            .filter(|one| !ids_of(one).is_empty())
            .collect();
        let own = async |operation: &Operation| {
            let path = other.fill(operation, |kind| other.things[kind].clone());
            plain(&other.get(&server, operation, &path).await)
        };
        let mut before = Vec::new();
        for operation in with_ids.iter().filter(|one| one.method == "GET") {
            let seen = own(operation).await;
            assert_eq!(seen.0, StatusCode::OK, "{}: {}", operation.path, seen.1);
            before.push((operation, seen));
        }
        for operation in &with_ids {
            let route = format!("{} {}", operation.method, operation.path);
            let theirs = other.fill(operation, |kind| other.things[kind].clone());
            let theirs = ask(&person, operation, &theirs, example(operation)).await;
            let nothing = other.fill(operation, nobodys);
            let nothing = ask(&person, operation, &nothing, example(operation)).await;
            match is_dialect(operation) {
                // It has its own words for it.
                true => assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{route}: {}", theirs.text),
                false => theirs.refused(404, "not_found", &route),
            }
            assert_eq!(plain(&theirs), plain(&nothing), "{route}");
        }
        for (operation, seen) in before.iter().filter(|(one, _)| !one.path.ends_with("/usage")) {
            assert_eq!(
                own(operation).await,
                *seen,
                "{} was changed by somebody else",
                operation.path
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_and_no_filter_shows_what_is_anothers() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let person = Browser::first(&server).await;
        let other = Other::of(&server).await;
        let own = text(&server.create(json!({"name": "Own"})).await, "id").to_owned();
        let mut shown_to_its_own = 0;
        for operation in operations() {
            let is_list = operation.method == "GET" && !operation.path.contains('{');
            // What only operators are told is no tenant's.
            if !is_list || ["public", "local", "operator"].contains(&operation.permission.as_str()) {
                continue;
            }
            let path = &operation.path;
            let asked = |whose: &str, more: &[(&str, &str)]| {
                let mut query = operation.needed();
                // Without somebody of one's own there is nothing to be shown.
                let principal = query.iter_mut().find(|(name, _)| name == "principal");
                principal.into_iter().for_each(|(_, id)| *id = whose.to_owned());
                query.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
                let query = query.iter().map(|(name, value)| (&**name, &**value));
                with(path, &query.chain(more.iter().copied()).collect::<Vec<_>>())
            };
            let theirs = async |more: &[(&str, &str)]| {
                let path = asked(&other.things["KeyId"], more);
                other.get(&server, &operation, &path).await
            };
            let seen = theirs(&[]).await;
            shown_to_its_own += usize::from(other.mark_in(&seen).is_some());
            let answer = ask(&person, &operation, &asked(&own, &[]), None).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            assert_eq!(other.mark_in(&answer), None, "{path}: {}", answer.text);
            let parameters = operation.described["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|one| one["in"] == "query") {
                let name = text(parameter, "name");
                for mark in &other.marks {
                    let answer = ask(&person, &operation, &asked(&own, &[(name, mark)]), None).await;
                    // A refusal may repeat what was asked, as may the record of another tenant's name that was looked for.
                    if answer.status == StatusCode::OK {
                        assert_eq!(
                            other.mark_in(&answer),
                            None,
                            "{path}?{name}={mark}: {}",
                            answer.text
                        );
                    }
                }
            }
            // A cursor of theirs opens nothing.
            let first = theirs(&[("limit", "1")]).await;
            if let Some(cursor) = first.body["next_cursor"].as_str() {
                let next = asked(&own, &[("limit", "500"), ("cursor", cursor)]);
                let answer = ask(&person, &operation, &next, None).await;
                assert_eq!(
                    other.mark_in(&answer),
                    None,
                    "{path} with a cursor of theirs: {}",
                    answer.text
                );
            }
        }
        assert!(
            shown_to_its_own >= 4,
            "the marks are not where they would be seen"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_token_is_unknown_to_a_key_that_may_verify() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let other = Other::of(&server).await;
        let body = json!({"key": other.key});
        assert_eq!(server.verify(&other.key).await["code"], "VALID");
        let (_, answer) = server.call(Method::POST, "/v1/verify", Some(body.clone())).await;
        assert_eq!(answer, json!({"valid": false, "code": "NOT_FOUND"}));
        let batch = json!({"requests": [body]});
        let (_, answer) = server.call(Method::POST, "/v1/verify/batch", Some(batch)).await;
        assert_eq!(answer["results"], json!([{"valid": false, "code": "NOT_FOUND"}]));
    }
}
