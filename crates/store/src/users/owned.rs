//! What stands for a person: the keys and the service accounts that they answer for.

use domain::id::{AccountId, KeyId, OrganisationId, UserId};

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

impl Tx {
    /// The keys that stand for a person, over or not, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_of_user(&mut self, organisation: OrganisationId, user: UserId) -> Result<Vec<KeyId>> {
        let sql = "SELECT id FROM keys WHERE organisation = $1 AND owner_id = $2 AND owner_kind = 'user' \
                   ORDER BY created_at, id";
        let rows = self.conn().query(sql, params![organisation, user]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The service accounts that a person answers for, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts_of_user(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
    ) -> Result<Vec<(AccountId, String)>> {
        let sql = "SELECT id, name FROM service_accounts WHERE organisation = $1 AND owner = $2 ORDER BY name_sort, id";
        let rows = self.conn().query(sql, params![organisation, user]).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }

    /// Gives all service accounts of one person to another.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hand_over_accounts(
        &mut self,
        organisation: OrganisationId,
        from: UserId,
        to: UserId,
    ) -> Result<u64> {
        let sql = "UPDATE service_accounts SET owner = $3, version = version + 1 WHERE organisation = $1 AND owner = $2";
        self.conn().execute(sql, params![organisation, from, to]).await
    }
}
