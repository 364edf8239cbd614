//! What is older than the organisation's policy keeps it goes: recent requests, usage, and audit records. In batches, a
//! transaction each, so that nobody else who writes has to wait.

use std::convert::Infallible;
use std::time::Duration;

use domain::audit::{Base, Checkpoint, Event, PRUNE, Target, beginning, restored};
use domain::clock::Timestamp;
use domain::id::OrganisationId;
use domain::key::{Actor, ActorKind};
use domain::policy::Retention;
use domain::span::Span;
use serde_json::json;
use store::Tx;
use store::usage::MINUTES_KEPT;

use crate::App;
use crate::error::{AppError, Result};

/// How often it is looked for.
const SELDOM: Duration = Duration::from_secs(3600);
const HOUR: Duration = Duration::from_secs(3600);
/// Rows that go in one transaction.
const BATCH: i64 = 500;
/// Between two transactions: others go first.
const PAUSE: Duration = Duration::from_millis(5);

/// How a batch of audit records ended.
enum Pruning {
    /// Nothing more is old enough.
    Done,
    /// There may be more.
    Went,
    /// The chain is broken there; what is broken stays, to be looked at.
    Broken(String),
}

impl App {
    /// Looks for what is too old, at once and every hour, for ever.
    pub(crate) async fn keep_retention(&self) -> Infallible {
        let mut seldom = tokio::time::interval(SELDOM);
        seldom.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            seldom.tick().await;
            self.report("retention", self.retain().await);
        }
    }

    #[tracing::instrument(level = "debug", name = "worker.retention", skip_all)]
    async fn retain(&self) -> Result<()> {
        let minutes = self.clock.now().minus(MINUTES_KEPT);
        self.in_batches(async move |tx| Ok(tx.forget_minutes(minutes, BATCH).await?))
            .await?;
        // They are nobody's, so that no policy says how long; as long as usage is kept when nobody says otherwise.
        let unknown = self.clock.now().minus(Retention::default().usage.duration());
        self.in_batches(async move |tx| Ok(tx.forget_unknown(unknown, BATCH).await?))
            .await?;
        for tenant in self.store.tenants().await? {
            let (organisation, retention) = (tenant.organisation.id, tenant.policy.retention);
            let before = |kept: Span| self.clock.now().minus(kept.duration());
            let requests = before(retention.access_log);
            self.in_batches(async move |tx| Ok(tx.forget_requests(organisation, requests, BATCH).await?))
                .await?;
            // An hour goes when its end is too old.
            let usage = before(retention.usage).floor_to(HOUR);
            self.in_batches(async move |tx| Ok(tx.forget_usage(organisation, usage, BATCH).await?))
                .await?;
            if let Some(kept) = retention.audit {
                self.prune_audit(organisation, kept, before(kept)).await?;
            }
        }
        Ok(())
    }

    /// Runs a deletion until it finds less than a whole batch.
    async fn in_batches<F>(&self, delete: F) -> Result<()>
    where
        F: AsyncFn(&mut Tx) -> Result<u64> + Send + Clone + 'static,
    {
        loop {
            let delete = delete.clone();
            let gone = self.write(async move |tx| delete(tx).await).await?.value;
            if gone < BATCH.unsigned_abs() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Prunes a chain. What goes must hold, else whoever tampered with it would have it covered up by a base that we
    /// sign: then nothing goes, and the log says why.
    async fn prune_audit(&self, organisation: OrganisationId, kept: Span, before: Timestamp) -> Result<()> {
        let checkpoints: Vec<Checkpoint> = self
            .checkpoints()?
            .into_iter()
            .flatten()
            .filter(|checkpoint| checkpoint.organisation == organisation)
            .collect();
        loop {
            let (keyring, checkpoints) = (self.keyring(), checkpoints.clone());
            let pruned = self
                .write(async move |tx| {
                    let stored = tx.audit_beginning(organisation).await?;
                    let public = keyring.audit_public_key();
                    let base = stored.base.as_ref();
                    let mut end = match beginning(organisation, base, stored.first, stored.pruned, &public) {
                        Ok(chain) => chain,
                        Err(fault) => return Ok(Pruning::Broken(fault.to_string())),
                    };
                    let first = end.seq + 1;
                    let mut worthwhile = false;
                    let mut stated: Vec<&Checkpoint> = checkpoints.iter().collect();
                    for record in tx.oldest_audit(organisation, BATCH).await? {
                        if record.at >= before {
                            break;
                        }
                        let _ = restored(&end, &record, &public, &mut stated);
                        let checked = end
                            .check(&record)
                            .and_then(|()| stated.iter().try_for_each(|stated| stated.check(&end)));
                        if let Err(fault) = checked {
                            return Ok(Pruning::Broken(fault.to_string()));
                        }
                        // To prune nothing but earlier prunings would leave another one each time.
                        worthwhile |= record.action != PRUNE;
                    }
                    if !worthwhile {
                        return Ok(Pruning::Done);
                    }
                    let count = end.seq + 1 - first;
                    let base = Base::sign(end, tx.now(), kept, &keyring);
                    tx.prune_audit(usize::try_from(count).map_err(AppError::internal)?, &base)
                        .await?;
                    tx.record(organisation, pruning(first, &base));
                    Ok(if count < BATCH {
                        Pruning::Done
                    } else {
                        Pruning::Went
                    })
                })
                .await?
                .value;
            match pruned {
                Pruning::Done => return Ok(()),
                Pruning::Went => tokio::time::sleep(PAUSE).await,
                Pruning::Broken(fault) => {
                    tracing::error!(%organisation, fault, "the audit log is broken; nothing of it is pruned");
                    return Ok(());
                }
            }
        }
    }
}

/// What the chain says of its own pruning.
fn pruning(first: i64, base: &Base) -> Event {
    Event {
        at: base.at,
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            name: "retention".to_owned(),
        },
        action: PRUNE,
        target: Target {
            kind: "audit".to_owned(),
            id: base.end.seq.to_string(),
            name: format!("records {first} to {}", base.end.seq),
        },
        request_id: None,
        ip: None,
        changes: json!({
            "first": { "before": first, "after": base.end.seq + 1 },
            "retention.audit": { "after": base.kept },
        }),
    }
}
