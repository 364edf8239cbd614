//! A user is a person: they sign in, hold roles, and act in their organisation. Nothing else ever signs in.

mod totp;

use serde::{Deserialize, Serialize};

pub use totp::{Totp, TotpError, recovery_code, recovery_codes};

use crate::clock::Timestamp;
use crate::id::{OrganisationId, RoleId, UserId};
use crate::input::{self, FieldError};
use crate::key::Actor;

/// Whether a person may sign in, and whether keys that stand for them are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// Asked in, and not come yet.
    Invited,
    /// May sign in.
    Active,
    /// Kept out, with their keys, until enabled again.
    Disabled,
}

impl UserStatus {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Disabled];

    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id, for life.
    pub id: UserId,
    /// Their tenant.
    pub organisation: OrganisationId,
    /// Where they get mail, and what they sign in with; unique in the organisation, whatever the case.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Whether they may sign in.
    pub status: UserStatus,
    /// Whether they may act in every organisation, and make them.
    pub operator: bool,
    /// What they may do.
    pub roles: Vec<RoleId>,
    /// Whether they sign in with a password.
    pub has_password: bool,
    /// Whether a second factor is asked for beside it.
    pub has_second_factor: bool,
    /// When they were first known.
    pub created_at: Timestamp,
    /// Who asked them in.
    pub created_by: Actor,
    /// When they last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Counts their edits from 1; the `ETag`.
    pub version: i64,
}

impl User {
    /// What their address is looked up by.
    pub fn email_key(email: &str) -> String {
        email.trim().to_lowercase()
    }
}

/// What a user is made of or changed to; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserDraft {
    /// The address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// Roles by id or name.
    pub roles: Option<Vec<String>>,
    /// Whether they may act in every organisation.
    pub operator: Option<bool>,
}

impl UserDraft {
    /// The draft, fit to be taken.
    ///
    /// # Errors
    /// Every fault.
    pub fn check(self) -> Result<Self, Vec<FieldError>> {
        let mut faults = Vec::new();
        let email = self.email.map(|email| {
            let email = email.trim().to_owned();
            input::email("email", &email, &mut faults);
            email
        });
        let name = self.name.map(|name| input::name("name", &name, &mut faults));
        let roles = self.roles.map(|roles| input::roles(roles, &mut faults));
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            email,
            name,
            roles,
            operator: self.operator,
        })
    }
}

/// How somebody showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SignInMethod)]
pub enum Method {
    /// By a password alone.
    #[serde(rename = "password")]
    Password,
    /// By a password and a code of the second factor.
    #[serde(rename = "password+totp")]
    Totp,
    /// By a password and a recovery code.
    #[serde(rename = "password+recovery")]
    RecoveryCode,
    /// By a link: the set-up link, an invitation or a recovery.
    #[serde(rename = "link")]
    Link,
    /// At an OpenID provider.
    #[serde(rename = "oidc")]
    OpenId,
}

impl Method {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Password,
        Self::Totp,
        Self::RecoveryCode,
        Self::Link,
        Self::OpenId,
    ];

    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "password+totp",
            Self::RecoveryCode => "password+recovery",
            Self::Link => "link",
            Self::OpenId => "oidc",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_names_every_fault_at_once() {
        let draft = UserDraft {
            email: Some("nobody".to_owned()),
            name: Some("a\r\nSet-Cookie: x=1".to_owned()),
            roles: Some(vec!["viewer".to_owned(); 65]),
            operator: None,
        };
        let faults = draft.check().expect_err("faults");
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["email", "name", "roles"]);
    }

    #[test]
    fn stored_words_are_read_back() {
        for status in UserStatus::ALL {
            assert_eq!(UserStatus::parse(status.as_str()), Some(status));
        }
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(method));
            assert_eq!(
                serde_json::to_value(method).expect("JSON"),
                serde_json::json!(method.as_str())
            );
        }
    }
}
