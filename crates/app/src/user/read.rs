//! Looking at people and at where they are signed in.

use domain::access::Management;
use domain::id::UserId;
use domain::page::{Cursor, CursorError, Page};
use store::sessions::Session;
use store::users::UserQuery;

use super::{UserView, may_touch, not_found, view};
use crate::error::{AppError, Result};
use crate::session::{Which, end};
use crate::{App, Caller};

impl App {
    /// One person.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.show_user", skip_all)]
    pub async fn show_user(&self, caller: &Caller, id: UserId) -> Result<UserView> {
        caller.require(Management::UsersRead)?;
        let user = self.store.user(caller.organisation, id).await?;
        let user = user.ok_or_else(not_found)?;
        Ok(view(user, &self.store.directory(caller.organisation).await?))
    }

    /// A page of people; `role` is one by id or name. `list` names the list in its cursor.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.list_users", skip_all)]
    pub async fn list_users(
        &self,
        caller: &Caller,
        mut query: UserQuery,
        role: Option<&str>,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Page<UserView>> {
        caller.require(Management::UsersRead)?;
        let directory = self.store.directory(caller.organisation).await?;
        let no_role = || AppError::field("role", "there is no such role");
        query.role = role
            .map(|role| directory.find(role).ok_or_else(no_role))
            .transpose()?;
        let fitting = |cursor: Cursor| {
            let fits = query.sort.fits(&cursor.value);
            fits.then_some(cursor).ok_or(CursorError::Unreadable)
        };
        query.after = cursor
            .map(|text| Cursor::decode(text, list).and_then(fitting))
            .transpose()
            .map_err(|error| AppError::field("cursor", error.to_string()))?;
        let page = self.store.users(caller.organisation, query, list).await?;
        Ok(page.map(|user| view(user, &directory)))
    }

    /// Where a person is signed in.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.user_sessions", skip_all)]
    pub async fn user_sessions(&self, caller: &Caller, id: UserId) -> Result<Vec<Session>> {
        caller.require(Management::UsersRead)?;
        let user = self.store.user(caller.organisation, id).await?;
        user.ok_or_else(not_found)?;
        let (now, idle) = (self.clock.now(), self.idle_since());
        Ok(self.store.sessions_of(caller.organisation, id, now, idle).await?)
    }

    /// Ends all sessions of a person's; how many there were.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.end_user_sessions", skip_all)]
    pub async fn end_user_sessions(&self, caller: &Caller, id: UserId) -> Result<u64> {
        caller.require(Management::UsersManage)?;
        let caller = caller.clone();
        let written = self
            .write(async move |tx| {
                let person = super::locked(tx, caller.organisation, id).await?;
                let directory = tx.directory(caller.organisation).await?;
                may_touch(&caller, &directory, &person.user)?;
                end(tx, &caller, caller.organisation, id, Which::All).await
            })
            .await?;
        Ok(written.value)
    }
}
