//! Where a chain goes on from a backup: a signed statement in the chain itself, so that a restore is told apart from a
//! chain that somebody has cut off.

use serde::Serialize;
use serde_json::json;

use super::chain::{Chain, Record};
use super::checkpoint::{Checkpoint, is_signed};
use super::{Event, Target};
use crate::clock::Timestamp;
use crate::hex::hex;
use crate::key::{Actor, ActorKind};
use crate::secret::Keyring;

/// What a restore is called in the chain. The target's id is the number of the last record of the backup.
const RESTORE: &str = "audit.restore";

/// A restore as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditRestore)]
pub struct Restored {
    /// The last record that the backup held.
    #[schema(minimum = 0, example = 5200)]
    pub seq: i64,
    /// When it was restored.
    pub at: Timestamp,
    /// Signed checkpoints of records that were lost by it: they were made after the backup.
    #[schema(minimum = 0, example = 0)]
    pub lost_checkpoints: usize,
}

fn statement(before: &Chain, at: Timestamp) -> String {
    format!(
        "claviger restore v1\n{}\n{}\n{}\n{}",
        before.organisation,
        before.seq,
        hex(&before.hash),
        at.as_micros()
    )
}

/// What a chain says at its place when it goes on at `at` from `before`, which a backup of `taken_at` held.
pub fn restoring(before: &Chain, at: Timestamp, taken_at: Timestamp, keyring: &Keyring) -> Event {
    Event {
        at,
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            name: "restore".to_owned(),
        },
        action: RESTORE,
        target: Target {
            kind: "audit".to_owned(),
            id: before.seq.to_string(),
            name: format!("backup of {taken_at}"),
        },
        request_id: None,
        ip: None,
        changes: json!({
            "taken_at": { "after": taken_at },
            "signature": { "after": hex(&keyring.sign(statement(before, at).as_bytes())) },
        }),
    }
}

/// The restore that a record says there was, if this installation signed it; `before` is the chain up to it. The checkpoints of
/// what was lost by it are taken out of `stated`.
pub fn restored(
    before: &Chain,
    record: &Record,
    public: &[u8; 32],
    stated: &mut Vec<&Checkpoint>,
) -> Option<Restored> {
    if record.action != RESTORE || record.seq != before.seq + 1 {
        return None;
    }
    let changes = record.show().changes;
    let signature = changes.pointer("/signature/after")?.as_str()?;
    if !is_signed(public, &statement(before, record.at), signature) {
        return None;
    }
    let all = stated.len();
    stated.retain(|checkpoint| checkpoint.seq <= before.seq || checkpoint.at > record.at);
    Some(Restored {
        seq: before.seq,
        at: record.at,
        lost_checkpoints: all - stated.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;
    use crate::id::OrganisationId;

    fn event(at: i64) -> Event {
        let keyring = Keyring::generate(&SystemRandom).expect("a keyring");
        let mut event = restoring(
            &Chain::empty(OrganisationId::INSTALLATION),
            Timestamp::from_micros(at),
            Timestamp::from_micros(at),
            &keyring,
        );
        event.action = "key.create";
        event
    }

    #[test]
    fn checkpoints_of_what_a_restore_has_lost_are_set_aside_and_no_others() {
        let keyring = Keyring::generate(&SystemRandom).expect("a keyring");
        let public = keyring.audit_public_key();
        let mut chain = Chain::empty(OrganisationId::INSTALLATION);
        chain.append(&event(10), [1; 16]).expect("a record");
        let kept = Checkpoint::sign(&chain, Timestamp::from_micros(11), &keyring);
        let backup = chain.clone();
        chain.append(&event(20), [2; 16]).expect("a record");
        let lost = Checkpoint::sign(&chain, Timestamp::from_micros(21), &keyring);

        let mut chain = backup.clone();
        let said = restoring(
            &backup,
            Timestamp::from_micros(30),
            Timestamp::from_micros(12),
            &keyring,
        );
        let record = chain.append(&said, [3; 16]).expect("a record");
        let later = Checkpoint::sign(&chain, Timestamp::from_micros(31), &keyring);
        let mut stated = vec![&kept, &lost, &later];
        let found = restored(&backup, &record, &public, &mut stated).expect("a restore");
        assert_eq!((found.seq, found.lost_checkpoints), (1, 1));
        assert_eq!(stated, [&kept, &later]);

        // Whoever has not the installation's secrets cannot say so.
        let forged = Keyring::generate(&SystemRandom).expect("a keyring");
        let said = restoring(
            &backup,
            Timestamp::from_micros(30),
            Timestamp::from_micros(12),
            &forged,
        );
        let record = backup.clone().append(&said, [4; 16]).expect("a record");
        let mut stated = vec![&kept, &lost];
        assert!(restored(&backup, &record, &public, &mut stated).is_none());
        // Nor can what was signed for one place be moved to another.
        let said = restoring(
            &Chain::empty(OrganisationId::INSTALLATION),
            Timestamp::from_micros(30),
            Timestamp::from_micros(12),
            &keyring,
        );
        let record = backup.clone().append(&said, [5; 16]).expect("a record");
        assert!(restored(&backup, &record, &public, &mut stated).is_none());
        assert_eq!(stated.len(), 2);
    }
}
