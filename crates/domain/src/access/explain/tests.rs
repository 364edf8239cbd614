//! Explanations agree with the decisions that they explain.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::access::{Held, Standing};

fn grants(patterns: &[&str]) -> Grants {
    patterns
        .iter()
        .map(|text| text.parse().expect("a pattern"))
        .collect()
}

fn role(n: u128) -> RoleId {
    RoleId::from_uuid(Uuid::from_u128(n))
}

fn directory() -> Directory {
    let standing = |name: &str, patterns: &[&str], available| Standing {
        name: name.to_owned(),
        grants: grants(patterns),
        available,
        level: false,
    };
    Directory {
        roles: HashMap::from([
            (role(1), standing("Reports", &["reports:*", "orders:view"], true)),
            (role(2), standing("Old level", &["legacy:*"], false)),
            (
                role(3),
                standing("Manager", &["orders:*", "claviger:keys.read"], true),
            ),
        ]),
        unavailable: Arc::new(["orders:delete"].into_iter().collect()),
    }
}

fn key(permissions: &[&str], roles: &[RoleId], owner: Option<(&[RoleId], bool)>) -> Principal {
    Principal {
        active: true,
        permissions: grants(permissions),
        roles: roles.to_vec(),
        owner: owner.map(|(roles, active)| PrincipalOwner {
            active,
            roles: roles.to_vec(),
        }),
    }
}

fn found(principal: &Principal, permission: &str) -> (Reason, Vec<&'static str>) {
    let explained = explain(&directory(), principal, permission).expect("a requirement");
    let [finding] = explained.permissions.as_slice() else {
        panic!("one permission was asked for");
    };
    assert_eq!(finding.held, explained.allowed);
    let ways = finding.sources.iter().map(|source| match source {
        Source::Permission { .. } => "permission",
        Source::Role { .. } => "role",
        Source::Owner { .. } => "owner",
    });
    (finding.reason, ways.collect())
}

#[test]
fn each_reason_is_told_with_what_it_owes_to() {
    let reports: &[RoleId] = &[role(1)];
    for (principal, permission, reason, ways) in [
        (key(&["a:*"], &[], None), "a:b", Reason::Held, &["permission"][..]),
        (key(&[], &[role(1)], None), "reports:x", Reason::Held, &["role"]),
        (
            key(&[], &[], Some((reports, true))),
            "reports:x",
            Reason::Held,
            &["owner"],
        ),
        (
            key(&["reports:daily"], &[], Some((reports, true))),
            "reports:daily",
            Reason::Held,
            &["permission", "owner"],
        ),
        (
            key(&["orders:*"], &[], Some((reports, true))),
            "orders:edit",
            Reason::NarrowedByOwner,
            &["permission"],
        ),
        (
            key(&[], &[], Some((&[role(3)], true))),
            "claviger:keys.read",
            Reason::NotInherited,
            &["owner"],
        ),
        (
            key(&["orders:*"], &[], None),
            "orders:delete",
            Reason::ApiNotEnabled,
            &["permission"],
        ),
        (
            key(&[], &[role(2)], None),
            "legacy:x",
            Reason::ApiNotEnabled,
            &["role"],
        ),
        (
            key(&["legacy:*"], &[], Some((&[role(2)], true))),
            "legacy:x",
            Reason::ApiNotEnabled,
            &["permission", "owner"],
        ),
        (
            key(&[], &[], Some((reports, false))),
            "reports:x",
            Reason::OwnerInactive,
            &["owner"],
        ),
        (
            Principal {
                active: false,
                ..key(&["a:b"], &[], None)
            },
            "a:b",
            Reason::Inactive,
            &["permission"],
        ),
        (key(&["a:b"], &[role(9)], None), "c:d", Reason::NotGranted, &[]),
        (
            key(&["*"], &[], None),
            "claviger:keys.read",
            Reason::NotGranted,
            &[],
        ),
    ] {
        let (actual, sources) = found(&principal, permission);
        assert_eq!((actual, sources.as_slice()), (reason, ways), "{permission}");
    }
}

#[test]
fn the_clause_that_failed_is_named() {
    let principal = key(&["a:b", "c:d"], &[], None);
    let explained =
        explain(&directory(), &principal, "a:b AND (x:y OR orders:delete) AND c:d").expect("a requirement");
    assert!(!explained.allowed);
    assert_eq!(explained.missing.as_deref(), Some("x:y OR orders:delete"));
    let names: Vec<&str> = explained
        .permissions
        .iter()
        .map(|f| f.permission.as_str())
        .collect();
    assert_eq!(names, ["a:b", "x:y", "orders:delete", "c:d"]);
    assert!(explain(&directory(), &principal, "a:b AND").is_err());
}

const PATTERNS: [&str; 12] = [
    "*",
    "*:view",
    "a:*",
    "a:view",
    "a.*:view",
    "a.b:*",
    "a.b.*:view",
    "b:edit.*",
    "claviger:*",
    "claviger:keys.*",
    "claviger:keys.read",
    "*:edit.deep",
];
const PERMISSIONS: [&str; 9] = [
    "a:view",
    "a:edit",
    "a.b:view",
    "a.b:edit",
    "a.b.c:view",
    "b:edit.deep",
    "claviger:keys.read",
    "claviger:audit.read",
    "c:view",
];

fn some_grants() -> impl Strategy<Value = Grants> {
    prop::collection::vec(prop::sample::select(&PATTERNS[..]), 0..4).prop_map(|all| grants(&all))
}

fn some_roles() -> impl Strategy<Value = Vec<RoleId>> {
    prop::collection::vec(1_u128..6, 0..3).prop_map(|all| {
        // The fifth is a built-in one, the fourth is gone.
        let id = |n| if n == 5 { Builtin::Auditor.id() } else { role(n) };
        all.into_iter().map(id).collect()
    })
}

fn some_directory() -> impl Strategy<Value = Directory> {
    let standing = (some_grants(), any::<bool>()).prop_map(|(grants, available)| Standing {
        name: "Some".to_owned(),
        grants,
        available,
        level: false,
    });
    let unavailable = prop::collection::vec(prop::sample::select(&PERMISSIONS[..6]), 0..2);
    (prop::collection::vec(standing, 3), unavailable).prop_map(|(all, unavailable)| Directory {
        roles: (1..).map(role).zip(all).collect(),
        unavailable: Arc::new(unavailable.into_iter().collect()),
    })
}

fn some_principal() -> impl Strategy<Value = Principal> {
    let owner = (any::<bool>(), some_roles()).prop_map(|(active, roles)| PrincipalOwner { active, roles });
    (
        prop::bool::weighted(0.8),
        some_grants(),
        some_roles(),
        prop::option::of(owner),
    )
        .prop_map(|(active, permissions, roles, owner)| Principal {
            active,
            permissions,
            roles,
            owner,
        })
}

fn some_requirement() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&PERMISSIONS[..]).prop_map(str::to_owned);
    leaf.prop_recursive(3, 8, 3, |inner| {
        (prop::collection::vec(inner, 1..4), any::<bool>())
            .prop_map(|(parts, and)| format!("({})", parts.join(if and { " AND " } else { " OR " })))
    })
}

proptest! {
    /// The oracle is what verifications decide by.
    #[test]
    fn an_explanation_agrees_with_the_decision(
        directory in some_directory(), principal in some_principal(), requires in some_requirement()
    ) {
        let owner = principal.owner.as_ref().map(|owner| owner.roles.as_slice());
        let granted = directory.key(&principal.permissions, &principal.roles, owner);
        let patterns: Grants = effective(&directory, &principal).into_iter().map(|one| one.pattern).collect();
        prop_assert_eq!(&patterns, &granted);

        let acts = principal.active && principal.owner.as_ref().is_none_or(|owner| owner.active);
        let nothing = Grants::default();
        let held = Held { grants: if acts { &granted } else { &nothing }, unavailable: &directory.unavailable };
        let explained = explain(&directory, &principal, &requires).expect("a requirement");
        let (allowed, missing) = match Requirement::check(&requires, &held).expect("a requirement") {
            Verdict::Met => (true, None),
            Verdict::Missing(clause) => (false, Some(clause.to_owned())),
        };
        prop_assert_eq!(explained.allowed, allowed);
        prop_assert_eq!(explained.missing, missing);
        for finding in explained.permissions {
            prop_assert_eq!(finding.sources.is_empty(), finding.reason == Reason::NotGranted);
        }
    }

    #[test]
    fn every_pattern_over_a_permission_is_found_by_its_text(
        pattern in prop::sample::select(&PATTERNS[..]), permission in prop::sample::select(&PERMISSIONS[..])
    ) {
        let texts = patterns_over(permission);
        prop_assert_eq!(texts.contains(&pattern.to_owned()), grants(&[pattern]).allow_text(permission));
        for text in texts {
            prop_assert!(grants(&[&text]).allow_text(permission), "{}", text);
        }
    }
}
