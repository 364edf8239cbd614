//! What people and programs write into fields, checked one field at a time, so that every fault is named at once.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

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
    } else if passes_for_another(address) {
        faults.push(FieldError::new(
            field,
            "letters that look like others and characters that cannot be seen are not allowed, so that no two addresses look alike",
        ));
    }
}

/// Whether people would read an address as another one. Names may be written in any script, an address is what somebody
/// signs in by: nothing in it that cannot be seen, nothing in other clothes (full-width letters, ligatures), and no Greek,
/// Cyrillic, Armenian or Cherokee letters among Latin ones. A word in one such script alone is what it seems to be.
fn passes_for_another(address: &str) -> bool {
    if address.is_ascii() {
        return false;
    }
    let mixed =
        |word: &str| word.chars().any(|c| c.is_ascii_alphabetic()) && word.chars().any(has_latin_doubles);
    address.chars().any(is_invisible)
        || !address.nfkc().eq(address.chars())
        || address.split(['@', '.']).any(mixed)
}

/// What is drawn as nothing (Default_Ignorable_Code_Point of Unicode 16).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Letters of the scripts in which many look like Latin ones (Unicode TR 39).
fn has_latin_doubles(c: char) -> bool {
    matches!(c,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' // Greek
        | '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' // Cyrillic
        | '\u{530}'..='\u{58f}' // Armenian
        | '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}') // Cherokee
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> bool {
        let mut faults = Vec::new();
        email("email", address, &mut faults);
        !faults.is_empty()
    }

    #[test]
    fn no_two_addresses_that_look_alike_are_taken() {
        for good in [
            "ann@sample.example",
            "ann.o'neil+keys@sub.sample.example",
            "jürgen@übung.example",
            "łukasz@sample.example",
            "ıssız@sample.example",
            "анна@sample.example",
            "анна@пример.испытание",
            "太郎taro@sample.example",
            "नमस्ते@sample.example",
        ] {
            assert!(!refused(good), "{good}");
        }
        for (bad, why) in [
            ("аnn@sample.example", "a Cyrillic letter among Latin ones"),
            ("ann@sаmple.example", "in the host"),
            ("αnn@sample.example", "a Greek letter"),
            ("ann\u{200b}@sample.example", "a space of no width"),
            ("ann\u{ad}@sample.example", "a hyphen that is not drawn"),
            ("\u{200e}ann@sample.example", "a mark of direction"),
            ("ann\u{e0041}@sample.example", "a tag"),
            ("ａnn@sample.example", "a full-width letter"),
            ("ﬁnn@sample.example", "a ligature"),
            ("ann@sample\u{ff0e}example.example", "a full-width full stop"),
            ("a\u{308}nn@sample.example", "a letter in two parts"),
        ] {
            assert!(refused(bad), "{why}");
        }
    }
}
