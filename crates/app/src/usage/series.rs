//! The usage of a page of keys, a number for each day: enough for a line beside each.

use std::collections::HashMap;
use std::time::Duration;

use domain::access::Management;
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::span::Span;
use store::usage::Days;

use crate::error::{AppError, Result};
use crate::{App, Caller};

const DAY: Duration = Duration::from_secs(86_400);
/// The longest series.
const MOST: u64 = 90;

/// The usage of several keys on the same days (UTC), the last of which is today.
#[derive(Debug)]
pub struct Series {
    /// When the first day began.
    pub since: Timestamp,
    days: HashMap<KeyId, Days>,
    unused: Days,
}

impl Series {
    /// A key's days; noughts where it was not used.
    pub fn of(&self, key: KeyId) -> &Days {
        self.days.get(&key).unwrap_or(&self.unused)
    }
}

impl App {
    /// The usage of these keys on so many days.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.usage.usage_of_keys", skip_all)]
    pub async fn usage_of_keys(&self, caller: &Caller, keys: &[KeyId], span: Span) -> Result<Series> {
        caller.require(Management::UsageRead)?;
        let seconds = span.duration().as_secs();
        let days = seconds / DAY.as_secs();
        if days == 0 || days > MOST || !seconds.is_multiple_of(DAY.as_secs()) {
            return Err(AppError::field("usage", "whole days, from 1d to 90d"));
        }
        let today = self.clock.now().floor_to(DAY);
        let since = today.minus(span.duration()).plus(DAY);
        let days = usize::try_from(days).map_err(AppError::internal)?;
        let unused = Days {
            admitted: vec![0; days],
            refused: vec![0; days],
        };
        let store = &self.store;
        let days = store.key_days(caller.organisation, keys, since, days).await?;
        Ok(Series { since, days, unused })
    }
}
