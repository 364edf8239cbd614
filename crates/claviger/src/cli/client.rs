//! One typed way to speak to a server: it sends the key, bounds what it reads, and turns every refusal into plain words.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::output::Screen;

/// An answer longer than this is not one of ours.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// How long an ordinary request may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A query's names and values, still unencoded.
pub(crate) type Query = Vec<(&'static str, String)>;

/// Why the server gave no answer to use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody listens there.
    #[error("no server answers at {place}")]
    Unreachable {
        place: String,
        /// What can be done.
        hint: String,
    },
    /// The connection or the answer broke.
    #[error("the request to {place} failed: {cause}")]
    Transport { place: String, cause: String },
    /// The server answered with something that is not Claviger's.
    #[error("the answer of {0} cannot be read: is this a Claviger server?")]
    Answer(String),
    /// The server refused (RFC 9457).
    #[error("{}", .0.sentence())]
    Refused(Box<Problem>),
}

impl ClientError {
    /// Whether the caller is unknown or may not do this.
    pub(crate) fn is_refusal_of_caller(&self) -> bool {
        matches!(self, Self::Refused(problem) if matches!(problem.status, 401 | 403))
    }

    /// What has to be confirmed before the server does it.
    pub(crate) fn unconfirmed(&self) -> Option<Unconfirmed> {
        let Self::Refused(problem) = self else {
            return None;
        };
        // It goes into an address.
        let word = problem.confirm.clone();
        let word = word.filter(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        (problem.code == "confirmation_needed").then(|| Unconfirmed {
            word,
            touches: problem.touches.clone(),
        })
    }

    /// Lines that help to put it right.
    pub(crate) fn details(&self) -> Vec<String> {
        match self {
            Self::Unreachable { hint, .. } => vec![hint.clone()],
            Self::Refused(problem) => problem.details(),
            Self::Transport { .. } | Self::Answer(_) => Vec::new(),
        }
    }
}

/// What the server does when it is sent again with a word.
#[derive(Debug)]
pub(crate) struct Unconfirmed {
    /// The word.
    pub(crate) word: String,
    /// What would be touched.
    pub(crate) touches: Vec<Value>,
}

/// A refusal as the server words it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    status: u16,
    title: String,
    code: String,
    detail: String,
    missing: Option<String>,
    request_id: Option<String>,
    errors: Vec<FieldError>,
    touches: Vec<Value>,
    confirm: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FieldError {
    field: String,
    detail: String,
}

impl Problem {
    /// The kind of refusal, for programs.
    pub(crate) fn code(&self) -> String {
        self.code.clone()
    }

    fn sentence(&self) -> String {
        let said = [&self.detail, &self.title]
            .into_iter()
            .find(|text| !text.is_empty());
        match said {
            Some(text) if self.code.is_empty() => text.clone(),
            Some(text) => format!("{text} ({})", self.code),
            None => format!("the server answered with status {}", self.status),
        }
    }

    fn details(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.detail))
            // A single fault is the sentence already.
            .filter(|line| *line != self.detail)
            .collect();
        if let Some(missing) = &self.missing {
            lines.push(format!("the key in use lacks the permission {missing}"));
        }
        if self.status == 401 {
            lines.push("sign in with `claviger login`, or use --data DIR on the server's host".to_owned());
        }
        if let Some(id) = self.request_id.as_ref().filter(|_| self.status >= 500) {
            lines.push(format!("the server's log has more under {id}"));
        }
        lines
    }
}

/// A connection to one server, as one caller.
pub(crate) struct Client {
    pub(super) http: reqwest::Client,
    /// `http://localhost` for a socket, else what the user said, without a slash at the end.
    pub(super) base: String,
    /// How errors call the server.
    pub(super) place: String,
    /// What to do when nobody answers there.
    pub(super) hint: String,
    pub(super) key: Option<HeaderValue>,
    pub(super) organisation: Option<HeaderValue>,
    pub(super) is_socket: bool,
    /// Where it says what no command asks for.
    pub(super) screen: Screen,
}

impl Client {
    /// Whether this is the socket on the server's host, where the installation itself may be managed.
    pub(crate) fn is_socket(&self) -> bool {
        self.is_socket
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str, query: &Query) -> Result<Value, ClientError> {
        self.ask(self.request(Method::GET, path, query)?.timeout(PATIENCE))
            .await
    }

    /// GET of what may take as long as it takes.
    pub(crate) async fn get_slowly(&self, path: &str, query: &Query) -> Result<Value, ClientError> {
        self.ask(self.request(Method::GET, path, query)?).await
    }

    /// GET of a body to be read in pieces.
    pub(crate) async fn stream(&self, path: &str, query: &Query) -> Result<Response, ClientError> {
        self.send(self.request(Method::GET, path, query)?).await
    }

    /// POST; without a body where there is nothing to say.
    pub(crate) async fn post(&self, path: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let request = self.request(Method::POST, path, &Query::new())?.timeout(PATIENCE);
        let request = match body {
            Some(body) => self.with_json(request, body)?,
            None => request,
        };
        self.ask(request).await
    }

    /// POST of a file; it may take as long as it takes.
    pub(crate) async fn post_file(
        &self,
        path: &str,
        query: &Query,
        kind: &'static str,
        bytes: Vec<u8>,
    ) -> Result<Value, ClientError> {
        let request = self.request(Method::POST, path, query)?;
        self.ask(request.header(CONTENT_TYPE, kind).body(bytes)).await
    }

    /// POST of a body that is read as it is sent, answered while it is.
    pub(crate) async fn pour(
        &self,
        path: &str,
        query: &Query,
        kind: &'static str,
        pieces: mpsc::Receiver<std::io::Result<Vec<u8>>>,
    ) -> Result<Response, ClientError> {
        let request = self.request(Method::POST, path, query)?;
        let pieces = futures_util::stream::unfold(pieces, |mut pieces| async move {
            let piece = pieces.recv().await?;
            Some((piece, pieces))
        });
        let body = reqwest::Body::wrap_stream(pieces);
        self.send(request.header(CONTENT_TYPE, kind).body(body)).await
    }

    /// PATCH, only if the thing still has this version, where one is given.
    pub(crate) async fn patch(
        &self,
        path: &str,
        body: &Value,
        version: Option<u64>,
    ) -> Result<Value, ClientError> {
        let mut request = self
            .request(Method::PATCH, path, &Query::new())?
            .timeout(PATIENCE);
        if let Some(version) = version {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        self.ask(self.with_json(request, body)?).await
    }

    /// PUT of what has no body.
    pub(crate) async fn put(&self, path: &str) -> Result<Value, ClientError> {
        let request = self.request(Method::PUT, path, &Query::new())?;
        self.ask(request.timeout(PATIENCE)).await
    }

    /// DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value, ClientError> {
        self.ask(
            self.request(Method::DELETE, path, &Query::new())?
                .timeout(PATIENCE),
        )
        .await
    }

    fn request(&self, method: Method, path: &str, query: &Query) -> Result<RequestBuilder, ClientError> {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.base))
            .map_err(|cause| self.broken(&cause.to_string()))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self
            .http
            .request(method, url)
            .header(ACCEPT, "application/json, application/problem+json");
        if let Some(key) = &self.key {
            request = request.header("authorization", key.clone());
        }
        if let Some(organisation) = &self.organisation {
            request = request.header("claviger-organisation", organisation.clone());
        }
        Ok(request)
    }

    fn with_json(&self, request: RequestBuilder, body: &Value) -> Result<RequestBuilder, ClientError> {
        let body = serde_json::to_vec(body).map_err(|cause| self.broken(&cause.to_string()))?;
        Ok(request.header(CONTENT_TYPE, "application/json").body(body))
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, ClientError> {
        let response = self.send(request).await?;
        let body = self.read(response).await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| ClientError::Answer(self.place.clone()))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        let status = response.status();
        if status.is_success() {
            let later = response
                .headers()
                .get("claviger-effective-by")
                .and_then(|at| at.to_str().ok());
            if let Some(at) = later {
                self.screen.note(&format!(
                    "a server that cannot reach the database may not know of it yet: in effect everywhere at {at} at the latest"
                ));
            }
            return Ok(response);
        }
        let body = self.read(response).await?;
        let mut problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
        // What the status line says counts: a body could say anything.
        problem.status = status.as_u16();
        if problem.title.is_empty() && problem.detail.is_empty() {
            problem.title = format!("{} answered {status}", self.place);
        }
        Err(ClientError::Refused(Box::new(problem)))
    }

    /// The body whole; its memory is cleared afterwards, since it may hold a secret.
    async fn read(&self, mut response: Response) -> Result<Zeroizing<Vec<u8>>, ClientError> {
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(self.broken("the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(super) fn failure(&self, error: &reqwest::Error) -> ClientError {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let refused = cause.downcast_ref::<std::io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::NotFound
            )
        });
        if error.is_connect() && refused {
            return ClientError::Unreachable {
                place: self.place.clone(),
                hint: self.hint.clone(),
            };
        }
        if error.is_timeout() {
            return self.broken("no answer in time; it may or may not have been done");
        }
        self.broken(&cause.to_string())
    }

    fn broken(&self, cause: &str) -> ClientError {
        ClientError::Transport {
            place: self.place.clone(),
            cause: cause.to_owned(),
        }
    }
}
