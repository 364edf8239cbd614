//! Who came in, as headers for whoever is behind the gateway. All of them are always there, because some gateways copy no empty
//! header and leave a client's own in its place.

use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::{Buf as _, Bytes};
use domain::access::Grants;
use domain::key::Owner;
use engine::CachedKey;

/// How many they are.
const COUNT: usize = 7;

/// The identity headers, in the order in which their values are written.
pub const NAMES: [HeaderName; COUNT] = [
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

/// What is told of a key's organisation, a line each: id, name, slug.
fn of_organisation(key: &CachedKey) -> &Bytes {
    let organisation = &key.organisation;
    organisation.told.get(|| {
        let mut out = Vec::with_capacity(96);
        out.extend_from_slice(organisation.id.text().as_bytes());
        line(&mut out, &organisation.name);
        line(&mut out, &organisation.slug);
        out.into()
    })
}

/// What is told of the account or the person that a key stands for, a line each: id, name. None where that is the organisation.
fn of_holder(key: &CachedKey) -> Option<&Bytes> {
    let id = match key.owner {
        Owner::Organisation(_) => return None,
        Owner::ServiceAccount(id) => id.text(),
        Owner::User(id) => id.text(),
    };
    let holder = key.holder.as_ref()?;
    Some(holder.told.get(|| {
        let mut out = Vec::with_capacity(64);
        out.extend_from_slice(id.as_bytes());
        line(&mut out, holder.name.as_deref().unwrap_or_default());
        out.into()
    }))
}

fn kind(owner: Owner) -> &'static str {
    match owner {
        Owner::Organisation(_) => "organisation",
        Owner::ServiceAccount(_) => "service_account",
        Owner::User(_) => "user",
    }
}

/// The identity as lines of a head (RFC 9112, section 5): the same as [`values`] says.
pub(super) fn write(out: &mut Vec<u8>, key: &CachedKey) {
    let mut tenant = of_organisation(key).split(|byte| *byte == b'\n');
    let [organisation_id, organisation_name, slug] =
        std::array::from_fn(|_| tenant.next().unwrap_or_default());
    let (owner_id, owner_name) = match of_holder(key) {
        Some(told) => {
            let mut lines = told.split(|byte| *byte == b'\n');
            let mut next = || lines.next().unwrap_or_default();
            (next(), next())
        }
        None => (organisation_id, organisation_name),
    };
    out.extend_from_slice(b"claviger-key-id: ");
    out.extend_from_slice(key.key.text().as_bytes());
    out.extend_from_slice(b"\r\nclaviger-key-name: ");
    write_name(out, key.name());
    for (name, value) in [
        (&b"\r\nclaviger-owner-type: "[..], kind(key.owner).as_bytes()),
        (b"\r\nclaviger-owner-id: ", owner_id),
        (b"\r\nclaviger-owner-name: ", owner_name),
        (b"\r\nclaviger-organisation: ", slug),
        (
            b"\r\nclaviger-permissions: ",
            key.grants.told.get(|| permissions(&key.grants)),
        ),
    ] {
        out.extend_from_slice(name);
        out.extend_from_slice(value);
    }
    out.extend_from_slice(b"\r\n");
}

/// The values for a key, in the order of [`NAMES`]. What many keys have in common is written once for all of them.
pub fn values(key: &CachedKey) -> [HeaderValue; COUNT] {
    let [organisation_id, organisation_name, slug] = lines(of_organisation(key));
    let [owner_id, owner_name] = match of_holder(key) {
        Some(told) => lines(told),
        None => [organisation_id, organisation_name],
    };
    let kind = HeaderValue::from_static(kind(key.owner));
    let permissions = key.grants.told.get(|| permissions(&key.grants));
    [
        HeaderValue::from_bytes(key.key.text().as_bytes()).unwrap_or(UNSET),
        name(key.name()),
        kind,
        owner_id,
        owner_name,
        slug,
        HeaderValue::from_maybe_shared(permissions.clone()).unwrap_or(UNSET),
    ]
}

/// Values that stand one to a line, without a copy.
fn lines<const N: usize>(all: &Bytes) -> [HeaderValue; N] {
    let mut rest = all.clone();
    std::array::from_fn(|_| {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let value = rest.split_to(end);
        rest.advance(usize::from(!rest.is_empty()));
        HeaderValue::from_maybe_shared(value).unwrap_or(UNSET)
    })
}

/// Puts the identity into the headers of an answer; nobody's where there is no key.
pub(super) fn insert(headers: &mut HeaderMap, key: Option<&CachedKey>) {
    let values = key.map_or([UNSET; COUNT], values);
    for (name, value) in NAMES.into_iter().zip(values) {
        headers.insert(name, value);
    }
}

/// A key's own name.
fn name(text: &str) -> HeaderValue {
    let mut out = Vec::with_capacity(text.len() * 3 + 1);
    write_name(&mut out, text);
    HeaderValue::from_maybe_shared(Bytes::from(out)).unwrap_or(UNSET)
}

/// Most need no encoding.
fn write_name(out: &mut Vec<u8>, text: &str) {
    if !text.is_empty() && text.len() <= MAX_VALUE && text != "-" && text.bytes().all(is_unreserved) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let start = out.len();
    line(out, text);
    out.remove(start);
}

/// What stays as it is (RFC 3986, section 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// A name in another line, after a line feed: percent-encoded (RFC 3986, unreserved characters stay), cut at a character.
fn line(out: &mut Vec<u8>, text: &str) {
    out.push(b'\n');
    let start = out.len();
    for letter in text.chars() {
        let mut bytes = [0; 4];
        let letter = letter.encode_utf8(&mut bytes).as_bytes();
        let before = out.len();
        for byte in letter {
            if is_unreserved(*byte) {
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
fn permissions(grants: &Grants) -> Bytes {
    let mut out = Vec::new();
    for pattern in grants.iter() {
        let before = out.len();
        if before > 0 {
            out.push(b',');
        }
        pattern.write(&mut out);
        if out.len() > MAX_VALUE - MORE.len() {
            out.truncate(before);
            out.extend_from_slice(MORE);
            break;
        }
    }
    if out.is_empty() {
        out.push(b'-');
    }
    out.into()
}
