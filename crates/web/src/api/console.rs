//! The web console: its files, and its page wherever a browser asks for an address that nothing else has. So a link into the
//! console works, and programs still learn that an address is unknown.

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use console::File;

use super::page::page_of;
use crate::http::Problem;

/// Scripts, styles and questions of this origin alone, nothing inline, no text that becomes markup (Trusted Types).
const SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                        connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
                        require-trusted-types-for 'script'; trusted-types 'none'";

const ABSENT: &str = "<p>The API is here; the web console is not: this binary was built without it. Where Node is installed, \
                      <code>make start</code> builds both, and so do <code>npm ci</code> and <code>npm run build</code> in the \
                      directory <code>console</code> before <code>cargo build</code>.</p>\
                      <p><a href=\"/docs\">The API's description</a></p>";

/// What lies at an address that no route has.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return Problem::not_found().into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if path.is_empty() {
        return match console::index() {
            Some(index) => answer(index, &headers),
            None => page_of(StatusCode::OK, "Claviger is running", ABSENT),
        };
    }
    if let Some(file) = console::find(path) {
        return answer(file, &headers);
    }
    match console::index().filter(|_| is_page(path) && wants_page(&headers)) {
        Some(index) => answer(index, &headers),
        None => Problem::not_found().into_response(),
    }
}

/// The console's page in place of a plain one, where a browser asks and the console is there. It is kept by no cache, because the
/// address holds a token.
pub(super) fn instead(headers: &HeaderMap) -> Option<Response> {
    let index = console::index().filter(|_| wants_page(headers))?;
    let mut response = answer(index, headers);
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Some(response)
}

/// Whether an address can be the console's: not what belongs to the API, nor a file that a newer console has no more.
fn is_page(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let api = [
        "v1",
        "oauth2",
        "api",
        "crm",
        "oslc",
        "docs",
        "setup",
        "invitations",
        "verify",
        "assets",
    ];
    !api.contains(&first) && !path.contains('.')
}

/// Whether it is a browser that goes somewhere; programs take anything.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn answer(file: &'static File, headers: &HeaderMap) -> Response {
    let cache = if file.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let (body, coding) = coded(file, headers);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let fresh = known.is_some_and(|known| {
        known
            .split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == file.tag)
    });
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(body).into_response()
    };
    let answered = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        answered.insert(name, HeaderValue::from_static(value));
    };
    set(header::ETAG, file.tag);
    set(header::CACHE_CONTROL, cache);
    set(header::VARY, "accept, accept-encoding");
    set(header::CONTENT_SECURITY_POLICY, SECURITY);
    if !fresh {
        set(header::CONTENT_TYPE, file.kind);
        if let Some(coding) = coding {
            set(header::CONTENT_ENCODING, coding);
        }
    }
    response
}

/// The smallest form that the client takes (RFC 9110 section 12.5.3).
fn coded(file: &'static File, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let takes =
        |coding: &str| accepted.is_some_and(|accepted| accepted.split(',').any(|one| names(one, coding)));
    match (file.brotli, file.gzip) {
        (Some(brotli), _) if takes("br") => (brotli, Some("br")),
        (_, Some(gzip)) if takes("gzip") => (gzip, Some("gzip")),
        _ => (file.plain, None),
    }
}

/// Whether one part of `Accept-Encoding` names a coding, and not in order to refuse it.
fn names(part: &str, coding: &str) -> bool {
    let mut words = part.split(';').map(str::trim);
    let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
    let refused = words.any(|word| {
        let weight = word
            .strip_prefix("q=")
            .and_then(|weight| weight.parse::<f32>().ok());
        weight.is_some_and(|weight| weight <= 0.0)
    });
    named && !refused
}

#[cfg(test)]
mod tests {
    use super::*;

    static SAMPLE: File = File {
        path: "assets/sample-1a2b.js",
        kind: "text/javascript; charset=utf-8",
        tag: "\"00c0ffee\"",
        immutable: true,
        plain: b"plain",
        gzip: Some(b"gzip"),
        brotli: Some(b"br"),
    };

    fn asked(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_smallest_form_that_is_accepted_is_sent() {
        for (accepted, coding) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip;q=1.0, br;q=0", Some("gzip")),
            ("BR", Some("br")),
            ("identity", None),
            ("gzip;q=0", None),
        ] {
            assert_eq!(
                coded(&SAMPLE, &asked(header::ACCEPT_ENCODING, accepted)).1,
                coding,
                "{accepted}"
            );
        }
        assert_eq!(coded(&SAMPLE, &HeaderMap::new()), (&b"plain"[..], None));
    }

    #[test]
    fn what_is_known_is_not_sent_again_and_hashed_names_are_kept_for_good() {
        for known in ["\"00c0ffee\"", "W/\"00c0ffee\"", "\"other\", \"00c0ffee\""] {
            let response = answer(&SAMPLE, &asked(header::IF_NONE_MATCH, known));
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
        }
        let response = answer(&SAMPLE, &asked(header::IF_NONE_MATCH, "\"other\""));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
    }

    #[test]
    fn the_page_is_for_browsers_and_leaves_the_api_alone() {
        for path in ["keys", "keys/key_abc", "policy/history"] {
            assert!(is_page(path), "{path}");
        }
        for path in [
            "v1/nothing",
            "api/apiKeys",
            "docs/x",
            "setup/x",
            "assets/old-1a2b.js",
            "favicon.ico",
        ] {
            assert!(!is_page(path), "{path}");
        }
        assert!(wants_page(&asked(
            header::ACCEPT,
            "text/html,application/xhtml+xml,*/*;q=0.8"
        )));
        assert!(!wants_page(&asked(header::ACCEPT, "*/*")));
        assert!(!wants_page(&HeaderMap::new()));
    }

    #[test]
    fn nothing_inline_and_nothing_from_elsewhere_is_let_in() {
        let policy = answer(&SAMPLE, &HeaderMap::new()).headers()[header::CONTENT_SECURITY_POLICY].clone();
        let policy = policy.to_str().expect("text");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains("http"));
    }
}
