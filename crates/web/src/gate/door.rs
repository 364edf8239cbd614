//! The doors: a gateway asks whether a request may pass, and gets a status and headers. One handler, whatever the gateway.

use std::borrow::Cow;
use std::net::IpAddr;

use ::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use app::{App, AppError};
use bytes::Bytes;
use domain::decide::{Source, Target};
use domain::id::RequestId;
use engine::Question;
use http_body_util::Full;

use super::gateway::{Gateway, Told};
use super::verdict::{Refusal, Verdict};
use super::wish::{Settings, Tell, Wish};
use super::{identity, limits};
use crate::http::problem::Result;
use crate::http::{Problem, token};
use crate::serve::Peer;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Says the status that nginx does not let through.
const STATUS: &str = "claviger-status";
/// What is asked for at a door whose address has no room for it.
const WISH: &str = "claviger-door";

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

/// Decides about a request that a gateway describes.
///
/// # Errors
/// A door that cannot be understood, a fault of ours: never a yes.
pub async fn judge<'a>(
    app: &App,
    headers: &'a HeaderMap,
    told: Told<'a>,
    wish: &Wish<'_>,
) -> Result<(Verdict, Option<Brought<'a>>)> {
    let brought = match token::at_door(headers, told.query(), &wish.places) {
        Err(token::Conflict) => return Ok((Verdict::Refuse(Refusal::conflict(wish.tell)), None)),
        Ok(None) => return Ok((without_key(headers, told, wish), None)),
        Ok(Some((token, source))) => Brought { token, source },
    };
    let judges_path = wish.api.is_some() || (told.uri.is_some() && !wish.any_path);
    let question = Question {
        source: Some(brought.source),
        ip: told.ip,
        requires: wish.require.as_deref(),
        target: judges_path.then(|| Target {
            api: wish.api.as_deref(),
            method: told.method,
            path: told.path(),
        }),
        owners: wish.owners,
        agent: agent(headers, &brought.token),
        ..Question::default()
    };
    let answer = match app.engine().verify_cached(&brought.token, &question) {
        Some(answer) => answer,
        None => app.engine().verify(&brought.token, &question).await,
    };
    Ok((
        Verdict::of(answer.map_err(AppError::from)?, wish.tell),
        Some(brought),
    ))
}

/// What the program behind the gateway calls itself; nothing where it says its token there.
fn agent<'a>(headers: &'a HeaderMap, token: &[u8]) -> Option<&'a str> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let told = !token.is_empty() && agent.as_bytes().windows(token.len()).any(|part| part == token);
    (!told).then_some(agent)
}

/// A browser sends no key with the question whether it may send one (Fetch standard, CORS preflight). Where the door says so,
/// that question passes, and nothing else does.
fn without_key(headers: &HeaderMap, told: Told<'_>, wish: &Wish<'_>) -> Verdict {
    let asks = told.method == Some("OPTIONS")
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !(asks && wish.preflight) {
        return Verdict::Refuse(Refusal::no_token(wish.tell));
    }
    if !wish.any_path && told.path().is_some_and(domain::api::is_ambiguous) {
        return Verdict::Refuse(Refusal::ambiguous(wish.tell));
    }
    Verdict::Preflight
}

/// Answers a gateway.
pub(super) async fn answer<B>(
    app: &App,
    settings: &Settings,
    gateway: Gateway,
    request: &Request<B>,
) -> Result<Response<Full<Bytes>>> {
    let believed = request.extensions().get::<Peer>().and_then(address);
    let believed = believed.filter(|peer| settings.believes(*peer));
    let behind = Gateway::of(request.uri().path()).is_some_and(|(_, rest)| !rest.is_empty());
    let headers = request.headers();
    // With a path behind the door's, the query is the request's own, and what is asked for stands beside it.
    let wishes = if behind {
        let mut beside = headers.get_all(WISH).iter().filter(|_| believed.is_some());
        let only = beside.next().map(HeaderValue::as_bytes).unwrap_or_default();
        if beside.next().is_some() {
            return Err(Problem::invalid("Claviger-Door: stands there twice"));
        }
        only
    } else {
        request.uri().query().unwrap_or_default().as_bytes()
    };
    let wish = Wish::read(form_urlencoded::parse(wishes), settings)?;
    let told = match believed {
        // Nobody's word but what can be seen: who connects.
        None if behind => {
            return Ok(refused(
                app,
                gateway,
                &Refusal::unknown_path(wish.tell),
                wish.tell,
            ));
        }
        None => Told {
            ip: request.extensions().get::<Peer>().and_then(address),
            ..Told::default()
        },
        Some(_) if behind => Gateway::tells_by_itself(headers, request.method(), request.uri()),
        Some(_) => gateway.tells(headers),
    };
    let (verdict, _) = judge(app, headers, told, &wish).await?;
    Ok(match verdict {
        Verdict::Pass(answer) => {
            let mut response = passed(answer.key.as_deref());
            limits::write(response.headers_mut(), &answer);
            response
        }
        Verdict::Preflight => passed(None),
        Verdict::Refuse(refusal) => refused(app, gateway, &refusal, wish.tell),
    })
}

fn address(peer: &Peer) -> Option<IpAddr> {
    match peer {
        Peer::Tcp(address) => Some(address.ip().to_canonical()),
        Peer::Unix { .. } => None,
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
