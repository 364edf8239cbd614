//! Deleting a key, as the organisation's policy means it: kept for history, or erased.

use domain::access::Management;
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::key::Key;
use domain::page::DEFAULT_LIMIT;
use domain::policy::Deletion;
use store::keys::{KeyQuery, StatusFilter, Whose};

use super::{Other, difference, locked, refuse_protected, target, view};
use crate::error::Result;
use crate::key::KeyView;
use crate::{App, Caller};

/// How many other keys are named.
const OTHERS: usize = 20;

/// A key that is deleted, on this answer's word.
#[derive(Debug)]
pub struct Deleted {
    /// The key as it was when it ended.
    pub view: KeyView,
    /// Whether its row is gone.
    pub erased: bool,
    /// When it took effect.
    pub effective_at: Timestamp,
    /// The owner's other keys that are accepted still; twenty at the most.
    pub others: Vec<Other>,
}

impl App {
    /// Deletes a key. A revoked key can be deleted too; deleting a deleted one again is no error.
    ///
    /// # Errors
    /// As [`crate::AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.key.delete_key", skip_all)]
    pub async fn delete_key(&self, caller: &Caller, id: KeyId) -> Result<Deleted> {
        caller.require(Management::KeysRevoke)?;
        caller.require_recent(self.clock.now())?;
        let by = caller.clone();
        let (view, erased) = self
            .change(async move |tx| {
                let tenant = tx.tenant(by.organisation).await?;
                let before = locked(tx, by.organisation, id).await?;
                refuse_protected(&before)?;
                let now = tx.now();
                let erased = tenant.policy.deletion == Deletion::Erase;
                let mut key = before.clone();
                key.deleted_at = before.deleted_at.or(Some(now));
                if erased {
                    tx.erase_key(by.organisation, id).await?;
                    tx.record(
                        key.organisation,
                        by.event(now, "key.erase", target(&key), difference(Some(&before), &key)),
                    );
                } else if key != before {
                    tx.update_key(&before, &mut key).await?;
                    tx.record(
                        key.organisation,
                        by.event(now, "key.delete", target(&key), difference(Some(&before), &key)),
                    );
                }
                Ok((view::seen(tx, &tenant, key).await?, erased))
            })
            .await?;
        let effective_at = self.clock.now();
        Ok(Deleted {
            others: self.others(caller, &view.key).await?,
            view,
            erased,
            effective_at,
        })
    }

    /// The other keys of the same owner that are accepted still: whoever holds one of them has access yet.
    pub(super) async fn others(&self, caller: &Caller, key: &Key) -> Result<Vec<Other>> {
        let query = KeyQuery {
            now: self.clock.now(),
            status: StatusFilter::In(vec![domain::key::Status::Active]),
            whose: Whose {
                owner: Some(key.owner.uuid()),
                ..Whose::default()
            },
            descending: true,
            limit: DEFAULT_LIMIT,
            ..KeyQuery::default()
        };
        let page = self.store.keys(caller.organisation, query, "others").await?;
        let same = page.items.into_iter().filter(|other| other.id != key.id);
        Ok(same
            .take(OTHERS)
            .map(|other| Other {
                id: other.id,
                name: other.name,
                display: other.display,
            })
            .collect())
    }
}
