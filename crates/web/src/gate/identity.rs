//! Who came in, as headers for whoever is behind the gateway. All of them are always there, because some gateways copy no empty
//! header and leave a client's own in its place.

use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use domain::key::Owner;
use engine::CachedKey;

/// The identity headers, in the order in which their values are written.
pub const NAMES: [HeaderName; 7] = [
    HeaderName::from_static("claviger-key-id"),
    HeaderName::from_static("claviger-key-name"),
    HeaderName::from_static("claviger-owner-type"),
    HeaderName::from_static("claviger-owner-id"),
    HeaderName::from_static("claviger-owner-name"),
    HeaderName::from_static("claviger-organisation"),
    HeaderName::from_static("claviger-permissions"),
];

/// The longest value, in bytes: gateways bound the heads that they pass on.
const MAX_VALUE: usize = 1_024;
/// What stands where nothing is set.
const UNSET: HeaderValue = HeaderValue::from_static("-");
/// What stands for permissions that are left out.
const MORE: &[u8] = b",...";

/// The values for a key, in the order of [`NAMES`].
pub fn values(key: &CachedKey) -> impl Iterator<Item = HeaderValue> {
    let all = key.identity(write).clone();
    let mut from = 0;
    (0..NAMES.len()).map(move |_| {
        let end = all[from..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(all.len(), |at| from + at);
        let value = HeaderValue::from_maybe_shared(all.slice(from..end));
        from = (end + 1).min(all.len());
        value.unwrap_or(UNSET)
    })
}

/// Puts the identity into the headers of an answer; nobody's where there is no key.
pub(super) fn insert(headers: &mut HeaderMap, key: Option<&CachedKey>) {
    match key {
        Some(key) => {
            for (name, value) in NAMES.into_iter().zip(values(key)) {
                headers.insert(name, value);
            }
        }
        None => {
            for name in NAMES {
                headers.insert(name, UNSET);
            }
        }
    }
}

/// One line for each header.
fn write(key: &CachedKey) -> Bytes {
    let mut out = Vec::with_capacity(384);
    let (kind, owner) = match key.owner {
        Owner::Organisation(id) => ("organisation", id.to_string()),
        Owner::ServiceAccount(id) => ("service_account", id.to_string()),
        Owner::User(id) => ("user", id.to_string()),
    };
    let organisation = &key.organisation;
    let plain = [key.key.to_string(), kind.to_owned(), owner];
    let [id, kind, owner] = &plain;
    out.extend_from_slice(id.as_bytes());
    line(&mut out, &key.name);
    out.push(b'\n');
    out.extend_from_slice(kind.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(owner.as_bytes());
    line(&mut out, key.owner_name.as_deref().unwrap_or(&organisation.name));
    line(&mut out, &organisation.slug);
    permissions(&mut out, key);
    out.into()
}

/// A name in another line: percent-encoded (RFC 3986, unreserved characters stay), cut at a character.
fn line(out: &mut Vec<u8>, text: &str) {
    out.push(b'\n');
    let start = out.len();
    for letter in text.chars() {
        let mut bytes = [0; 4];
        let letter = letter.encode_utf8(&mut bytes).as_bytes();
        let before = out.len();
        for byte in letter {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
                out.push(*byte);
            } else {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
        if out.len() - start > MAX_VALUE {
            out.truncate(before);
            break;
        }
    }
    match &out[start..] {
        [] => out.push(b'-'),
        // So that nothing that is set looks unset.
        b"-" => out.splice(start.., *b"%2D").for_each(drop),
        _ => {}
    }
}

/// Patterns apart by commas. One that is cut names fewer permissions than there are, never others.
fn permissions(out: &mut Vec<u8>, key: &CachedKey) {
    out.push(b'\n');
    let start = out.len();
    for pattern in key.grants.iter() {
        let before = out.len();
        if before > start {
            out.push(b',');
        }
        pattern.write(out);
        if out.len() - start > MAX_VALUE - MORE.len() {
            out.truncate(before);
            out.extend_from_slice(MORE);
            break;
        }
    }
    if out.len() == start {
        out.push(b'-');
    }
}
