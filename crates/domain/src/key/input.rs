//! What people and programs say about a key, checked field by field, so that every fault is named at once.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::access::{Grants, Pattern};

const MAX_NAME: usize = 200;
const MAX_DESCRIPTION: usize = 2_000;
const MAX_REASON: usize = 500;
const MAX_TAGS: usize = 32;
const MAX_TAG: usize = 64;
const MAX_PERMISSIONS: usize = 256;
const MAX_NETWORKS: usize = 64;
const MAX_CONTACTS: usize = 16;
const MAX_METADATA: usize = 8 * 1024;

/// A field that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// The path of the field, e.g. `networks[2]`.
    pub field: String,
    /// A sentence for who wrote it.
    pub detail: String,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

/// What a key is made of or changed to; a field left out stays as it is (or empty, for a new key).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeyDraft {
    /// What it is for, in a few words.
    pub name: Option<String>,
    /// What it is for, at length.
    pub description: Option<String>,
    /// Permission patterns.
    pub permissions: Option<Vec<String>>,
    /// CIDR networks or single addresses.
    pub networks: Option<Vec<String>>,
    /// Words to find it by.
    pub tags: Option<Vec<String>>,
    /// Anything, up to 8 KiB as JSON.
    pub metadata: Option<Map<String, Value>>,
    /// Email addresses.
    pub contacts: Option<Vec<String>>,
}

/// The checked fields of a [`KeyDraft`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckedDraft {
    /// See [`KeyDraft::name`].
    pub name: Option<String>,
    /// See [`KeyDraft::description`].
    pub description: Option<String>,
    /// See [`KeyDraft::permissions`].
    pub permissions: Option<Grants>,
    /// See [`KeyDraft::networks`].
    pub networks: Option<Vec<ipnet::IpNet>>,
    /// See [`KeyDraft::tags`].
    pub tags: Option<Vec<String>>,
    /// See [`KeyDraft::metadata`].
    pub metadata: Option<Map<String, Value>>,
    /// See [`KeyDraft::contacts`].
    pub contacts: Option<Vec<String>>,
}

impl KeyDraft {
    /// Checks every field that is given.
    ///
    /// # Errors
    /// All the faults, not just the first.
    pub fn check(self) -> Result<CheckedDraft, Vec<FieldError>> {
        let mut faults = Vec::new();
        let checked = CheckedDraft {
            name: self.name.map(|text| check_name(text, &mut faults)),
            description: self
                .description
                .map(|text| check_text("description", text, MAX_DESCRIPTION, &mut faults)),
            permissions: self.permissions.map(|all| check_permissions(&all, &mut faults)),
            networks: self.networks.map(|all| check_networks(&all, &mut faults)),
            tags: self.tags.map(|all| check_tags(all, &mut faults)),
            metadata: self.metadata.inspect(|map| check_metadata(map, &mut faults)),
            contacts: self.contacts.map(|all| check_contacts(all, &mut faults)),
        };
        if faults.is_empty() {
            Ok(checked)
        } else {
            Err(faults)
        }
    }
}

/// Checks the reason given for a revocation.
///
/// # Errors
/// The fault, when it is too long or holds control characters.
pub fn check_reason(text: String) -> Result<String, FieldError> {
    let mut faults = Vec::new();
    let text = check_text("reason", text, MAX_REASON, &mut faults);
    faults.pop().map_or(Ok(text), Err)
}

/// Control characters break log lines and terminals; direction overrides make a text read as another.
fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn check_name(text: String, faults: &mut Vec<FieldError>) -> String {
    let text = text.trim().to_owned();
    if text.is_empty() {
        faults.push(FieldError::new("name", "a name is needed"));
    }
    if text.chars().any(is_hostile) {
        faults.push(FieldError::new(
            "name",
            "control and direction characters are not allowed in a name",
        ));
    }
    if text.chars().count() > MAX_NAME {
        faults.push(FieldError::new("name", format!("at most {MAX_NAME} characters")));
    }
    text
}

fn check_text(field: &str, text: String, max: usize, faults: &mut Vec<FieldError>) -> String {
    if text.chars().any(|c| is_hostile(c) && c != '\n' && c != '\t') {
        faults.push(FieldError::new(
            field,
            "control and direction characters are not allowed here",
        ));
    }
    if text.chars().count() > max {
        faults.push(FieldError::new(field, format!("at most {max} characters")));
    }
    text
}

fn too_many(field: &str, count: usize, max: usize, faults: &mut Vec<FieldError>) -> bool {
    if count > max {
        faults.push(FieldError::new(field, format!("at most {max} of them")));
    }
    count > max
}

fn check_permissions(all: &[String], faults: &mut Vec<FieldError>) -> Grants {
    if too_many("permissions", all.len(), MAX_PERMISSIONS, faults) {
        return Grants::default();
    }
    let mut patterns = Vec::new();
    for (i, text) in all.iter().enumerate() {
        match text.parse::<Pattern>() {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => faults.push(FieldError::new(format!("permissions[{i}]"), error.to_string())),
        }
    }
    patterns.into_iter().collect()
}

fn check_networks(all: &[String], faults: &mut Vec<FieldError>) -> Vec<ipnet::IpNet> {
    if too_many("networks", all.len(), MAX_NETWORKS, faults) {
        return Vec::new();
    }
    let mut networks = Vec::new();
    for (i, text) in all.iter().enumerate() {
        let network = text
            .parse::<ipnet::IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(Into::into));
        match network {
            Ok(network) if network.trunc() == network => networks.push(network),
            Ok(network) => {
                let detail = format!(
                    "has bits set beyond its prefix; did you mean {}?",
                    network.trunc()
                );
                faults.push(FieldError::new(format!("networks[{i}]"), detail));
            }
            Err(_) => {
                let detail = "expected an address or a network such as 203.0.113.0/24 or 2001:db8::/32";
                faults.push(FieldError::new(format!("networks[{i}]"), detail));
            }
        }
    }
    networks
}

fn check_tags(all: Vec<String>, faults: &mut Vec<FieldError>) -> Vec<String> {
    if too_many("tags", all.len(), MAX_TAGS, faults) {
        return Vec::new();
    }
    for (i, tag) in all.iter().enumerate() {
        let count = tag.chars().count();
        if count == 0 || count > MAX_TAG || tag.trim() != tag || tag.chars().any(is_hostile) {
            let detail = format!("1 to {MAX_TAG} characters, no spaces around it, no control characters");
            faults.push(FieldError::new(format!("tags[{i}]"), detail));
        }
    }
    all.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

fn check_metadata(map: &Map<String, Value>, faults: &mut Vec<FieldError>) {
    let size = serde_json::to_vec(map).map_or(usize::MAX, |bytes| bytes.len());
    if size > MAX_METADATA {
        faults.push(FieldError::new(
            "metadata",
            format!("at most {MAX_METADATA} bytes as JSON; this has {size}"),
        ));
    }
}

fn check_contacts(all: Vec<String>, faults: &mut Vec<FieldError>) -> Vec<String> {
    if too_many("contacts", all.len(), MAX_CONTACTS, faults) {
        return Vec::new();
    }
    for (i, address) in all.iter().enumerate() {
        // Enough to catch a slip of the hand; only a delivered mail proves an address (RFC 5321 limits the length).
        let sane = address.len() <= 254
            && !address
                .chars()
                .any(|c| c.is_whitespace() || is_hostile(c) || matches!(c, '<' | '>' | ','))
            && address
                .rsplit_once('@')
                .is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
        if !sane {
            faults.push(FieldError::new(
                format!("contacts[{i}]"),
                "expected an email address",
            ));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_at_once() {
        let draft = KeyDraft {
            name: Some("evil\u{1b}[31m".to_owned()),
            permissions: Some(vec!["customers:view".to_owned(), "nonsense".to_owned()]),
            networks: Some(vec!["10.0.0.1/8".to_owned(), "::1".to_owned(), "x".to_owned()]),
            tags: Some(vec![String::new()]),
            contacts: Some(vec!["someone@".to_owned()]),
            ..KeyDraft::default()
        };
        let faults = draft.check().expect_err("all of it is wrong");
        let fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "name",
                "permissions[1]",
                "networks[0]",
                "networks[2]",
                "tags[0]",
                "contacts[0]"
            ]
        );
    }

    #[test]
    fn a_long_or_empty_name_is_refused() {
        let fault = |name: &str| {
            KeyDraft {
                name: Some(name.to_owned()),
                ..KeyDraft::default()
            }
            .check()
            .is_err()
        };
        assert!(fault("  "));
        assert!(fault(&"x".repeat(201)));
        assert!(fault("line\nbreak"));
        assert!(fault("gpj.\u{202e}exe"));
        assert!(!fault(&"ü".repeat(200)));
    }

    #[test]
    fn metadata_beyond_eight_kibibytes_is_refused() {
        let mut map = Map::new();
        map.insert("k".to_owned(), Value::String("x".repeat(MAX_METADATA)));
        assert!(
            KeyDraft {
                metadata: Some(map),
                ..KeyDraft::default()
            }
            .check()
            .is_err()
        );
    }
}
