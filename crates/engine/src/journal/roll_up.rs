//! Reads the journal and makes batches of it that are to be written, each together with how far it reaches, so that
//! whatever is read again after a crash is counted once.
//!
//! Keys are dealt out to sixteen parts, each with batches, and positions, of its own: no transaction is large. A batch that was
//! taken stays as it is until it is known to be written.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use domain::decide::Code;
use domain::id::{KeyId, OrganisationId, SecretId};
use uuid::Uuid;

use super::follow::{Follower, Recorded};
use super::record::{Entry, Record, decode};
use super::segment::Segment;
use super::window::{Batch, ByKey, Texts, Window};
use super::{Journal, address};

/// Parts of the keys. It is part of what is stored: another number would count records twice.
pub const PARTS: usize = 16;
/// Of accepted requests the first in so many microseconds is among the recent ones.
const STRETCH: i64 = 60_000_000;
const DAY: i64 = 86_400_000_000;

/// How far a shard is read: generation and slot.
type Place = (u64, u32);

/// Keys with what was required of them, and with networks, that are remembered of a day, so that each is written once a day and
/// not with every window; 16 bytes each or so.
const REMEMBERED: usize = 4_000_000;

/// Texts by their numbers.
#[derive(Default, Clone)]
struct Names(Vec<Option<Arc<str>>>);

impl Names {
    fn insert(&mut self, number: u32, text: String) {
        let place = number as usize;
        // No writer gives more numbers than that.
        if place <= super::NAMES {
            self.0.resize(self.0.len().max(place + 1), None);
            self.0[place] = Some(text.into());
        }
    }

    fn get(&self, number: u32) -> Option<&Arc<str>> {
        self.0.get(number as usize)?.as_ref()
    }
}

/// One part of the keys.
struct Part {
    /// Up to where it is committed, for each shard.
    applied: Vec<Place>,
    /// The number of its last batch that is committed.
    number: i64,
    window: Window,
    taken: Option<(Arc<Batch>, Vec<Place>)>,
}

/// The one reader of a journal.
pub struct RollUp {
    journal: Arc<Journal>,
    cursors: Vec<Place>,
    /// What numbers stand for in the segment that each shard is read in.
    names: Vec<(u64, Names)>,
    parts: Vec<Part>,
    /// The stretch of time in which a key's last accepted request was noted.
    noted: ByKey<i64>,
    latest: i64,
    /// What was noted today.
    today: Today,
    follower: Option<Box<dyn Follower>>,
}

#[derive(Default)]
struct Today {
    day: i64,
    /// By the hash of the key and what it was.
    known: HashSet<u64>,
    hasher: RandomState,
}

impl Today {
    /// Whether it is new that this was noted of a key on a day.
    fn is_new(&mut self, day: i64, key: u128, what: impl Hash) -> bool {
        if day > self.day || self.known.len() >= REMEMBERED {
            self.known.clear();
            self.day = self.day.max(day);
        }
        self.known.insert(self.hasher.hash_one((day, key, what)))
    }
}

impl std::fmt::Debug for RollUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RollUp")
            .field("rows", &self.rows())
            .finish_non_exhaustive()
    }
}

fn write(places: &[Place]) -> Vec<u8> {
    let mut out = Vec::with_capacity(places.len() * 12);
    for (generation, slot) in places {
        out.extend(generation.to_le_bytes());
        out.extend(slot.to_le_bytes());
    }
    out
}

fn read(bytes: &[u8]) -> Vec<Place> {
    let places = bytes.chunks_exact(12).map(|chunk| {
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        (number(&chunk[..8]), number(&chunk[8..]) as u32)
    });
    places.collect()
}

/// The highest generation of stored positions, for [`Journal::open`].
pub(super) fn highest(positions: &[u8]) -> u64 {
    read(positions)
        .into_iter()
        .map(|(generation, _)| generation)
        .max()
        .unwrap_or(0)
}

impl RollUp {
    /// Goes on where what is committed ends: of each part its number, its last batch, and where that ended.
    pub fn new(journal: Arc<Journal>, stored: &[(u8, i64, Vec<u8>)]) -> Self {
        let shards = journal.shards.len();
        let parts: Vec<Part> = (0..PARTS)
            .map(|part| {
                let known = stored.iter().find(|(of, ..)| usize::from(*of) == part);
                let mut applied = known.map_or_else(Vec::new, |(_, _, position)| read(position));
                applied.resize(shards.max(applied.len()), (0, 0));
                Part {
                    applied,
                    number: known.map_or(0, |(_, number, _)| *number),
                    window: Window::default(),
                    taken: None,
                }
            })
            .collect();
        let cursors = (0..shards).map(|shard| parts.iter().map(|part| part.applied[shard]).min());
        Self {
            cursors: cursors.map(Option::unwrap_or_default).collect(),
            names: vec![(0, Names::default()); shards],
            parts,
            noted: ByKey::default(),
            latest: 0,
            today: Today::default(),
            follower: None,
            journal,
        }
    }

    /// Has somebody get each answer that is read.
    #[must_use]
    pub fn followed_by(mut self, follower: Option<Box<dyn Follower>>) -> Self {
        self.follower = follower;
        self
    }

    /// Rows that its windows would take.
    pub fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.window.rows()).sum()
    }

    /// Reads at most about `most` records; how many it were. It may take long; not for an async thread.
    pub fn read(&mut self, most: usize) -> usize {
        let mut count = 0;
        for shard in 0..self.cursors.len() {
            // Which is the last is known before it is read: what is not there then may come; in others it does not.
            let segments: Vec<Arc<Segment>> = self.journal.shards[shard]
                .segments
                .lock()
                .iter()
                .cloned()
                .collect();
            for (place, segment) in segments.iter().enumerate() {
                let closed = place + 1 < segments.len() || segment.generation() < self.journal.first;
                if count >= most || !self.read_segment(shard, segment, closed, most - count, &mut count) {
                    break;
                }
            }
        }
        if let Some(follower) = &mut self.follower {
            follower.flush();
        }
        count
    }

    /// Whether the segment was read to its end, and no more will come.
    fn read_segment(
        &mut self,
        shard: usize,
        segment: &Segment,
        closed: bool,
        most: usize,
        count: &mut usize,
    ) -> bool {
        let generation = segment.generation();
        let (of, slot) = self.cursors[shard];
        if of > generation {
            return true;
        }
        let start = if of == generation { slot.max(1) as usize } else { 1 };
        if self.names[shard].0 != generation {
            self.names[shard] = (generation, Names::default());
            for slot in 1..start {
                if let Some(Ok(words)) = segment.get(generation, slot)
                    && let Some(Record::Name(number, text)) = decode(&words)
                {
                    self.names[shard].1.insert(number, text);
                }
            }
        }
        let mut at = start;
        let mut read = 0;
        while at < segment.slots() && read < most {
            match segment.get(generation, at) {
                Some(Ok(words)) => match decode(&words) {
                    Some(Record::Answer(entry)) => {
                        self.add(shard, (generation, at as u32), &entry);
                        read += 1;
                    }
                    Some(Record::Name(number, text)) => {
                        self.names[shard].1.insert(number, text);
                    }
                    None => drop(self.journal.damaged.fetch_add(1, Relaxed)),
                },
                Some(Err(())) => drop(self.journal.damaged.fetch_add(1, Relaxed)),
                // In a segment that nobody writes to, a page may be missing after a loss of power.
                None if closed => {}
                None => break,
            }
            at += 1;
        }
        *count += read;
        let done = closed && at == segment.slots();
        self.cursors[shard] = if done {
            (generation + 1, 1)
        } else {
            (generation, at as u32)
        };
        done
    }

    fn add(&mut self, shard: usize, place: Place, entry: &Entry) {
        // Unknown tokens by their caller.
        let id = if entry.code == Code::NotFound {
            entry.ip
        } else {
            entry.key
        };
        let part = &mut self.parts[id as usize % PARTS];
        if place < part.applied[shard] {
            return;
        }
        if let Some(follower) = &mut self.follower {
            let id = (self.journal.node, shard, place);
            follower.take(&recorded(id, entry, &self.names[shard].1));
        }
        let stretch = entry.at.as_micros().div_euclid(STRETCH);
        self.latest = self.latest.max(stretch);
        let noteworthy = entry.logged
            || entry.code != Code::Valid
            || self
                .noted
                .insert(entry.key, stretch)
                .is_none_or(|before| before < stretch);
        let names = &self.names[shard].1;
        let texts = Texts {
            api: names.get(entry.api),
            route: names.get(entry.route),
            agent: names.get(entry.agent),
            prefix: names.get(entry.prefix),
        };
        part.window.add(entry, texts, noteworthy);
        if entry.code == Code::Valid {
            let day = entry.at.as_micros().div_euclid(DAY) * DAY;
            let site = site(entry.ip);
            if part.window.is_elsewhere(entry.key, day, site) && self.today.is_new(day, entry.key, site) {
                part.window.see(entry);
            }
            let texts = [entry.requires, entry.route_requires].map(|number| names.get(number));
            if part.window.is_new(entry.key, day, texts) {
                let nothing = texts.iter().all(Option::is_none).then_some("");
                for text in texts.into_iter().flatten().map(|text| &**text).chain(nothing) {
                    if self.today.is_new(day, entry.key, text) {
                        part.window.require(entry.key, text, day);
                    }
                }
            }
        }
    }

    /// What is to be written now: what was taken before and is not done, and for other parts what was read since.
    pub fn take(&mut self) -> Vec<Arc<Batch>> {
        let latest = self.latest;
        self.noted.retain(|_, stretch| *stretch + 1 >= latest);
        let mut batches = Vec::new();
        for (number, part) in self.parts.iter_mut().enumerate() {
            if part.taken.is_none() {
                // After a start the reader may be behind what this part has committed already.
                let reached: Vec<Place> = self
                    .cursors
                    .iter()
                    .zip(&part.applied)
                    .map(|(read, applied)| *read.max(applied))
                    .collect();
                if part.window.is_empty() {
                    // Nothing of this part lies before: it need not be written that it got here.
                    part.applied = reached;
                } else {
                    let window = std::mem::take(&mut part.window);
                    let batch = window.into_batch(number as u8, part.number + 1, write(&reached));
                    part.taken = Some((Arc::new(batch), reached));
                }
            }
            batches.extend(part.taken.as_ref().map(|(batch, _)| batch.clone()));
        }
        self.give_back();
        batches
    }

    /// Says that a batch is committed.
    pub fn done(&mut self, batch: &Batch) {
        let part = &mut self.parts[usize::from(batch.part)];
        let Some((taken, places)) = part.taken.take() else {
            return;
        };
        if taken.number == batch.number {
            part.number = batch.number;
            part.applied = places;
            self.give_back();
        } else {
            part.taken = Some((taken, places));
        }
    }

    /// Has segments used again that all parts have passed.
    fn give_back(&self) {
        for shard in 0..self.cursors.len() {
            let before = self.parts.iter().map(|part| part.applied[shard].0).min();
            self.journal.give_back(shard, before.unwrap_or(0));
        }
    }
}

/// The bits of an address that name its network, as [`domain::anomaly::network_of`] says: IPv4 addresses are written as IPv6 here.
fn site(ip: u128) -> u128 {
    let is_four = ip >> 32 == 0xffff;
    ip >> if is_four { 8 } else { 80 }
}

/// An answer for whoever follows.
fn recorded<'a>((node, shard, place): (Uuid, usize, Place), entry: &Entry, names: &'a Names) -> Recorded<'a> {
    let id_of = |number: u128| (number != 0).then(|| Uuid::from_u128(number));
    let text_of = |number| names.get(number).map(|text| &**text);
    Recorded {
        id: format!("{}.{shard}.{}.{}", node.simple(), place.0, place.1),
        at: entry.at,
        code: entry.code,
        organisation: id_of(entry.organisation).map(OrganisationId::from_uuid),
        key: id_of(entry.key).map(KeyId::from_uuid),
        secret: id_of(entry.secret).map(SecretId::from_uuid),
        source: entry.source,
        ip: address(entry.ip),
        latency_us: entry.micros,
        api: text_of(entry.api),
        route: text_of(entry.route),
        user_agent: text_of(entry.agent),
        prefix: text_of(entry.prefix),
    }
}
