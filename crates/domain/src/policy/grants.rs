//! How a key is told what it may do, and what people are asked when they make one.

use serde::{Deserialize, Serialize};

use super::{ExpiryMode, Policy};

/// How a key is told what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantRule {
    /// By any permissions and roles.
    #[default]
    Permissions,
    /// By one role that is a permission level, and by nothing else.
    Levels,
    /// By its owner's roles alone; keys have nothing of their own.
    Inherit,
}

/// What may be left out of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormField {
    /// What it is for.
    Description,
    /// Whom it stands for; the organisation, or whoever makes it, when nobody is asked.
    Owner,
    /// When it ends.
    ExpiresAt,
    /// Single permissions.
    Permissions,
    /// Roles, or the one permission level.
    Roles,
    /// From where it is accepted.
    Networks,
    /// How often it may be used.
    Limits,
    /// How much it may be used in all.
    Quota,
    /// What programs keep with it.
    Metadata,
    /// Words to find it by.
    Tags,
    /// Who is written to about it.
    Contacts,
    /// Whether it is protected.
    Protected,
}

impl FormField {
    /// Every one, in the order in which a form has them.
    pub const ALL: [Self; 12] = [
        Self::Description,
        Self::Owner,
        Self::ExpiresAt,
        Self::Permissions,
        Self::Roles,
        Self::Networks,
        Self::Limits,
        Self::Quota,
        Self::Metadata,
        Self::Tags,
        Self::Contacts,
        Self::Protected,
    ];
}

/// What people are asked when they make or change a key. It is advice for forms: programs may give every field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FormPolicy)]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    /// The optional fields that are offered.
    #[schema(max_items = 12)]
    pub fields: Vec<FormField>,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            fields: FormField::ALL.to_vec(),
        }
    }
}

impl Policy {
    /// The optional fields that a form should have: those of `form.fields` that the other settings leave a use for.
    pub fn offered(&self) -> Vec<FormField> {
        let has_use = |field: &FormField| match field {
            FormField::Permissions => self.grants == GrantRule::Permissions,
            FormField::Roles => self.grants != GrantRule::Inherit,
            FormField::ExpiresAt => {
                matches!(self.expiry.mode, ExpiryMode::Optional | ExpiryMode::Required)
            }
            _ => true,
        };
        let all = FormField::ALL.into_iter();
        all.filter(|field| self.form.fields.contains(field) && has_use(field))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_asks_for_nothing_that_would_be_refused() {
        let offered = |json: &str| {
            let policy: Policy = serde_json::from_str(json).expect("a policy");
            policy.offered()
        };
        assert_eq!(offered("{}"), FormField::ALL);
        let levels = offered(r#"{"grants": "levels", "expiry": {"mode": "automatic", "default": "365d"}}"#);
        assert!(!levels.contains(&FormField::Permissions));
        assert!(levels.contains(&FormField::Roles));
        assert!(!levels.contains(&FormField::ExpiresAt));
        let inherit =
            offered(r#"{"grants": "inherit", "form": {"fields": ["tags", "roles", "description"]}}"#);
        assert_eq!(inherit, [FormField::Description, FormField::Tags]);
    }
}
