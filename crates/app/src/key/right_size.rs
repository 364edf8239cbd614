//! Which of its permissions a key has needed, and with which it would do.

use std::time::Duration;

use domain::access::{Management, Needed, Needs, Sourced, effective};
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::span::Span;
use store::roles::Holder;

use crate::error::{AppError, Result};
use crate::{App, Caller};

const DAY: Duration = Duration::from_secs(86_400);
/// How far back it is looked when the caller does not say.
const USUAL: Span = Span::days(90);
/// And at the most.
const LONGEST: Duration = DAY.saturating_mul(400);

/// A pattern that a key holds in the end, and what was needed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionUse {
    /// The pattern, and where it comes from.
    pub held: Sourced,
    /// What was needed of it.
    pub needed: Vec<Needed>,
}

/// What a key holds, against what it has needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightSize {
    /// From when on it was looked at: the beginning of a day (UTC), or when the key was made.
    pub since: Timestamp,
    /// The last day on which requests passed of which nothing was required by name.
    pub untold: Option<Timestamp>,
    /// Every pattern that it holds.
    pub permissions: Vec<PermissionUse>,
    /// With which of its own permissions it would do, where that is less and enough is known.
    pub suggestion: Option<Vec<String>>,
}

impl App {
    /// What a key holds, against what was required of its requests within a window that ends now.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.right_size", skip_all)]
    pub async fn right_size(&self, caller: &Caller, id: KeyId, window: Option<Span>) -> Result<RightSize> {
        caller.require(Management::UsageRead)?;
        let window = window.unwrap_or(USUAL).duration();
        if window < DAY || window > LONGEST {
            return Err(AppError::field("window", "from 1d to 400d"));
        }
        let key = self
            .store
            .key(caller.organisation, id)
            .await?
            .ok_or(AppError::NotFound { what: "key" })?;
        let now = self.clock.now();
        let begin = now.minus(window).floor_to(DAY);
        let required = self.store.required_of(caller.organisation, id, begin).await?;
        let needs = Needs::of(&required);
        let known = self
            .store
            .principal(caller.organisation, Holder::Key(id), now)
            .await?
            .ok_or(AppError::NotFound { what: "key" })?;
        let directory = self.store.directory(caller.organisation).await?;
        let held = effective(&directory, &known.principal);
        Ok(RightSize {
            since: begin.max(key.created_at),
            untold: needs.untold,
            permissions: held
                .into_iter()
                .map(|held| PermissionUse {
                    needed: needs.within(&held.pattern),
                    held,
                })
                .collect(),
            // A key of an owner's with nothing of its own inherits all that the owner may.
            suggestion: needs
                .narrowed(&key.permissions)
                .filter(|kept| !kept.is_empty() || !key.roles.is_empty()),
        })
    }
}
