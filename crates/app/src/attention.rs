//! What needs somebody: keys by what is the matter with them, the most pressing first.

use domain::access::Management;
use domain::clock::Timestamp;
use domain::finding::{Finding, Sought};
use domain::key::Status;
use store::keys::{KeyQuery, KeySort, StatusFilter};
use store::organisations::Tenant;

use crate::error::Result;
use crate::key::{KeyFilter, KeyView};
use crate::{App, Caller};

/// Keys are counted up to here.
pub const COUNTED: u32 = 1_000;
/// Keys that are named of each finding.
pub const NAMED: u32 = 5;

/// Keys that have something in common that needs somebody.
#[derive(Debug, Clone)]
pub struct Found {
    /// What.
    pub finding: Finding,
    /// The instant that makes it so: used, made or renewed before; failing since.
    pub bound: Option<Timestamp>,
    /// How many, up to [`COUNTED`].
    pub count: i64,
    /// Whether there are more.
    pub more: bool,
    /// The first, in the order in which they need somebody.
    pub keys: Vec<KeyView>,
}

/// The order in which the keys of a finding need somebody, which an index has; and whether the highest come first.
pub const fn order(finding: Finding) -> (KeySort, bool) {
    match finding {
        Finding::ExpiringSoon => (KeySort::ExpiresAt, false),
        Finding::Idle | Finding::NeverUsed => (KeySort::LastUsedAt, false),
        Finding::NoExpiry => (KeySort::ExpiresAt, true),
        Finding::Unrotated => (KeySort::CreatedAt, false),
        Finding::Unusual | Finding::Failing | Finding::Orphaned | Finding::Unlimited => {
            (KeySort::CreatedAt, true)
        }
    }
}

/// The statuses in which a key can be one: those that would be accepted.
pub fn statuses(finding: Finding) -> StatusFilter {
    StatusFilter::In(match finding {
        Finding::ExpiringSoon => vec![Status::ExpiringSoon],
        Finding::Unusual => vec![Status::Active, Status::ExpiringSoon],
        _ => vec![Status::Active],
    })
}

impl App {
    /// What a finding means in an organisation now.
    pub(crate) fn sought(&self, tenant: &Tenant, finding: Finding) -> Sought {
        match tenant.policy.sought(finding, self.clock.now()) {
            Sought::Unlimited if self.engine.limits_every_key() => Sought::Nothing,
            sought => sought,
        }
    }

    /// All that is found, with the first keys of each. What nobody has is left out.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.attention", skip_all)]
    pub async fn attention(&self, caller: &Caller) -> Result<Vec<Found>> {
        caller.require(Management::KeysRead)?;
        let tenant = self.tenant(caller.organisation).await?;
        let mut all = Vec::new();
        for finding in Finding::ALL {
            let sought = self.sought(&tenant, finding);
            let (sort, descending) = order(finding);
            let query = KeyQuery {
                now: self.clock.now(),
                window: tenant.policy.expiring_window,
                status: statuses(finding),
                finding: Some(sought),
                sort,
                descending,
                limit: NAMED,
                ..KeyQuery::default()
            };
            let count = self
                .store
                .count_keys(caller.organisation, &query, COUNTED)
                .await?;
            if count == 0 {
                continue;
            }
            let filter = KeyFilter::default();
            let page = self.list_keys(caller, query, filter, "attention", None).await?;
            all.push(Found {
                finding,
                bound: bound(sought),
                count: count.min(i64::from(COUNTED)),
                more: count > i64::from(COUNTED),
                keys: page.items,
            });
        }
        Ok(all)
    }
}

fn bound(sought: Sought) -> Option<Timestamp> {
    match sought {
        Sought::Unusual(at)
        | Sought::Failing(at)
        | Sought::Idle(at)
        | Sought::NeverUsed(at)
        | Sought::Unrotated(at) => Some(at),
        _ => None,
    }
}
