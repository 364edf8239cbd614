//! Which page sent a request: what a browser does by a session is only done for this server's own pages. A browser says
//! so itself (`Sec-Fetch-Site`, `Origin`), and no script can change that.

use ::http::header::{HOST, ORIGIN};
use ::http::request::Parts;
use ::http::{HeaderValue, StatusCode};

use super::{Problem, Web};

/// What a request says about the page that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// This server's own page, or the person themself.
    Own,
    /// Another one.
    Other,
    /// Nothing: no browser of today sent it.
    Unsaid,
}

/// Which page sent a request.
pub fn site(web: &Web, parts: &Parts) -> Site {
    let said = parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    match said {
        Some(b"same-origin" | b"none") => return Site::Own,
        Some(_) => return Site::Other,
        None => {}
    }
    let Some(origin) = parts.headers.get(ORIGIN) else {
        return Site::Unsaid;
    };
    let own = origin.to_str().is_ok_and(|origin| is_own(web, parts, origin));
    if own { Site::Own } else { Site::Other }
}

fn is_own(web: &Web, parts: &Parts, origin: &str) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else {
        return false;
    };
    if let Some(url) = web.app.public_url() {
        // An origin is scheme, host and port, without a path.
        let end = url.find("://").map_or(0, |at| at + 3);
        let own = match url[end..].find('/') {
            Some(path) => &url[..end + path],
            None => url,
        };
        return own.eq_ignore_ascii_case(origin);
    }
    let named = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let known = named.or(authority).unwrap_or_default();
    matches!(scheme, "http" | "https") && !host.is_empty() && host.eq_ignore_ascii_case(known)
}

/// The refusal of a request from another site.
pub fn cross_site() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "Not allowed",
        "this was sent from another site, or by something that does not say which page sent it",
    )
}

/// Goes on unless another site's page sent a request that brings no session along, such as a sign-in.
///
/// # Errors
/// `cross_site`.
pub fn refuse_other(web: &Web, parts: &Parts) -> Result<(), Problem> {
    match site(web, parts) {
        Site::Other => Err(cross_site()),
        Site::Own | Site::Unsaid => Ok(()),
    }
}

/// Goes on only if a request that leans on a session changes nothing, or was sent by this server's own page.
///
/// # Errors
/// `cross_site`.
pub fn require_own(web: &Web, parts: &Parts) -> Result<(), Problem> {
    if parts.method.is_safe() || site(web, parts) == Site::Own {
        Ok(())
    } else {
        Err(cross_site())
    }
}
