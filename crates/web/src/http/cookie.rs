//! The cookie that carries a session. Scripts cannot read it, other sites' requests do not bring it, and where browsers
//! come over TLS no other host can set it (`__Host-`, RFC 6265bis).

use ::http::header::COOKIE;
use ::http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use super::Web;

const OVER_TLS: &str = "__Host-claviger";
const PLAIN: &str = "claviger_session";
/// No token is longer.
const MAX_TOKEN: usize = 128;

fn is_over_tls(web: &Web) -> bool {
    web.app.base_url().to_ascii_lowercase().starts_with("https://")
}

/// What this server's cookie is called.
pub fn name(web: &Web) -> &'static str {
    if is_over_tls(web) { OVER_TLS } else { PLAIN }
}

/// The session's token in a request.
pub fn token<'a>(web: &Web, headers: &'a HeaderMap) -> Option<&'a str> {
    only(headers, name(web)).filter(|token| token.len() <= MAX_TOKEN)
}

/// The value of a cookie. Of several of the name none is taken: a browser sends one.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter();
    let texts = all.filter_map(|value| value.to_str().ok());
    let mut tokens = texts
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, token)| token);
    let token = tokens.next()?;
    (tokens.next().is_none() && !token.is_empty()).then_some(token)
}

/// The header that gives a browser a session. It ends with the browser; the server ends it by its own clock.
pub fn give(web: &Web, token: &str) -> Option<HeaderValue> {
    let secure = if is_over_tls(web) { "; Secure" } else { "" };
    let text = Zeroizing::new(format!(
        "{}={token}; Path=/; HttpOnly; SameSite=Lax{secure}",
        name(web)
    ));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The header that takes it away again.
pub fn take(web: &Web) -> Option<HeaderValue> {
    let secure = if is_over_tls(web) { "; Secure" } else { "" };
    let text = format!(
        "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}",
        name(web)
    );
    HeaderValue::from_str(&text).ok()
}

/// What a browser takes along to an OpenID provider and back.
const TICKET: &str = "claviger_oidc";
const TICKET_PATH: &str = "/v1/oidc";
/// Longer than anybody takes.
const TICKET_AGE: u32 = 600;

/// The sealed ticket in a request.
pub fn ticket(headers: &HeaderMap) -> Option<&str> {
    only(headers, TICKET)
}

/// The header that gives a browser its ticket. Lax, because the way back comes from another site.
pub fn give_ticket(web: &Web, ticket: &str) -> Option<HeaderValue> {
    let mut value = ticket_header(web, ticket, TICKET_AGE)?;
    value.set_sensitive(true);
    Some(value)
}

/// The header that takes it away again: it is good for one way back.
pub fn take_ticket(web: &Web) -> Option<HeaderValue> {
    ticket_header(web, "", 0)
}

fn ticket_header(web: &Web, ticket: &str, age: u32) -> Option<HeaderValue> {
    let secure = if is_over_tls(web) { "; Secure" } else { "" };
    let text = Zeroizing::new(format!(
        "{TICKET}={ticket}; Path={TICKET_PATH}; HttpOnly; SameSite=Lax; Max-Age={age}{secure}"
    ));
    HeaderValue::from_str(&text).ok()
}
