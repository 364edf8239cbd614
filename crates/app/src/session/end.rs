//! Seeing and ending sessions.

use domain::audit::Target;
use domain::id::{OrganisationId, SessionId, UserId};
use serde_json::json;
use store::Tx;
use store::sessions::Session;

use crate::error::{AppError, Result};
use crate::{App, Caller};

/// Which sessions are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// One of them.
    One(SessionId),
    /// All but one.
    AllBut(SessionId),
    /// All.
    All,
}

/// Ends sessions of a person's; how many there were.
pub(crate) async fn end(
    tx: &mut Tx,
    caller: &Caller,
    home: OrganisationId,
    user: UserId,
    which: Which,
) -> Result<u64> {
    let ended = match which {
        Which::One(session) => {
            if !tx.end_session(home, user, session).await? {
                return Err(AppError::NotFound { what: "session" });
            }
            1
        }
        Which::AllBut(session) => tx.end_sessions(home, user, Some(session)).await?,
        Which::All => tx.end_sessions(home, user, None).await?,
    };
    if ended > 0 {
        let id = match which {
            Which::One(session) => session.to_string(),
            _ => user.to_string(),
        };
        let target = Target {
            kind: "session".to_owned(),
            id,
            name: user.to_string(),
        };
        let changes = json!({ "sessions_ended": { "after": ended } });
        let event = caller.event(tx.now(), "session.end", target, changes);
        tx.record(home, event);
    }
    Ok(ended)
}

impl App {
    /// The caller's own session.
    ///
    /// # Errors
    /// [`AppError::PeopleOnly`] for everybody but a person; [`AppError::Unauthenticated`] when it is over meanwhile.
    pub async fn own_session(&self, caller: &Caller) -> Result<Session> {
        let signed = caller.signed()?;
        let all = self.own_sessions(caller).await?;
        let own = all.into_iter().find(|session| session.id == signed.id);
        own.ok_or(AppError::Unauthenticated)
    }

    /// The caller's own sessions, youngest first.
    ///
    /// # Errors
    /// [`AppError::PeopleOnly`] for everybody but a person.
    pub async fn own_sessions(&self, caller: &Caller) -> Result<Vec<Session>> {
        let signed = caller.signed()?;
        let (now, idle) = (self.clock.now(), self.idle_since());
        Ok(self
            .store
            .sessions_of(signed.home, signed.user, now, idle)
            .await?)
    }

    /// Ends sessions of the caller's own; how many there were.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a session that is not theirs.
    pub async fn end_own_sessions(&self, caller: &Caller, which: Which) -> Result<u64> {
        let signed = caller.signed()?;
        let caller = caller.clone();
        let written = self
            .write(async move |tx| end(tx, &caller, signed.home, signed.user, which).await)
            .await?;
        Ok(written.value)
    }
}
