//! Keys and service accounts that nobody uses: the audit log tells of them, and later they are disabled, as far as the policy
//! says so. Whoever switches one on again begins its time anew.

use std::convert::Infallible;
use std::time::Duration;

use domain::audit::{Event, Target};
use domain::clock::Timestamp;
use domain::id::{AccountId, KeyId, OrganisationId};
use domain::key::{Actor, ActorKind};
use serde_json::{Value, json};
use store::Tx;
use store::idle::Idle;

use crate::App;
use crate::account;
use crate::error::Result;
use crate::key;

/// How often it is looked for.
const SELDOM: Duration = Duration::from_secs(3600);
/// So many are seen to in one transaction.
const BATCH: u32 = 100;

/// What the policy has done, in the audit log.
fn event(at: Timestamp, action: &'static str, target: Target, changes: Value) -> Event {
    Event {
        at,
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            name: "idle policy".to_owned(),
        },
        action,
        target,
        request_id: None,
        ip: None,
        changes,
    }
}

fn idle_since(mut changes: Value, since: Timestamp) -> Value {
    changes["idle_since"] = json!({ "after": since });
    changes
}

impl App {
    /// Looks for what is idle, at once and every hour, for ever.
    pub(crate) async fn keep_idle(&self) -> Infallible {
        let mut seldom = tokio::time::interval(SELDOM);
        seldom.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            seldom.tick().await;
            self.report("idle keys", self.look_for_idle().await);
        }
    }

    /// Disables what has been idle for as long as its organisation's policy lets it be, and notes what should be looked at
    /// before that.
    ///
    /// # Errors
    /// When the database fails; what was done until then stays done.
    #[tracing::instrument(level = "debug", name = "worker.idle", skip_all)]
    pub async fn look_for_idle(&self) -> Result<()> {
        // The last use may still stand in the journal.
        self.roll_all_up().await?;
        for tenant in self.store.tenants().await? {
            let (organisation, idle) = (tenant.organisation.id, tenant.policy.idle);
            let ago = |span: domain::span::Span| self.clock.now().minus(span.duration());
            if let Some(before) = idle.disable_after.map(ago) {
                self.disable_idle_keys(organisation, before).await?;
                self.disable_idle_accounts(organisation, before).await?;
            }
            if let Some(before) = idle.warn_after.map(ago) {
                self.tell_of_idle_keys(organisation, before).await?;
                self.tell_of_idle_accounts(organisation, before).await?;
            }
        }
        Ok(())
    }

    async fn disable_idle_keys(&self, organisation: OrganisationId, before: Timestamp) -> Result<()> {
        loop {
            let now = self.clock.now();
            let idle = self
                .store
                .idle_keys(organisation, before, now, false, BATCH)
                .await?;
            let disable = async move |tx: &mut Tx| -> Result<usize> {
                let mut done = 0;
                for Idle { id, .. } in idle {
                    done += usize::from(disable_key(tx, organisation, id, before).await?);
                }
                Ok(done)
            };
            if self.change(disable).await? == 0 {
                return Ok(());
            }
        }
    }

    async fn disable_idle_accounts(&self, organisation: OrganisationId, before: Timestamp) -> Result<()> {
        loop {
            let idle = self
                .store
                .idle_accounts(organisation, before, false, BATCH)
                .await?;
            let disable = async move |tx: &mut Tx| -> Result<usize> {
                let mut done = 0;
                for Idle { id, .. } in idle {
                    done += usize::from(disable_account(tx, organisation, id, before).await?);
                }
                Ok(done)
            };
            if self.change(disable).await? == 0 {
                return Ok(());
            }
        }
    }

    async fn tell_of_idle_keys(&self, organisation: OrganisationId, before: Timestamp) -> Result<()> {
        loop {
            let now = self.clock.now();
            let idle = self
                .store
                .idle_keys(organisation, before, now, true, BATCH)
                .await?;
            let tell = async move |tx: &mut Tx| -> Result<usize> {
                let mut told = 0;
                for Idle { id, since } in idle {
                    let found = tx.key(organisation, id).await?;
                    if let Some(key) = found
                        && tx.note_told_idle(organisation, id.uuid(), since).await?
                    {
                        let changes = idle_since(json!({}), since);
                        tx.record(
                            organisation,
                            event(tx.now(), "key.idle", key::target(&key), changes),
                        );
                        told += 1;
                    }
                }
                Ok(told)
            };
            if self.write(tell).await?.value == 0 {
                return Ok(());
            }
        }
    }

    async fn tell_of_idle_accounts(&self, organisation: OrganisationId, before: Timestamp) -> Result<()> {
        loop {
            let idle = self
                .store
                .idle_accounts(organisation, before, true, BATCH)
                .await?;
            let tell = async move |tx: &mut Tx| -> Result<usize> {
                let mut told = 0;
                for Idle { id, since } in idle {
                    let found = tx.account(organisation, id).await?;
                    if let Some(account) = found
                        && tx.note_told_idle(organisation, id.uuid(), since).await?
                    {
                        let changes = idle_since(json!({}), since);
                        let target = account::target(&account);
                        tx.record(organisation, event(tx.now(), "account.idle", target, changes));
                        told += 1;
                    }
                }
                Ok(told)
            };
            if self.write(tell).await?.value == 0 {
                return Ok(());
            }
        }
    }
}

/// Disables a key unless it was used or switched on meanwhile; whether it did.
async fn disable_key(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: KeyId,
    idle_before: Timestamp,
) -> Result<bool> {
    let Some(before) = tx.key(organisation, id).await? else {
        return Ok(false);
    };
    let since = tx.key_idle_since(organisation, id).await?;
    let Some(since) = since.filter(|since| *since < idle_before) else {
        return Ok(false);
    };
    let mut key = before.clone();
    key.enabled = false;
    tx.update_key(&before, &mut key).await?;
    let changes = idle_since(key::difference(Some(&before), &key), since);
    tx.record(
        organisation,
        event(tx.now(), "key.disable", key::target(&key), changes),
    );
    Ok(true)
}

/// The same of a service account.
async fn disable_account(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AccountId,
    idle_before: Timestamp,
) -> Result<bool> {
    let Some(before) = tx.account(organisation, id).await? else {
        return Ok(false);
    };
    let since = tx.account_idle_since(organisation, id).await?;
    let Some(since) = since.filter(|since| *since < idle_before) else {
        return Ok(false);
    };
    let mut account = before.clone();
    account.active = false;
    tx.update_account(&before, &mut account).await?;
    let changes = idle_since(account::difference(Some(&before), &account), since);
    let target = account::target(&account);
    tx.record(
        organisation,
        event(tx.now(), "account.deactivate", target, changes),
    );
    Ok(true)
}
