//! People: who they are, what they hold, and what they sign in with.

mod list;
mod owned;
mod subject;

use domain::clock::Timestamp;
use domain::id::{OrganisationId, UserId};
use domain::organisation::Organisation;
use domain::role::Builtin;
use domain::user::{User, UserStatus};

pub use list::{UserQuery, UserSort};

use crate::changes::Change;
use crate::db::{Reader, Row};

use crate::error::{Result, StoreError};
use crate::keys::{json, to_json};
use crate::organisations::status_of;
use crate::roles::Holder;
use crate::tx::Tx;
use crate::{Store, params};

pub(crate) const COLUMNS: &str = "u.id, u.organisation, u.email, u.name, u.status, u.operator, u.roles, u.password IS NOT NULL, \
    u.totp IS NOT NULL, u.created_at, u.created_by, u.last_sign_in_at, u.version";
const ORGANISATION: &str = "o.id, o.slug, o.name, o.status, o.rate_limits, o.created_at, o.version";
/// What somebody signs in with; read where it is compared, and nowhere else.
const FACTORS: &str = "u.password, u.password_alone, u.totp, u.totp_pending, u.totp_step";

/// What a person signs in with.
#[derive(Clone, Default)]
pub struct Factors {
    /// The hash of the password (PHC string).
    pub password: Option<String>,
    /// Whether the password is long enough to go without a second factor.
    pub password_alone: bool,
    /// The second factor's secret, sealed.
    pub totp: Option<Vec<u8>>,
    /// One that is still to be confirmed.
    pub pending: Option<Vec<u8>>,
    /// The last time step whose code was taken.
    pub totp_step: i64,
}

impl std::fmt::Debug for Factors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Factors(redacted)")
    }
}

/// A person with their organisation and what they sign in with.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub user: User,
    /// Where.
    pub organisation: Organisation,
    /// With what.
    pub factors: Factors,
}

pub(crate) fn read_user(c: &mut Reader<'_>) -> Result<User> {
    Ok(User {
        id: c.next()?,
        organisation: c.next()?,
        email: c.next()?,
        name: c.next()?,
        status: {
            let status: String = c.next()?;
            UserStatus::parse(&status).ok_or_else(|| StoreError::Corrupt("users.status".to_owned()))?
        },
        operator: c.next()?,
        roles: json("roles", &c.next::<String>()?)?,
        has_password: c.next()?,
        has_second_factor: c.next()?,
        created_at: c.next()?,
        created_by: json("created_by", &c.next::<String>()?)?,
        last_sign_in_at: c.next()?,
        version: c.next()?,
    })
}

pub(crate) fn user_of(row: &Row) -> Result<User> {
    read_user(&mut row.read())
}

fn person_of(row: &Row) -> Result<Person> {
    let mut c = row.read();
    Ok(Person {
        user: read_user(&mut c)?,
        organisation: Organisation {
            id: c.next()?,
            slug: c.next()?,
            name: c.next()?,
            status: status_of(&c.next::<String>()?)?,
            rate_limits: json("rate_limits", &c.next::<String>()?)?,
            created_at: c.next()?,
            version: c.next()?,
        },
        factors: Factors {
            password: c.next()?,
            password_alone: c.next()?,
            totp: c.next()?,
            pending: c.next()?,
            totp_step: c.next()?,
        },
    })
}

/// What is searched: name and address, in lower case.
fn search_text(user: &User) -> String {
    format!("{}\n{}", user.name, user.email).to_lowercase()
}

impl Store {
    /// One person of an organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn user(&self, organisation: OrganisationId, user: UserId) -> Result<Option<User>> {
        let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.organisation = $1 AND u.id = $2");
        let row = self.readers.query_opt(&sql, params![organisation, user]).await?;
        row.as_ref().map(user_of).transpose()
    }

    /// One person with what they sign in with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person(&self, organisation: OrganisationId, user: UserId) -> Result<Option<Person>> {
        let sql = format!(
            "SELECT {COLUMNS}, {ORGANISATION}, {FACTORS} FROM users u JOIN organisations o ON o.id = u.organisation \
             WHERE u.organisation = $1 AND u.id = $2"
        );
        let row = self.readers.query_opt(&sql, params![organisation, user]).await?;
        row.as_ref().map(person_of).transpose()
    }

    /// The people of an address, in every organisation or in the one of that slug; two at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people_of_address(&self, email: &str, slug: Option<&str>) -> Result<Vec<Person>> {
        let key = User::email_key(email);
        // PostgreSQL refuses U+0000 in a value, and no address holds it.
        if key.contains('\0') || slug.is_some_and(|slug| slug.contains('\0')) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {COLUMNS}, {ORGANISATION}, {FACTORS} FROM users u JOIN organisations o ON o.id = u.organisation \
             WHERE u.email_key = $1 AND o.slug = COALESCE($2, o.slug) ORDER BY u.id LIMIT 2"
        );
        let slug = slug.map(str::to_owned);
        let rows = self.readers.query(&sql, params![key, slug]).await?;
        rows.iter().map(person_of).collect()
    }
}

impl Tx {
    /// Whether somebody in the organisation has this address, in whatever case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_address(&mut self, organisation: OrganisationId, email: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM users WHERE organisation = $1 AND email_key = $2";
        let key = User::email_key(email);
        Ok(self
            .conn()
            .query_opt(sql, params![organisation, key])
            .await?
            .is_some())
    }

    /// One person with what they sign in with, locked until this transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person(&mut self, organisation: OrganisationId, user: UserId) -> Result<Option<Person>> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE OF u" };
        let sql = format!(
            "SELECT {COLUMNS}, {ORGANISATION}, {FACTORS} FROM users u JOIN organisations o ON o.id = u.organisation \
             WHERE u.organisation = $1 AND u.id = $2{lock}"
        );
        let row = self.conn().query_opt(&sql, params![organisation, user]).await?;
        row.as_ref().map(person_of).transpose()
    }

    /// Writes a new person, who has nothing to sign in with yet.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the address is taken in the organisation.
    pub async fn insert_user(&mut self, user: &User) -> Result<()> {
        let sql = "INSERT INTO users (id, organisation, email, email_key, name, name_sort, search, status, operator, roles, \
                   totp_step, created_at, created_by, version) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13)";
        let values = params![
            user.id,
            user.organisation,
            &*user.email,
            User::email_key(&user.email),
            &*user.name,
            user.name.to_lowercase(),
            search_text(user),
            user.status.as_str(),
            user.operator,
            to_json(&user.roles)?,
            user.created_at,
            to_json(&user.created_by)?,
            user.version,
        ];
        self.conn().execute(sql, values).await?;
        self.set_holder(user.organisation, Holder::User(user.id), &user.roles)
            .await
    }

    /// Writes what may change of a person and counts their version up; keys that stand for them are decided anew.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the address is taken; [`StoreError::RowMissing`] when there is no such person.
    pub async fn update_user(&mut self, user: &mut User) -> Result<()> {
        user.version += 1;
        let sql = "UPDATE users SET email = $3, email_key = $4, name = $5, name_sort = $6, search = $7, status = $8, \
                   operator = $9, roles = $10, version = $11 WHERE organisation = $1 AND id = $2";
        let values = params![
            user.organisation,
            user.id,
            &*user.email,
            User::email_key(&user.email),
            &*user.name,
            user.name.to_lowercase(),
            search_text(user),
            user.status.as_str(),
            user.operator,
            to_json(&user.roles)?,
            user.version,
        ];
        if self.conn().execute(sql, values).await? == 0 {
            return Err(StoreError::RowMissing);
        }
        self.set_holder(user.organisation, Holder::User(user.id), &user.roles)
            .await?;
        self.changed(Change::Owner(user.organisation, user.id.uuid()));
        Ok(())
    }

    /// Keeps the hash of a new password, and whether it may stand alone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_password(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
        hash: &str,
        alone: bool,
    ) -> Result<()> {
        let sql = "UPDATE users SET password = $3, password_alone = $4 WHERE organisation = $1 AND id = $2";
        self.conn()
            .execute(sql, params![organisation, user, hash, alone])
            .await?;
        Ok(())
    }

    /// Keeps a second factor, sealed, and one that is still to be confirmed. Steps that were taken stay taken while there
    /// is one; another secret's codes are others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_totp(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
        totp: Option<Vec<u8>>,
        pending: Option<Vec<u8>>,
    ) -> Result<()> {
        let sql = "UPDATE users SET totp = $3, totp_pending = $4, \
                   totp_step = CASE WHEN CAST($5 AS BOOLEAN) THEN totp_step ELSE 0 END WHERE organisation = $1 AND id = $2";
        let is_on = totp.is_some();
        self.conn()
            .execute(sql, params![organisation, user, totp, pending, is_on])
            .await?;
        Ok(())
    }

    /// Takes the code of a time step; of two who come with it at once, one is told that it is theirs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_totp_step(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
        step: i64,
    ) -> Result<bool> {
        let sql = "UPDATE users SET totp_step = $3 WHERE organisation = $1 AND id = $2 AND totp_step < $3";
        let taken = self
            .conn()
            .execute(sql, params![organisation, user, step])
            .await?;
        Ok(taken == 1)
    }

    /// Notes that somebody signed in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_sign_in(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
        at: Timestamp,
    ) -> Result<()> {
        let sql = "UPDATE users SET last_sign_in_at = $3 WHERE organisation = $1 AND id = $2";
        self.conn().execute(sql, params![organisation, user, at]).await?;
        Ok(())
    }

    /// Removes a person with their sessions, links and codes.
    ///
    /// # Errors
    /// When the database fails, or they own a service account yet.
    pub async fn delete_user(&mut self, organisation: OrganisationId, user: UserId) -> Result<()> {
        self.set_holder(organisation, Holder::User(user), &[]).await?;
        let sql = "DELETE FROM users WHERE organisation = $1 AND id = $2";
        self.conn().execute(sql, params![organisation, user]).await?;
        self.changed(Change::Owner(organisation, user.uuid()));
        Ok(())
    }

    /// How many active owners an organisation has beside one person. Whoever asks holds the organisation's row until the
    /// transaction's end, so that two owners cannot take each other away at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owners_beside(&mut self, organisation: OrganisationId, user: UserId) -> Result<i64> {
        if !self.is_sqlite() {
            let sql = "SELECT 1 FROM organisations WHERE id = $1 FOR NO KEY UPDATE";
            self.conn().query(sql, params![organisation]).await?;
        }
        let sql = "SELECT COUNT(*) FROM role_holders h JOIN users u ON u.id = h.holder AND u.organisation = h.organisation \
                   WHERE h.organisation = $1 AND h.role = $2 AND h.kind = 'user' AND u.status = $3 AND u.id <> $4";
        let values = params![
            organisation,
            Builtin::Owner.id(),
            UserStatus::Active.as_str(),
            user
        ];
        self.conn().query_one(sql, values).await?.get(0)
    }
}
