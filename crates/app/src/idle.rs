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

use crate::App;
use crate::error::Result;
use crate::{account, key};

/// How often it is looked for.
const SELDOM: Duration = Duration::from_secs(3600);
/// So many are seen to in one transaction.
const BATCH: u32 = 100;

/// What is done about what is idle.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The audit log tells of it, once.
    Tell,
    /// It is disabled.
    Disable,
}

/// What the policy has done, in the audit log.
fn event(at: Timestamp, action: &'static str, target: Target, mut changes: Value, since: Timestamp) -> Event {
    changes["idle_since"] = json!({ "after": since });
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
    async fn look_for_idle(&self) -> Result<()> {
        // The last use may still stand in the journal.
        self.roll_all_up().await?;
        for tenant in self.store.tenants().await? {
            let (organisation, idle) = (tenant.organisation.id, tenant.policy.idle);
            for (step, after) in [(Step::Disable, idle.disable_after), (Step::Tell, idle.warn_after)] {
                if let Some(after) = after {
                    let before = self.clock.now().minus(after.duration());
                    self.see_to(organisation, step, before).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes a step with everything that is idle since before then.
    async fn see_to(&self, organisation: OrganisationId, step: Step, before: Timestamp) -> Result<()> {
        let (now, untold) = (self.clock.now(), step == Step::Tell);
        loop {
            let keys = self.store.idle_keys(organisation, before, now, untold, BATCH);
            let keys = keys.await?;
            let accounts = self.store.idle_accounts(organisation, before, untold, BATCH);
            let accounts = accounts.await?;
            let work = async move |tx: &mut Tx| -> Result<usize> {
                let mut done = 0;
                for idle in keys {
                    done += usize::from(see_to_key(tx, organisation, idle.id, step, before).await?);
                }
                for idle in accounts {
                    done += usize::from(see_to_account(tx, organisation, idle.id, step, before).await?);
                }
                Ok(done)
            };
            if self.change(work).await? == 0 {
                return Ok(());
            }
        }
    }
}

/// Takes a step with a key, unless it was used, switched or seen to meanwhile; whether it did.
async fn see_to_key(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: KeyId,
    step: Step,
    before: Timestamp,
) -> Result<bool> {
    let Some(key) = tx.key(organisation, id).await? else {
        return Ok(false);
    };
    let since = tx.key_idle_since(organisation, id).await?;
    let Some(since) = since.filter(|since| *since < before) else {
        return Ok(false);
    };
    let (action, changes) = match step {
        Step::Tell if !tx.note_told_idle(organisation, id.uuid(), since).await? => return Ok(false),
        Step::Tell => ("key.idle", json!({})),
        Step::Disable => {
            let mut disabled = key.clone();
            disabled.enabled = false;
            tx.update_key(&key, &mut disabled).await?;
            ("key.disable", key::difference(Some(&key), &disabled))
        }
    };
    let event = event(tx.now(), action, key::target(&key), changes, since);
    tx.record(organisation, event);
    Ok(true)
}

/// The same with a service account.
async fn see_to_account(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AccountId,
    step: Step,
    before: Timestamp,
) -> Result<bool> {
    let Some(account) = tx.account(organisation, id).await? else {
        return Ok(false);
    };
    let since = tx.account_idle_since(organisation, id).await?;
    let Some(since) = since.filter(|since| *since < before) else {
        return Ok(false);
    };
    let (action, changes) = match step {
        Step::Tell if !tx.note_told_idle(organisation, id.uuid(), since).await? => return Ok(false),
        Step::Tell => ("account.idle", json!({})),
        Step::Disable => {
            let mut stopped = account.clone();
            stopped.active = false;
            tx.update_account(&account, &mut stopped).await?;
            (
                "account.deactivate",
                account::difference(Some(&account), &stopped),
            )
        }
    };
    let event = event(tx.now(), action, account::target(&account), changes, since);
    tx.record(organisation, event);
    Ok(true)
}
