//! OSPROV. API users have a unique email address, which is the username, one token of 80 characters, a status and roles; each
//! becomes a service account with one key.

use domain::account::AccountDraft;

use super::super::row::{KeyRow, OwnerRow};
use super::Source;

pub(super) fn row(source: &mut Source) -> KeyRow {
    let name = source.text(&["name"]);
    let email = source.text(&["email", "username"]);
    let roles = source.texts(&["roles", "role"]);
    let (token, hash) = (
        source.secret(&["api_token", "token"]),
        source.text(&["api_token_hash", "token_hash"]),
    );
    if email.is_none() {
        source.fault("email", "is needed: it is what the API user is called");
    }
    source.keep("last_login", &["last_login", "last_login_at"]);
    source.keep("guard", &["guard_name"]);
    let owner = AccountDraft {
        name: name.clone(),
        username: email.clone(),
        email,
        // OSPROV's own usual roles, in the words of ours.
        roles: roles.map(|all| all.iter().map(|role| role.trim().to_lowercase()).collect()),
        ..AccountDraft::default()
    };
    KeyRow {
        name,
        secret: token,
        secret_sha256: hash,
        owner: Some(OwnerRow::Account(Box::new(owner))),
        created_at: source.instant(&["created_at"]),
        enabled: source.flag(&["status", "active", "is_active"]),
        external_id: source.text(&["id"]),
        ..KeyRow::default()
    }
}
