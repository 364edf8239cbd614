//! Which gateway says what, and in which header. A door belongs to one kind of gateway and believes that kind's headers and
//! nobody else's: a header that the gateway does not write is one that a client may write.

use std::net::IpAddr;

use ::http::header::HeaderName;
use ::http::{HeaderMap, Method, Uri};

use crate::http::headers::{Headers, readable};

/// A kind of gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gateway {
    Nginx,
    Traefik,
    Caddy,
    Envoy,
    Haproxy,
    Apisix,
}

impl Gateway {
    /// As the engine counts it.
    pub(super) fn door(self) -> engine::Door {
        match self {
            Self::Nginx => engine::Door::Nginx,
            Self::Traefik => engine::Door::Traefik,
            Self::Caddy => engine::Door::Caddy,
            Self::Envoy => engine::Door::Envoy,
            Self::Haproxy => engine::Door::Haproxy,
            Self::Apisix => engine::Door::Apisix,
        }
    }
}

/// What a kind of gateway is believed.
struct Believed {
    method: &'static HeaderName,
    uri: &'static HeaderName,
    ip: Ip,
}

enum Ip {
    /// The whole of a header.
    Whole(&'static HeaderName),
    /// What the gateway itself has added to a list: its last entry.
    Last(&'static HeaderName),
}

static ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
static ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
static REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
static FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
static FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where every door's path begins.
const DOORS: &str = "/verify/";

/// What is known of the request at the gateway. A text that cannot be read is an empty one, which no path and no method is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Told<'a> {
    /// Its method.
    pub method: Option<&'a str>,
    /// Its path and query as they were sent.
    pub uri: Option<&'a str>,
    /// From where it comes.
    pub ip: Option<IpAddr>,
}

/// Without the query, which may hold a key.
impl std::fmt::Debug for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("ip", &self.ip)
            .finish_non_exhaustive()
    }
}

impl<'a> Told<'a> {
    /// The path as it was sent.
    pub fn path(&self) -> Option<&'a str> {
        self.uri
            .map(|uri| uri.split_once('?').map_or(uri, |(path, _)| path))
    }

    /// The query as it was sent.
    pub fn query(&self) -> Option<&'a str> {
        self.uri
            .and_then(|uri| uri.split_once('?'))
            .map(|(_, query)| query)
    }
}

impl Gateway {
    /// The gateway whose door has this path, and what comes after it.
    pub(super) fn of(path: &str) -> Option<(Self, &str)> {
        let named = path.strip_prefix(DOORS)?;
        let (name, rest) = named.split_at(named.find('/').unwrap_or(named.len()));
        let gateway = match name {
            "nginx" => Self::Nginx,
            "traefik" => Self::Traefik,
            "caddy" => Self::Caddy,
            "envoy" => Self::Envoy,
            "haproxy" => Self::Haproxy,
            "apisix" => Self::Apisix,
            _ => return None,
        };
        // Envoy's HTTP service asks at a prefix, with the path of the request after it.
        (rest.is_empty() || gateway == Self::Envoy).then_some((gateway, rest))
    }

    /// Whether it lets only 2xx, 401 and 403 through and makes 500 of the rest (`ngx_http_auth_request_module`).
    pub(super) fn knows_only_401_and_403(self) -> bool {
        self == Self::Nginx
    }

    /// What it says of the request, at a door with nothing after its path.
    pub(super) fn tells(self, headers: &(impl Headers + ?Sized)) -> Told<'_> {
        let Believed { method, uri, ip } = match self {
            Self::Nginx | Self::Haproxy => Believed {
                method: &ORIGINAL_METHOD,
                uri: &ORIGINAL_URI,
                ip: Ip::Whole(&REAL_IP),
            },
            Self::Traefik | Self::Caddy | Self::Apisix => Believed {
                method: &FORWARDED_METHOD,
                uri: &FORWARDED_URI,
                ip: Ip::Last(&FORWARDED_FOR),
            },
            Self::Envoy => {
                return Told {
                    ip: address(headers, &Ip::Last(&FORWARDED_FOR)),
                    ..Told::default()
                };
            }
        };
        Told {
            method: only(headers, method),
            uri: only(headers, uri),
            ip: address(headers, &ip),
        }
    }

    /// What Envoy's HTTP service says: the method is the request's own, the path what follows the door's.
    pub(super) fn tells_by_itself<'a>(headers: &HeaderMap, method: &'a Method, uri: &'a Uri) -> Told<'a> {
        let whole = uri.path_and_query().map_or("", |whole| whole.as_str());
        Told {
            method: Some(method.as_str()),
            uri: whole.strip_prefix("/verify/envoy").or(Some("")),
            ip: address(headers, &Ip::Last(&FORWARDED_FOR)),
        }
    }
}

/// A header that stands there once, as text; twice, somebody has added to it.
fn only<'a>(headers: &'a (impl Headers + ?Sized), name: &'static HeaderName) -> Option<&'a str> {
    let mut all = headers.all(name);
    let first = all.next()?;
    let text = readable(first).filter(|_| all.next().is_none());
    Some(text.unwrap_or_default())
}

fn address(headers: &(impl Headers + ?Sized), at: &Ip) -> Option<IpAddr> {
    let text = match at {
        Ip::Whole(name) => only(headers, name)?,
        Ip::Last(name) => readable(headers.all(name).next_back()?)?.rsplit(',').next()?,
    };
    let text = text.trim();
    text.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;

    fn headers(all: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(*name, HeaderValue::from_bytes(value).expect("a value"));
        }
        map
    }

    #[test]
    fn a_door_believes_its_own_gateways_headers_and_no_others() {
        let all = headers(&[
            ("x-original-method", b"GET"),
            ("x-original-uri", b"/a?x=1"),
            ("x-real-ip", b"192.0.2.1"),
            ("x-forwarded-method", b"PUT"),
            ("x-forwarded-uri", b"/b"),
            ("x-forwarded-for", b"198.51.100.1, 192.0.2.2"),
        ]);
        for (gateway, method, path, ip) in [
            (Gateway::Nginx, Some("GET"), Some("/a"), "192.0.2.1"),
            (Gateway::Haproxy, Some("GET"), Some("/a"), "192.0.2.1"),
            (Gateway::Traefik, Some("PUT"), Some("/b"), "192.0.2.2"),
            (Gateway::Caddy, Some("PUT"), Some("/b"), "192.0.2.2"),
            (Gateway::Apisix, Some("PUT"), Some("/b"), "192.0.2.2"),
            (Gateway::Envoy, None, None, "192.0.2.2"),
        ] {
            let told = gateway.tells(&all);
            assert_eq!((told.method, told.path()), (method, path), "{gateway:?}");
            assert_eq!(told.ip, Some(ip.parse().expect("an address")), "{gateway:?}");
        }
        assert_eq!(Gateway::Nginx.tells(&all).query(), Some("x=1"));
        assert_eq!(Gateway::Nginx.tells(&HeaderMap::new()), Told::default());
    }

    #[test]
    fn what_stands_there_twice_or_cannot_be_read_is_no_path() {
        let twice = headers(&[
            ("x-original-uri", b"/a"),
            ("x-original-uri", b"/b"),
            ("x-real-ip", b"here"),
        ]);
        let told = Gateway::Nginx.tells(&twice);
        assert_eq!((told.path(), told.ip), (Some(""), None));
        let strange = headers(&[
            ("x-forwarded-uri", b"/\xff"),
            ("x-forwarded-for", b"192.0.2.1, \xff"),
        ]);
        let told = Gateway::Caddy.tells(&strange);
        assert_eq!((told.path(), told.ip), (Some(""), None));
    }

    #[test]
    fn only_envoys_door_has_paths_behind_it() {
        assert_eq!(Gateway::of("/verify/nginx"), Some((Gateway::Nginx, "")));
        assert_eq!(Gateway::of("/verify/envoy/a/b"), Some((Gateway::Envoy, "/a/b")));
        for path in [
            "/verify/nginx/a",
            "/verify/",
            "/verify/other",
            "/verify",
            "/verifynginx",
        ] {
            assert_eq!(Gateway::of(path), None, "{path}");
        }
        let uri: Uri = "/verify/envoy/a//b?apikey=x".parse().expect("an address");
        let told = Gateway::tells_by_itself(&HeaderMap::new(), &Method::PUT, &uri);
        assert_eq!(
            (told.method, told.path(), told.query()),
            (Some("PUT"), Some("/a//b"), Some("apikey=x"))
        );
    }
}
