//! Who asks. A handler that takes a [`By`] cannot run for nobody.

use std::borrow::Cow;
use std::net::IpAddr;

use ::http::request::Parts;
use ::http::{HeaderMap, header};
use app::caller::Known;
use app::session::Client;
use app::{AppError, Caller};
use axum::extract::FromRequestParts;
use domain::id::RequestId;

use crate::http::forwarded::ClientAddress;
use crate::http::{Problem, Web, cookie, origin, token};
use crate::serve::Peer;

/// The header that names the organisation for a caller who may act in several.
const ORGANISATION: &str = "claviger-organisation";

/// The caller, recognised.
#[derive(Debug)]
pub(super) struct By(pub(super) Caller);

impl FromRequestParts<Web> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        Ok(Self(known(parts, web, headers).await?.manager()?))
    }
}

/// A token, by whichever way it came: the organisation's policy says which are accepted at the doors, not here.
pub(crate) type Presented<'a> = Cow<'a, [u8]>;

/// Where a route looks for a token.
pub(crate) type Look = for<'a> fn(&'a Parts) -> Result<Option<Presented<'a>>, Problem>;

/// In the headers.
///
/// # Errors
/// Two different tokens of ours.
pub(crate) fn headers(parts: &Parts) -> Result<Option<Presented<'_>>, Problem> {
    let presented = token::presented(&parts.headers)?;
    Ok(presented.map(|(token, _)| token.into()))
}

/// Who asks: whoever is at the socket, a key, or a person by their session.
///
/// # Errors
/// When it is nobody who is known.
pub(crate) async fn known(parts: &Parts, web: &Web, look: Look) -> Result<Known, Problem> {
    let request = request_id(parts)?;
    if let Some(uid) = socket_user(parts)? {
        let slug = slug(&parts.headers)?;
        return Ok(web.app.local_caller(uid, slug, request).await?.into());
    }
    // Of a key and a cookie the key decides: it was sent on purpose.
    if let Some(token) = look(parts)? {
        return Ok(web.app.recognise(&token, ip(parts), request).await?);
    }
    let Some(token) = cookie::token(web, &parts.headers) else {
        return Err(AppError::Unauthenticated.into());
    };
    origin::require_own(web, parts)?;
    let slug = slug(&parts.headers)?;
    let caller = web.app.recognise_session(token, slug, ip(parts), request);
    Ok(caller.await?.into())
}

/// Whoever is at the data directory, in no organisation; anybody else as [`By`] knows them.
#[derive(Debug)]
pub(super) struct Keeper(pub(super) Caller);

impl FromRequestParts<Web> for Keeper {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        match socket_user(parts)? {
            Some(uid) => Ok(Self(web.app.keeper(uid, request_id(parts)?))),
            None => By::from_request_parts(parts, web)
                .await
                .map(|By(caller)| Self(caller)),
        }
    }
}

/// The user at the other end of the socket; none on TCP.
fn socket_user(parts: &Parts) -> Result<Option<u32>, Problem> {
    let Some(Peer::Unix { uid, .. }) = parts.extensions.get::<Peer>() else {
        return Ok(None);
    };
    // The socket's mode keeps others out already; a second look costs nothing.
    if *uid != 0 && *uid != rustix::process::geteuid().as_raw() {
        return Err(AppError::Unauthenticated.into());
    }
    Ok(Some(*uid))
}

/// From where a browser signs in.
pub(super) fn client(parts: &Parts) -> Result<Client, Problem> {
    let agent = parts.headers.get(header::USER_AGENT);
    let agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    let agent = agent.unwrap_or_default();
    Ok(Client::new(ip(parts), &agent, request_id(parts)?))
}

pub(super) fn slug(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let value = headers.get(ORGANISATION);
    value
        .map(|value| {
            value
                .to_str()
                .map_err(|_| Problem::invalid("the organisation's slug is not text"))
        })
        .transpose()
}

pub(super) fn request_id(parts: &Parts) -> Result<RequestId, Problem> {
    let id = parts.extensions.get::<RequestId>().copied();
    id.ok_or_else(|| AppError::internal("a request without an id").into())
}

/// The address that a request comes from, as far as that is known.
pub(super) fn ip(parts: &Parts) -> Option<IpAddr> {
    let address = parts.extensions.get::<ClientAddress>();
    address.map(|ClientAddress(ip)| *ip)
}
