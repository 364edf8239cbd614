//! Which of the other systems' management APIs an organisation's programs may go on using.

use domain::policy::{Dialect, Policy};

use crate::error::Result;
use crate::{App, Caller};

impl App {
    /// The policy of the caller's organisation, if it has this dialect switched on.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    pub async fn spoken_by(&self, caller: &Caller, dialect: Dialect) -> Result<Option<Policy>> {
        let policy = self.tenant(caller.organisation).await?.policy;
        Ok(policy.dialects.contains(&dialect).then_some(policy))
    }

    /// Whether any organisation has this dialect switched on.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    pub async fn is_spoken(&self, dialect: Dialect) -> Result<bool> {
        Ok(self.store.is_spoken(dialect).await?)
    }
}
