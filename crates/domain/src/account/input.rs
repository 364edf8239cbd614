//! What people and programs say about a service account, checked field by field, so that every fault is named at once.

use serde::Deserialize;

use crate::id::UserId;
use crate::input::{self, FieldError};
use crate::limits::{RateLimit, RateLimitDraft, check_rate_limits};
use crate::schema::{Description, EmailAddressOrNone, Name, NameOrNone, Tag, UserIdOrNone, Username};

const MAX_USERNAME: usize = 64;
/// RFC 5321 leaves no more for a path.
const MAX_EMAIL: usize = 254;
const MAX_PARTNER: usize = 200;
const MAX_PURPOSE: usize = 2_000;

/// What a service account is made of or changed to; a field left out stays as it is (or empty, for a new one).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountDraft {
    /// What people call it.
    #[schema(value_type = Option<Name>)]
    pub name: Option<String>,
    /// What systems call it; where the policy says so, it follows the address.
    #[schema(value_type = Option<Username>)]
    pub username: Option<String>,
    /// Whom to write to about it; empty for nobody.
    #[schema(value_type = Option<EmailAddressOrNone>)]
    pub email: Option<String>,
    /// The business partner whose system it is; empty for none.
    #[schema(value_type = Option<NameOrNone>)]
    pub partner: Option<String>,
    /// The user who answers for it; empty for nobody.
    #[schema(value_type = Option<UserIdOrNone>)]
    pub owner: Option<String>,
    /// What it is for.
    #[schema(value_type = Option<Description>)]
    pub purpose: Option<String>,
    /// Words to find it by.
    #[schema(value_type = Option<Vec<Tag>>, max_items = 32)]
    pub tags: Option<Vec<String>>,
    /// What it may do, and its keys at the most: roles, by id or name.
    #[schema(example = json!(["service-account"]), max_items = 64)]
    pub roles: Option<Vec<String>>,
    /// How often all its keys together may be used.
    #[schema(max_items = 16)]
    pub rate_limits: Option<Vec<RateLimitDraft>>,
}

/// The checked fields of an [`AccountDraft`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedAccount {
    /// See [`AccountDraft::name`].
    pub name: Option<String>,
    /// See [`AccountDraft::username`].
    pub username: Option<String>,
    /// See [`AccountDraft::email`]; the inner one is none where it is taken away.
    pub email: Option<Option<String>>,
    /// See [`AccountDraft::partner`].
    pub partner: Option<String>,
    /// See [`AccountDraft::owner`]; the inner one is none where it is taken away.
    pub owner: Option<Option<UserId>>,
    /// See [`AccountDraft::purpose`].
    pub purpose: Option<String>,
    /// See [`AccountDraft::tags`].
    pub tags: Option<Vec<String>>,
    /// See [`AccountDraft::roles`]; which roles these are is for the organisation to say.
    pub roles: Option<Vec<String>>,
    /// See [`AccountDraft::rate_limits`].
    pub rate_limits: Option<Vec<RateLimit>>,
}

impl AccountDraft {
    /// Checks every field that is given.
    ///
    /// # Errors
    /// All the faults, not just the first.
    pub fn check(self) -> Result<CheckedAccount, Vec<FieldError>> {
        let mut faults = Vec::new();
        let checked = CheckedAccount {
            name: self.name.map(|text| input::name("name", &text, &mut faults)),
            username: self.username.inspect(|text| username(text, &mut faults)),
            email: self.email.map(|text| email(text, &mut faults)),
            partner: self.partner.map(|text| partner(&text, &mut faults)),
            owner: self.owner.map(|text| owner(&text, &mut faults)),
            purpose: self
                .purpose
                .map(|text| input::text("purpose", text, MAX_PURPOSE, &mut faults)),
            tags: self.tags.map(|all| input::tags(all, &mut faults)),
            roles: self.roles.map(|all| input::roles(all, &mut faults)),
            rate_limits: self.rate_limits.map(|all| check_rate_limits(all, &mut faults)),
        };
        if faults.is_empty() {
            Ok(checked)
        } else {
            Err(faults)
        }
    }
}

/// Letters of other scripts look like Latin ones, so that a username with them could pass for another.
fn username(text: &str, faults: &mut Vec<FieldError>) {
    let longest = if text.contains('@') {
        MAX_EMAIL
    } else {
        MAX_USERNAME
    };
    if text.is_empty() || text.chars().count() > longest {
        let detail = format!("1 to {MAX_USERNAME} characters ({MAX_EMAIL} for an email address)");
        faults.push(FieldError::new("username", detail));
    }
    if !is_plain(text) {
        faults.push(FieldError::new(
            "username",
            "only the ASCII letters A to Z, digits and . _ @ + - are allowed, so that no two usernames look alike",
        ));
    }
}

/// Whether a text has only the characters that a username may have.
pub fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | '+' | '-');
    text.chars().all(plain)
}

fn email(text: String, faults: &mut Vec<FieldError>) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    input::email("email", &text, faults);
    Some(text)
}

fn partner(text: &str, faults: &mut Vec<FieldError>) -> String {
    let text = text.trim();
    if text.chars().any(input::is_hostile) {
        faults.push(FieldError::new(
            "partner",
            "control and direction characters are not allowed in a name",
        ));
    }
    if text.chars().count() > MAX_PARTNER {
        faults.push(FieldError::new(
            "partner",
            format!("at most {MAX_PARTNER} characters"),
        ));
    }
    text.to_owned()
}

fn owner(text: &str, faults: &mut Vec<FieldError>) -> Option<UserId> {
    if text.is_empty() {
        return None;
    }
    let parsed = text.parse::<UserId>();
    parsed
        .map_err(|error| faults.push(FieldError::new("owner", error.to_string())))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(username: &str) -> usize {
        let draft = AccountDraft {
            username: Some(username.to_owned()),
            ..AccountDraft::default()
        };
        draft.check().err().map_or(0, |faults| faults.len())
    }

    #[test]
    fn no_two_usernames_that_look_alike_are_taken() {
        for fine in [
            "sap.erp",
            "A",
            "hr_system-2",
            "iot+eu@example.com",
            &"a".repeat(64),
        ] {
            assert_eq!(faults_of(fine), 0, "{fine}");
        }
        // Cyrillic а, a full-width letter, a ligature, a dotless i, invisible characters, combining marks.
        for alike in [
            "s\u{430}p",
            "\u{ff53}ap",
            "\u{fb01}eld",
            "\u{131}ot",
            "sap\u{200b}",
            "sap\u{ad}",
            "sap\u{301}",
            "sap ",
            " sap",
            "sap\n",
            "sap\r\nSet-Cookie: x",
            "sap\u{202e}",
            "s/ap",
            "sap\0",
            "",
        ] {
            assert_ne!(faults_of(alike), 0, "{alike:?}");
        }
        assert_ne!(faults_of(&"a".repeat(65)), 0);
        assert_eq!(faults_of(&format!("{}@example.com", "a".repeat(100))), 0);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let draft = AccountDraft {
            name: Some("a\nb".to_owned()),
            username: Some("a b".to_owned()),
            email: Some("nowhere".to_owned()),
            partner: Some("Cold\u{202e}Trace".to_owned()),
            owner: Some("acct_x".to_owned()),
            purpose: Some("\u{7}".to_owned()),
            tags: Some(vec![String::new()]),
            roles: None,
            rate_limits: None,
        };
        let faults = draft.check().expect_err("faults");
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        let expected = [
            "name", "username", "email", "partner", "owner", "purpose", "tags[0]",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn an_empty_text_takes_away_what_may_be_missing() {
        let draft = AccountDraft {
            email: Some(String::new()),
            owner: Some(String::new()),
            ..AccountDraft::default()
        };
        let checked = draft.check().expect("no faults");
        assert_eq!((checked.email, checked.owner), (Some(None), Some(None)));
    }
}
