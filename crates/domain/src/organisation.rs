//! An organisation is a tenant: everything but an operator belongs to exactly one.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::OrganisationId;
use crate::input::FieldError;
use crate::limits::RateLimit;

/// Whether an organisation's keys are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationStatus {
    /// Its keys are served.
    Active,
    /// None of its keys is accepted until it is active again.
    Suspended,
    /// None of its keys is accepted, for good.
    Closed,
}

impl OrganisationStatus {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Closed]
            .into_iter()
            .find(|s| s.as_str() == text)
    }
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Organisation {
    /// Its id, for life.
    pub id: OrganisationId,
    /// Unique in the installation; names it in headers and on the command line.
    #[schema(example = "sample-ltd")]
    pub slug: String,
    /// What people call it.
    #[schema(example = "Sample Ltd")]
    pub name: String,
    /// Whether its keys are served.
    pub status: OrganisationStatus,
    /// How often all its keys together may be used.
    pub rate_limits: Vec<RateLimit>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts its edits from 1; the `ETag`.
    pub version: i64,
}

/// The longest slug.
const MAX_SLUG: usize = 40;

/// A slug as it is given: lower-case letters, digits and single hyphens.
pub fn check_slug(field: &str, slug: &str, faults: &mut Vec<FieldError>) {
    let sane =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if slug.len() > MAX_SLUG || !slug.split('-').all(sane) {
        let detail =
            format!("lower-case letters, digits and single hyphens between them, at most {MAX_SLUG}");
        faults.push(FieldError::new(field, detail));
    }
}

/// The slugs that are tried for a name, one after the other: `sample-ltd`, `sample-ltd-2`, …
pub fn slugs_of(name: &str) -> impl Iterator<Item = String> {
    let first = slug_of(name);
    (1..).map(move |n: u32| match n {
        1 => first.clone(),
        n => {
            let end = format!("-{n}");
            let stem = &first[..first.len().min(MAX_SLUG - end.len())];
            format!("{}{end}", stem.trim_end_matches('-'))
        }
    })
}

/// A slug for a name: lower-case letters, digits and single hyphens, 1 to 40 characters; `organisation` when nothing is left.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == MAX_SLUG {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() {
        "organisation".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_safe_in_a_header_and_on_a_command_line() {
        assert_eq!(slug_of("  Sample & Söhne GmbH! "), "sample-s-hne-gmbh");
        assert_eq!(slug_of("日本"), "organisation");
        assert_eq!(slug_of(&"x".repeat(90)).len(), 40);
    }

    #[test]
    fn every_slug_that_is_tried_is_one_that_could_be_given() {
        for name in ["Sample Ltd", &"x-".repeat(40), "日本"] {
            let tried: Vec<String> = slugs_of(name).take(120).collect();
            let mut faults = Vec::new();
            tried
                .iter()
                .for_each(|slug| check_slug("slug", slug, &mut faults));
            assert_eq!(faults, [], "{name}");
            let distinct: std::collections::BTreeSet<_> = tried.iter().collect();
            assert_eq!(distinct.len(), tried.len(), "{name}");
        }
    }

    #[test]
    fn a_hostile_slug_is_refused() {
        for slug in [
            "",
            "-",
            "a-",
            "-a",
            "a--b",
            "A",
            "a b",
            "a\n",
            "ä",
            "a/b",
            &"a".repeat(41),
        ] {
            let mut faults = Vec::new();
            check_slug("slug", slug, &mut faults);
            assert_eq!(faults.len(), 1, "{slug:?}");
        }
    }
}
