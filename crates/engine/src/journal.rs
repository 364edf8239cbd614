//! The usage journal: every answer is recorded here before it is handed out, so that none is lost when the process is killed.
//!
//! Each thread writes to a shard of its own, a sequence of segments. A record is in the page cache once it is written; a
//! worker has the disk keep it within a second. [`RollUp`] reads the records, and once what it made of them is committed,
//! together with how far it has read, their segments are used again.
//!
//! It is bounded: with so many bytes waiting, or without room on the disk, what comes is dropped, and the drops are counted in
//! a file that survives the process as the records do.

mod follow;
mod record;
mod roll_up;
mod segment;
#[cfg(test)]
mod tests;
mod window;

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

use domain::clock::Timestamp;
use domain::decide::{Code, Source};
use domain::id::{KeyId, OrganisationId, SecretId};
use parking_lot::Mutex;
use store::StoreError;
use uuid::Uuid;

use record::{Entry, SIZE, encode_name};
use segment::{Memory, Segment};

pub use follow::{Follower, Recorded};
pub use roll_up::{PARTS, RollUp};
pub use window::Batch;

/// Shards that are written; more threads than that share them.
const SHARDS: usize = 16;
/// Segments at the most and at the least, in bytes.
const LARGEST: usize = 512 << 10;
const SMALLEST: usize = 16 << 10;
/// So many segments make up all that may wait, unless they would be too large or too small.
const PIECES: usize = 64;
/// Empty segments that are kept at hand, so that no verification waits for one to be made.
const SPARES: usize = 2;
/// Empty segments that are kept as they are.
const IDLE: usize = 64;
/// Texts that one segment gives numbers to; others stay unnamed.
const NAMES: usize = 4_096;

/// Whose an answer is.
#[derive(Debug, Clone, Copy)]
pub struct Whose {
    /// The key's tenant.
    pub organisation: OrganisationId,
    /// The key.
    pub key: KeyId,
    /// The secret that was presented.
    pub secret: SecretId,
}

/// An answer to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct Noted<'a> {
    /// Whose; none where the token names nothing.
    pub whose: Option<Whose>,
    /// When it was given.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub micros: u32,
    /// The answer.
    pub code: Code,
    /// By which way the token came.
    pub source: Option<Source>,
    /// From where.
    pub ip: Option<IpAddr>,
    /// The API that was asked for, by slug.
    pub api: Option<&'a str>,
    /// Its route.
    pub route: Option<&'a str>,
    /// What the question required of a key that passed.
    pub requires: Option<&'a str>,
    /// What the route required.
    pub route_requires: Option<&'a str>,
    /// What the caller calls itself.
    pub agent: Option<&'a str>,
    /// Of a token that names nothing, the prefix, where it is one of ours.
    pub prefix: Option<&'a str>,
    /// Whether it is to be among the recent requests whatever the code.
    pub logged: bool,
}

/// What the journal holds and has lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Bytes of segments that are not rolled up.
    pub bytes: u64,
    /// Answers that could not be recorded, since the data directory was made.
    pub dropped: u64,
    /// Records that were found damaged, since the start.
    pub damaged: u64,
}

/// How the journal is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where; in memory if nowhere.
    pub directory: Option<PathBuf>,
    /// Bytes that may wait to be rolled up.
    pub max_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            directory: None,
            max_bytes: 1 << 30,
        }
    }
}

/// The journal of one node.
pub struct Journal {
    node: Uuid,
    directory: Option<PathBuf>,
    segment: usize,
    most: usize,
    /// Those that are written, and those that an earlier run has left.
    shards: Box<[Shard]>,
    pool: Mutex<Pool>,
    /// Segments that are not rolled up.
    waiting: AtomicUsize,
    /// Whether there is no room on the disk, as far as is known.
    full: AtomicBool,
    generation: AtomicU64,
    /// Segments of an earlier generation were left by another run, and nobody writes to them.
    first: u64,
    lost: Memory,
    damaged: AtomicU64,
}

/// On cache lines of its own.
#[repr(align(128))]
#[derive(Default)]
struct Shard {
    writer: Mutex<Writer>,
    /// Oldest first; the last is written.
    segments: Mutex<VecDeque<Arc<Segment>>>,
}

#[derive(Default)]
struct Writer {
    segment: Option<Arc<Segment>>,
    generation: u64,
    slot: usize,
    /// Bounded, so that no choice of texts makes it slow.
    names: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
}

#[derive(Default)]
struct Pool {
    spares: Vec<Arc<Segment>>,
    files: u64,
}

thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The shard of this thread.
#[inline]
fn own_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    SHARD.with(|shard| {
        if shard.get() == usize::MAX {
            shard.set(NEXT.fetch_add(1, Relaxed) % SHARDS);
        }
        shard.get()
    })
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("depth", &self.depth())
            .finish_non_exhaustive()
    }
}

fn text_at(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Journal {
    /// The name by which positions are stored: the same for as long as the data directory is the same.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn node_of(directory: &Path, fresh: Uuid) -> io::Result<Uuid> {
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory);
        made.and_then(|()| fs::set_permissions(directory, fs::Permissions::from_mode(0o700)))?;
        let path = directory.join("node");
        if let Some(text) = text_at(&path)? {
            return Uuid::parse_str(text.trim()).map_err(io::Error::other);
        }
        let new = directory.join("node.new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        io::Write::write_all(&mut file, fresh.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        fs::File::open(directory)?.sync_all()?;
        Ok(fresh)
    }

    /// Opens a journal, with what an earlier run has left there. `stored` are the positions up to which it is rolled
    /// up, as [`RollUp::new`] takes them.
    ///
    /// # Errors
    /// When the directory cannot be used. A disk without room is none: what comes is dropped until there is some.
    pub fn open(settings: &Settings, node: Uuid, stored: &[(u8, i64, Vec<u8>)]) -> io::Result<Self> {
        let max = usize::try_from(settings.max_bytes).unwrap_or(usize::MAX);
        let segment = (max / PIECES).clamp(SMALLEST, LARGEST) / 4096 * 4096;
        let (lost, left, files) = match &settings.directory {
            None => (Memory::heap(SIZE), Vec::new(), 0),
            Some(directory) => {
                // The drops must be counted above all when the disk is full: the file is a page, and made at the start.
                let lost = Memory::file(&directory.join("lost"), 4096)?;
                let (left, files) = found(directory)?;
                (lost, left, files)
            }
        };
        let used = left.iter().filter_map(|one| one.head());
        let first = used.map(|(generation, _)| generation).max().unwrap_or(0);
        let beyond = stored.iter().map(|(.., position)| roll_up::highest(position));
        let first = first.max(beyond.max().unwrap_or(0)) + 1;
        let shards = left
            .iter()
            .filter_map(|one| one.head())
            .map(|(_, shard)| shard + 1);
        let shards = shards.max().unwrap_or(0).max(SHARDS);
        let journal = Self {
            node,
            directory: settings.directory.clone(),
            segment,
            most: (max / segment).max(1),
            shards: (0..shards).map(|_| Shard::default()).collect(),
            pool: Mutex::new(Pool {
                spares: Vec::new(),
                files,
            }),
            waiting: AtomicUsize::new(left.len()),
            full: AtomicBool::new(false),
            generation: AtomicU64::new(first),
            first,
            lost,
            damaged: AtomicU64::new(0),
        };
        for segment in left {
            if let Some((_, shard)) = segment.head() {
                journal.shards[shard].segments.lock().push_back(Arc::new(segment));
            }
        }
        for shard in &journal.shards {
            shard
                .segments
                .lock()
                .make_contiguous()
                .sort_by_key(|one| one.generation());
        }
        Ok(journal)
    }

    /// A journal in memory, for an engine that keeps none.
    ///
    /// # Errors
    /// None that is known of.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::open(&Settings::default(), Uuid::nil(), &[])
            .map_err(|error| StoreError::Unavailable(error.into()))
    }

    /// Which node's it is.
    pub fn node(&self) -> Uuid {
        self.node
    }

    /// What it holds and has lost.
    pub fn depth(&self) -> Depth {
        Depth {
            bytes: (self.waiting.load(Relaxed) * self.segment) as u64,
            dropped: self.lost.words()[0].load(Relaxed),
            damaged: self.damaged.load(Relaxed),
        }
    }

    /// Whether a quarter of the room is taken: what was read is to be committed, so that its segments are free again.
    pub fn is_filling(&self) -> bool {
        self.waiting.load(Relaxed) * 4 >= self.most
    }

    /// Records an answer. It is recorded, or counted as dropped, when this returns.
    #[inline]
    pub fn note(&self, noted: &Noted<'_>) {
        let shard = own_shard();
        let mut writer = self.shards[shard].writer.lock();
        let texts = [
            noted.api,
            noted.route,
            noted.agent,
            noted.prefix,
            noted.requires.map(record::whole_text),
            noted.route_requires.map(record::whole_text),
        ];
        let needed = 1 + texts.iter().flatten().count();
        if writer.room() < needed && !self.turn(shard, &mut writer) {
            self.lost.words()[0].fetch_add(1, Relaxed);
            return;
        }
        let [api, route, agent, prefix, requires, route_requires] =
            texts.map(|text| text.map_or(0, |text| writer.name(text)));
        let ip = match noted.ip {
            None => 0,
            Some(IpAddr::V4(ip)) => ip.to_ipv6_mapped().to_bits(),
            Some(IpAddr::V6(ip)) => ip.to_bits(),
        };
        let id = |of: fn(Whose) -> Uuid| noted.whose.map_or(0, |whose| of(whose).as_u128());
        let entry = Entry {
            at: noted.at,
            micros: noted.micros,
            code: noted.code,
            source: noted.source,
            logged: noted.logged,
            organisation: id(|whose| whose.organisation.uuid()),
            key: id(|whose| whose.key.uuid()),
            secret: id(|whose| whose.secret.uuid()),
            ip,
            api,
            route,
            agent,
            prefix,
            requires,
            route_requires,
        };
        writer.put(&entry.encode());
    }

    /// Has a shard go on in another segment; whether there is one.
    #[cold]
    fn turn(&self, shard: usize, writer: &mut Writer) -> bool {
        let waiting = self.waiting.fetch_add(1, Relaxed);
        let segment = match waiting < self.most {
            true => self.spare(),
            false => None,
        };
        let Some(segment) = segment else {
            self.waiting.fetch_sub(1, Relaxed);
            return false;
        };
        let generation = self.generation.fetch_add(1, Relaxed);
        segment.begin(generation, shard);
        self.shards[shard].segments.lock().push_back(segment.clone());
        writer.names.clear();
        (writer.generation, writer.slot) = (generation, 1);
        writer.segment = Some(segment);
        true
    }

    fn spare(&self) -> Option<Arc<Segment>> {
        if let Some(spare) = self.pool.lock().spares.pop() {
            return Some(spare);
        }
        if self.full.load(Relaxed) {
            return None;
        }
        self.made()
    }

    fn made(&self) -> Option<Arc<Segment>> {
        let Some(directory) = &self.directory else {
            return Some(Arc::new(Segment::heap(self.segment)));
        };
        let number = {
            let mut pool = self.pool.lock();
            pool.files += 1;
            pool.files
        };
        match Segment::file(directory.join(format!("{number:010}.journal")), self.segment) {
            Ok(segment) => {
                self.full.store(false, Relaxed);
                Some(Arc::new(segment))
            }
            Err(error) => {
                // Not asked again by every verification: whoever looks after the journal does.
                if !self.full.swap(true, Relaxed) {
                    tracing::error!(%error, "no room for the usage journal: verifications are answered and not counted");
                }
                None
            }
        }
    }

    /// Sees to it that segments are at hand, and that not too many lie idle. Call it now and then, off the async threads.
    pub fn tend(&self) {
        while self.pool.lock().spares.len() < SPARES && self.waiting.load(Relaxed) < self.most {
            match self.made() {
                Some(segment) => self.pool.lock().spares.push(segment),
                None => return,
            }
        }
        loop {
            let mut pool = self.pool.lock();
            if pool.spares.len() <= IDLE {
                return;
            }
            // The oldest generations go: the youngest says where a later run begins.
            pool.spares
                .sort_by_key(|spare| std::cmp::Reverse(spare.generation()));
            let Some(spare) = pool.spares.pop() else { return };
            drop(pool);
            spare.remove();
        }
    }

    /// Has the disk keep what was recorded so far. It may take long; not for an async thread.
    ///
    /// # Errors
    /// What the system says. The records are in the page cache all the same.
    pub fn sync(&self) -> io::Result<()> {
        if self.directory.is_none() {
            return Ok(());
        }
        for shard in &self.shards {
            let (open, slot) = {
                let writer = shard.writer.lock();
                (writer.generation, writer.slot)
            };
            let segments: Vec<_> = shard.segments.lock().iter().cloned().collect();
            for segment in segments {
                match segment.generation() {
                    generation if generation == open => segment.sync(slot)?,
                    generation if generation >= self.first => segment.sync(segment.slots())?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Takes segments back of which everything up to a generation is rolled up.
    fn give_back(&self, shard: usize, before: u64) {
        let mut segments = self.shards[shard].segments.lock();
        while segments.front().is_some_and(|one| one.generation() < before) {
            let Some(segment) = segments.pop_front() else {
                break;
            };
            self.waiting.fetch_sub(1, Relaxed);
            self.pool.lock().spares.push(segment);
        }
    }
}

impl Writer {
    /// Slots that are left.
    #[inline]
    fn room(&self) -> usize {
        self.segment
            .as_ref()
            .map_or(0, |segment| segment.slots() - self.slot)
    }

    #[inline]
    fn put(&mut self, words: &record::Words) {
        if let Some(segment) = &self.segment {
            segment.put(self.generation, self.slot, words);
            self.slot += 1;
        }
    }

    /// The number of a text, which is written down the first time.
    fn name(&mut self, text: &str) -> u32 {
        let text = record::within(text);
        if let Some(number) = self.names.get(text) {
            return *number;
        }
        if self.names.len() == NAMES || text.is_empty() {
            return 0;
        }
        let number = self.names.len() as u32 + 1;
        self.names.insert(text.into(), number);
        self.put(&encode_name(number, text));
        number
    }
}

/// What an earlier run has left: segments that were used, and the highest number of a file.
fn found(directory: &Path) -> io::Result<(Vec<Segment>, u64)> {
    let (mut left, mut files) = (Vec::new(), 0);
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let Some(number) = name
            .parse::<u64>()
            .ok()
            .filter(|_| path.extension().is_some_and(|e| e == "journal"))
        else {
            continue;
        };
        files = files.max(number);
        // As long as it is: another run may have had other settings.
        let length = usize::try_from(fs::metadata(&path)?.len()).unwrap_or(0) / 4096 * 4096;
        if length < SMALLEST {
            fs::remove_file(&path)?;
            continue;
        }
        let segment = Segment::file(path.clone(), length)?;
        match segment.head() {
            Some(_) => left.push(segment),
            None => segment.remove(),
        }
    }
    Ok((left, files))
}

/// The address that was recorded.
fn address(bits: u128) -> Option<IpAddr> {
    (bits != 0).then(|| Ipv6Addr::from_bits(bits).to_canonical())
}
