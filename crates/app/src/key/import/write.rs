//! A batch becomes the truth: what only the database can say is asked, and all of it is written, or none.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use domain::audit::Target;
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::input::FieldError;
use domain::key::{ActorKind, Key, Owner};
use domain::policy::Storage;
use domain::token::Token;
use serde_json::json;
use store::accounts::OwnerStanding;
use store::{StoreError, Tx};

use super::Context;
use super::prepare::{Batch, Origin, Ready, named};
use crate::account;
use crate::error::{AppError, Result};

/// What a batch did.
#[derive(Default)]
pub(super) struct Written {
    pub(super) made: u64,
    pub(super) present: u64,
    pub(super) accounts: u64,
    /// Fresh tokens: line, key, name.
    pub(super) tokens: Vec<(u64, KeyId, String, Token)>,
    /// Lines without a token of their own whose keys are there already.
    pub(super) known: Vec<(u64, KeyId)>,
}

/// Why a batch was not written.
pub(super) enum Refusal {
    /// Lines that cannot be taken.
    Faults(Vec<(u64, FieldError)>),
    /// Nothing is wrong, and nothing was to be written.
    Dry(Box<Written>),
    /// The rest.
    App(AppError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<AppError> for Refusal {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

/// How many live keys owners were given by lines that a dry run has passed.
pub(super) type Given = HashMap<Owner, i64>;

/// Writes a batch; gives what it did, and whether tokens or hashes from elsewhere are known now.
pub(super) async fn write(
    tx: &mut Tx,
    context: &Context,
    batch: Batch,
    given: &mut Given,
) -> std::result::Result<(Written, bool), Refusal> {
    let caller = &context.caller;
    let organisation = caller.organisation;
    let now = tx.now();
    still_stands(tx, context, now).await?;
    let tenant = tx.tenant(organisation).await.map_err(AppError::from)?;
    let setting = Arc::clone(&batch.setting);
    if tenant != setting.tenant || tx.directory(organisation).await? != setting.directory {
        let detail = "the policy, a role or an API was changed meanwhile; what was brought in so far stays, bring the rest \
                      in by the same request again";
        return Err(AppError::conflict("changed_meanwhile", detail).into());
    }

    let mut written = Written::default();
    let mut faults = Vec::new();
    let rows = fresh_ones(tx, context, batch.rows, &mut written, &mut faults).await?;

    let (mut made, mut failed) = (0, HashSet::new());
    for new in batch.accounts {
        let drawn = account::draw_up(tx, caller, &tenant.policy, &setting.directory, new.id, new.fields);
        match drawn.await {
            Ok(account) => {
                account::write(tx, caller, &account).await?;
                made += 1;
            }
            Err(AppError::Invalid(wrong)) => {
                failed.insert(Owner::ServiceAccount(new.id));
                let wrong = named("owner", wrong).into_iter();
                faults.extend(wrong.map(|fault| (new.line, fault)));
            }
            Err(error @ (AppError::GrantsBeyond { .. } | AppError::Refused(_))) => {
                failed.insert(Owner::ServiceAccount(new.id));
                faults.push((new.line, FieldError::new("owner.roles", error.to_string())));
            }
            Err(error) => return Err(error.into()),
        }
    }
    written.accounts = made;
    let judged = rows.iter().filter(|row| !failed.contains(&row.owner));
    admit(tx, context, &setting.tenant, judged, &mut faults, (now, given)).await?;
    if !faults.is_empty() {
        return Err(Refusal::Faults(faults));
    }
    written.made = rows.len() as u64;
    if context.how.dry_run {
        return Err(Refusal::Dry(Box::new(written)));
    }
    let foreign = insert(tx, context, rows, &tenant.policy.secret.storage, &mut written).await?;

    let lines = format!("{}-{}", batch.lines.0, batch.lines.1);
    let event = caller.event(
        now,
        "keys.import",
        Target {
            kind: "organisation".to_owned(),
            id: organisation.to_string(),
            name: tenant.organisation.name.clone(),
        },
        json!({
            "from": {"after": context.how.from().unwrap_or("claviger")}, "lines": {"after": lines},
            "made": {"after": written.made}, "present": {"after": written.present},
            "accounts": {"after": written.accounts}, "skipped": {"after": batch.skipped},
        }),
    );
    tx.record(organisation, event);
    Ok((written, foreign))
}

/// An import may take minutes; whoever was ended meanwhile brings nothing in any more.
async fn still_stands(tx: &mut Tx, context: &Context, now: Timestamp) -> Result<()> {
    let caller = &context.caller;
    let stands = match (caller.actor.kind, caller.actor.id.as_deref(), caller.session) {
        (ActorKind::Key, Some(id), _) => match id.parse() {
            Ok(id) => {
                let key: Option<Key> = tx.key(caller.organisation, id).await?;
                key.is_some_and(|key| key.is_live(now) && key.enabled)
            }
            Err(_) => false,
        },
        (ActorKind::User, _, Some(session)) => {
            let standing = tx.user_standing(session.home, session.user).await?;
            standing.is_some_and(|(_, active)| active)
        }
        _ => true,
    };
    if stands {
        Ok(())
    } else {
        Err(AppError::Unauthenticated)
    }
}

/// The lines whose keys are not there yet.
async fn fresh_ones(
    tx: &mut Tx,
    context: &Context,
    rows: Vec<Ready>,
    written: &mut Written,
    faults: &mut Vec<(u64, FieldError)>,
) -> Result<Vec<Ready>> {
    let organisation = context.caller.organisation;
    let plain = tx.has_plain_hashes().await?;
    let (mut digests, mut identities) = (Vec::new(), Vec::new());
    for row in &rows {
        match &row.origin {
            Origin::Brought { digests: all, .. } => {
                let asked = all.iter().enumerate().filter(|(at, _)| plain || *at != 1);
                digests.extend(asked.map(|(_, digest)| *digest));
            }
            Origin::Fresh { identity, .. } => identities.push(*identity),
        }
    }
    let stored = tx.stored_digests(&digests).await?;
    let before = tx.imported_before(organisation, &identities).await?;
    let mut fresh = Vec::with_capacity(rows.len());
    for row in rows {
        let known = match &row.origin {
            Origin::Brought { digests, .. } => {
                match digests.iter().find_map(|digest| stored.get(digest)) {
                    Some((home, _)) if *home == organisation => {
                        written.present += 1;
                        continue;
                    }
                    // Of another organisation, which nobody here is told of.
                    Some(_) => {
                        let detail = "this token or hash is stored already";
                        faults.push((row.line, FieldError::new("secret", detail)));
                        continue;
                    }
                    None => None,
                }
            }
            Origin::Fresh {
                identity, exported, ..
            } => match (before.get(identity), exported) {
                (Some(key), _) => Some(*key),
                (None, Some(id)) => tx.key(organisation, *id).await?.map(|key| key.id),
                (None, None) => None,
            },
        };
        match known {
            Some(key) => {
                written.present += 1;
                written.known.push((row.line, key));
            }
            None => fresh.push(row),
        }
    }
    Ok(fresh)
}

/// Asks once for each owner what the policy and their standing let their keys be.
async fn admit(
    tx: &mut Tx,
    context: &Context,
    tenant: &store::organisations::Tenant,
    rows: impl Iterator<Item = &Ready>,
    faults: &mut Vec<(u64, FieldError)>,
    (now, given): (Timestamp, &mut Given),
) -> Result<()> {
    let caller = &context.caller;
    let directory = tx.directory(caller.organisation).await?;
    let mut standings: HashMap<Owner, std::result::Result<OwnerStanding, String>> = HashMap::new();
    let mut live: HashMap<Owner, i64> = HashMap::new();
    let max = tenant.policy.owner.max_live_keys;
    if max.is_some() {
        tx.lock_organisation(caller.organisation).await?;
    }
    for row in rows {
        if let Entry::Vacant(place) = standings.entry(row.owner) {
            let standing = match caller.admit_owner(tx, tenant, row.owner).await {
                Ok(standing) => Ok(standing),
                Err(AppError::Invalid(wrong)) => Err(wrong
                    .into_iter()
                    .map(|fault| fault.detail)
                    .collect::<Vec<_>>()
                    .join("; ")),
                Err(AppError::Refused(why)) => Err(why),
                Err(error) => return Err(error),
            };
            place.insert(standing);
        }
        match standings.get(&row.owner) {
            Some(Ok(standing)) if row.inherits => {
                let inherited =
                    crate::access::granted(&directory, standing.roles.as_deref().unwrap_or_default());
                if let Err(error) = caller.may_grant(&inherited.without_management()) {
                    faults.push((row.line, FieldError::new("owner", error.to_string())));
                }
            }
            Some(Err(why)) => faults.push((row.line, FieldError::new("owner", why.as_str()))),
            _ => {}
        }
        if let Some(max) = max.filter(|_| row.is_live) {
            let count = match live.get(&row.owner) {
                Some(count) => *count,
                None => {
                    let stored = tx
                        .count_live_keys_of(caller.organisation, row.owner, now, max)
                        .await?;
                    stored + given.get(&row.owner).copied().unwrap_or_default()
                }
            };
            if count >= i64::from(max) {
                let detail =
                    format!("the owner has as many live keys as the organisation's policy allows: {max}");
                faults.push((row.line, FieldError::new("owner", detail)));
            }
            live.insert(row.owner, count + 1);
            if context.how.dry_run {
                *given.entry(row.owner).or_default() += 1;
            }
        }
    }
    Ok(())
}

/// Writes the keys, with their secrets and their records. Gives whether any token or hash is from elsewhere.
async fn insert(
    tx: &mut Tx,
    context: &Context,
    rows: Vec<Ready>,
    storage: &Storage,
    written: &mut Written,
) -> Result<bool> {
    let organisation = context.caller.organisation;
    let key = match storage {
        Storage::Encrypted if !rows.is_empty() => Some(context.mint.data_key(tx, organisation).await?),
        _ => None,
    };
    let mut prefixes = BTreeSet::new();
    let mut laid = Vec::with_capacity(rows.len());
    for mut row in rows {
        let token = match row.origin {
            Origin::Fresh { token, .. } => Some((token, true)),
            Origin::Brought { prefix, token, .. } => {
                prefixes.insert(prefix);
                token.map(|token| (token, false))
            }
        };
        if let Some((token, is_ours)) = token {
            if let Some((id, key)) = &key {
                let sealed = key.seal(&token, row.secret.uuid().as_bytes(), context.app.random());
                row.laid
                    .seal(row.secret, sealed.map_err(AppError::internal)?, *id);
            }
            if is_ours {
                written.tokens.push((row.line, row.key, row.name, token));
            }
        }
        tx.record_sealed(organisation, row.record);
        laid.push(row.laid);
    }
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    tx.insert_laid(organisation, laid, &prefixes).await?;
    Ok(!prefixes.is_empty())
}
