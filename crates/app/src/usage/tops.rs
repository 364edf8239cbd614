//! Keeps, of each day, the keys that were used most, among which the charts of a year choose; and those that fail now.

use std::convert::Infallible;
use std::time::Duration;

use domain::finding::{Finding, Sought};
use domain::id::OrganisationId;
use store::organisations::Tenant;

use super::chart::LONGEST;
use crate::App;
use crate::error::Result;

const DAY: Duration = Duration::from_secs(86_400);
/// How often.
const NOW_AND_THEN: Duration = Duration::from_secs(60);

impl App {
    /// Looks for the keys that are used most, at once and every minute, for ever.
    pub(crate) async fn keep_tops(&self) -> Infallible {
        let mut now_and_then = tokio::time::interval(NOW_AND_THEN);
        now_and_then.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            now_and_then.tick().await;
            self.report("most used keys", self.look_for_tops().await);
        }
    }

    /// Looks for them on every day since it was done last.
    ///
    /// # Errors
    /// When the database fails.
    #[tracing::instrument(level = "debug", name = "worker.tops", skip_all)]
    pub async fn look_for_tops(&self) -> Result<()> {
        for tenant in self.store.tenants().await? {
            self.look_for_tops_of(tenant.organisation.id).await?;
            self.look_for_failing_of(&tenant).await?;
        }
        Ok(())
    }

    async fn look_for_failing_of(&self, tenant: &Tenant) -> Result<()> {
        let organisation = tenant.organisation.id;
        let Sought::Failing(day) = tenant.policy.sought(Finding::Failing, self.clock.now()) else {
            return Ok(());
        };
        let failing = self.store.failing_since(organisation, day).await?;
        if failing != self.store.kept_failing(organisation, day).await? {
            self.write(async move |tx| Ok(tx.keep_failing(organisation, day, &failing).await?))
                .await?;
        }
        Ok(())
    }

    async fn look_for_tops_of(&self, organisation: OrganisationId) -> Result<()> {
        let Some(due) = self.store.tops_due(organisation).await? else {
            return Ok(());
        };
        let now = self.clock.now();
        // The last day again: more may have been counted to it.
        let mut day = due.max(now.minus(LONGEST)).floor_to(DAY);
        while day <= now {
            let tops = self.store.tops_of(organisation, day).await?;
            let kept = self.store.kept_tops(organisation, day).await?;
            if tops != kept {
                self.write(async move |tx| Ok(tx.keep_tops(organisation, day, &kept, &tops).await?))
                    .await?;
            }
            day = day.plus(DAY);
        }
        Ok(())
    }
}
