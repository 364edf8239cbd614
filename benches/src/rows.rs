//! A source of keys without a database: what an engine is measured over by itself.

use std::sync::Arc;

use domain::access::Directory;
use domain::id::{KeyId, OrganisationId, SecretId};
use domain::key::Owner;
use domain::organisation::OrganisationStatus;
use domain::policy::Policy;
use domain::secret::{Digest, PepperVersion, Scheme};
use engine::journal::RollUp;
use engine::source::{Asked, Source};
use parking_lot::Mutex;
use store::changes::Changes;
use store::quotas::{Ask, Holding, PeriodOf, Share, Use};
use store::secrets::Found;
use uuid::Uuid;

/// Answers with the key that was laid there last.
#[derive(Default, Clone)]
pub struct Rows(pub Arc<Mutex<Option<Found>>>);

impl Source for Rows {
    fn find_secret<'a>(&'a self, _: &'a [Digest]) -> Asked<'a, Option<Found>> {
        Box::pin(async { Ok(self.0.lock().clone()) })
    }

    fn directory(&self, _: OrganisationId) -> Asked<'_, Directory> {
        Box::pin(async { Ok(Directory::default()) })
    }

    fn foreign_prefixes(&self) -> Asked<'_, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn last_change(&self) -> Asked<'_, i64> {
        Box::pin(async { Ok(0) })
    }

    fn changes_after(&self, seq: i64) -> Asked<'_, Changes> {
        Box::pin(async move {
            Ok(Changes {
                changes: Vec::new(),
                upto: seq,
                purged: false,
            })
        })
    }

    fn reserve_units(&self, ask: Ask) -> Asked<'_, Share> {
        Box::pin(async move {
            Ok(Share {
                void: false,
                granted: ask.want,
                others: 0,
                limit: ask.quota.limit,
            })
        })
    }

    fn close_blocks(&self, _: Vec<Holding>) -> Asked<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn quota_uses(&self, periods: Vec<PeriodOf>) -> Asked<'_, Vec<Use>> {
        Box::pin(async move { Ok(vec![Use::default(); periods.len()]) })
    }
}

/// A key of one organisation, without limits.
pub fn found(number: usize, digest: Digest) -> Found {
    let id = |salt: u128| {
        Uuid::from_u128((number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835 ^ salt))
    };
    let organisation = OrganisationId::from_uuid(Uuid::from_u128(0x1234_5678_9abc));
    Found {
        secret: SecretId::from_uuid(id(1)),
        digest,
        scheme: Scheme::Hmac {
            pepper: PepperVersion::new(1),
        },
        secret_ends_at: None,
        key: KeyId::from_uuid(id(0)),
        name: format!("integration {number}"),
        owner: Owner::Organisation(organisation),
        owner_name: None,
        owner_active: true,
        owner_roles: Vec::new(),
        roles: Vec::new(),
        rate_limits: Vec::new(),
        quota: None,
        quota_round: 0,
        owner_rate_limits: Vec::new(),
        organisation_rate_limits: Vec::new(),
        enabled: true,
        over: false,
        expires_at: None,
        permissions: Default::default(),
        networks: Vec::new(),
        metadata: "{}".to_owned(),
        organisation,
        organisation_slug: "sample".to_owned(),
        organisation_name: "Sample GmbH".to_owned(),
        organisation_status: OrganisationStatus::Active,
        policy: Policy::default(),
    }
}

/// What was recorded is read and summed up, as the worker does, and not written.
pub fn discard(roll_up: &mut RollUp) {
    loop {
        let read = roll_up.read(100_000);
        for batch in roll_up.take() {
            roll_up.done(&batch);
        }
        if read == 0 {
            return;
        }
    }
}
