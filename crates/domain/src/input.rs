//! What people and programs write into fields, checked one field at a time, so that every fault is named at once.

use std::collections::BTreeSet;

use crate::access::{Grants, Pattern};

const MAX_NAME: usize = 200;
const MAX_TAGS: usize = 32;
const MAX_TAG: usize = 64;
const MAX_PERMISSIONS: usize = 256;
const MAX_ROLES: usize = 64;
/// RFC 5321 leaves no more for a path.
const MAX_EMAIL: usize = 254;

/// A field that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The path of the field, e.g. `networks[2]`.
    #[schema(example = "name")]
    pub field: String,
    /// A sentence for who wrote it.
    #[schema(example = "a name is needed")]
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

/// Control characters break log lines and terminals; direction overrides make a text read as another.
pub fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A name for people: 1 to 200 characters on one line.
pub fn name(field: &str, text: &str, faults: &mut Vec<FieldError>) -> String {
    let text = text.trim().to_owned();
    if text.is_empty() {
        faults.push(FieldError::new(field, "a name is needed"));
    }
    if text.chars().any(is_hostile) {
        faults.push(FieldError::new(
            field,
            "control and direction characters are not allowed in a name",
        ));
    }
    if text.chars().count() > MAX_NAME {
        faults.push(FieldError::new(field, format!("at most {MAX_NAME} characters")));
    }
    text
}

/// Up to `max` characters, over as many lines as need be.
pub fn text(field: &str, text: String, max: usize, faults: &mut Vec<FieldError>) -> String {
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

/// Whether a list is too long to be looked at.
pub fn too_many(field: &str, count: usize, max: usize, faults: &mut Vec<FieldError>) -> bool {
    if count > max {
        faults.push(FieldError::new(field, format!("at most {max} of them")));
    }
    count > max
}

/// Permission patterns.
pub fn permissions(field: &str, all: &[String], faults: &mut Vec<FieldError>) -> Grants {
    if too_many(field, all.len(), MAX_PERMISSIONS, faults) {
        return Grants::default();
    }
    let mut patterns = Vec::new();
    for (i, text) in all.iter().enumerate() {
        match text.parse::<Pattern>() {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => faults.push(FieldError::new(format!("{field}[{i}]"), error.to_string())),
        }
    }
    patterns.into_iter().collect()
}

/// Roles by id or name, without repeats; whether there are such roles is not asked here.
pub fn roles(all: Vec<String>, faults: &mut Vec<FieldError>) -> Vec<String> {
    if too_many("roles", all.len(), MAX_ROLES, faults) {
        return Vec::new();
    }
    all.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Words to find things by.
pub fn tags(all: Vec<String>, faults: &mut Vec<FieldError>) -> Vec<String> {
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

/// An email address: enough to catch a slip of the hand; only a delivered mail proves one.
pub fn email(field: &str, address: &str, faults: &mut Vec<FieldError>) {
    let sane = address.len() <= MAX_EMAIL
        && !address
            .chars()
            .any(|c| c.is_whitespace() || is_hostile(c) || matches!(c, '<' | '>' | ','))
        && address
            .rsplit_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
    if !sane {
        faults.push(FieldError::new(field, "expected an email address"));
    }
}
