//! Patterns grant: `customers:view`, `customers:*`, `workflow.*:submit`, `claviger:keys.*`, `*`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MANAGEMENT, MAX_PERMISSION};
use crate::schema::described_as_text;

/// What [`Pattern`] reads, but for its length.
const PATTERN: &str = concat!(
    r"^(\*|(\*|[a-z0-9_-]([a-z0-9_.-]*[a-z0-9_-])?(\.\*)?)",
    r":(\*|[a-z0-9_-]([a-z0-9_.-]*[a-z0-9_-])?(\.\*)?))$"
);

/// Why a text is not a permission pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not `resource:action`.
    #[error("expected resource:action, such as customers:view, customers:* or *")]
    Shape,
    /// A character or a length outside what a name may have.
    #[error(
        "a permission has lower-case letters, digits, '_', '-' and '.', at most {MAX_PERMISSION} characters in all"
    )]
    Name,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    /// `*`
    Any,
    /// `stem.*`: everything that begins with `stem.`; the dot is kept.
    Under(Box<str>),
    Exact(Box<str>),
}

impl Part {
    fn parse(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(stem) = text.strip_suffix('*') {
            let name = stem.strip_suffix('.').ok_or(PatternError::Shape)?;
            check_name(name)?;
            return Ok(Self::Under(stem.into()));
        }
        check_name(text)?;
        Ok(Self::Exact(text.into()))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Under(stem) => name.starts_with(&**stem),
            Self::Exact(own) => **own == *name,
        }
    }

    fn includes(&self, other: &Part) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (_, Self::Any) => false,
            (Self::Under(stem), Self::Under(name) | Self::Exact(name)) => name.starts_with(&**stem),
            (Self::Exact(_), Self::Under(_)) => false,
            (Self::Exact(own), Self::Exact(name)) => own == name,
        }
    }
}

impl Part {
    /// What both match, if anything.
    fn intersect<'a>(&'a self, other: &'a Part) -> Option<&'a Part> {
        if self.includes(other) {
            Some(other)
        } else {
            other.includes(self).then_some(self)
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Under(stem) => write!(f, "{stem}*"),
            Self::Exact(name) => f.write_str(name),
        }
    }
}

impl Part {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Any => out.push(b'*'),
            Self::Under(stem) => {
                out.extend_from_slice(stem.as_bytes());
                out.push(b'*');
            }
            Self::Exact(name) => out.extend_from_slice(name.as_bytes()),
        }
    }
}

#[inline]
pub(super) fn check_name(name: &str) -> Result<(), PatternError> {
    let sane = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.');
    // No early exit: every verification comes by here, and a loop without branches is turned into vector instructions.
    let is_sane = name.bytes().fold(true, |good, byte| good & sane(byte));
    if name.is_empty() || name.starts_with('.') || name.ends_with('.') || !is_sane {
        return Err(PatternError::Name);
    }
    Ok(())
}

/// One granted pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    resource: Part,
    action: Part,
}

impl Pattern {
    /// Whether this pattern grants the permission `resource:action`.
    pub fn covers(&self, resource: &str, action: &str) -> bool {
        if resource == MANAGEMENT && !self.is_management() {
            return false;
        }
        self.resource.matches(resource) && self.action.matches(action)
    }

    /// Whether everything that `other` grants is granted by this pattern too.
    pub fn includes(&self, other: &Pattern) -> bool {
        if other.is_management() != self.is_management() {
            return false;
        }
        self.resource.includes(&other.resource) && self.action.includes(&other.action)
    }

    /// The pattern that grants what both grant, if there is anything.
    pub fn intersect(&self, other: &Pattern) -> Option<Pattern> {
        if self.is_management() != other.is_management() {
            return None;
        }
        Some(Pattern {
            resource: self.resource.intersect(&other.resource)?.clone(),
            action: self.action.intersect(&other.action)?.clone(),
        })
    }

    /// Whether it grants something of Claviger itself.
    pub fn is_management(&self) -> bool {
        matches!(&self.resource, Part::Exact(name) if **name == *MANAGEMENT)
    }
}

described_as_text!(
    Pattern,
    "Permissions that are granted: `resource:action`, `resource:*`, `stem.*:action`, or `*` for all but Claviger's own.",
    PATTERN,
    "orders:view"
);

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_PERMISSION {
            return Err(PatternError::Name);
        }
        if text == "*" {
            return Ok(Self {
                resource: Part::Any,
                action: Part::Any,
            });
        }
        let (resource, action) = text.split_once(':').ok_or(PatternError::Shape)?;
        Ok(Self {
            resource: Part::parse(resource)?,
            action: Part::parse(action)?,
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.resource == Part::Any && self.action == Part::Any {
            return f.write_str("*");
        }
        write!(f, "{}:{}", self.resource, self.action)
    }
}

impl Pattern {
    /// Appends what is displayed, where formatting would cost too much.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.resource == Part::Any && self.action == Part::Any {
            return out.push(b'*');
        }
        self.resource.write(out);
        out.push(b':');
        self.action.write(out);
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a principal holds: a set of patterns, sorted, without repeats.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Grants(Vec<Pattern>);

impl Grants {
    /// All that there is to grant: every application permission and every management permission.
    pub fn everything() -> Self {
        let action = Part::Any;
        let application = Pattern {
            resource: Part::Any,
            action: action.clone(),
        };
        let management = Pattern {
            resource: Part::Exact(MANAGEMENT.into()),
            action,
        };
        [application, management].into_iter().collect()
    }

    /// Whether the permission `resource:action` is granted.
    pub fn allow(&self, resource: &str, action: &str) -> bool {
        self.0.iter().any(|pattern| pattern.covers(resource, action))
    }

    /// Whether a permission written `resource:action` is granted; never for a text of another shape.
    pub fn allow_text(&self, permission: &str) -> bool {
        permission
            .split_once(':')
            .is_some_and(|(resource, action)| self.allow(resource, action))
    }

    /// The first of `others` that these do not include, so that nobody grants what they do not hold.
    pub fn first_beyond<'a>(&self, others: &'a Grants) -> Option<&'a Pattern> {
        others
            .0
            .iter()
            .find(|wanted| !self.0.iter().any(|held| held.includes(wanted)))
    }

    /// What both grant.
    pub fn intersect(&self, other: &Grants) -> Grants {
        let pairs = self
            .0
            .iter()
            .flat_map(|own| other.0.iter().map(move |theirs| (own, theirs)));
        pairs.filter_map(|(own, theirs)| own.intersect(theirs)).collect()
    }

    /// What either grants.
    pub fn union(&self, other: &Grants) -> Grants {
        self.0.iter().chain(&other.0).cloned().collect()
    }

    /// All but what grants something of Claviger itself.
    pub fn without_management(&self) -> Grants {
        let own = self.0.iter().filter(|pattern| !pattern.is_management());
        own.cloned().collect()
    }

    /// The patterns in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Pattern> {
        self.0.iter()
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Pattern> for Grants {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        let mut all: Vec<Pattern> = patterns.into_iter().collect();
        all.sort();
        all.dedup();
        all.shrink_to_fit();
        Self(all)
    }
}

impl<'de> Deserialize<'de> for Grants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Pattern>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn a_wildcard_never_reaches_claviger_itself() {
        for wide in ["*", "*:*", "*:keys.read"] {
            assert!(!pattern(wide).covers("claviger", "keys.read"), "{wide}");
            assert!(!pattern(wide).includes(&pattern("claviger:keys.read")), "{wide}");
        }
        assert!(pattern("claviger:*").covers("claviger", "keys.read"));
        assert!(pattern("claviger:keys.*").covers("claviger", "keys.read"));
        assert!(!pattern("claviger:keys.*").covers("claviger", "audit.read"));
    }

    #[test]
    fn a_pattern_covers_its_own_stem_alone() {
        assert!(pattern("workflow.*:submit").covers("workflow.42", "submit"));
        assert!(!pattern("workflow.*:submit").covers("workflow", "submit"));
        assert!(!pattern("workflow.*:submit").covers("workflows.42", "submit"));
    }

    #[test]
    fn what_is_included_is_covered() {
        let texts = [
            "*",
            "*:view",
            "a:*",
            "a:view",
            "a.*:view",
            "a.b:view",
            "a.b:*",
            "claviger:*",
            "claviger:keys.*",
        ];
        let permissions = [
            ("a", "view"),
            ("a", "edit"),
            ("a.b", "view"),
            ("a.b", "edit"),
            ("claviger", "keys.read"),
        ];
        for (wide, narrow) in texts
            .iter()
            .flat_map(|w| texts.iter().map(move |n| (pattern(w), pattern(n))))
        {
            if wide.includes(&narrow) {
                for (resource, action) in permissions {
                    assert!(
                        !narrow.covers(resource, action) || wide.covers(resource, action),
                        "{wide} includes {narrow} but not {resource}:{action}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_intersection_grants_what_both_grant_and_nothing_else() {
        let texts = [
            "*",
            "*:view",
            "a:*",
            "a:view",
            "a.*:view",
            "a.b:*",
            "a.b.*:view",
            "claviger:*",
            "claviger:keys.*",
        ];
        let permissions = [
            ("a", "view"),
            ("a", "edit"),
            ("a.b", "view"),
            ("a.b", "edit"),
            ("a.b.c", "view"),
            ("claviger", "keys.read"),
            ("claviger", "audit.read"),
            ("claviger", "view"),
        ];
        for (one, other) in texts
            .iter()
            .flat_map(|a| texts.iter().map(move |b| (pattern(a), pattern(b))))
        {
            let both = one.intersect(&other);
            for (resource, action) in permissions {
                assert_eq!(
                    both.as_ref().is_some_and(|both| both.covers(resource, action)),
                    one.covers(resource, action) && other.covers(resource, action),
                    "{one} and {other}: {resource}:{action}"
                );
            }
        }
    }

    #[test]
    fn a_hostile_pattern_is_refused() {
        for text in [
            "", ":", "a:", ":b", "a", "A:view", "a:b:c", "a b:c", "a:*b", "a:b*", "a:.b", "ä:b", "a:\n", "**",
        ] {
            assert!(text.parse::<Pattern>().is_err(), "{text:?}");
        }
        assert!("a".repeat(200).parse::<Pattern>().is_err());
    }
}
