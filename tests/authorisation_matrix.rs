//! Who may ask for what: every route of the description is asked for by nobody, by a key of each built-in role, by a person
//! without roles and through the socket, and what they are answered is in one table in the repository.

use std::fmt::Write as _;

use domain::role::Builtin;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::openapi::{Operation, compare_with_copy, example_of, operations};
use crate::support::{Answer, Browser, ENGINES, PASSWORD, Server, path_of, text};
use crate::tenants::with;

/// The routes that nobody is asked for a key at, each with its reason.
const PUBLIC: [(&str, &str); 21] = [
    ("GET /healthz", "a probe has no key"),
    ("GET /readyz", "a probe has no key"),
    ("GET /openapi.json", "holds nothing of anybody's"),
    ("GET /docs", "holds nothing of anybody's"),
    ("GET /docs/{file}", "holds nothing of anybody's"),
    ("GET /setup.css", "how the page behind the set-up link looks"),
    ("GET /setup/{token}", "the link itself is the proof"),
    ("POST /setup/{token}", "the link itself is the proof, once"),
    ("GET /v1/setup/{token}", "the link itself is the proof"),
    ("POST /v1/setup/{token}", "the link itself is the proof, once"),
    ("GET /invitations/{token}", "the link itself is the proof"),
    ("POST /invitations/{token}", "the link itself is the proof, once"),
    ("GET /v1/invitations/{token}", "the link itself is the proof"),
    (
        "POST /v1/invitations/{token}",
        "the link itself is the proof, once",
    ),
    ("POST /oauth2/revoke", "who holds the token may end it"),
    ("POST /v1/leaks", "whoever finds a token need be nobody"),
    ("POST /v1/leaks/github", "the signature is the proof"),
    ("POST /v1/session", "what is sent is the proof"),
    ("GET /v1/session/methods", "asked before anybody is signed in"),
    ("GET /v1/oidc/start", "the way to sign in"),
    ("GET /v1/oidc/callback", "the provider's word is the proof"),
];

/// Every dialect; where one is off, its routes are not there.
pub(crate) const DIALECTS: [&str; 3] = ["omnicrm", "openlmis", "maximo"];

/// The address of whoever asks as a person.
const PERSON: &str = "person@sample.example";

/// What there is in the organisation of those who ask.
struct Own {
    organisation: String,
    key: String,
}

impl Own {
    /// A text of the description, about a principal that there is.
    fn in_place_of(&self, text: &str) -> String {
        text.replace(&example_of("PrincipalId"), &self.key)
    }
}

/// Who asks.
enum Asker<'a> {
    Nobody,
    Key(&'static str, Option<Builtin>, String),
    Person(Browser<'a>),
    Socket,
}

impl Asker<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Key(name, ..) => name,
            Self::Person(_) => "person",
            Self::Socket => "socket",
        }
    }

    /// What they have to be answered for this permission.
    fn expected(&self, permission: &str) -> &'static str {
        match (self, permission) {
            (_, "public") => "ok",
            (Self::Nobody, _) | (Self::Socket | Self::Person(_), "any key") => "401",
            (Self::Socket | Self::Key(..), "any person") => "403",
            (Self::Socket, _)
            | (Self::Key(..), "any caller" | "any key")
            | (Self::Person(_), "any caller" | "any person") => "ok",
            (Self::Key(..) | Self::Person(_), "local") => "404",
            (Self::Key(_, Some(role), _), asked) if role.grants().allow_text(asked) => "ok",
            (Self::Key(..) | Self::Person(_), _) => "403",
        }
    }

    fn request(&self, server: &Server, operation: &Operation, own: &Own) -> RequestBuilder {
        let method: Method = operation.method.parse().expect("a method");
        // Through the socket everything may be done, so that it is not done to what there is.
        let organisation = (!matches!(self, Self::Socket)).then_some(&*own.organisation);
        let mut path = path(operation, organisation);
        for (name, example) in operation.needed() {
            path = with(&path, &[(&name, &own.in_place_of(&example))]);
        }
        let request = match self {
            Self::Nobody => server.anonymous(method, &path),
            Self::Key(_, _, key) => server.anonymous(method, &path).bearer_auth(key),
            Self::Person(browser) => browser.request(method, &path),
            Self::Socket => server
                .local(method, &path)
                .header("claviger-organisation", "sample-ltd"),
        };
        match body(operation, own) {
            Some(body) => request.json(&body),
            None => match file(operation) {
                Some(file) => request.header("Content-Type", "text/csv").body(file),
                None => request,
            },
        }
    }
}

/// A path to something that there is not; but for organisations, as of whose own one is told that it is.
fn path(operation: &Operation, organisation: Option<&str>) -> String {
    let mut path = operation.path.clone();
    let parameters = operation.described["parameters"].as_array();
    for parameter in parameters.into_iter().flatten().filter(|one| one["in"] == "path") {
        let kind = parameter["schema"]["$ref"]
            .as_str()
            .and_then(|path| path.rsplit('/').next());
        let example = kind.map(|kind| &web::api::document()["components"]["schemas"][kind]["examples"][0]);
        let value = match (kind, organisation) {
            (Some("OrganisationId"), Some(own)) => own,
            _ => example.and_then(Value::as_str).unwrap_or("none"),
        };
        let name = format!("{{{}}}", text(parameter, "name"));
        path = path.replace(&name, value);
    }
    path
}

/// The body that the description gives as an example, about no organisation that there is.
fn body(operation: &Operation, own: &Own) -> Option<Value> {
    let example = operation.described["requestBody"]["content"]["application/json"].get("example")?;
    let text = example.to_string().replace("sample-ltd", "not-there");
    serde_json::from_str(&own.in_place_of(&text)).ok()
}

/// The file that the description gives as an example.
fn file(operation: &Operation) -> Option<String> {
    let example = &operation.described["requestBody"]["content"]["text/csv"]["example"];
    example.as_str().map(str::to_owned)
}

/// What an answer says about who asked.
fn cell(operation: &Operation, answer: &Answer) -> String {
    // A dialect words its refusals otherwise.
    let worded = [
        &answer.body["error"],
        &answer.body["messageKey"],
        &answer.body["Error"]["reasonCode"],
    ];
    let says = |word: &str| worded.iter().any(|given| *given == word);
    let is_refusal = match answer.status.as_u16() {
        // Past the check somebody may still show a wrong password, or not hold what they want to hand out.
        401 => answer.body["code"] == "unauthenticated" || says("unauthorized") || says("BMXAA9549E"),
        403 => {
            answer.body["code"] == "forbidden"
                || answer.body["code"] == "people_only"
                || says("auth.error.authorization.noFollowingPermission")
                || says("claviger#forbidden")
        }
        404 => operation.permission != "public" && !operation.path.contains('{'),
        _ => false,
    };
    if is_refusal {
        answer.status.as_u16().to_string()
    } else {
        assert!(
            !answer.status.is_server_error() || answer.status == StatusCode::BAD_GATEWAY,
            "{} {}: {}",
            operation.method,
            operation.path,
            answer.text
        );
        "ok".to_owned()
    }
}

/// So that who asks to be revoked is there for the next question.
async fn protect(server: &Server, key: &Value) {
    let (status, body) = server.call(Method::POST, &path_of(key, "protect"), None).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

async fn askers(server: &Server) -> Vec<Asker<'_>> {
    let mut askers = vec![Asker::Nobody];
    let bare = server.create(json!({"name": "No permissions"})).await;
    protect(server, &bare).await;
    askers.push(Asker::Key("key", None, text(&bare, "secret").to_owned()));
    for role in Builtin::ALL.into_iter().rev() {
        let key = server
            .create(json!({"name": role.name(), "permissions": role.grants()}))
            .await;
        protect(server, &key).await;
        askers.push(Asker::Key(
            role.name(),
            Some(role),
            text(&key, "secret").to_owned(),
        ));
    }
    askers.push(Asker::Person(Browser::invited(server, PERSON, &[]).await));
    askers.push(Asker::Socket);
    askers
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_ask_for_what_the_table_says_and_nothing_more() {
    let server = Server::start(ENGINES[0]).await;
    server.policy(json!({ "dialects": DIALECTS })).await;
    let own = Answer::of(server.request(Method::GET, "/v1/organisations")).await;
    let key = server.create(json!({"name": "Asked about"})).await;
    let own = Own {
        organisation: text(&own.body["items"][0], "id").to_owned(),
        key: text(&key, "id").to_owned(),
    };
    let mut askers = askers(&server).await;
    let mut table = String::from(
        "What each is answered: 401 and 403 refuse, 404 denies that there is such a route, ok is past the check.\n",
    );
    let names: Vec<String> = askers.iter().map(|asker| asker.name().to_owned()).collect();
    let widths: Vec<usize> = names.iter().map(|name| name.len().max(3)).collect();
    let line = |table: &mut String, route: &str, permission: &str, cells: &[String]| {
        let _ = write!(table, "{route:<45} {permission:<32}");
        for (width, cell) in widths.iter().zip(cells) {
            let _ = write!(table, " {cell:<width$}");
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
    };
    line(&mut table, "", "", &names);
    let mut faults = Vec::new();
    let mut all = operations();
    all.sort_by_cached_key(|operation| (operation.path.clone(), operation.method.clone()));
    for operation in &all {
        let route = format!("{} {}", operation.method, operation.path);
        let mut cells = Vec::new();
        for asker in &mut askers {
            let answer = Answer::of(asker.request(&server, operation, &own)).await;
            if let Asker::Person(browser) = asker
                && route == "DELETE /v1/session"
            {
                let signed_in = browser.sign_in(PERSON, PASSWORD).await;
                assert_eq!(signed_in.status, StatusCode::CREATED, "{}", signed_in.text);
            }
            let cell = cell(operation, &answer);
            let expected = asker.expected(&operation.permission);
            if cell != expected {
                let (name, permission) = (asker.name(), &operation.permission);
                faults.push(format!(
                    "{route} ({permission}) answers {name} {cell}, not {expected}: {:.200}",
                    answer.text
                ));
            }
            if matches!(asker, Asker::Nobody)
                && cell == "ok"
                && !PUBLIC.iter().any(|(known, _)| *known == route)
            {
                faults.push(format!(
                    "{route} lets anybody in; if it must, name it in PUBLIC with the reason"
                ));
            }
            cells.push(cell);
        }
        line(&mut table, &route, &operation.permission, &cells);
    }
    for (route, _) in PUBLIC {
        if !all
            .iter()
            .any(|one| format!("{} {}", one.method, one.path) == route)
        {
            faults.push(format!("{route} is named in PUBLIC and is not there"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    compare_with_copy(&table, "tests/authorisation_matrix.golden");
}
