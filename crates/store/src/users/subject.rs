//! Whom an OpenID provider vouches for.

use domain::id::{OrganisationId, UserId};

use super::{COLUMNS, user_of};
use crate::error::Result;
use crate::tx::Tx;
use crate::{Store, params};
use domain::user::User;

impl Store {
    /// The person of an organisation who is that subject of an OpenID provider.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn user_of_subject(&self, organisation: OrganisationId, subject: &str) -> Result<Option<User>> {
        // PostgreSQL refuses U+0000 in a value, and no subject that was stored holds it.
        if subject.contains('\0') {
            return Ok(None);
        }
        let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.organisation = $1 AND u.subject = $2");
        let row = self
            .readers
            .query_opt(&sql, params![organisation, subject])
            .await?;
        row.as_ref().map(user_of).transpose()
    }
}

impl Tx {
    /// Ties a person to a subject of an OpenID provider; false if they are tied to one already.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the subject is somebody else.
    pub async fn set_subject(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
        subject: &str,
    ) -> Result<bool> {
        let sql = "UPDATE users SET subject = $3 WHERE organisation = $1 AND id = $2 AND subject IS NULL";
        let tied = self
            .conn()
            .execute(sql, params![organisation, user, subject])
            .await?;
        Ok(tied == 1)
    }
}
