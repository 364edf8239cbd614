//! Who is signed in, and the links and codes that let somebody in once. Of tokens the digests alone are kept.

use domain::clock::Timestamp;
use domain::id::{OrganisationId, SessionId, UserId};
use domain::organisation::OrganisationStatus;
use domain::user::{Method, User, UserStatus};

use crate::db::{Reader, Row, Value};
use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::users::{COLUMNS as USER, read_user};
use crate::{Store, params};

const COLUMNS: &str = "s.id, s.organisation, s.user_id, s.created_at, s.seen_at, s.ends_at, s.proven_at, s.method, s.ip, s.agent";

/// Somebody's signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Where.
    pub organisation: OrganisationId,
    /// Who.
    pub user: UserId,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends whatever happens.
    pub ends_at: Timestamp,
    /// When they last showed who they are.
    pub proven_at: Timestamp,
    /// How they did.
    pub method: Method,
    /// From where.
    pub ip: Option<String>,
    /// What their browser calls itself.
    pub agent: String,
}

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LinkPurpose)]
pub enum Purpose {
    /// To come in for the first time.
    Invitation,
    /// To choose a new password.
    Recovery,
}

impl Purpose {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Recovery => "recovery",
        }
    }
}

/// A link that is good once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Where.
    pub organisation: OrganisationId,
    /// For whom.
    pub user: UserId,
    /// What for.
    pub purpose: Purpose,
    /// Until when.
    pub ends_at: Timestamp,
}

fn read_session(c: &mut Reader<'_>) -> Result<Session> {
    Ok(Session {
        id: c.next()?,
        organisation: c.next()?,
        user: c.next()?,
        created_at: c.next()?,
        seen_at: c.next()?,
        ends_at: c.next()?,
        proven_at: c.next()?,
        method: {
            let method: String = c.next()?;
            Method::parse(&method).ok_or_else(|| StoreError::Corrupt("sessions.method".to_owned()))?
        },
        ip: c.next()?,
        agent: c.next()?,
    })
}

fn link_of(row: &Row) -> Result<Link> {
    let mut c = row.read();
    Ok(Link {
        organisation: c.next()?,
        user: c.next()?,
        purpose: match c.next::<String>()?.as_str() {
            "invitation" => Purpose::Invitation,
            "recovery" => Purpose::Recovery,
            _ => return Err(StoreError::Corrupt("user_links.purpose".to_owned())),
        },
        ends_at: c.next()?,
    })
}

impl Store {
    /// The session of a token and whose it is, if it is good: neither over nor idle since before `idle`, of an active
    /// person in an active organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(
        &self,
        digest: [u8; 32],
        now: Timestamp,
        idle: Timestamp,
    ) -> Result<Option<(Session, User)>> {
        let sql = format!(
            "SELECT {COLUMNS}, {USER} FROM sessions s JOIN users u ON u.id = s.user_id AND u.organisation = s.organisation \
             JOIN organisations o ON o.id = s.organisation \
             WHERE s.digest = $1 AND s.ends_at > $2 AND s.seen_at > $3 AND u.status = $4 AND o.status = $5"
        );
        let values = params![
            digest,
            now,
            idle,
            UserStatus::Active.as_str(),
            OrganisationStatus::Active.as_str()
        ];
        let row = self.readers.query_opt(&sql, values).await?;
        row.map(|row| {
            let mut c = row.read();
            Ok((read_session(&mut c)?, read_user(&mut c)?))
        })
        .transpose()
    }

    /// A person's sessions that are good yet, youngest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_of(
        &self,
        organisation: OrganisationId,
        user: UserId,
        now: Timestamp,
        idle: Timestamp,
    ) -> Result<Vec<Session>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sessions s WHERE s.organisation = $1 AND s.user_id = $2 AND s.ends_at > $3 \
             AND s.seen_at > $4 ORDER BY s.created_at DESC, s.id DESC"
        );
        let rows = self
            .readers
            .query(&sql, params![organisation, user, now, idle])
            .await?;
        rows.iter().map(|row| read_session(&mut row.read())).collect()
    }

    /// A link that is good yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn user_link(&self, digest: [u8; 32], now: Timestamp) -> Result<Option<Link>> {
        let sql = "SELECT organisation, user_id, purpose, ends_at FROM user_links WHERE digest = $1 AND ends_at > $2";
        let row = self.readers.query_opt(sql, params![digest, now]).await?;
        row.as_ref().map(link_of).transpose()
    }

    /// How many recovery codes somebody has left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_recovery_codes(&self, organisation: OrganisationId, user: UserId) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM recovery_codes r JOIN users u ON u.id = r.user_id \
                   WHERE u.organisation = $1 AND r.user_id = $2";
        self.readers
            .query_one(sql, params![organisation, user])
            .await?
            .get(0)
    }
}

impl Tx {
    /// Writes a new session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_session(&mut self, digest: [u8; 32], session: &Session) -> Result<()> {
        let sql = "INSERT INTO sessions (digest, id, organisation, user_id, created_at, seen_at, ends_at, proven_at, method, \
                   ip, agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let values = params![
            digest,
            session.id,
            session.organisation,
            session.user,
            session.created_at,
            session.seen_at,
            session.ends_at,
            session.proven_at,
            session.method.as_str(),
            session.ip.clone(),
            &*session.agent,
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch_session(
        &mut self,
        organisation: OrganisationId,
        session: SessionId,
        at: Timestamp,
    ) -> Result<()> {
        let sql = "UPDATE sessions SET seen_at = $3 WHERE organisation = $1 AND id = $2 AND seen_at < $3";
        self.conn()
            .execute(sql, params![organisation, session, at])
            .await?;
        Ok(())
    }

    /// Gives a session a new token because its owner has shown anew who they are; the old token is worth nothing from
    /// then on. Whether there was such a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prove_session(
        &mut self,
        organisation: OrganisationId,
        session: SessionId,
        digest: [u8; 32],
        method: Method,
        at: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE sessions SET digest = $3, method = $4, proven_at = $5, seen_at = $5 \
                   WHERE organisation = $1 AND id = $2";
        let values = params![organisation, session, digest, method.as_str(), at];
        Ok(self.conn().execute(sql, values).await? == 1)
    }

    /// Ends one session of a person's; whether there was such a one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
        session: SessionId,
    ) -> Result<bool> {
        let sql = "DELETE FROM sessions WHERE organisation = $1 AND user_id = $2 AND id = $3";
        let ended = self
            .conn()
            .execute(sql, params![organisation, user, session])
            .await?;
        Ok(ended == 1)
    }

    /// Ends all sessions of a person's but one; how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
        but: Option<SessionId>,
    ) -> Result<u64> {
        let none = SessionId::from_uuid(uuid::Uuid::nil());
        let sql = "DELETE FROM sessions WHERE organisation = $1 AND user_id = $2 AND id <> $3";
        self.conn()
            .execute(sql, params![organisation, user, but.unwrap_or(none)])
            .await
    }

    /// Ends the oldest sessions of a person's beyond the `keep` youngest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trim_sessions(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
        keep: i64,
    ) -> Result<u64> {
        let sql = "DELETE FROM sessions WHERE organisation = $1 AND user_id = $2 AND id NOT IN \
                   (SELECT id FROM sessions WHERE organisation = $1 AND user_id = $2 \
                   ORDER BY created_at DESC, id DESC LIMIT $3)";
        self.conn().execute(sql, params![organisation, user, keep]).await
    }

    /// Ends every session of everybody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_all_sessions(&mut self) -> Result<u64> {
        self.conn().execute("DELETE FROM sessions", &[]).await
    }

    /// Forgets sessions and links that are over, and sessions that were idle since before `idle`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_sessions(&mut self, idle: Timestamp) -> Result<()> {
        let now = self.now();
        let sql = "DELETE FROM sessions WHERE ends_at <= $1 OR seen_at <= $2";
        self.conn().execute(sql, params![now, idle]).await?;
        let sql = "DELETE FROM user_links WHERE ends_at <= $1";
        self.conn().execute(sql, params![now]).await?;
        Ok(())
    }

    /// Keeps the digest of a link; older ones of the same person are worth nothing from then on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_user_link(&mut self, digest: [u8; 32], link: &Link) -> Result<()> {
        self.end_user_links(link.organisation, link.user).await?;
        let sql = "INSERT INTO user_links (digest, organisation, user_id, purpose, ends_at) VALUES ($1, $2, $3, $4, $5)";
        let values = params![
            digest,
            link.organisation,
            link.user,
            link.purpose.as_str(),
            link.ends_at
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Uses up a link: it is gone afterwards, so that two who come at once have one winner.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_user_link(&mut self, digest: [u8; 32]) -> Result<Option<Link>> {
        let now = self.now();
        let sql = "DELETE FROM user_links WHERE digest = $1 AND ends_at > $2 \
                   RETURNING organisation, user_id, purpose, ends_at";
        let row = self.conn().query_opt(sql, params![digest, now]).await?;
        row.as_ref().map(link_of).transpose()
    }

    /// Takes back a person's links.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_user_links(&mut self, organisation: OrganisationId, user: UserId) -> Result<()> {
        let sql = "DELETE FROM user_links WHERE organisation = $1 AND user_id = $2";
        self.conn().execute(sql, params![organisation, user]).await?;
        Ok(())
    }

    /// Replaces a person's recovery codes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_recovery_codes(&mut self, user: UserId, digests: &[[u8; 32]]) -> Result<()> {
        let sql = "DELETE FROM recovery_codes WHERE user_id = $1";
        self.conn().execute(sql, params![user]).await?;
        let rows: Vec<Vec<Value>> = digests
            .iter()
            .map(|digest| params![user, *digest].to_vec())
            .collect();
        let sql = "INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)";
        self.conn().execute_many(sql, &rows).await
    }

    /// Uses up a recovery code; whether it was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_recovery_code(&mut self, user: UserId, digest: [u8; 32]) -> Result<bool> {
        let sql = "DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2";
        Ok(self.conn().execute(sql, params![user, digest]).await? == 1)
    }
}
