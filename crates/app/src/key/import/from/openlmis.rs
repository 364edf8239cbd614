//! OpenLMIS. `GET /api/apiKeys` has pages of `{token, createdBy, createdDate}`, where the token is a UUID and the account has no
//! other name; an installation's table of partners may add `partner`, `name`, `username`, `roles` and `active`. Keys are removed
//! by making them inactive.

use domain::account::AccountDraft;

use super::super::row::{KeyRow, OwnerRow};
use super::{Source, username};

pub(super) fn row(source: &mut Source) -> KeyRow {
    let secret = source.secret(&["token", "apiKey"]);
    let partner = source.text(&["partner", "partnerName"]);
    let known = source.text(&["username", "serviceAccount"]);
    let created_at = source.instant(&["createdDate"]);
    let name = source.text(&["name"]).or_else(|| partner.clone());
    let id = source.text(&["id", "serviceAccountId"]);
    source.keep("created_by", &["createdBy"]);
    // Each key is its service account there: so it gets one of its own, called after what is known of it.
    let account = known.or_else(|| partner.as_deref().map(username));
    let owner = account.map(|account| {
        OwnerRow::Account(Box::new(AccountDraft {
            name: Some(partner.clone().unwrap_or_else(|| account.clone())),
            username: Some(account),
            email: source.text(&["email"]),
            partner: partner.clone(),
            roles: source.texts(&["roles"]),
            ..AccountDraft::default()
        }))
    });
    let enabled = source.flag(&["active", "enabled", "status"]);
    KeyRow {
        name: Some(name.unwrap_or_else(|| "OpenLMIS API key".to_owned())),
        secret,
        owner,
        created_at,
        enabled,
        external_id: id,
        ..KeyRow::default()
    }
}
