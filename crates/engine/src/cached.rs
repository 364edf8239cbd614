//! What is kept of a key for answering. What many keys have in common (organisation, permissions, networks) is kept once.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::access::{Grants, Unavailable};
use domain::api::Apis;
use domain::clock::Timestamp;
use domain::decide::{Facts, Sources};
use domain::id::{KeyId, OrganisationId, SecretId};
use domain::key::Owner;
use domain::limits::RateLimit;
use domain::organisation::OrganisationStatus;
use domain::policy::Policy;
use domain::secret::Digest;
use ipnet::IpNet;
use parking_lot::Mutex;
use store::quotas::quota_in_force;
use store::secrets::Found;

use crate::directory::Standing;
use crate::epochs::Marks;
use crate::fetch::fetch;
use crate::limits::{KeyLimits, KeyQuota, Limiter};
use crate::table::Held;

/// A key's tenant, as the answers need it.
#[derive(Debug, Clone, PartialEq)]
pub struct CachedOrganisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its slug.
    pub slug: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Whether its keys are served.
    pub status: OrganisationStatus,
    /// By which ways its keys may come.
    pub sources: Sources,
    /// How often all its keys together may be used.
    pub rate_limits: Vec<RateLimit>,
    /// Its settings.
    pub policy: Policy,
    /// What nobody holds there now.
    pub unavailable: Arc<Unavailable>,
    /// What its APIs' routes need.
    pub apis: Arc<Apis>,
    /// What a door says of it.
    pub told: Told,
}

/// What a door says of something to whoever is behind, written once and kept for as long as that is: nothing of it changes
/// meanwhile. It stands beside what many keys share, so that a key needs no memory for it.
#[derive(Debug, Clone, Default)]
pub struct Told(OnceLock<Bytes>);

impl Told {
    /// What `write` makes of it.
    pub fn get(&self, write: impl FnOnce() -> Bytes) -> &Bytes {
        self.0.get_or_init(write)
    }
}

/// It follows from what it stands beside.
impl PartialEq for Told {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Whom keys stand for, where that is not the organisation.
#[derive(Debug)]
pub struct CachedOwner {
    /// Its name.
    pub name: Option<Box<str>>,
    /// What a door says of it.
    pub told: Told,
}

/// What keys may do in the end.
#[derive(Debug)]
pub struct CachedGrants {
    grants: Grants,
    /// What a door says of it.
    pub told: Told,
}

impl Deref for CachedGrants {
    type Target = Grants;

    fn deref(&self) -> &Grants {
        &self.grants
    }
}

impl PartialEq for CachedGrants {
    fn eq(&self, other: &Self) -> bool {
        self.grants == other.grants
    }
}

impl Eq for CachedGrants {}

impl Hash for CachedGrants {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.grants.hash(state);
    }
}

/// A key as one presented secret names it, read from one snapshot.
///
/// In this order in memory, so that a verification, which among a million keys waits for memory most of its time, touches
/// as few cache lines as can be: what it reads stands first and together, and all of it with the counts of its `Arc` takes three lines.
#[repr(C)]
pub struct CachedKey {
    /// Under the pepper that is current.
    digest: Digest,
    /// Noted before the store was asked.
    pub(crate) epoch: u64,
    pub(crate) marks: Marks,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether it was revoked or deleted.
    pub over: bool,
    /// Whether whom it stands for may act.
    pub owner_active: bool,
    used: AtomicBool,
    /// Whom it stands for.
    pub owner: Owner,
    /// Where in `text` the name ends.
    name_ends: u32,
    /// Its tenant.
    pub organisation: Arc<CachedOrganisation>,
    /// The key.
    pub key: KeyId,
    /// What it may do in the end.
    pub grants: Arc<CachedGrants>,
    /// From where it may be used; anywhere when empty.
    networks: Arc<Box<[IpNet]>>,
    expires_at: End,
    secret_ends_at: End,
    /// How much it may be used, where that is limited.
    pub(crate) limits: Option<Box<KeyLimits>>,
    /// The secret.
    pub secret: SecretId,
    /// More of whom it stands for, where that is not the organisation.
    pub holder: Option<Arc<CachedOwner>>,
    /// The key's name, and behind it what its maker keeps with it.
    text: Box<str>,
}

const _: () = assert!(size_of::<CachedKey>() + 2 * size_of::<usize>() <= 192);

/// An end that may be none, in the space of a timestamp.
#[derive(Clone, Copy)]
struct End(i64);

impl End {
    fn new(end: Option<Timestamp>) -> Self {
        Self(end.map_or(i64::MAX, Timestamp::as_micros))
    }

    #[inline]
    fn get(self) -> Option<Timestamp> {
        (self.0 != i64::MAX).then(|| Timestamp::from_micros(self.0))
    }
}

impl CachedKey {
    /// The key's name.
    pub fn name(&self) -> &str {
        &self.text[..self.name_ends as usize]
    }

    /// What its maker keeps with it, as JSON.
    pub fn metadata(&self) -> &str {
        &self.text[self.name_ends as usize..]
    }

    /// When the key ends.
    #[inline]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at.get()
    }

    /// When this secret stops.
    #[inline]
    pub fn secret_ends_at(&self) -> Option<Timestamp> {
        self.secret_ends_at.get()
    }

    /// The name of whom it stands for.
    pub fn owner_name(&self) -> &str {
        let name = self.holder.as_ref().and_then(|holder| holder.name.as_deref());
        name.unwrap_or(&self.organisation.name)
    }

    /// Notes that it was asked for. Written only where it changes something, so that readers share its cache line.
    #[inline]
    pub(crate) fn mark_used(&self) {
        if !self.used.load(Relaxed) {
            self.used.store(true, Relaxed);
        }
    }

    #[inline]
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            secret_ends_at: self.secret_ends_at(),
            over: self.over,
            enabled: self.enabled,
            expires_at: self.expires_at(),
            owner_active: self.owner_active,
            organisation: self.organisation.status,
            sources: self.organisation.sources,
            networks: &self.networks,
            grants: &self.grants,
            unavailable: &self.organisation.unavailable,
            owner: self.owner,
            apis: &self.organisation.apis,
        }
    }
}

impl fmt::Debug for CachedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedKey")
            .field("key", &self.key)
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

impl Held for Arc<CachedKey> {
    #[inline]
    fn digest(&self) -> &Digest {
        &self.digest
    }

    fn is_idle(&self) -> bool {
        !self.used.swap(false, Relaxed)
    }

    /// All its cache lines at once: the clone of the `Arc` is a locked instruction, which would wait for the first alone,
    /// and only then would the others be asked for.
    #[inline]
    fn fetch(&self) {
        fetch(&self.digest);
        fetch(&self.organisation);
        fetch(&self.secret);
    }
}

/// Keeps equal values once. What nobody uses any more goes when the number of values has doubled.
pub(crate) struct Shared(Mutex<Values>);

struct Values {
    grants: HashSet<Arc<CachedGrants>>,
    owners: HashMap<Owner, Arc<CachedOwner>>,
    networks: HashSet<Arc<Box<[IpNet]>>>,
    rates: HashSet<Arc<[RateLimit]>>,
    organisations: HashMap<OrganisationId, Arc<CachedOrganisation>>,
    purge_at: usize,
}

const FIRST_PURGE: usize = 1024;

impl Shared {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Values {
            grants: HashSet::new(),
            owners: HashMap::new(),
            networks: HashSet::new(),
            rates: HashSet::new(),
            organisations: HashMap::new(),
            purge_at: FIRST_PURGE,
        }))
    }

    /// What the store has found, as it is cached under `digest`.
    pub(crate) fn key(
        &self,
        found: Found,
        standing: &Standing,
        limiter: &Limiter,
        digest: Digest,
        epoch: u64,
    ) -> Arc<CachedKey> {
        let owner_roles = match found.owner {
            Owner::Organisation(_) => None,
            Owner::ServiceAccount(_) | Owner::User(_) => Some(found.owner_roles.as_slice()),
        };
        let directory = &standing.directory;
        let effective = directory.key(&found.permissions, &found.roles, owner_roles);
        let organisation = CachedOrganisation {
            id: found.organisation,
            slug: found.organisation_slug.into(),
            name: found.organisation_name.into(),
            status: found.organisation_status,
            sources: found.policy.accept.sources.iter().copied().collect(),
            rate_limits: found.organisation_rate_limits,
            policy: found.policy,
            unavailable: directory.unavailable.clone(),
            apis: standing.apis.clone(),
            told: Told::default(),
        };
        let effective = CachedGrants {
            grants: effective,
            told: Told::default(),
        };
        let owner_name = found.owner_name.map(String::into_boxed_str);
        let rates = match (
            found.rate_limits.is_empty(),
            organisation.policy.limits.default_rate,
        ) {
            (true, Some(rate)) => vec![RateLimit::by_default(rate)],
            _ => found.rate_limits,
        };
        let quota = quota_in_force(found.quota, &organisation.policy).map(|quota| {
            Box::new(KeyQuota {
                quota,
                round: found.quota_round,
            })
        });
        let (organisation, holder, grants, networks, rates, owner_rates) = {
            let values = &mut *self.0.lock();
            values.purge();
            (
                values.organisation(organisation),
                values.owner(found.owner, owner_name),
                kept(&mut values.grants, effective),
                kept(&mut values.networks, found.networks.into_boxed_slice()),
                match &limiter.default_rate {
                    Some(by_default) if rates.is_empty() => by_default.clone(),
                    _ => kept(&mut values.rates, rates),
                },
                kept(&mut values.rates, found.owner_rate_limits),
            )
        };
        let needed = !rates.is_empty()
            || !owner_rates.is_empty()
            || !organisation.rate_limits.is_empty()
            || quota.is_some();
        let limits = needed.then(|| {
            Box::new(KeyLimits {
                state: limiter.state(found.key.uuid()),
                owner_state: (!owner_rates.is_empty()).then(|| limiter.state(found.owner.uuid())),
                organisation_state: (!organisation.rate_limits.is_empty())
                    .then(|| limiter.state(organisation.id.uuid())),
                own: rates,
                owner: owner_rates,
                quota,
            })
        });
        Arc::new(CachedKey {
            key: found.key,
            secret: found.secret,
            holder,
            owner_active: found.owner_active,
            owner: found.owner,
            // A name has at most some hundred bytes.
            name_ends: found.name.len() as u32,
            marks: Marks::new(found.organisation, found.owner, found.key),
            organisation,
            grants,
            expires_at: End::new(found.expires_at),
            secret_ends_at: End::new(found.secret_ends_at),
            enabled: found.enabled,
            over: found.over,
            networks,
            limits,
            text: (found.name + &found.metadata).into(),
            digest,
            epoch,
            used: AtomicBool::new(false),
        })
    }
}

impl Values {
    fn organisation(&mut self, wanted: CachedOrganisation) -> Arc<CachedOrganisation> {
        match self.organisations.get(&wanted.id) {
            Some(kept) if **kept == wanted => kept.clone(),
            _ => {
                let fresh = Arc::new(wanted);
                self.organisations.insert(fresh.id, fresh.clone());
                fresh
            }
        }
    }

    fn owner(&mut self, owner: Owner, name: Option<Box<str>>) -> Option<Arc<CachedOwner>> {
        if matches!(owner, Owner::Organisation(_)) {
            return None;
        }
        match self.owners.get(&owner) {
            Some(kept) if kept.name == name => Some(kept.clone()),
            _ => {
                let told = Told::default();
                let fresh = Arc::new(CachedOwner { name, told });
                self.owners.insert(owner, fresh.clone());
                Some(fresh)
            }
        }
    }

    fn purge(&mut self) {
        if self.len() < self.purge_at {
            return;
        }
        self.grants.retain(|kept| Arc::strong_count(kept) > 1);
        self.owners.retain(|_, kept| Arc::strong_count(kept) > 1);
        self.networks.retain(|kept| Arc::strong_count(kept) > 1);
        self.rates.retain(|kept| Arc::strong_count(kept) > 1);
        self.organisations.retain(|_, kept| Arc::strong_count(kept) > 1);
        self.purge_at = FIRST_PURGE.max(2 * self.len());
    }

    fn len(&self) -> usize {
        self.grants.len()
            + self.owners.len()
            + self.networks.len()
            + self.rates.len()
            + self.organisations.len()
    }
}

/// The one that is kept of values like this.
fn kept<T: ?Sized + Eq + Hash, V: Borrow<T> + Into<Arc<T>>>(
    values: &mut HashSet<Arc<T>>,
    wanted: V,
) -> Arc<T> {
    if let Some(kept) = values.get(wanted.borrow()) {
        return kept.clone();
    }
    let fresh: Arc<T> = wanted.into();
    values.insert(fresh.clone());
    fresh
}
