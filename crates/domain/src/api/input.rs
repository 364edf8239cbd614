//! What people and programs say about an API, checked field by field, so that every fault is named at once.

use std::collections::BTreeSet;

use super::{Permission, Route, Routes};
use crate::access::{self, MANAGEMENT, Requirement};
use crate::input::{self, FieldError};

const MAX_SLUG: usize = 40;
const MAX_DESCRIPTION: usize = 2_000;
const MAX_PERMISSIONS: usize = 500;
const MAX_ROUTES: usize = 500;

/// What an API is made of or changed to; a field left out stays as it is (or empty, for a new API).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiDraft {
    /// Names it at the doors.
    pub slug: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is open to anybody at all.
    pub enabled: Option<bool>,
    /// What can be done with it.
    pub permissions: Option<Vec<Permission>>,
    /// Which request needs what.
    pub routes: Option<Vec<Route>>,
}

/// The checked fields of an [`ApiDraft`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedApi {
    /// See [`ApiDraft::slug`].
    pub slug: Option<String>,
    /// See [`ApiDraft::name`].
    pub name: Option<String>,
    /// See [`ApiDraft::description`].
    pub description: Option<String>,
    /// See [`ApiDraft::enabled`].
    pub enabled: Option<bool>,
    /// See [`ApiDraft::permissions`].
    pub permissions: Option<Vec<Permission>>,
    /// See [`ApiDraft::routes`].
    pub routes: Option<Vec<Route>>,
}

impl ApiDraft {
    /// Checks every field that is given; `known` are the permissions and routes that the API has already.
    ///
    /// # Errors
    /// All the faults, not just the first.
    pub fn check(self, known: (&[Permission], &[Route])) -> Result<CheckedApi, Vec<FieldError>> {
        let mut faults = Vec::new();
        let declared = self.permissions.as_deref().unwrap_or(known.0);
        let declared: BTreeSet<String> = declared.iter().map(|one| one.name.clone()).collect();
        let touches_routes = self.routes.is_some() || self.permissions.is_some();
        let routes = self.routes.as_deref().unwrap_or(known.1);
        if touches_routes && !input::too_many("routes", routes.len(), MAX_ROUTES, &mut faults) {
            check_routes(routes, &declared, &mut faults);
        }
        let checked = CheckedApi {
            slug: self.slug.inspect(|text| check_slug(text, &mut faults)),
            name: self.name.map(|text| input::name("name", &text, &mut faults)),
            description: self
                .description
                .map(|text| input::text("description", text, MAX_DESCRIPTION, &mut faults)),
            enabled: self.enabled,
            permissions: self
                .permissions
                .inspect(|all| check_permissions(all, &mut faults)),
            routes: self.routes,
        };
        if faults.is_empty() {
            Ok(checked)
        } else {
            Err(faults)
        }
    }
}

/// Whether a text can be an API's slug.
pub fn is_slug(text: &str) -> bool {
    let sane = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.len() <= MAX_SLUG && text.bytes().all(sane)
}

fn check_slug(slug: &str, faults: &mut Vec<FieldError>) {
    if !is_slug(slug) {
        let detail = format!("1 to {MAX_SLUG} lower-case letters, digits and hyphens");
        faults.push(FieldError::new("slug", detail));
    }
}

fn check_permissions(all: &[Permission], faults: &mut Vec<FieldError>) {
    if input::too_many("permissions", all.len(), MAX_PERMISSIONS, faults) {
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, permission) in all.iter().enumerate() {
        let field = format!("permissions[{i}].name");
        let name = permission.name.as_str();
        let fault = if !access::is_permission(name) {
            "expected resource:action, such as orders:view, without wildcards"
        } else if name.split(':').next() == Some(MANAGEMENT) {
            "the permissions of claviger are Claviger's own"
        } else if !seen.insert(name) {
            "this permission is there already"
        } else {
            ""
        };
        if !fault.is_empty() {
            faults.push(FieldError::new(field, fault));
        }
        let field = format!("permissions[{i}].description");
        input::text(&field, permission.description.clone(), MAX_DESCRIPTION, faults);
    }
}

fn check_routes(routes: &[Route], declared: &BTreeSet<String>, faults: &mut Vec<FieldError>) {
    if let Err(all) = Routes::compile(routes) {
        faults.extend(all.into_iter().map(|(at, fault)| {
            FieldError::new(format!("routes[{at}].{}", fault.field()), fault.to_string())
        }));
    }
    for (i, route) in routes.iter().enumerate() {
        let Some(requires) = &route.requires else {
            continue;
        };
        let field = format!("routes[{i}].requires");
        match requires.parse::<Requirement>() {
            Err(error) => faults.push(FieldError::new(field, error.to_string())),
            Ok(requirement) => {
                let named = requirement.permissions();
                let strange = named.into_iter().filter(|name| !declared.contains(name));
                faults.extend(
                    strange.map(|name| FieldError::new(&*field, format!("the API has no permission {name}"))),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(name: &str) -> Permission {
        Permission {
            name: name.to_owned(),
            description: String::new(),
        }
    }

    fn route(path: &str, requires: Option<&str>) -> Route {
        Route {
            method: "GET".to_owned(),
            path: path.to_owned(),
            requires: requires.map(str::to_owned),
        }
    }

    fn fields(draft: ApiDraft, known: (&[Permission], &[Route])) -> Vec<String> {
        let faults = draft.check(known).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let draft = ApiDraft {
            slug: Some("Bad slug".to_owned()),
            name: Some(" ".to_owned()),
            permissions: Some(vec![
                permission("orders:view"),
                permission("orders:*"),
                permission("claviger:keys.read"),
                permission("orders:view"),
            ]),
            routes: Some(vec![
                route("/orders/{id}", Some("orders:view")),
                route("/orders/{name}", None),
                route("bad", Some("orders:view AND")),
                route("/x", Some("orders:edit OR legacy:view")),
            ]),
            ..ApiDraft::default()
        };
        let mut fields = fields(draft, (&[], &[]));
        fields.sort();
        let expected = [
            "name",
            "permissions[1].name",
            "permissions[2].name",
            "permissions[3].name",
            "routes[1].path",
            "routes[2].path",
            "routes[2].requires",
            "routes[3].requires",
            "routes[3].requires",
            "slug",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_permission_that_a_route_asks_for_cannot_be_taken_away() {
        let (permissions, routes) = ([permission("a:b")], [route("/a", Some("a:b"))]);
        let less = ApiDraft {
            permissions: Some(Vec::new()),
            ..ApiDraft::default()
        };
        assert_eq!(
            fields(less.clone(), (&permissions, &routes)),
            ["routes[0].requires"]
        );
        let both = ApiDraft {
            routes: Some(Vec::new()),
            ..less
        };
        assert!(fields(both, (&permissions, &routes)).is_empty());
    }

    #[test]
    fn a_slug_is_short_and_plain() {
        for slug in ["", "A", "a_b", "a/b", "ä", "a b", &"a".repeat(41)] {
            let draft = ApiDraft {
                slug: Some(slug.to_owned()),
                ..ApiDraft::default()
            };
            assert_eq!(fields(draft, (&[], &[])), ["slug"], "{slug:?}");
        }
    }
}
