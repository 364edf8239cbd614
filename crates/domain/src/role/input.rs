//! What people and programs say about a role, checked field by field.

use super::Builtin;
use crate::access::Grants;
use crate::id::RoleId;
use crate::input::{self, FieldError};

const MAX_DESCRIPTION: usize = 2_000;

/// What a role is made of or changed to; a field left out stays as it is (or empty, for a new role).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleDraft {
    /// What it is called.
    pub name: Option<String>,
    /// Whom it is for.
    pub description: Option<String>,
    /// Permission patterns.
    pub permissions: Option<Vec<String>>,
    /// Whether it is offered as a permission level.
    pub level: Option<bool>,
    /// The API to which it belongs, by id or slug; `Some(None)` for none.
    pub api: Option<Option<String>>,
}

/// The checked fields of a [`RoleDraft`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedRole {
    /// See [`RoleDraft::name`].
    pub name: Option<String>,
    /// See [`RoleDraft::description`].
    pub description: Option<String>,
    /// See [`RoleDraft::permissions`].
    pub permissions: Option<Grants>,
    /// See [`RoleDraft::level`].
    pub level: Option<bool>,
    /// See [`RoleDraft::api`]; which API that is is for the organisation to say.
    pub api: Option<Option<String>>,
}

impl RoleDraft {
    /// Checks every field that is given.
    ///
    /// # Errors
    /// All the faults, not just the first.
    pub fn check(self) -> Result<CheckedRole, Vec<FieldError>> {
        let mut faults = Vec::new();
        let checked = CheckedRole {
            name: self.name.map(|text| name(&text, &mut faults)),
            description: self
                .description
                .map(|text| input::text("description", text, MAX_DESCRIPTION, &mut faults)),
            permissions: self
                .permissions
                .map(|all| input::permissions("permissions", &all, &mut faults)),
            level: self.level,
            api: self.api,
        };
        if faults.is_empty() {
            Ok(checked)
        } else {
            Err(faults)
        }
    }
}

/// A role is asked for by name or by id: a name must be neither an id nor that of a built-in role.
fn name(text: &str, faults: &mut Vec<FieldError>) -> String {
    let name = input::name("name", text, faults);
    if name.parse::<RoleId>().is_ok() {
        faults.push(FieldError::new("name", "a name must not look like an id"));
    }
    if Builtin::named(&name).is_some() {
        faults.push(FieldError::new("name", "a built-in role has this name"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_at_once() {
        let draft = RoleDraft {
            name: Some("OWNER".to_owned()),
            description: Some("\u{202e}".to_owned()),
            permissions: Some(vec!["a:b".to_owned(), "A:b".to_owned(), "x".to_owned()]),
            ..RoleDraft::default()
        };
        let fields: Vec<String> = draft
            .check()
            .expect_err("faults")
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(
            fields,
            ["name", "description", "permissions[1]", "permissions[2]"]
        );
    }

    #[test]
    fn a_name_is_never_an_id() {
        let draft = RoleDraft {
            name: Some(Builtin::Viewer.id().to_string()),
            ..RoleDraft::default()
        };
        assert!(draft.check().is_err());
    }
}
