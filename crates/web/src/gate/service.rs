//! The verification listener's service, dispatched by hand: nearly every request is the same one.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::header::{self, HeaderName};
use ::http::{HeaderValue, Method, Request, Response, StatusCode};
use app::{App, AppError};
use bytes::Bytes;
use domain::clock::Timestamp;
use domain::id::RequestId;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use subtle::ConstantTimeEq as _;
use tracing::Instrument as _;

use super::gateway::Gateway;
use super::{Settings, door};
use crate::http::answer::{self, VerifyBatch, VerifyRequest};
use crate::http::headers::Headers;
use crate::http::introspection::{self, Introspection};
use crate::http::problem::Result;
use crate::http::{Problem, body, token};
use crate::serve::Peer;
use crate::serve::lane::{self, Lean, Outcome, Usual};
use crate::trace;

/// The largest body of one verification, in bytes.
const MAX_BODY: usize = 16 * 1024;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Who may ask at the verification listener.
#[derive(Clone)]
pub enum Guard {
    /// Whoever can connect: the listener is on loopback, or its operator said so.
    Open,
    /// Whoever sends this token as `Claviger-Gateway-Token`.
    Token(Arc<str>),
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Token(_) => "Token(redacted)",
        })
    }
}

impl Guard {
    /// Where a gateway says its token.
    pub const HEADER: &str = "claviger-gateway-token";

    /// Whether it is a known gateway that says this.
    pub fn admits(&self, given: Option<&[u8]>) -> bool {
        match self {
            Self::Open => true,
            Self::Token(token) => bool::from(given.unwrap_or_default().ct_eq(token.as_bytes())),
        }
    }

    fn admit(&self, headers: &(impl Headers + ?Sized)) -> Result<()> {
        static NAME: HeaderName = HeaderName::from_static(Guard::HEADER);
        let admitted = match self {
            Self::Open => true,
            Self::Token(_) => self.admits(headers.first(&NAME)),
        };
        if admitted {
            return Ok(());
        }
        let detail = "this listener wants the gateway's token as Claviger-Gateway-Token";
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "gateway_unauthenticated",
            "Not a known gateway",
            detail,
        ))
    }
}

/// The verification plane's service.
#[derive(Debug, Clone)]
pub struct Gate {
    inner: Arc<Inner>,
    peer: Option<Peer>,
}

/// What all connections share.
#[derive(Debug)]
struct Inner {
    app: Arc<App>,
    guard: Guard,
    doors: Settings,
}

impl Gate {
    /// A service for connections.
    pub fn new(app: Arc<App>, guard: Guard, doors: Settings) -> Self {
        Self {
            inner: Arc::new(Inner { app, guard, doors }),
            peer: None,
        }
    }

    /// The service for a connection from there.
    #[must_use]
    pub fn at(&self, peer: Peer) -> Self {
        Self {
            inner: self.inner.clone(),
            peer: Some(peer),
        }
    }
}

impl Inner {
    async fn answer(&self, request: Request<Incoming>, peer: Option<Peer>) -> Response<Full<Bytes>> {
        let outcome = match (request.method(), request.uri().path()) {
            (&Method::POST, "/v1/verify") => self.verify_whole(request).await,
            (&Method::POST, "/v1/verify/batch") => self.verify_batch(request).await,
            (&Method::GET, "/v1/self") => self.own(&request, peer).await,
            (&Method::GET | &Method::HEAD, "/healthz") => Ok(written(b"{\"status\":\"ok\"}".to_vec())),
            (&Method::GET | &Method::HEAD, "/readyz") => self.ready().await,
            (&Method::POST, "/v1/self/revoke") => self.revoke(&request, peer).await,
            (&Method::POST, "/oauth2/introspect") => self.introspect(request).await,
            (_, "/v1/verify" | "/v1/verify/batch" | "/v1/self/revoke" | "/oauth2/introspect") => {
                return self.refuse_method("POST");
            }
            (_, "/v1/self") => return self.refuse_method("GET"),
            (_, "/healthz" | "/readyz") => return self.refuse_method("GET,HEAD"),
            // Whatever the method: some gateways ask with that of the request.
            (_, path) => match Gateway::of(path) {
                Some((gateway, _)) => self.door(gateway, &request, peer).await,
                None => Err(Problem::not_found()),
            },
        };
        outcome.unwrap_or_else(|problem| self.refuse(&problem))
    }

    /// What needs no waiting: nearly every request.
    fn verify_cached(&self, bytes: &[u8]) -> Option<Response<Full<Bytes>>> {
        match self.rendered_cached(bytes) {
            Ok(rendered) => rendered.map(written),
            Err(problem) => Some(self.refuse(&problem)),
        }
    }

    /// The answer of a verification that needs no waiting.
    fn rendered_cached(&self, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
        let asked = parse::<VerifyRequest<'_>>(bytes)?;
        asked.check()?;
        let answer = self
            .app
            .engine()
            .verify_cached(asked.token(), &asked.question(engine::Door::Verify));
        let Some(answer) = answer else { return Ok(None) };
        Ok(Some(answer::render(&answer.map_err(AppError::from)?)))
    }

    /// The rest: the store has to be asked.
    async fn verify(&self, bytes: &[u8]) -> Result<Response<Full<Bytes>>> {
        let asked = parse::<VerifyRequest<'_>>(bytes)?;
        let answer = self
            .app
            .engine()
            .verify(asked.token(), &asked.question(engine::Door::Verify))
            .await;
        Ok(written(answer::render(&answer.map_err(AppError::from)?)))
    }

    /// A verification from its head on: one that is traced.
    async fn verify_whole(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        self.guard.admit(request.headers())?;
        body::require_json(request.headers())?;
        self.verify(&body::read(request.into_body(), MAX_BODY).await?)
            .await
    }

    async fn verify_batch(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let (parts, stream) = request.into_parts();
        self.guard.admit(&parts.headers)?;
        body::require_json(&parts.headers)?;
        let bytes = body::read(stream, answer::MAX_BATCH_BODY).await?;
        let batch: VerifyBatch<'_> = body::parse(&bytes)?;
        batch.check()?;
        let mut results = Vec::with_capacity(batch.requests.len());
        for asked in &batch.requests {
            let answer = self
                .app
                .engine()
                .verify(asked.token(), &asked.question(engine::Door::Verify))
                .await;
            results.push(answer.map_err(AppError::from)?);
        }
        Ok(written(answer::render_batch(&results)))
    }

    /// What needs no waiting at a door.
    fn door_cached<B>(&self, request: &Request<B>, peer: Option<Peer>) -> Option<Response<Full<Bytes>>> {
        let (gateway, _) = Gateway::of(request.uri().path())?;
        let answered = || {
            self.guard.admit(request.headers())?;
            door::answer_cached(&self.app, &self.doors, gateway, request, peer)
        };
        answered().unwrap_or_else(|problem| Some(self.refuse(&problem)))
    }

    async fn door(
        &self,
        gateway: Gateway,
        request: &Request<Incoming>,
        peer: Option<Peer>,
    ) -> Result<Response<Full<Bytes>>> {
        self.guard.admit(request.headers())?;
        door::answer(&self.app, &self.doors, gateway, request, peer).await
    }

    async fn own(&self, request: &Request<Incoming>, peer: Option<Peer>) -> Result<Response<Full<Bytes>>> {
        self.guard.admit(request.headers())?;
        let Some((token, source)) = token::presented(request.headers())? else {
            return Err(AppError::Unauthenticated.into());
        };
        let ip = match peer {
            Some(Peer::Tcp(address)) => Some(address.ip()),
            _ => None,
        };
        let question = engine::Question {
            door: engine::Door::Own,
            source: Some(source),
            ip,
            ..engine::Question::default()
        };
        Ok(written(answer::render(
            &self.app.verify_self(token, &question).await?,
        )))
    }

    async fn revoke(&self, request: &Request<Incoming>, peer: Option<Peer>) -> Result<Response<Full<Bytes>>> {
        self.guard.admit(request.headers())?;
        let ip = match peer {
            Some(Peer::Tcp(address)) => Some(address.ip()),
            _ => None,
        };
        let id = RequestId::fresh(self.app.clock(), self.app.random());
        let revoked = answer::revoke_self(&self.app, engine::Door::Own, request.headers(), ip, id).await?;
        Ok(written(serde_json::to_vec(&revoked).map_err(AppError::internal)?))
    }

    async fn introspect(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        self.guard.admit(request.headers())?;
        let (parts, stream) = request.into_parts();
        let bytes = body::read(stream, introspection::MAX_FORM).await?;
        let token = introspection::token(&parts.headers, &bytes)?;
        let question = engine::Question {
            door: engine::Door::Introspection,
            unlimited: true,
            ..engine::Question::default()
        };
        let answer = self.app.engine().verify(token.as_bytes(), &question).await;
        let told = Introspection::from(answer.map_err(AppError::from)?);
        Ok(written(serde_json::to_vec(&told).map_err(AppError::internal)?))
    }

    async fn ready(&self) -> Result<Response<Full<Bytes>>> {
        let status = self.app.ready().await?;
        Ok(written(format!("{{\"status\":\"{status}\"}}").into_bytes()))
    }

    /// A 405 names what is allowed (RFC 9110, section 15.5.6).
    fn refuse_method(&self, allowed: &'static str) -> Response<Full<Bytes>> {
        let mut response = self.refuse(&Problem::method_not_allowed());
        let headers = response.headers_mut();
        headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
        response
    }

    /// Refusals are rare, so that only they are given an id.
    fn refuse(&self, problem: &Problem) -> Response<Full<Bytes>> {
        let id = RequestId::fresh(self.app.clock(), self.app.random());
        problem.log(id, &Method::POST, "verification");
        problem.render(Some(id)).map(Full::new)
    }
}

/// Reads the usual body without tracking paths, and once more with them where that fails.
fn parse<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    match serde_json::from_slice(bytes) {
        Ok(parsed) if body::is_object(bytes) => Ok(parsed),
        _ => body::parse(bytes),
    }
}

/// The path as a span may name it: what can be asked here, and nothing that a caller writes.
fn door_of(path: &str) -> &'static str {
    match path {
        "/v1/verify" => "verify",
        "/v1/verify/batch" => "batch",
        "/v1/self" | "/v1/self/revoke" => "self",
        "/oauth2/introspect" => "introspect",
        path => Gateway::of(path).map_or("other", |(gateway, _)| gateway.door().as_str()),
    }
}

fn written(bytes: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// An answer to come. Nearly all need no waiting but for the body, and then no allocation for the wait.
pub struct Answering(State);

enum State {
    /// It is there.
    Now(Option<Response<Full<Bytes>>>),
    /// A verification whose body is to come.
    Body(Arc<Inner>, Option<Incoming>),
    /// The store has to be asked, or it is no verification.
    Later(Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>),
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answering").finish_non_exhaustive()
    }
}

impl Future for Answering {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                State::Now(answer) => {
                    // hyper polls no future again that is done.
                    return answer
                        .take()
                        .map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer)));
                }
                State::Body(gate, body) => {
                    let Some(waiting) = body else { return Poll::Pending };
                    let frame = ready!(Pin::new(&mut *waiting).poll_frame(context));
                    let whole = match &frame {
                        Some(Ok(frame)) if waiting.is_end_stream() => frame.data_ref(),
                        _ => None,
                    };
                    let small = whole.filter(|bytes| bytes.len() <= MAX_BODY);
                    if let Some(answer) = small.and_then(|bytes| gate.verify_cached(bytes)) {
                        return Poll::Ready(Ok(answer));
                    }
                    let Some(body) = body.take() else {
                        return Poll::Pending;
                    };
                    let gate = gate.clone();
                    self.0 = State::Later(Box::pin(async move {
                        let outcome = match body::read_on(frame, body, MAX_BODY).await {
                            Ok(bytes) => match gate.verify_cached(&bytes) {
                                Some(answer) => Ok(answer),
                                None => gate.verify(&bytes).await,
                            },
                            Err(problem) => Err(problem),
                        };
                        outcome.unwrap_or_else(|problem| gate.refuse(&problem))
                    }));
                }
                State::Later(answer) => return answer.as_mut().poll(context).map(Ok),
            }
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for Gate {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let (gate, peer) = (&self.inner, self.peer);
        if let Some(span) = trace::of_verification(request.headers(), || door_of(request.uri().path())) {
            let gate = gate.clone();
            let answer = async move { gate.answer(request, peer).await };
            return Answering(State::Later(Box::pin(answer.instrument(span))));
        }
        if request.method() == Method::POST && request.uri().path() == "/v1/verify" {
            let admitted = gate.guard.admit(request.headers());
            return match admitted.and_then(|()| body::require_json(request.headers())) {
                Ok(()) => Answering(State::Body(gate.clone(), Some(request.into_body()))),
                Err(problem) => Answering(State::Now(Some(gate.refuse(&problem)))),
            };
        }
        if let Some(answer) = gate.door_cached(&request, peer) {
            return Answering(State::Now(Some(answer)));
        }
        let gate = gate.clone();
        Answering(State::Later(Box::pin(
            async move { gate.answer(request, peer).await },
        )))
    }
}

impl Lean for Gate {
    fn now(&self) -> Timestamp {
        self.inner.app.clock().now()
    }

    fn answer(&self, usual: &Usual<'_>, out: &mut Vec<u8>) -> Outcome {
        // What may have a span of its own is seen to by the service as a whole.
        if trace::is_on() {
            return Outcome::Unusual;
        }
        match (usual.method, usual.path) {
            ("POST", "/v1/verify") => self.verify_lean(usual, out),
            ("GET", path) => match Gateway::of(path) {
                Some((gateway, "")) => self.door_lean(gateway, usual, out),
                _ => Outcome::Unusual,
            },
            _ => Outcome::Unusual,
        }
    }
}

impl Gate {
    fn verify_lean(&self, usual: &Usual<'_>, out: &mut Vec<u8>) -> Outcome {
        let gate = &self.inner;
        let rendered = || {
            gate.guard.admit(usual.headers)?;
            body::require_json(usual.headers)?;
            gate.rendered_cached(usual.body)
        };
        match rendered() {
            Ok(Some(body)) => {
                out.extend_from_slice(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\n",
                );
                lane::finish(out, &body, self.now());
                Outcome::Written
            }
            Ok(None) => {
                let (gate, bytes) = (gate.clone(), usual.body.to_vec());
                Outcome::Later(Box::pin(async move {
                    let verified = gate.verify(&bytes).await;
                    verified.unwrap_or_else(|problem| gate.refuse(&problem))
                }))
            }
            Err(problem) => {
                lane::write(out, &gate.refuse(&problem), self.now());
                Outcome::Written
            }
        }
    }

    fn door_lean(&self, gateway: Gateway, usual: &Usual<'_>, out: &mut Vec<u8>) -> Outcome {
        let (gate, peer) = (&self.inner, self.peer);
        let written = gate
            .guard
            .admit(usual.headers)
            .and_then(|()| door::write_cached(&gate.app, &gate.doors, gateway, usual, peer, out));
        match written {
            Ok(true) => Outcome::Written,
            // Nothing was decided yet, so that hyper may be asked where the head cannot be made anew.
            Ok(false) => match usual.to_request() {
                None => Outcome::Unusual,
                Some(request) => {
                    let gate = gate.clone();
                    Outcome::Later(Box::pin(async move {
                        let answer = door::answer(&gate.app, &gate.doors, gateway, &request, peer).await;
                        answer.unwrap_or_else(|problem| gate.refuse(&problem))
                    }))
                }
            },
            Err(problem) => {
                lane::write(out, &gate.refuse(&problem), self.now());
                Outcome::Written
            }
        }
    }
}
