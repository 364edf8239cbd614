//! What Envoy asks: the request as attributes, and what its configuration says of the route (`context_extensions`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;

use envoy_types::pb::envoy::config::core::v3::address::Address;
use envoy_types::pb::envoy::service::auth::v3::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use tonic::Status;
use web::gate::Told;

/// The headers that a decision reads.
const READ: [HeaderName; 6] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("apikey"),
    header::AUTHORIZATION,
    header::COOKIE,
    header::ORIGIN,
    header::ACCESS_CONTROL_REQUEST_METHOD,
];

/// A question.
pub(crate) struct Asked {
    /// The headers that are read.
    pub(crate) headers: HeaderMap,
    /// The names of a client's own that speak for us.
    pub(crate) spoofed: Vec<String>,
    wishes: HashMap<String, String>,
    method: String,
    uri: String,
    ip: Option<IpAddr>,
}

impl Asked {
    pub(crate) fn read(request: CheckRequest) -> Result<Self, Status> {
        let unreadable = || Status::invalid_argument("the question has no attributes of an HTTP request");
        let attributes = request.attributes.ok_or_else(unreadable)?;
        let http = attributes
            .request
            .and_then(|request| request.http)
            .ok_or_else(unreadable)?;
        let mut asked = Self {
            headers: HeaderMap::new(),
            spoofed: Vec::new(),
            wishes: attributes.context_extensions,
            ip: attributes.source.and_then(address),
            method: String::new(),
            uri: String::new(),
        };
        for (name, value) in pairs(&http) {
            asked.take(name, value);
        }
        asked.method = http.method;
        asked.uri = http.path;
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: &[u8]) {
        let lower = name.to_ascii_lowercase();
        if lower.starts_with("claviger-") || lower.starts_with("claviger_") {
            self.spoofed.push(lower);
            return;
        }
        let Some(known) = READ.into_iter().find(|known| known.as_str() == lower) else {
            return;
        };
        // What cannot stand in a header is no token either, and must not pass for none.
        let value = HeaderValue::from_bytes(value).unwrap_or(HeaderValue::from_static("unreadable"));
        self.headers.append(known, value);
    }

    /// What the route's configuration asks for.
    pub(crate) fn wishes(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let all = self.wishes.iter();
        all.map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value.as_str())))
    }

    /// The request, as far as Envoy tells it.
    pub(crate) fn told(&self) -> Told<'_> {
        Told {
            method: Some(&self.method),
            uri: Some(&self.uri),
            ip: self.ip,
        }
    }
}

/// Headers by themselves where Envoy sends them so (`encode_raw_headers`), else joined by commas.
fn pairs(http: &HttpRequest) -> impl Iterator<Item = (&str, &[u8])> {
    let raw = http.header_map.iter().flat_map(|map| &map.headers).map(|one| {
        let value = if one.raw_value.is_empty() {
            one.value.as_bytes()
        } else {
            &one.raw_value
        };
        (one.key.as_str(), value)
    });
    let joined = http
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    raw.chain(joined)
}

/// The client as Envoy knows it, behind proxies that it trusts.
fn address(peer: Peer) -> Option<IpAddr> {
    match peer.address?.address? {
        Address::SocketAddress(socket) => socket.address.parse().ok().map(|ip: IpAddr| ip.to_canonical()),
        _ => None,
    }
}
