//! Which of its permissions a key has needed: what was required of its requests that passed, against what it was granted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Grants, Pattern, Requirement};
use crate::clock::Timestamp;

/// A permission that was needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = NeededPermission)]
pub struct Needed {
    /// The permission.
    #[schema(example = "orders:view")]
    pub permission: String,
    /// The last day (UTC) on which a request passed that was required to have it.
    pub last_day: Timestamp,
}

/// What requirements of requests that passed say, each with its last day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Every permission that they name, by name. Of alternatives all count as needed: which one let a request in is not known.
    pub all: Vec<Needed>,
    /// The last day on which requests passed of which nothing is known: nothing was required of them by name.
    pub untold: Option<Timestamp>,
}

impl Needs {
    /// Reads requirements as they were recorded.
    pub fn of(required: &[(String, Timestamp)]) -> Self {
        let mut all: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut untold = None;
        for (text, day) in required {
            match text.parse::<Requirement>() {
                Ok(requirement) => {
                    for permission in requirement.permissions() {
                        let last = all.entry(permission).or_insert(*day);
                        *last = (*last).max(*day);
                    }
                }
                Err(_) => untold = untold.max(Some(*day)),
            }
        }
        let needed = |(permission, last_day)| Needed { permission, last_day };
        Self {
            all: all.into_iter().map(needed).collect(),
            untold,
        }
    }

    /// What of a pattern was needed.
    pub fn within(&self, pattern: &Pattern) -> Vec<Needed> {
        let covered = |needed: &&Needed| {
            let (resource, action) = needed.permission.split_once(':').unwrap_or_default();
            pattern.covers(resource, action)
        };
        self.all.iter().filter(covered).cloned().collect()
    }

    /// The grants without what was not needed, and wildcards as what was needed of them. What is of Claviger itself stays: nothing
    /// is recorded of it. None where there is nothing to be left out, or not enough is known to say so.
    pub fn narrowed(&self, grants: &Grants) -> Option<Vec<String>> {
        if self.untold.is_some() || self.all.is_empty() {
            return None;
        }
        let mut kept = Vec::new();
        for pattern in grants.iter() {
            let text = pattern.to_string();
            let needed = self.within(pattern);
            if pattern.is_management() || (!text.contains('*') && !needed.is_empty()) {
                kept.push(text);
            } else {
                kept.extend(needed.into_iter().map(|needed| needed.permission));
            }
        }
        kept.sort_unstable();
        kept.dedup();
        let mut granted: Vec<String> = grants.iter().map(ToString::to_string).collect();
        granted.sort_unstable();
        (kept != granted).then_some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_micros(n * 86_400_000_000)
    }

    fn needs(all: &[(&str, i64)]) -> Needs {
        let all: Vec<_> = all
            .iter()
            .map(|(text, n)| ((*text).to_owned(), day(*n)))
            .collect();
        Needs::of(&all)
    }

    fn narrowed(needs: &Needs, grants: &[&str]) -> Option<Vec<String>> {
        let grants = grants
            .iter()
            .map(|text| text.parse::<Pattern>().expect("a pattern"));
        needs.narrowed(&grants.collect())
    }

    #[test]
    fn every_permission_of_a_requirement_counts_with_its_last_day() {
        let needs = needs(&[
            ("orders:view", 3),
            ("orders:view AND (stock:view OR stock:edit)", 5),
        ]);
        let told: Vec<_> = needs
            .all
            .iter()
            .map(|one| (one.permission.as_str(), one.last_day))
            .collect();
        assert_eq!(
            told,
            [
                ("orders:view", day(5)),
                ("stock:edit", day(5)),
                ("stock:view", day(5))
            ]
        );
        assert_eq!(needs.untold, None);
        let stock = needs.within(&"stock:*".parse().expect("a pattern"));
        assert_eq!(stock.len(), 2);
    }

    #[test]
    fn what_was_not_needed_is_left_out_and_wildcards_become_what_was_needed_of_them() {
        let needs = needs(&[("orders:view", 1), ("stock:edit", 2)]);
        let grants = ["orders:*", "stock:edit", "refunds:create", "claviger:keys.read"];
        let kept = ["claviger:keys.read", "orders:view", "stock:edit"];
        assert_eq!(narrowed(&needs, &grants).expect("less"), kept);
        assert_eq!(narrowed(&needs, &kept), None, "nothing to be left out");
        assert_eq!(
            narrowed(&needs, &["*"]).expect("less"),
            ["orders:view", "stock:edit"]
        );
    }

    #[test]
    fn where_requests_passed_without_a_requirement_nothing_is_said_to_be_unneeded() {
        let grants = ["orders:*"];
        assert_eq!(narrowed(&needs(&[("orders:view", 1), ("", 2)]), &grants), None);
        assert_eq!(narrowed(&needs(&[("orders:view", 1), ("?", 2)]), &grants), None);
        assert_eq!(narrowed(&needs(&[]), &grants), None);
        assert_eq!(needs(&[("", 1), ("?", 2)]).untold, Some(day(2)));
    }
}
