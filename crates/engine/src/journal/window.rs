//! What the records of a while add up to, in memory: one part of them, by the hash of the key.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use domain::anomaly::network_of;
use domain::clock::Timestamp;
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId, SecretId};
use domain::key::{AskedOf, Call};
use domain::latency::Histogram;
use store::usage::{Answers, Required, SecretUse, Seen, Unknown, Use};
use uuid::Uuid;

use super::address;
use super::record::Entry;

/// Recent requests of one key that are kept of a window, and that the log keeps of it; the youngest.
const EACH: usize = store::requests::KEPT as usize;
/// Recent requests of one part that are kept of a window. The rest are counted.
const LOGGED: usize = 2_048;
/// Callers with unknown tokens that are told apart in one part of a window; the others are told as one.
const CALLERS: usize = 256;
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 3_600_000_000;

/// What is written in one transaction, together with how far it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Which part of the keys.
    pub part: u8,
    /// Its number among the batches of this part, from 1.
    pub number: i64,
    /// Where it ends, as it is stored.
    pub position: Vec<u8>,
    /// Answers by key, minute, API and code.
    pub answers: Vec<Answers>,
    /// When keys were last accepted.
    pub uses: Vec<Use>,
    /// What was required of them, where it is new of the day.
    pub required: Vec<Required>,
    /// From where they were used, where it is new of the day.
    pub seen: Vec<Seen>,
    /// When their secrets were last accepted.
    pub secrets: Vec<SecretUse>,
    /// Recent requests, the oldest first.
    pub requests: Vec<AskedOf>,
    /// Keys of which all requests are kept.
    pub unbounded: Vec<KeyId>,
    /// Tokens that nobody has.
    pub unknown: Vec<Unknown>,
    /// Requests that are not among the recent ones, because too many came at once.
    pub unlogged: u64,
}

/// Ids are random where it counts, and need no further mixing.
#[derive(Default)]
pub(super) struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = ((value ^ value >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

pub(super) type ByKey<T> = HashMap<u128, T, BuildHasherDefault<Plain>>;

/// The texts that a record's numbers stand for.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) api: Option<&'a Arc<str>>,
    pub(super) route: Option<&'a Arc<str>>,
    pub(super) agent: Option<&'a Arc<str>>,
    pub(super) prefix: Option<&'a Arc<str>>,
}

struct Cell {
    minute: i64,
    code: Code,
    api: Option<Arc<str>>,
    latency: Histogram,
}

struct OfKey {
    organisation: OrganisationId,
    cells: Vec<Cell>,
    last: Option<(Timestamp, u128, Option<Arc<str>>)>,
    asked: VecDeque<AskedOf>,
    required: Vec<(String, i64)>,
    /// From where it was used last, and on which day.
    site: Option<(i64, u128)>,
    /// Addresses in networks that are new of the day, each with the first use.
    seen: Vec<(u128, Timestamp)>,
    /// The last use of each secret, and from where: one secret, nearly always.
    secrets: Vec<(u128, Timestamp, u128)>,
    /// What was required last, and on which day: nearly always the same again.
    lately: Option<(i64, [Option<Arc<str>>; 2])>,
    unbounded: bool,
}

fn is_same(one: Option<&Arc<str>>, other: Option<&Arc<str>>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        _ => false,
    }
}

/// Where a token that nobody has came from: the hour, its prefix, the address.
type Stranger = (i64, Option<Arc<str>>, u128);

#[derive(Default)]
pub(super) struct Window {
    keys: ByKey<OfKey>,
    unknown: HashMap<Stranger, (i64, i64)>,
    rows: usize,
    logged: usize,
    unlogged: u64,
}

impl Window {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.unknown.is_empty()
    }

    /// Rows that it will take.
    pub(super) fn rows(&self) -> usize {
        self.rows + self.unknown.len() + self.logged
    }

    /// Adds a record. `noteworthy` says whether it is to be among the recent requests.
    pub(super) fn add(&mut self, entry: &Entry, texts: Texts<'_>, noteworthy: bool) {
        if entry.code == Code::NotFound {
            self.add_unknown(entry, texts.prefix);
            return;
        }
        let minute = entry.at.as_micros().div_euclid(MINUTE) * MINUTE;
        let of_key = self.keys.entry(entry.key).or_insert_with(|| OfKey {
            organisation: OrganisationId::from_uuid(Uuid::from_u128(entry.organisation)),
            cells: Vec::new(),
            last: None,
            asked: VecDeque::new(),
            required: Vec::new(),
            site: None,
            seen: Vec::new(),
            secrets: Vec::new(),
            lately: None,
            unbounded: false,
        });
        let api = texts.api.map(|api| &**api);
        let same =
            |cell: &&mut Cell| cell.minute == minute && cell.code == entry.code && cell.api.as_deref() == api;
        // The last one is the likeliest.
        match of_key.cells.iter_mut().rev().find(same) {
            Some(cell) => cell.latency.add(entry.micros),
            None => {
                let mut latency = Histogram::default();
                latency.add(entry.micros);
                of_key.cells.push(Cell {
                    minute,
                    code: entry.code,
                    api: texts.api.cloned(),
                    latency,
                });
                self.rows += 1;
            }
        }
        let younger = of_key.last.as_ref().is_none_or(|(at, ..)| *at <= entry.at);
        if entry.code == Code::Valid && younger {
            match &mut of_key.last {
                Some((at, ip, agent)) if agent.as_deref() == texts.agent.map(|agent| &**agent) => {
                    (*at, *ip) = (entry.at, entry.ip);
                }
                last => *last = Some((entry.at, entry.ip, texts.agent.cloned())),
            }
        }
        if entry.code == Code::Valid {
            match of_key
                .secrets
                .iter_mut()
                .find(|(secret, ..)| *secret == entry.secret)
            {
                Some((_, at, ip)) if *at <= entry.at => (*at, *ip) = (entry.at, entry.ip),
                Some(_) => {}
                None => of_key.secrets.push((entry.secret, entry.at, entry.ip)),
            }
        }
        if noteworthy {
            let bounded = !entry.logged;
            of_key.unbounded |= entry.logged;
            let asked = AskedOf {
                organisation: of_key.organisation,
                key: KeyId::from_uuid(Uuid::from_u128(entry.key)),
                at: entry.at,
                code: entry.code,
                source: entry.source,
                ip: address(entry.ip),
                call: Call {
                    api: texts.api.cloned(),
                    route: texts.route.cloned(),
                    agent: texts.agent.cloned(),
                    micros: Some(entry.micros),
                },
            };
            if bounded && of_key.asked.len() == EACH {
                // The log of this key would forget it in the same moment.
                of_key.asked.pop_front();
                of_key.asked.push_back(asked);
            } else if self.logged == LOGGED {
                self.unlogged += 1;
            } else {
                of_key.asked.push_back(asked);
                self.logged += 1;
            }
        }
    }

    /// Whether something else was required of a key that has a record here than the last time.
    pub(super) fn is_new(&mut self, key: u128, day: i64, required: [Option<&Arc<str>>; 2]) -> bool {
        let Some(of_key) = self.keys.get_mut(&key) else {
            return false;
        };
        if let Some((last, [first, second])) = &of_key.lately
            && *last == day
            && is_same(first.as_ref(), required[0])
            && is_same(second.as_ref(), required[1])
        {
            return false;
        }
        of_key.lately = Some((day, required.map(Option::<&Arc<str>>::cloned)));
        true
    }

    /// Notes what was required of a key that has a record here, on the day that begins then.
    pub(super) fn require(&mut self, key: u128, text: &str, day: i64) {
        if let Some(of_key) = self.keys.get_mut(&key) {
            of_key.required.push((text.to_owned(), day));
            self.rows += 1;
        }
    }

    /// Whether a key that has a record here was used from another network than the last time, or on another day.
    pub(super) fn is_elsewhere(&mut self, key: u128, day: i64, site: u128) -> bool {
        let now = Some((day, site));
        self.keys
            .get_mut(&key)
            .is_some_and(|of_key| std::mem::replace(&mut of_key.site, now) != now)
    }

    /// Notes from where a key that has a record here was used.
    pub(super) fn see(&mut self, entry: &Entry) {
        if let Some(of_key) = self.keys.get_mut(&entry.key) {
            of_key.seen.push((entry.ip, entry.at));
            self.rows += 1;
        }
    }

    fn add_unknown(&mut self, entry: &Entry, prefix: Option<&Arc<str>>) {
        let hour = entry.at.as_micros().div_euclid(HOUR) * HOUR;
        let mut place = (hour, prefix.cloned(), entry.ip);
        if self.unknown.len() >= CALLERS && !self.unknown.contains_key(&place) {
            place = (hour, Some("*".into()), 0);
        }
        let (count, last) = self.unknown.entry(place).or_insert((0, 0));
        *count += 1;
        *last = (*last).max(entry.at.as_micros());
    }

    /// Makes a batch of it, sorted as the tables are.
    pub(super) fn into_batch(self, part: u8, number: i64, position: Vec<u8>) -> Batch {
        let mut batch = Batch {
            part,
            number,
            position,
            unlogged: self.unlogged,
            ..Batch::default()
        };
        let mut keys: Vec<(u128, OfKey)> = self.keys.into_iter().collect();
        keys.sort_unstable_by_key(|(key, of_key)| (of_key.organisation, *key));
        for (key, of_key) in keys {
            let key = KeyId::from_uuid(Uuid::from_u128(key));
            batch.answers.extend(of_key.cells.into_iter().map(|cell| Answers {
                organisation: of_key.organisation,
                key,
                at: Timestamp::from_micros(cell.minute),
                api: cell.api,
                code: cell.code,
                count: cell.latency.count() as i64,
                latency: cell.latency,
            }));
            batch.uses.extend(of_key.last.map(|(at, ip, agent)| Use {
                key,
                at,
                ip: address(ip).map(|ip| ip.to_string()),
                agent,
            }));
            batch
                .required
                .extend(of_key.required.into_iter().map(|(required, day)| Required {
                    organisation: of_key.organisation,
                    key,
                    required,
                    day: Timestamp::from_micros(day),
                }));
            batch.seen.extend(of_key.seen.into_iter().map(|(ip, at)| Seen {
                organisation: of_key.organisation,
                key,
                network: address(ip).map(|ip| network_of(ip).to_string()),
                at,
            }));
            batch
                .secrets
                .extend(of_key.secrets.into_iter().map(|(secret, at, ip)| SecretUse {
                    secret: SecretId::from_uuid(Uuid::from_u128(secret)),
                    at,
                    ip: address(ip).map(|ip| ip.to_string()),
                }));
            batch.unbounded.extend(of_key.unbounded.then_some(key));
            batch.requests.extend(of_key.asked);
        }
        batch.unknown = self
            .unknown
            .into_iter()
            .map(|((hour, prefix, ip), (count, last))| Unknown {
                hour: Timestamp::from_micros(hour),
                prefix: prefix.map_or_else(|| "-".to_owned(), |prefix| prefix.to_string()),
                ip: address(ip).map(|ip| ip.to_string()),
                count,
                last_at: Timestamp::from_micros(last),
            })
            .collect();
        batch
    }
}
