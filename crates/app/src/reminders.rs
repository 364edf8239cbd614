//! That keys end is told of when they do, and in time before: each morning it is looked for keys that have reached a threshold before their ends, and the
//! audit log says of each that it was told of, once. Letters follow the audit log (`letters.rs`).

use std::convert::Infallible;
use std::time::Duration;

use domain::audit::Event;
use domain::clock::Timestamp;
use domain::id::OrganisationId;
use domain::key::{Actor, ActorKind, Key};
use domain::organisation::OrganisationStatus;
use domain::policy::Day;
use domain::reminder::Round;
use serde_json::{Value, json};
use store::Tx;
use store::organisations::Tenant;
use store::reminders::Ending;
use uuid::Uuid;

use crate::App;
use crate::error::Result;
use crate::key;

/// How often it is looked for what there is to tell.
const OFTEN: Duration = Duration::from_secs(10);
/// Keys that are looked at together.
const PAGE: u32 = 1_000;
/// Keys that are seen to in one transaction.
const BATCH: usize = 100;

impl App {
    /// Tells people what they should know, for ever.
    pub(crate) async fn keep_telling(&self) -> Infallible {
        let mut often = tokio::time::interval(OFTEN);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            often.tick().await;
            self.report("letters", self.tell().await);
        }
    }

    /// Looks for keys that end where a morning has begun, writes letters about what is new in the audit logs, and sends those that are
    /// due.
    ///
    /// # Errors
    /// When the database fails; what was done until then stays done, and nothing is done twice.
    pub async fn tell(&self) -> Result<()> {
        for tenant in self.store.tenants().await? {
            // Of one that is closed nothing ends any more.
            if tenant.organisation.status == OrganisationStatus::Closed {
                continue;
            }
            self.go_past_ends(&tenant).await?;
            let done = self.go_round(&tenant).await?;
            self.write_letters(&tenant, done).await?;
        }
        self.send_letters().await
    }

    /// Records that keys have ended, since it was last looked.
    async fn go_past_ends(&self, tenant: &Tenant) -> Result<()> {
        let (organisation, now) = (tenant.organisation.id, self.clock.now());
        let mut from = self.store.expiry_cursor(organisation).await?;
        loop {
            let page = match from {
                Some(after) => self.store.endings(organisation, after, now, PAGE).await?,
                // What ended before anybody looked is the past.
                None => Vec::new(),
            };
            let upto = match (page.last(), from) {
                (Some(last), _) => (last.ends_at, last.key.uuid()),
                (None, None) => (now, Uuid::nil()),
                (None, Some(_)) => return Ok(()),
            };
            let more = page.len() == PAGE as usize;
            let moved = self
                .write(async move |tx| {
                    if !tx.move_expiry_cursor(organisation, from, upto).await? {
                        return Ok(false);
                    }
                    for ending in page {
                        if let Some(key) = tx.key(organisation, ending.key).await?
                            && key.expires_at == Some(ending.ends_at)
                        {
                            let changes = json!({ "expires_at": { "after": ending.ends_at } });
                            tx.record(organisation, event(tx.now(), "key.expired", &key, changes));
                        }
                    }
                    Ok(true)
                })
                .await?;
            if !moved.value || !more {
                return Ok(());
            }
            from = Some(upto);
        }
    }

    /// One morning's round, if it is due; gives its day, for whoever ends it by writing the letters.
    #[tracing::instrument(level = "debug", name = "worker.reminders", skip_all)]
    async fn go_round(&self, tenant: &Tenant) -> Result<Option<i64>> {
        let (organisation, policy) = (tenant.organisation.id, &tenant.policy);
        let thresholds = &policy.reminders.days;
        let Some(round) = Round::at(self.clock.now(), &policy.expiry.timezone) else {
            return Ok(None);
        };
        let Some((from, before)) = round.reach(thresholds) else {
            return Ok(None);
        };
        if self
            .store
            .reminder_round(organisation)
            .await?
            .is_some_and(|last| last >= round.day())
        {
            return Ok(None);
        }
        let mut after = (from, Uuid::nil());
        loop {
            let page = self.store.endings(organisation, after, before, PAGE).await?;
            let reached: Vec<(Ending, Day)> = page
                .iter()
                .filter_map(|ending| {
                    let day = round.reached(ending.ends_at, ending.made_at, thresholds)?;
                    let is_new = ending.told.is_none_or(|told| told > i64::from(day.get()));
                    is_new.then_some((*ending, day))
                })
                .collect();
            for batch in reached.chunks(BATCH) {
                let batch = batch.to_vec();
                self.write(async move |tx| {
                    for (ending, day) in batch {
                        tell_of(tx, organisation, ending, day).await?;
                    }
                    Ok(())
                })
                .await?;
            }
            match page.last() {
                Some(last) if page.len() == PAGE as usize => after = (last.ends_at, last.key.uuid()),
                _ => return Ok(Some(round.day())),
            }
        }
    }
}

/// Records that a key has reached a threshold, unless it was ended or changed meanwhile, or somebody else has recorded it.
async fn tell_of(tx: &mut Tx, organisation: OrganisationId, ending: Ending, day: Day) -> Result<()> {
    let Some(key) = tx.key(organisation, ending.key).await? else {
        return Ok(());
    };
    if !key.enabled || key.is_over() || key.expires_at != Some(ending.ends_at) {
        return Ok(());
    }
    let days = i64::from(day.get());
    if tx
        .note_reminded(organisation, key.id, ending.ends_at, days)
        .await?
    {
        let changes = json!({ "expires_at": { "after": ending.ends_at }, "days": { "after": day } });
        tx.record(organisation, event(tx.now(), "key.expiring", &key, changes));
    }
    Ok(())
}

/// What became of a key by the time alone, in the audit log.
fn event(at: Timestamp, action: &'static str, key: &Key, changes: Value) -> Event {
    Event {
        at,
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            name: "reminders".to_owned(),
        },
        action,
        target: key::target(key),
        request_id: None,
        ip: None,
        changes,
    }
}
