//! The proof of one chain: walked from its beginning to its head, and compared with what was signed of it.

use domain::audit::{Chain, Checkpoint, Fault, Restored, beginning, restored};
use domain::id::OrganisationId;
use store::Store;

use super::ChainVerification;
use crate::error::Result;

/// Records that are read at once while a chain is walked.
const STEP: i64 = 2_000;

/// What chains are proved by.
pub(crate) struct Proof<'a> {
    /// Where they are.
    pub(crate) store: &'a Store,
    /// The public half of the key that signs what is said of them.
    pub(crate) public: [u8; 32],
}

impl Proof<'_> {
    pub(crate) async fn verify(
        &self,
        organisation: OrganisationId,
        stated: &[&Checkpoint],
    ) -> Result<ChainVerification> {
        loop {
            let verified = self.walk(organisation, stated).await?;
            let base = self.store.audit_beginning(organisation).await?.base;
            if verified.ok || base.map(|base| base.shown()) == verified.pruned {
                return Ok(verified);
            }
            // What was missing may have been pruned while we walked; a pruning comes to its end.
        }
    }

    async fn walk(&self, organisation: OrganisationId, stated: &[&Checkpoint]) -> Result<ChainVerification> {
        // The head first: what is appended while we walk lies beyond it.
        let head = self.store.audit_head(organisation).await?;
        let stored = self.store.audit_beginning(organisation).await?;
        let base = stored.base.as_ref();
        let begun = beginning(organisation, base, stored.first, stored.pruned, &self.public);
        let mut restores = Vec::new();
        let mut own = stated.to_vec();
        let answer = |records: i64, restored: Vec<Restored>, fault: Option<Fault>| ChainVerification {
            organisation,
            records,
            pruned: base.map(|base| base.shown()),
            restored,
            ok: fault.is_none(),
            fault: fault.map(|fault| fault.to_string()),
        };
        let mut chain = match begun {
            Ok(chain) => chain,
            Err(fault) => return Ok(answer(0, Vec::new(), Some(fault))),
        };
        let before = chain.seq;
        // Checkpoints of what was pruned have nothing left to be compared with, but for one at the base itself.
        let checked = |chain: &Chain, own: &[&Checkpoint]| {
            if chain.seq == head.seq {
                chain.check_head(&head)?;
            }
            own.iter().try_for_each(|checkpoint| checkpoint.check(chain))
        };
        let mut fault = match before {
            0 => None,
            _ => checked(&chain, &own).err(),
        };
        'walk: while fault.is_none() {
            let records = self.store.audit_walk(organisation, chain.seq, STEP).await?;
            let last = records.len() < STEP as usize;
            for record in records {
                restores.extend(restored(&chain, &record, &self.public, &mut own));
                if let Err(found) = chain.check(&record).and_then(|()| checked(&chain, &own)) {
                    fault = Some(found);
                    break 'walk;
                }
            }
            if last {
                break;
            }
        }
        // Whoever was appending meanwhile had its record's head committed with it.
        let after = self.store.audit_head(organisation).await?;
        if fault.is_none() && chain.seq > after.seq {
            fault = Some(Fault::Rewritten { seq: after.seq + 1 });
        }
        let promised = own.iter().map(|c| c.seq).chain([head.seq]).max().unwrap_or(0);
        if fault.is_none() && chain.seq < promised {
            fault = Some(Fault::Truncated {
                last: chain.seq,
                head: promised,
            });
        }
        if fault.is_none() && before > 0 && stored.pruned.is_none() {
            // Its pruning is a record of every chain that was pruned.
            fault = Some(Fault::BaseMoved {
                stated: before,
                pruned: 0,
            });
        }
        Ok(answer(chain.seq - before, restores, fault))
    }
}
