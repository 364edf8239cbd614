//! Uses of keys that are unlike them are told: the audit log says what was seen and what helps, once a week of each kind and key at the
//! most. Letters and webhooks follow the audit log.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use domain::access::Management;
use domain::anomaly::{Anomaly, Kind, OPEN, QUIET, ROAMING, STILL_USED, last_stretch};
use domain::audit::Event;
use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use domain::key::{Actor, ActorKind, Key};
use domain::organisation::OrganisationStatus;
use serde_json::json;
use store::Tx;
use store::organisations::Tenant;
use store::usage::{Sighted, Sighting};

use crate::error::{AppError, Result};
use crate::{App, Caller, key};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// How often it is looked for what was seen while counting.
const OFTEN: Duration = Duration::from_secs(10);
/// Every so many times, the hours are looked through.
const SELDOM: u32 = 30;
/// Sightings that are judged together.
const PAGE: u32 = 200;

impl App {
    /// Looks for what is unusual, for ever.
    pub(crate) async fn keep_watching(&self) -> Infallible {
        let mut often = tokio::time::interval(OFTEN);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut turn = 0;
        loop {
            often.tick().await;
            self.report("anomalies", self.watch(turn == 0).await);
            turn = (turn + 1) % SELDOM;
        }
    }

    /// Judges what was seen since the last time, and secrets that are about to end; with `hours`, what keys did in this hour and the one
    /// before, too.
    ///
    /// # Errors
    /// When the database fails; what was told until then stays told, and is not told again.
    #[tracing::instrument(level = "debug", name = "worker.anomalies", skip_all)]
    pub async fn watch(&self, hours: bool) -> Result<()> {
        for tenant in self.store.tenants().await? {
            if tenant.organisation.status == OrganisationStatus::Closed {
                continue;
            }
            self.judge_sightings(&tenant).await?;
            self.judge_retiring(&tenant).await?;
            if hours {
                self.judge_hours(&tenant).await?;
            }
        }
        Ok(())
    }

    async fn judge_sightings(&self, tenant: &Tenant) -> Result<()> {
        let organisation = tenant.organisation.id;
        loop {
            let sightings = self.store.sightings(organisation, PAGE).await?;
            let more = sightings.len() == PAGE as usize;
            let mut judged = Vec::with_capacity(sightings.len());
            for sighting in sightings {
                judged.push((self.judge_sighting(tenant, &sighting).await?, sighting));
            }
            if judged.is_empty() {
                return Ok(());
            }
            self.write(async move |tx| {
                for (anomaly, sighting) in judged {
                    if let Some(anomaly) = anomaly {
                        tell_of(tx, organisation, sighting.key, &anomaly).await?;
                    }
                    tx.forget_sighting(organisation, &sighting).await?;
                }
                Ok(())
            })
            .await?;
            if !more {
                return Ok(());
            }
        }
    }

    async fn judge_sighting(&self, tenant: &Tenant, sighting: &Sighting) -> Result<Option<Anomaly>> {
        let (organisation, policy) = (tenant.organisation.id, &tenant.policy.anomalies);
        let at = sighting.at;
        Ok(match &sighting.what {
            Sighted::Awake(before) => {
                let slept = at.since(*before);
                let is_dormant = slept >= policy.dormant_after.duration() && policy.watches(Kind::DormantUse);
                is_dormant.then_some(Anomaly::DormantUse {
                    at,
                    last_used_before: *before,
                })
            }
            Sighted::Network(network) if policy.watches(Kind::NewNetwork) => {
                let networks = self.store.networks_before(organisation, sighting.key, at).await?;
                let keeps_to_few = usize::try_from(networks).is_ok_and(|networks| networks <= ROAMING);
                keeps_to_few.then(|| Anomaly::NewNetwork {
                    at,
                    network: network.clone(),
                    networks_before: networks,
                })
            }
            Sighted::Network(_) => None,
        })
    }

    async fn judge_retiring(&self, tenant: &Tenant) -> Result<()> {
        if !tenant.policy.anomalies.watches(Kind::RetiringInUse) {
            return Ok(());
        }
        let (organisation, now) = (tenant.organisation.id, self.clock.now());
        let retiring = self.store.retiring(organisation, now, now.plus(DAY)).await?;
        let in_use = retiring.into_iter().filter(|one| {
            let from = one.ends_at.minus(last_stretch(one.replaced_at, one.ends_at));
            one.used_at >= from
        });
        let found = in_use.map(|one| {
            let anomaly = Anomaly::RetiringInUse {
                at: one.used_at,
                ip: one.ip,
                ends_at: one.ends_at,
            };
            (one.key, anomaly)
        });
        self.tell_all(organisation, found.collect()).await
    }

    async fn judge_hours(&self, tenant: &Tenant) -> Result<()> {
        let (organisation, policy) = (tenant.organisation.id, &tenant.policy.anomalies);
        let hourly = [Kind::VolumeJump, Kind::FailuresJump, Kind::UseAfterRevoke];
        if !hourly.iter().any(|kind| policy.watches(*kind)) {
            return Ok(());
        }
        let now = self.clock.now();
        let hours = self
            .store
            .busy_hours(organisation, now.floor_to(HOUR).minus(HOUR))
            .await?;
        let told: HashSet<(KeyId, Kind)> = self
            .store
            .told_anomalies(organisation, now.minus(QUIET))
            .await?
            .into_iter()
            .collect();
        let mut found = Vec::new();
        for (key, start, hour) in hours {
            if hourly.iter().all(|kind| told.contains(&(key, *kind))) {
                continue;
            }
            if hour.revoked >= STILL_USED
                && policy.watches(Kind::UseAfterRevoke)
                && let Some(ended_at) = self
                    .store
                    .key(organisation, key)
                    .await?
                    .and_then(|key| ended(&key))
                && ended_at <= start
            {
                let anomaly = Anomaly::UseAfterRevoke {
                    hour: start,
                    requests: hour.revoked,
                    ended_at,
                };
                found.push((key, anomaly));
            }
            let before = self
                .store
                .baseline(organisation, key, start.floor_to(DAY))
                .await?;
            found.extend(
                policy
                    .jumps(start, hour, before)
                    .into_iter()
                    .map(|jump| (key, jump)),
            );
        }
        found.retain(|(key, anomaly)| !told.contains(&(*key, anomaly.kind())));
        self.tell_all(organisation, found).await
    }

    async fn tell_all(&self, organisation: OrganisationId, found: Vec<(KeyId, Anomaly)>) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        self.write(async move |tx| {
            for (key, anomaly) in found {
                tell_of(tx, organisation, key, &anomaly).await?;
            }
            Ok(())
        })
        .await
        .map(drop)
    }

    /// What was told of a key in the last thirty days and nobody has looked at, the youngest first, each with the instant of its telling.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn anomalies(&self, caller: &Caller, id: KeyId) -> Result<Vec<(Timestamp, Anomaly)>> {
        caller.require(Management::KeysRead)?;
        let known = self.store.key(caller.organisation, id).await?;
        known.ok_or(AppError::NotFound { what: "key" })?;
        let since = self.clock.now().minus(OPEN);
        Ok(self.store.anomalies(caller.organisation, id, since).await?)
    }

    /// Notes that somebody has looked at what was told of a key, and records that where there was something.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn acknowledge(&self, caller: &Caller, id: KeyId) -> Result<()> {
        caller.require(Management::KeysUpdate)?;
        let caller = caller.clone();
        self.write(async move |tx| {
            let key = tx
                .key(caller.organisation, id)
                .await?
                .ok_or(AppError::NotFound { what: "key" })?;
            if tx.see_anomalies(caller.organisation, id).await? > 0 {
                let event = caller.event(tx.now(), "key.acknowledge", key::target(&key), json!({}));
                tx.record(caller.organisation, event);
            }
            Ok(())
        })
        .await
        .map(drop)
    }
}

fn ended(key: &Key) -> Option<Timestamp> {
    let revoked = key.revoked.as_ref().map(|revoked| revoked.at);
    revoked.into_iter().chain(key.deleted_at).min()
}

/// Records an anomaly of a key, unless the key is over and the use is none of a key that is, or it was told of one like it in a week.
pub(crate) async fn tell_of(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: KeyId,
    anomaly: &Anomaly,
) -> Result<()> {
    let Some(key) = tx.key(organisation, id).await? else {
        return Ok(());
    };
    if key.is_over() != (anomaly.kind() == Kind::UseAfterRevoke) {
        return Ok(());
    }
    let quiet_since = tx.now().minus(QUIET);
    if tx.note_anomaly(organisation, id, anomaly, quiet_since).await? {
        let changes = json!({
            "anomaly": { "after": anomaly },
            "evidence": { "after": anomaly.evidence(|at| at.to_string()) },
            "remedy": { "after": anomaly.kind().remedy() },
        });
        let event = Event {
            at: tx.now(),
            actor: Actor {
                kind: ActorKind::System,
                id: None,
                name: "anomalies".to_owned(),
            },
            action: "key.anomaly",
            target: key::target(&key),
            request_id: None,
            ip: None,
            changes,
        };
        tx.record(organisation, event);
    }
    Ok(())
}
