//! Whatever is cut off, flipped or killed half-way: what was committed is read once, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use domain::clock::Timestamp;
use domain::decide::{Code, Source};
use domain::id::{KeyId, OrganisationId, SecretId};
use proptest::prelude::*;
use uuid::Uuid;

use super::record::{self, Entry, Record, decode, encode_name, seal};
use super::{Batch, Journal, Noted, RollUp, Settings, Whose};

const NODE: Uuid = Uuid::from_u128(7);

fn settings(directory: &Path, max_bytes: u64) -> Settings {
    Settings {
        directory: Some(directory.to_owned()),
        max_bytes,
    }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

fn note(journal: &Journal, key: u128, code: Code, at: i64) {
    journal.note(&Noted {
        whose: Some(Whose {
            organisation: OrganisationId::from_uuid(id(1)),
            key: KeyId::from_uuid(id(key + 10)),
            secret: SecretId::from_uuid(id(key)),
        }),
        at: Timestamp::from_micros(at),
        micros: 3,
        code,
        source: Some(Source::Bearer),
        ip: Some("203.0.113.9".parse().expect("an address")),
        api: Some("orders"),
        route: None,
        requires: Some("orders:view"),
        route_requires: None,
        agent: None,
        prefix: None,
        logged: false,
    });
}

/// A database that remembers what was written, and how far.
#[derive(Default)]
struct Ledger {
    counts: BTreeMap<KeyId, i64>,
    positions: BTreeMap<u8, (i64, Vec<u8>)>,
}

impl Ledger {
    fn write(&mut self, batch: &Batch) {
        let (last, _) = self.positions.get(&batch.part).cloned().unwrap_or_default();
        if last == batch.number {
            return;
        }
        assert_eq!(last + 1, batch.number, "batches follow each other");
        for one in &batch.answers {
            assert_eq!(one.api.as_deref(), Some("orders"));
            *self.counts.entry(one.key).or_default() += one.count;
        }
        self.positions
            .insert(batch.part, (batch.number, batch.position.clone()));
    }

    fn stored(&self) -> Vec<(u8, i64, Vec<u8>)> {
        let row = |(part, (number, position)): (&u8, &(i64, Vec<u8>))| (*part, *number, position.clone());
        self.positions.iter().map(row).collect()
    }

    fn open(&self, directory: &Path, max_bytes: u64) -> (Arc<Journal>, RollUp) {
        let stored = self.stored();
        let journal = Journal::open(&settings(directory, max_bytes), NODE, &stored).expect("a journal");
        let journal = Arc::new(journal);
        (journal.clone(), RollUp::new(journal, &stored))
    }

    fn total(&self) -> i64 {
        self.counts.values().sum()
    }
}

fn drain(roll_up: &mut RollUp, ledger: &mut Ledger) {
    while roll_up.read(usize::MAX) > 0 {}
    for batch in roll_up.take() {
        ledger.write(&batch);
        roll_up.done(&batch);
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let ids = (any::<u128>(), any::<u128>(), any::<u128>(), any::<u128>());
    let texts = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>());
    let required = (any::<u32>(), any::<u32>());
    let rest = (
        any::<i64>(),
        any::<u32>(),
        0..Code::ALL.len(),
        0..=Source::EACH.len(),
        any::<bool>(),
    );
    (ids, texts, required, rest).prop_map(|(ids, texts, required, (at, micros, code, source, logged))| {
        Entry {
            at: Timestamp::from_micros(at),
            micros,
            code: Code::ALL[code],
            source: source.checked_sub(1).map(|place| Source::EACH[place]),
            logged,
            organisation: ids.0,
            key: ids.1,
            secret: ids.2,
            ip: ids.3,
            api: texts.0,
            route: texts.1,
            agent: texts.2,
            prefix: texts.3,
            requires: required.0,
            route_requires: required.1,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_record_is_read_as_it_was_written(entry in entry()) {
        prop_assert_eq!(decode(&entry.encode()), Some(Record::Answer(entry)));
    }

    #[test]
    fn a_text_is_read_as_it_was_written_or_cut_between_two_characters(number: u32, text in "\\PC{0,120}") {
        let Some(Record::Name(read, kept)) = decode(&encode_name(number, &text)) else {
            return Err(TestCaseError::fail("no text"));
        };
        prop_assert_eq!(read, number);
        prop_assert!(text.starts_with(&kept) && kept.len() <= record::TEXT);
        prop_assert!(kept == text || text.len() > record::TEXT);
    }

    #[test]
    fn no_flipped_bit_passes(entry in entry(), generation in 1_u64..1 << 40, bit in 64_usize..1024) {
        let mut words = entry.encode();
        let sealed = seal(generation, &words);
        words[bit / 64] ^= 1 << (bit % 64);
        prop_assert_ne!(seal(generation, &words), sealed);
    }

    /// What is written, read, taken, written down or lost half-way, and begun again, in any order: each record once.
    #[test]
    fn each_record_is_counted_once_whatever_happens(steps in prop::collection::vec((0_u8..6, 1_usize..300), 1..40)) {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut ledger, mut noted) = (Ledger::default(), 0_i64);
        let (mut journal, mut roll_up) = ledger.open(directory.path(), 8 << 20);
        for (step, size) in steps {
            match step {
                0 | 1 => {
                    for n in 0..size {
                        note(&journal, n as u128 % 37, Code::Valid, noted * 1_000);
                        noted += 1;
                    }
                }
                2 => drop(roll_up.read(size)),
                // Written, but the answer is lost: it is sent again.
                3 => roll_up.take().iter().take(size % 17).for_each(|batch| ledger.write(batch)),
                4 => {
                    let batches = roll_up.take();
                    for batch in batches.iter().take(size % 17) {
                        ledger.write(batch);
                        roll_up.done(batch);
                    }
                }
                // The process is killed, and starts again.
                _ => {
                    drop(roll_up);
                    drop(journal);
                    (journal, roll_up) = ledger.open(directory.path(), 8 << 20);
                }
            }
        }
        // What was taken and not done goes first, then the rest.
        drain(&mut roll_up, &mut ledger);
        drain(&mut roll_up, &mut ledger);
        prop_assert_eq!(ledger.total(), noted);
        prop_assert_eq!(journal.depth().dropped, 0);
    }
}

#[test]
fn what_was_required_of_a_key_is_noted_once_a_day_and_not_of_what_was_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = Ledger::default();
    let (journal, mut roll_up) = ledger.open(directory.path(), 1 << 20);
    let mut noted = |at: &[(i64, Code)]| {
        at.iter().for_each(|(at, code)| note(&journal, 1, *code, *at));
        while roll_up.read(usize::MAX) > 0 {}
        let mut all = Vec::new();
        for batch in roll_up.take() {
            let told = batch
                .required
                .iter()
                .map(|one| (one.required.clone(), one.day.as_micros()));
            all.extend(told);
            roll_up.done(&batch);
        }
        all
    };
    let day = 86_400_000_000;
    assert_eq!(noted(&[(5, Code::Expired)]), []);
    let first = ("orders:view".to_owned(), 0);
    assert_eq!(noted(&[(6, Code::Valid), (7, Code::Valid)]), [first]);
    assert_eq!(noted(&[(8, Code::Valid)]), [], "not with every window");
    let next = ("orders:view".to_owned(), day);
    assert_eq!(noted(&[(day, Code::Valid), (day + 1, Code::Valid)]), [next]);
}

#[test]
fn what_is_committed_stays_so_when_a_start_has_read_nothing_yet() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::default();
    let (journal, mut roll_up) = ledger.open(directory.path(), 1 << 20);
    note(&journal, 1, Code::Valid, 0);
    roll_up.read(1);
    // Written, and killed before that is known.
    roll_up.take().iter().for_each(|batch| ledger.write(batch));
    drop((journal, roll_up));
    let (_, mut roll_up) = ledger.open(directory.path(), 1 << 20);
    assert!(roll_up.take().is_empty());
    drain(&mut roll_up, &mut ledger);
    assert_eq!(ledger.total(), 1);
}

#[test]
fn threads_that_write_while_it_is_read_lose_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::default();
    let (journal, mut roll_up) = ledger.open(directory.path(), 64 << 20);
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let journal = journal.clone();
            std::thread::spawn(move || {
                for n in 0..40_000_u64 {
                    note(&journal, u128::from(n * 7 + thread) % 64, Code::Valid, n as i64);
                }
            })
        })
        .collect();
    while threads.iter().any(|thread| !thread.is_finished()) {
        drain(&mut roll_up, &mut ledger);
        journal.tend();
        journal.sync().expect("a sync");
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().expect("a thread"));
    drain(&mut roll_up, &mut ledger);
    assert_eq!((ledger.total(), journal.depth().dropped), (160_000, 0));
    // The open segment of each thread, and nothing else, waits.
    assert!(journal.depth().bytes <= 4 * (512 << 10), "{:?}", journal.depth());
}

#[test]
fn beyond_its_bound_records_are_dropped_and_counted_across_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::default();
    let (journal, roll_up) = ledger.open(directory.path(), 64 << 10);
    for n in 0..5_000 {
        note(&journal, n % 5, Code::Valid, 0);
    }
    let dropped = journal.depth().dropped;
    assert!(dropped > 4_000 && journal.depth().bytes <= 64 << 10);
    drop((journal, roll_up));
    let (journal, mut roll_up) = ledger.open(directory.path(), 64 << 10);
    assert_eq!(journal.depth().dropped, dropped);
    drain(&mut roll_up, &mut ledger);
    assert_eq!(ledger.total() as u64 + dropped, 5_000);
    note(&journal, 1, Code::Valid, 0);
    drain(&mut roll_up, &mut ledger);
    assert_eq!(ledger.total() as u64 + dropped, 5_001, "there is room again");
}

#[test]
fn where_the_disk_gives_no_segment_records_are_dropped_and_counted_until_it_does() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::default();
    let (journal, mut roll_up) = ledger.open(directory.path(), 64 << 20);
    note(&journal, 0, Code::Valid, 0);
    // What stands at the place of a file keeps it from being made, as a full disk does.
    let next = segments(directory.path()).len() + 1;
    let in_the_way: Vec<_> = (next..next + 64)
        .map(|number| directory.path().join(format!("{number:010}.journal")))
        .collect();
    for place in &in_the_way {
        std::fs::create_dir(place).expect("a directory");
    }
    for n in 0..40_000 {
        note(&journal, n % 5, Code::Valid, 0);
    }
    let dropped = journal.depth().dropped;
    assert!(dropped > 0 && dropped < 40_000, "{dropped} dropped");
    drain(&mut roll_up, &mut ledger);
    assert_eq!(ledger.total() as u64 + dropped, 40_001);

    for place in &in_the_way {
        std::fs::remove_dir(place).expect("a directory");
    }
    journal.tend();
    for n in 0..40_000 {
        note(&journal, n % 5, Code::Valid, 0);
    }
    assert_eq!(journal.depth().dropped, dropped, "there is room again");
    drain(&mut roll_up, &mut ledger);
    assert_eq!(ledger.total() as u64 + dropped, 80_001);
}

/// The files of segments with records in them.
fn segments(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|e| e == "journal"))
        .collect()
}

#[test]
fn a_torn_or_damaged_record_is_passed_over_and_the_others_are_counted() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::default();
    let (journal, roll_up) = ledger.open(directory.path(), 1 << 20);
    for n in 0..50 {
        note(&journal, n, Code::Valid, 0);
    }
    drop((journal, roll_up));
    let path = segments(directory.path()).remove(0);
    let mut bytes = std::fs::read(&path).expect("a segment");
    // Slot 0 is the head, slot 1 the text, then come the records. The last was begun and not committed; one has a flipped bit.
    bytes[51 * 128..51 * 128 + 8].fill(0);
    bytes[20 * 128 + 77] ^= 4;
    std::fs::write(&path, bytes).expect("a segment");
    let (journal, mut roll_up) = ledger.open(directory.path(), 1 << 20);
    drain(&mut roll_up, &mut ledger);
    assert_eq!((ledger.total(), journal.depth().damaged), (48, 1));
}

#[test]
fn segments_of_more_shards_than_there_are_now_are_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::default();
    let (journal, roll_up) = ledger.open(directory.path(), 1 << 20);
    for n in 0..50 {
        note(&journal, n, Code::Valid, 0);
    }
    drop((journal, roll_up));
    // As a run with a hundred shards would have left it.
    let path = segments(directory.path()).remove(0);
    let mut bytes = std::fs::read(&path).expect("a segment");
    bytes[8] = 99;
    std::fs::write(&path, bytes).expect("a segment");
    let (_, mut roll_up) = ledger.open(directory.path(), 1 << 20);
    drain(&mut roll_up, &mut ledger);
    assert_eq!(ledger.total(), 50);
    let (_, mut roll_up) = ledger.open(directory.path(), 1 << 20);
    drain(&mut roll_up, &mut ledger);
    assert_eq!(ledger.total(), 50, "once");
}

#[test]
fn the_directory_is_its_owners_alone_and_the_node_keeps_its_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("journal");
    assert_eq!(Journal::node_of(&directory, NODE).expect("a node"), NODE);
    assert_eq!(Journal::node_of(&directory, Uuid::nil()).expect("a node"), NODE);
    let journal = Journal::open(&settings(&directory, 1 << 20), NODE, &[]).expect("a journal");
    note(&journal, 1, Code::Valid, 0);
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for entry in std::fs::read_dir(&directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
