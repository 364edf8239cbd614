//! The doors: a gateway asks whether a request may pass, and gets a status and headers. One handler, whatever the gateway.

use std::borrow::Cow;
use std::net::IpAddr;

use ::http::header::{self, HeaderName};
use ::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use app::{App, AppError};
use bytes::Bytes;
use domain::decide::{Source, Target};
use domain::id::RequestId;
use engine::{Answer, Door, Question, VerifyError};
use http_body_util::Full;

use super::gateway::{Gateway, Told};
use super::verdict::{Refusal, Verdict};
use super::wish::{Settings, Tell, Wish};
use super::{identity, limits};
use crate::http::headers::{Headers, readable};
use crate::http::problem::Result;
use crate::http::{Problem, harmless, token};
use crate::serve::Peer;
use crate::serve::lane::{self, Usual};

static USER_AGENT: HeaderName = header::USER_AGENT;
static ORIGIN: HeaderName = header::ORIGIN;
static REQUEST_METHOD: HeaderName = header::ACCESS_CONTROL_REQUEST_METHOD;
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Says the status that nginx does not let through.
const STATUS: HeaderName = HeaderName::from_static("claviger-status");
/// What is asked for at a door whose address has no room for it.
const WISH: HeaderName = HeaderName::from_static("claviger-door");

/// The key that a request brought, and how.
pub struct Brought<'a> {
    /// The token. Never log it.
    pub token: Cow<'a, [u8]>,
    /// By which way.
    pub source: Source,
}

impl std::fmt::Debug for Brought<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brought")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// A request that a gateway describes, as far as it is understood without a decision about its key.
enum Asked<'a> {
    /// Decided already: it brought no key that could be asked about.
    Settled(Verdict),
    Of(Brought<'a>, Question<'a>),
}

fn read<'a>(
    door: Door,
    headers: &'a (impl Headers + ?Sized),
    told: Told<'a>,
    wish: &'a Wish<'_>,
) -> Asked<'a> {
    let brought = match token::at_door(headers, told.query(), &wish.places) {
        Err(token::Conflict) => return Asked::Settled(Verdict::Refuse(Refusal::conflict(wish.tell))),
        Ok(None) => return Asked::Settled(without_key(headers, told, wish)),
        Ok(Some((token, source))) => Brought { token, source },
    };
    let judges_path = wish.api.is_some() || (told.uri.is_some() && !wish.any_path);
    let question = Question {
        door,
        source: Some(brought.source),
        ip: told.ip,
        requires: wish.require.as_deref(),
        target: judges_path.then(|| Target {
            api: wish.api.as_deref(),
            method: told.method,
            path: told.path(),
        }),
        owners: wish.owners,
        agent: headers
            .first(&USER_AGENT)
            .and_then(|agent| harmless(readable(agent)?, &brought.token)),
        ..Question::default()
    };
    Asked::Of(brought, question)
}

/// Decides about a request that a gateway describes.
///
/// # Errors
/// A door that cannot be understood, a fault of ours: never a yes.
pub async fn judge<'a>(
    app: &App,
    door: Door,
    headers: &'a HeaderMap,
    told: Told<'a>,
    wish: &'a Wish<'_>,
) -> Result<(Verdict, Option<Brought<'a>>)> {
    let (brought, question) = match read(door, headers, told, wish) {
        Asked::Settled(verdict) => return Ok((verdict, None)),
        Asked::Of(brought, question) => (brought, question),
    };
    let answer = match app.engine().verify_cached(&brought.token, &question) {
        Some(answer) => answer,
        None => app.engine().verify(&brought.token, &question).await,
    };
    Ok((verdict(answer, wish.tell)?, Some(brought)))
}

fn verdict(answer: std::result::Result<Answer, VerifyError>, tell: Tell) -> Result<Verdict> {
    match answer {
        Err(VerifyError::Crowded) => Ok(Verdict::Refuse(Refusal::guessing(tell, 1))),
        answer => Ok(Verdict::of(answer.map_err(AppError::from)?, tell)),
    }
}

/// A browser sends no key with the question whether it may send one (Fetch standard, CORS preflight). Where the door says so,
/// that question passes, and nothing else does.
fn without_key(headers: &(impl Headers + ?Sized), told: Told<'_>, wish: &Wish<'_>) -> Verdict {
    let asks = told.method == Some("OPTIONS")
        && headers.first(&ORIGIN).is_some()
        && headers.first(&REQUEST_METHOD).is_some();
    if !(asks && wish.preflight) {
        return Verdict::Refuse(Refusal::no_token(wish.tell));
    }
    if !wish.any_path && told.path().is_some_and(domain::api::is_ambiguous) {
        return Verdict::Refuse(Refusal::ambiguous(wish.tell));
    }
    Verdict::Preflight
}

/// Answers a gateway where the store need not be asked; none where it must.
pub(super) fn answer_cached<B>(
    app: &App,
    settings: &Settings,
    gateway: Gateway,
    request: &Request<B>,
    peer: Option<Peer>,
) -> Result<Option<Response<Full<Bytes>>>> {
    let wish = wish(settings, request, peer)?;
    let told = match told(settings, gateway, request, peer) {
        Some(told) => told,
        None => return Ok(Some(unknown(app, gateway, &wish))),
    };
    let decided = decide_cached(app, gateway, request.headers(), told, &wish)?;
    Ok(decided.map(|decided| written(app, gateway, decided, wish.tell)))
}

fn decide_cached(
    app: &App,
    gateway: Gateway,
    headers: &(impl Headers + ?Sized),
    told: Told<'_>,
    wish: &Wish<'_>,
) -> Result<Option<Verdict>> {
    match read(gateway.door(), headers, told, wish) {
        Asked::Settled(settled) => Ok(Some(settled)),
        Asked::Of(brought, question) => {
            let answer = app.engine().verify_cached(&brought.token, &question);
            answer.map(|answer| verdict(answer, wish.tell)).transpose()
        }
    }
}

/// The same on the lean path, at a door with nothing behind its path: writes the answer, and says whether it did.
pub(super) fn write_cached(
    app: &App,
    settings: &Settings,
    gateway: Gateway,
    usual: &Usual<'_>,
    peer: Option<Peer>,
    out: &mut Vec<u8>,
) -> Result<bool> {
    let wishes = usual.query.unwrap_or_default().as_bytes();
    let wish = Wish::read(form_urlencoded::parse(wishes), settings)?;
    let told = match believed(settings, peer) {
        None => only_seen(peer),
        Some(_) => gateway.tells(usual.headers),
    };
    match decide_cached(app, gateway, usual.headers, told, &wish)? {
        None => return Ok(false),
        Some(Verdict::Pass(answer)) if answer.key.is_some() => {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
            if let Some(key) = &answer.key {
                identity::write(out, key);
            }
            out.extend_from_slice(b"cache-control: no-store\r\n");
            limits::write_lines(out, &answer);
            lane::finish(out, &[], answer.at);
        }
        Some(decided) => {
            let answer = written(app, gateway, decided, wish.tell);
            lane::write(out, &answer, app.clock().now());
        }
    }
    Ok(true)
}

/// Answers a gateway.
pub(super) async fn answer<B>(
    app: &App,
    settings: &Settings,
    gateway: Gateway,
    request: &Request<B>,
    peer: Option<Peer>,
) -> Result<Response<Full<Bytes>>> {
    let wish = wish(settings, request, peer)?;
    let Some(told) = told(settings, gateway, request, peer) else {
        return Ok(unknown(app, gateway, &wish));
    };
    let (verdict, _) = judge(app, gateway.door(), request.headers(), told, &wish).await?;
    Ok(written(app, gateway, verdict, wish.tell))
}

/// With a path behind the door's, the query is the request's own, and what is asked for stands beside it.
fn is_behind<B>(request: &Request<B>) -> bool {
    Gateway::of(request.uri().path()).is_some_and(|(_, rest)| !rest.is_empty())
}

fn believed(settings: &Settings, peer: Option<Peer>) -> Option<IpAddr> {
    address(peer).filter(|peer| settings.believes(*peer))
}

fn wish<'a, B>(settings: &'a Settings, request: &'a Request<B>, peer: Option<Peer>) -> Result<Wish<'a>> {
    let wishes = if is_behind(request) {
        let beside = request.headers().get_all(WISH).iter();
        let mut beside = beside.filter(|_| believed(settings, peer).is_some());
        let only = beside.next().map(HeaderValue::as_bytes).unwrap_or_default();
        if beside.next().is_some() {
            return Err(Problem::invalid("Claviger-Door: stands there twice"));
        }
        only
    } else {
        request.uri().query().unwrap_or_default().as_bytes()
    };
    Wish::read(form_urlencoded::parse(wishes), settings)
}

/// What the gateway says of the request; none where nobody's word counts and something is needed.
fn told<'a, B>(
    settings: &Settings,
    gateway: Gateway,
    request: &'a Request<B>,
    peer: Option<Peer>,
) -> Option<Told<'a>> {
    match (believed(settings, peer), is_behind(request)) {
        (None, true) => None,
        (None, false) => Some(only_seen(peer)),
        (Some(_), true) => Some(Gateway::tells_by_itself(
            request.headers(),
            request.method(),
            request.uri(),
        )),
        (Some(_), false) => Some(gateway.tells(request.headers())),
    }
}

/// Nobody's word but what can be seen: who connects.
fn only_seen(peer: Option<Peer>) -> Told<'static> {
    Told {
        ip: address(peer),
        ..Told::default()
    }
}

fn unknown(app: &App, gateway: Gateway, wish: &Wish<'_>) -> Response<Full<Bytes>> {
    refused(app, gateway, &Refusal::unknown_path(wish.tell), wish.tell)
}

fn written(app: &App, gateway: Gateway, verdict: Verdict, tell: Tell) -> Response<Full<Bytes>> {
    match verdict {
        Verdict::Pass(answer) => {
            let mut response = passed(answer.key.as_deref());
            limits::write(response.headers_mut(), &answer);
            response
        }
        Verdict::Preflight => passed(None),
        Verdict::Refuse(refusal) => refused(app, gateway, &refusal, tell),
    }
}

fn address(peer: Option<Peer>) -> Option<IpAddr> {
    match peer {
        Some(Peer::Tcp(address)) => Some(address.ip().to_canonical()),
        _ => None,
    }
}

fn passed(key: Option<&engine::CachedKey>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    let headers = response.headers_mut();
    headers.reserve(12);
    identity::insert(headers, key);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

fn refused(app: &App, gateway: Gateway, refusal: &Refusal, tell: Tell) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    let id = RequestId::fresh(app.clock(), app.random());
    let body = refusal.write(response.headers_mut(), tell, id);
    *response.body_mut() = Full::new(body);
    *response.status_mut() = refusal.status;
    if gateway.knows_only_401_and_403() {
        let status = HeaderValue::from(refusal.status.as_u16());
        response.headers_mut().insert(STATUS, status);
        *response.status_mut() = match refusal.status {
            StatusCode::BAD_REQUEST => StatusCode::UNAUTHORIZED,
            StatusCode::TOO_MANY_REQUESTS => StatusCode::FORBIDDEN,
            other => other,
        };
    }
    response
}
