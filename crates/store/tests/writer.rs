//! One writer for all: what fails leaves no trace and spoils nobody else's, and what is answered is committed.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::audit::{Chain, Event, Target};
use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use store::db::Engine;
use store::testkit::{TestStore, sample_actor, sample_key, stores};
use store::{Change, Store, StoreError, Tx, Written};

fn event(target: KeyId) -> Event {
    Event {
        at: Timestamp::from_micros(1_760_000_000_000_000),
        actor: sample_actor("Ann"),
        action: "key.create",
        target: Target {
            kind: "key".to_owned(),
            id: target.to_string(),
            name: "n".to_owned(),
        },
        request_id: None,
        ip: None,
        changes: serde_json::json!({}),
    }
}

/// Makes a key with its record and its change.
async fn make(tx: &mut Tx, organisation: OrganisationId) -> Result<KeyId, StoreError> {
    let number = tx.next_key_number(organisation).await?;
    let key = sample_key(organisation, number);
    tx.insert_key(&key).await?;
    tx.record(organisation, event(key.id));
    tx.changed(Change::Key(organisation, key.id));
    Ok(key.id)
}

/// Holds the writer until the sender is dropped or used, so that what comes meanwhile shares a transaction.
async fn held(store: &Store) -> (tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let (release, wait) = tokio::sync::oneshot::channel::<()>();
    let (began, begun) = tokio::sync::oneshot::channel();
    let store = store.clone();
    let task = tokio::spawn(async move {
        let work = async move |_: &mut Tx| {
            let _ = began.send(());
            let _ = wait.await;
            Ok(())
        };
        store.write::<_, StoreError, _>(work).await.unwrap();
    });
    begun.await.unwrap();
    (release, task)
}

/// That keys, audit records and changes are exactly those of `made`.
async fn assert_only(store: &TestStore, made: &BTreeSet<KeyId>) {
    let organisation = store.organisation;
    let rows = store
        .database()
        .readers()
        .query("SELECT id FROM keys", &[])
        .await
        .unwrap();
    let stored: BTreeSet<KeyId> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(&stored, made);
    let records = store.audit_walk(organisation, 0, 1_000).await.unwrap();
    let recorded: BTreeSet<KeyId> = records
        .iter()
        .map(|record| record.target_id.parse().unwrap())
        .collect();
    assert_eq!(&recorded, made);
    assert_eq!(records.len(), made.len());
    let mut chain = Chain::empty(organisation);
    records.iter().for_each(|record| chain.check(record).unwrap());
    chain
        .check_head(&store.audit_head(organisation).await.unwrap())
        .unwrap();
    let changes = store.changes_after(0).await.unwrap();
    assert!(!changes.purged, "numbered without gaps");
    assert_eq!(changes.upto, store.last_change().await.unwrap());
    let changed: BTreeSet<KeyId> = changes
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Key(_, key) => Some(*key),
            _ => None,
        })
        .collect();
    assert_eq!(&changed, made);
    assert_eq!(changes.changes.len(), made.len());
}

/// Makes a key, or fails after that, by the number of the job.
#[expect(clippy::panic, reason = "what is tested is that a panic is one job's alone")]
async fn makes_or_fails(tx: &mut Tx, organisation: OrganisationId, number: u32) -> Result<KeyId, StoreError> {
    let key = make(tx, organisation).await?;
    match number % 8 {
        1 => Err(StoreError::RowMissing),
        // A statement that the database refuses, which PostgreSQL ends the transaction for.
        3 => {
            let again = tx.key(organisation, key).await?.unwrap();
            tx.insert_key(&again).await?;
            Ok(key)
        }
        // The same, and the job makes light of it: both engines must agree on what is kept.
        5 => {
            let again = tx.key(organisation, key).await?.unwrap();
            let _ = tx.insert_key(&again).await;
            Err(StoreError::RowMissing)
        }
        7 => panic!("a fault in one caller's work"),
        _ => Ok(key),
    }
}

#[tokio::test]
async fn of_one_after_the_other_those_that_fail_leave_no_trace_and_the_others_are_all_there() {
    for store in stores().await {
        let organisation = store.organisation;
        let mut made = BTreeSet::new();
        for number in 0..16 {
            let work = async move |tx: &mut Tx| makes_or_fails(tx, organisation, number).await;
            let answer = store.write::<KeyId, StoreError, _>(work).await;
            assert_eq!(answer.is_ok(), number % 2 == 0, "{number}: {answer:?}");
            made.extend(answer.map(|written| written.value));
        }
        assert_only(&store, &made).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_those_that_fail_leave_no_trace_and_the_others_are_all_there() {
    for store in stores().await {
        let organisation = store.organisation;
        let (release, holding) = held(&store).await;
        let tasks: Vec<_> = (0..64)
            .map(|number| {
                let store = store.store.clone();
                tokio::spawn(async move {
                    let work = async move |tx: &mut Tx| makes_or_fails(tx, organisation, number).await;
                    (number, store.write::<KeyId, StoreError, _>(work).await)
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        release.send(()).unwrap();
        holding.await.unwrap();
        let mut made = BTreeSet::new();
        let mut seqs = BTreeSet::new();
        for task in tasks {
            let (number, answer) = task.await.unwrap();
            match (number % 8, answer) {
                (1 | 5, Err(StoreError::RowMissing)) => {}
                (3, Err(StoreError::Conflict { .. })) => {}
                (7, Err(StoreError::Database(cause))) => assert!(cause.to_string().contains("panicked")),
                (0 | 2 | 4 | 6, Ok(Written { value, seq })) => {
                    made.insert(value);
                    seqs.insert(seq);
                }
                (_, other) => panic!("{:?}: job {number}: {other:?}", store.engine()),
            }
        }
        assert_eq!(made.len(), 32);
        assert!(
            seqs.len() < 8,
            "{:?}: 32 successes took {} commits",
            store.engine(),
            seqs.len()
        );
        assert_only(&store, &made).await;
    }
}

#[tokio::test]
async fn a_job_that_hides_a_refused_statement_cannot_spoil_the_others() {
    for store in stores().await {
        let organisation = store.organisation;
        let (release, holding) = held(&store).await;
        let other = store.store.clone();
        let good = tokio::spawn(async move {
            other
                .write::<_, StoreError, _>(async move |tx| make(tx, organisation).await)
                .await
        });
        let other = store.store.clone();
        let hiding = tokio::spawn(async move {
            let work = async move |tx: &mut Tx| {
                let key = sample_key(organisation, 1_000);
                tx.insert_key(&key).await?;
                let _ = tx.insert_key(&key).await;
                tx.record(organisation, event(key.id));
                tx.changed(Change::Key(organisation, key.id));
                Ok(key.id)
            };
            other.write::<_, StoreError, _>(work).await
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        release.send(()).unwrap();
        holding.await.unwrap();
        let mut made = BTreeSet::from([good.await.unwrap().unwrap().value]);
        // SQLite undoes the statement alone; PostgreSQL undoes the job, and says so.
        match (store.engine(), hiding.await.unwrap()) {
            (Engine::Sqlite, Ok(written)) => drop(made.insert(written.value)),
            (Engine::Postgres, Err(StoreError::Database(_))) => {}
            (engine, other) => panic!("{engine:?}: {other:?}"),
        }
        assert_only(&store, &made).await;
    }
}

#[tokio::test]
async fn a_job_that_panics_is_told_and_the_writer_lives_on() {
    for store in stores().await {
        let organisation = store.organisation;
        for _ in 0..3 {
            let work = async move |tx: &mut Tx| -> Result<(), StoreError> {
                make(tx, organisation).await?;
                panic!("a fault in one caller's work");
            };
            assert!(matches!(store.write(work).await, Err(StoreError::Database(_))));
        }
        let key = store.change(async move |tx| make(tx, organisation).await).await;
        assert_only(&store, &BTreeSet::from([key])).await;
        assert_eq!(
            store.key(organisation, key).await.unwrap().unwrap().number,
            1,
            "no number was used up"
        );
    }
}

#[tokio::test]
async fn a_waiting_job_whose_caller_went_away_does_nothing() {
    for store in stores().await {
        let organisation = store.organisation;
        let (release, holding) = held(&store).await;
        let ran = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&ran);
        let other = store.store.clone();
        let leaving = tokio::spawn(async move {
            let work = async move |tx: &mut Tx| {
                seen.fetch_add(1, Ordering::SeqCst);
                make(tx, organisation).await
            };
            other.write::<_, StoreError, _>(work).await
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        leaving.abort();
        assert!(leaving.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        holding.await.unwrap();
        let key = store.change(async move |tx| make(tx, organisation).await).await;
        assert_eq!(ran.load(Ordering::SeqCst), 0);
        assert_only(&store, &BTreeSet::from([key])).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_are_numbered_in_the_order_of_their_commits() {
    for store in stores().await {
        let organisation = store.organisation;
        let reader = store.store.clone();
        let done = Arc::new(AtomicUsize::new(0));
        let finished = Arc::clone(&done);
        // Who follows the changes while they are made never sees one come in behind its back.
        let follower = tokio::spawn(async move {
            let (mut upto, mut followed) = (0, Vec::new());
            loop {
                let last = finished.load(Ordering::SeqCst) == 1;
                let changes = reader.changes_after(upto).await.unwrap();
                assert!(!changes.purged);
                upto = changes.upto;
                followed.extend(changes.changes);
                if last {
                    return followed;
                }
            }
        });
        let tasks: Vec<_> = (0..40)
            .map(|_| {
                let store = store.store.clone();
                tokio::spawn(async move {
                    let key = store
                        .write::<_, StoreError, _>(async move |tx| make(tx, organisation).await)
                        .await
                        .unwrap();
                    // What is answered is there to be read, up to the number that came with it.
                    assert!(store.last_change().await.unwrap() >= key.seq);
                    assert!(store.key(organisation, key.value).await.unwrap().is_some());
                    let upto = store.changes_after(0).await.unwrap();
                    let place = upto
                        .changes
                        .iter()
                        .position(|change| *change == Change::Key(organisation, key.value));
                    assert!(place.unwrap() < usize::try_from(key.seq).unwrap());
                    (key.seq, key.value)
                })
            })
            .collect();
        let mut made = BTreeSet::new();
        for task in tasks {
            made.insert(task.await.unwrap().1);
        }
        done.store(1, Ordering::SeqCst);
        assert_eq!(
            follower.await.unwrap(),
            store.changes_after(0).await.unwrap().changes
        );
        assert_only(&store, &made).await;
    }
}

#[tokio::test]
async fn a_reader_who_comes_too_late_for_a_change_is_told() {
    for store in stores().await {
        let organisation = store.organisation;
        for _ in 0..4 {
            store.change(async move |tx| make(tx, organisation).await).await;
        }
        let mut conn = store.database().writer().await.unwrap();
        conn.batch("DELETE FROM changes WHERE seq <= 2").await.unwrap();
        assert!(store.changes_after(0).await.unwrap().purged);
        assert!(store.changes_after(1).await.unwrap().purged);
        let rest = store.changes_after(2).await.unwrap();
        assert_eq!((rest.purged, rest.upto, rest.changes.len()), (false, 4, 2));
        conn.batch("DELETE FROM changes").await.unwrap();
        assert!(
            store.changes_after(2).await.unwrap().purged,
            "all of them are gone"
        );
        assert!(!store.changes_after(4).await.unwrap().purged, "there were none");
    }
}

#[tokio::test]
async fn every_kind_of_change_comes_back() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = sample_key(organisation, 1).id;
        let changes = [
            Change::Key(organisation, key),
            Change::Organisation(organisation),
            Change::Import(organisation),
            Change::Unknown,
        ];
        let written = store
            .store
            .write::<_, StoreError, _>(async move |tx| {
                changes.into_iter().for_each(|change| tx.changed(change));
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(written.seq, 4);
        assert_eq!(store.changes_after(0).await.unwrap().changes, changes);
    }
}

#[tokio::test]
async fn after_a_lost_connection_the_caller_is_told_and_the_next_write_works() {
    for store in stores()
        .await
        .into_iter()
        .filter(|store| store.engine() == Engine::Postgres)
    {
        let organisation = store.organisation;
        let first = store.change(async move |tx| make(tx, organisation).await).await;
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
        // While idle, and in the middle of a transaction.
        store
            .database()
            .writer()
            .await
            .unwrap()
            .query(kill, &[])
            .await
            .unwrap();
        let lost = store
            .write::<_, StoreError, _>(async move |tx| make(tx, organisation).await)
            .await;
        assert!(lost.unwrap_err().is_unavailable());
        let second = store.change(async move |tx| make(tx, organisation).await).await;

        let db = store.database().clone();
        let work = async move |tx: &mut Tx| {
            make(tx, organisation).await?;
            db.writer().await?.query(kill, &[]).await?;
            make(tx, organisation).await
        };
        assert!(
            store
                .write::<_, StoreError, _>(work)
                .await
                .unwrap_err()
                .is_unavailable()
        );
        let third = store.change(async move |tx| make(tx, organisation).await).await;
        assert_only(&store, &BTreeSet::from([first, second, third])).await;
    }
}

/// It waits for the fifteen seconds that a transaction may take.
#[tokio::test]
async fn work_that_comes_to_no_end_is_given_up_and_told_so_and_the_writer_lives_on() {
    let of_all = stores().await.into_iter().map(async |store| {
        let organisation = store.organisation;
        let work = async move |tx: &mut Tx| -> Result<(), StoreError> {
            make(tx, organisation).await?;
            std::future::pending().await
        };
        match store.write(work).await {
            Err(StoreError::Unavailable(cause)) => assert!(cause.to_string().contains("elapsed"), "{cause}"),
            other => panic!("{:?}: {other:?}", store.engine()),
        }
        let key = store.change(async move |tx| make(tx, organisation).await).await;
        assert_only(&store, &BTreeSet::from([key])).await;
    });
    futures_util::future::join_all(of_all).await;
}
