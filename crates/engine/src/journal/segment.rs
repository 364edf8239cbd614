//! A segment: a preallocated file (or, without a directory, memory) that records are put into one after the other. It is
//! written through a shared mapping, so that what was written survives the process without a system call for each record.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use memmap2::MmapRaw;
use parking_lot::Mutex;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::record::{SIZE, WORDS, Words, seal};

/// Begins every file; its last figure is the version of the format.
const MAGIC: u64 = u64::from_le_bytes(*b"CLAVJNL2");

/// Words that several threads, and the file behind them, share.
pub(crate) enum Memory {
    Mapped(MmapRaw),
    Heap(Box<[AtomicU64]>),
}

impl Memory {
    /// Maps a file of `bytes`, which is made if it is not there, with all its space on the disk.
    ///
    /// # Errors
    /// A full disk, and whatever else the system says.
    pub(crate) fn file(path: &Path, bytes: usize) -> io::Result<Self> {
        let is_new = !path.exists();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        let mapped = allocate(&file, bytes).and_then(|()| MmapRaw::map_raw(&file));
        // Half a file is of no use; one that was there before holds records.
        if mapped.is_err() && is_new {
            let _ = std::fs::remove_file(path);
        }
        Ok(Self::Mapped(mapped?))
    }

    pub(crate) fn heap(bytes: usize) -> Self {
        Self::Heap((0..bytes / 8).map(|_| AtomicU64::new(0)).collect())
    }

    #[inline]
    pub(crate) fn words(&self) -> &[AtomicU64] {
        match self {
            Self::Heap(words) => words,
            Self::Mapped(map) => {
                let words: *const AtomicU64 = map.as_mut_ptr().cast();
                // SAFETY: the mapping is `len` bytes long, readable and writable, begins at a page (so it is aligned to
                // words), and lives as long as `self`, from which the slice borrows. Any bits are a valid `AtomicU64`.
                // Nobody makes another kind of reference into it, so that all access in this process is atomic. All
                // blocks of the file were allocated before it was mapped, and the directory is this process's own (0700,
                // locked), so that no file is cut off under its mapping.
                unsafe { std::slice::from_raw_parts(words, map.len() / 8) }
            }
        }
    }

    fn sync(&self, from: usize, bytes: usize) -> io::Result<()> {
        match self {
            Self::Mapped(map) => map.flush_range(from, bytes.min(map.len() - from)),
            Self::Heap(_) => Ok(()),
        }
    }
}

/// Has the disk give all the space there is to be, so that a full disk is an error here and no signal later.
fn allocate(file: &File, bytes: usize) -> io::Result<()> {
    if file.metadata()?.len() > bytes as u64 {
        file.set_len(bytes as u64)?;
    }
    match fallocate(file, FallocateFlags::empty(), 0, bytes as u64) {
        // A file system that cannot is written to instead.
        Err(Errno::OPNOTSUPP) => {
            let zeros = vec![0; 64 * 1024];
            let mut at = file.metadata()?.len();
            while at < bytes as u64 {
                let length = zeros.len().min((bytes as u64 - at) as usize);
                at += rustix::io::pwrite(file, &zeros[..length], at)? as u64;
            }
            Ok(())
        }
        other => Ok(other?),
    }
}

/// A segment. Slot 0 is its head.
pub(crate) struct Segment {
    memory: Memory,
    path: Option<PathBuf>,
    slots: usize,
    /// Up to which slot it was synced, of which generation.
    synced: Mutex<(u64, usize)>,
}

impl Segment {
    pub(crate) fn file(path: PathBuf, bytes: usize) -> io::Result<Self> {
        let memory = Memory::file(&path, bytes)?;
        Ok(Self::over(memory, Some(path)))
    }

    pub(crate) fn heap(bytes: usize) -> Self {
        Self::over(Memory::heap(bytes), None)
    }

    fn over(memory: Memory, path: Option<PathBuf>) -> Self {
        Self {
            slots: memory.words().len() / WORDS,
            memory,
            path,
            synced: Mutex::new((0, 0)),
        }
    }

    /// Slots, the head among them.
    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    /// Which use of the file it is, and whose; none of a file that was never used.
    pub(crate) fn head(&self) -> Option<(u64, usize)> {
        let words = self.memory.words();
        let head = words[1].load(Acquire);
        let used = words[0].load(Relaxed) == MAGIC && head != 0;
        used.then_some((head >> 8, (head & 0xff) as usize))
    }

    pub(crate) fn generation(&self) -> u64 {
        self.memory.words()[1].load(Relaxed) >> 8
    }

    /// Gives it to a shard. One word turns it over: what stands in it is of another generation from then on.
    pub(crate) fn begin(&self, generation: u64, shard: usize) {
        let words = self.memory.words();
        words[0].store(MAGIC, Relaxed);
        words[1].store(generation << 8 | shard as u64, Release);
    }

    /// Writes a record; its first word comes last, and with it the record is there.
    #[inline]
    pub(crate) fn put(&self, generation: u64, slot: usize, words: &Words) {
        let place = &self.memory.words()[slot * WORDS..(slot + 1) * WORDS];
        for (cell, word) in place[1..].iter().zip(&words[1..]) {
            cell.store(*word, Relaxed);
        }
        place[0].store(seal(generation, words), Release);
    }

    /// The record in a slot: none where nothing of this generation was committed, `Err` where it is damaged.
    pub(crate) fn get(&self, generation: u64, slot: usize) -> Option<Result<Words, ()>> {
        let place = &self.memory.words()[slot * WORDS..(slot + 1) * WORDS];
        let sealed = place[0].load(Acquire);
        if sealed >> 32 != generation & 0xffff_ffff {
            return None;
        }
        let mut words = [0; WORDS];
        for (word, cell) in words.iter_mut().zip(place).skip(1) {
            *word = cell.load(Relaxed);
        }
        Some((seal(generation, &words) == sealed).then_some(words).ok_or(()))
    }

    /// Has the disk keep what was written up to a slot.
    pub(crate) fn sync(&self, upto: usize) -> io::Result<()> {
        let generation = self.generation();
        let mut synced = self.synced.lock();
        let from = match *synced {
            (of, slot) if of == generation => slot,
            _ => 0,
        };
        if from < upto {
            self.memory.sync(from * SIZE, (upto - from) * SIZE)?;
            // The head shares a page with the first records only.
            if from == 0 {
                self.memory.sync(0, SIZE)?;
            }
            *synced = (generation, upto);
        }
        Ok(())
    }

    /// Removes the file. Whoever still reads the mapping may go on.
    pub(crate) fn remove(&self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}
