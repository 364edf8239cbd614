//! Maximo Manage. `GET /oslc/os/mxapiapikey` lists `{apikeytokenid, userid, apikey, expiration, createdate}`: one key per user, an
//! expiry in minutes since it was made (-1 for never), permissions that are the user's. The user becomes a service account.

use std::time::Duration;

use domain::account::AccountDraft;
use domain::clock::Timestamp;
use domain::policy::End;

use super::super::row::{KeyRow, OwnerRow};
use super::{Source, username};

pub(super) fn row(source: &mut Source, now: Timestamp) -> KeyRow {
    let user = source.text(&["userid", "user"]);
    let created_at = source.instant(&["createdate", "created", "created_at"]);
    let minutes = source.number(&["expiration"]);
    let expires_at = match minutes {
        None | Some(-1) => source.end(&["expirationdate", "expires_at"]),
        Some(minutes) => match u64::try_from(minutes) {
            Ok(minutes) => {
                let life = Duration::from_secs(minutes.saturating_mul(60));
                Some(End::At(created_at.unwrap_or(now).plus(life)))
            }
            Err(_) => {
                source.fault("expiration", "expected minutes, or -1 for never");
                None
            }
        },
    };
    if user.is_none() {
        source.fault("userid", "is needed: the key stands for that user");
    }
    let user = user.unwrap_or_default();
    let owner = AccountDraft {
        name: Some(source.text(&["displayname"]).unwrap_or_else(|| user.clone())),
        username: Some(username(&user)),
        email: source.text(&["email", "primaryemail"]),
        roles: source.texts(&["roles", "groups"]),
        ..AccountDraft::default()
    };
    KeyRow {
        name: Some(
            source
                .text(&["description", "name"])
                .unwrap_or_else(|| format!("API key of {user}")),
        ),
        secret: source.secret(&["apikey"]),
        secret_sha256: source.text(&["apikey_sha256", "hash"]),
        owner: Some(OwnerRow::Account(Box::new(owner))),
        created_at,
        expires_at,
        enabled: source.flag(&["active", "status"]),
        external_id: source.text(&["apikeytokenid", "identifier"]),
        ..KeyRow::default()
    }
}
