//! Every way of tampering with a chain is found and named.

use serde_json::json;

use super::*;

const ORGANISATION: OrganisationId = OrganisationId::INSTALLATION;

fn event(n: i64) -> Event {
    Event {
        at: Timestamp::from_micros(1_000_000 * n),
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            name: "sample".to_owned(),
        },
        action: "key.create",
        target: Target {
            kind: "key".to_owned(),
            id: format!("key_{n}"),
            name: format!("Sample {n}"),
        },
        request_id: None,
        ip: Some("192.0.2.1".to_owned()),
        changes: json!({"name": {"after": n}}),
    }
}

fn chain(length: i64) -> (Chain, Vec<Record>) {
    let mut head = Chain::empty(ORGANISATION);
    let records = (1..=length)
        .map(|n| head.append(&event(n), [n as u8; 16]).expect("an event"))
        .collect();
    (head, records)
}

fn first_fault(head: &Chain, records: &[Record]) -> Option<Fault> {
    let mut walk = Chain::empty(ORGANISATION);
    records
        .iter()
        .find_map(|record| walk.check(record).err())
        .or_else(|| walk.check_head(head).err())
}

#[test]
fn an_honest_chain_verifies_and_so_does_one_with_erased_payloads() {
    let (head, mut records) = chain(9);
    assert_eq!(first_fault(&head, &records), None);
    records[4].payload = None;
    assert_eq!(first_fault(&head, &records), None);
    assert_eq!(records[4].show().target.name, "erased");
}

#[test]
fn an_edited_record_is_named() {
    let (head, records) = chain(9);
    type Edit = fn(&mut Record);
    let edits: [(&str, Edit); 5] = [
        ("body", |r| r.body[40] ^= 1),
        ("payload", |r| r.payload = Some(b"{}".to_vec())),
        ("salt", |r| r.salt[0] ^= 1),
        ("action", |r| r.action = "key.revoke".to_owned()),
        ("hash", |r| r.hash[0] ^= 1),
    ];
    for (what, edit) in edits {
        let mut edited = records.clone();
        edit(&mut edited[3]);
        let fault = first_fault(&head, &edited).unwrap_or_else(|| panic!("{what} went unnoticed"));
        assert!(fault.to_string().starts_with("record 4 "), "{what}: {fault}");
    }
}

#[test]
fn an_edit_that_mends_its_own_hash_shows_at_the_next_record() {
    let (head, mut records) = chain(9);
    records[3].body = String::from_utf8_lossy(&records[3].body)
        .replace("key_4", "key_x")
        .into_bytes();
    records[3].target_id = "key_x".to_owned();
    records[3].hash = link(&records[2].hash, &records[3].body);
    assert_eq!(first_fault(&head, &records), Some(Fault::Altered { seq: 5 }));
}

#[test]
fn a_removed_record_is_named() {
    let (head, mut records) = chain(9);
    records.remove(3);
    assert_eq!(
        first_fault(&head, &records),
        Some(Fault::Missing {
            expected: 4,
            found: 5
        })
    );
}

#[test]
fn records_that_changed_places_are_named() {
    let (head, mut records) = chain(9);
    records.swap(3, 4);
    assert_eq!(
        first_fault(&head, &records),
        Some(Fault::Missing {
            expected: 4,
            found: 5
        })
    );
    let (a, b) = (records[3].seq, records[4].seq);
    records[3].seq = b;
    records[4].seq = a;
    assert_eq!(
        first_fault(&head, &records),
        Some(Fault::Altered { seq: 4 }),
        "renumbered"
    );
}

#[test]
fn a_chain_that_was_cut_off_is_named() {
    let (head, mut records) = chain(9);
    records.truncate(7);
    assert_eq!(
        first_fault(&head, &records),
        Some(Fault::Truncated { last: 7, head: 9 })
    );
}
