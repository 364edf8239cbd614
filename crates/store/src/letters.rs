//! Letters that are to be sent, and up to where in the audit log they were written: it is the outbox.

use domain::clock::Timestamp;
use domain::id::{AccountId, KeyId, OrganisationId, WebhookId};
use domain::user::User;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::keys::json;
use crate::tx::Tx;
use crate::{Store, params};

/// What a letter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LetterKind {
    /// These keys end.
    Ending,
    /// Nobody uses these.
    Idle,
    /// The tokens of these keys were found where they should not be.
    Leaked,
    /// These keys were used in a way that is unlike them.
    Unusual,
    /// These webhooks are told nothing any more.
    Stopped,
}

impl LetterKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Ending,
        Self::Idle,
        Self::Leaked,
        Self::Unusual,
        Self::Stopped,
    ];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ending => "ending",
            Self::Idle => "idle",
            Self::Leaked => "leaked",
            Self::Unusual => "unusual",
            Self::Stopped => "stopped",
        }
    }

    fn read(text: &str) -> Result<Self> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or_else(|| StoreError::Corrupt(format!("letters.kind: {text}")))
    }
}

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A key.
    Key(KeyId),
    /// A service account.
    ServiceAccount(AccountId),
    /// A webhook.
    Webhook(WebhookId),
}

/// What a letter has to say of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Of what.
    pub subject: Subject,
    /// The instant in question: the end, the last use, the report.
    pub at: Timestamp,
    /// More about it, such as where a token was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<String>,
}

/// A letter that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its id, which its `Message-ID` is made of: however often it is sent, it is one letter.
    pub id: Uuid,
    /// Whose keys it is about.
    pub organisation: OrganisationId,
    /// What it says.
    pub kind: LetterKind,
    /// To which address.
    pub recipient: String,
    /// Of what.
    pub notes: Vec<Note>,
    /// When it was first written.
    pub written_at: Timestamp,
    /// How often it was tried to send it.
    pub attempts: i64,
}

const COLUMNS: &str = "id, organisation, kind, recipient, about, created_at, attempts";

fn letter_of(row: &Row) -> Result<Letter> {
    let mut c = row.read();
    Ok(Letter {
        id: c.next()?,
        organisation: c.next()?,
        kind: LetterKind::read(&c.next::<String>()?)?,
        recipient: c.next()?,
        notes: json("about", &c.next::<String>()?)?,
        written_at: c.next()?,
        attempts: c.next()?,
    })
}

fn about(letter: &Letter) -> Result<String> {
    serde_json::to_string(&letter.notes).map_err(|error| StoreError::Database(error.into()))
}

impl Store {
    /// Up to which record of its audit log an organisation's letters are written.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mail_cursor(&self, organisation: OrganisationId) -> Result<i64> {
        let sql = "SELECT seq FROM mail_cursors WHERE organisation = $1";
        let row = self.readers.query_opt(sql, params![organisation]).await?;
        Ok(row.map(|row| row.get(0)).transpose()?.unwrap_or(0))
    }

    /// Letters that may be sent now, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_letters(&self, now: Timestamp, limit: u32) -> Result<Vec<Letter>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM letters WHERE due_at <= $1 ORDER BY due_at, created_at, id LIMIT $2"
        );
        let values = params![now, i64::from(limit)].to_vec();
        let rows = self.readers.query_long(sql, values).await?;
        rows.iter().map(letter_of).collect()
    }

    /// How many letters wait, of all organisations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn letters_waiting(&self) -> Result<i64> {
        let row = self
            .readers
            .query_one("SELECT COUNT(*) FROM letters", params![])
            .await?;
        row.get(0)
    }
}

impl Tx {
    /// Moves the place up to which an organisation's letters are written; false where somebody else has moved it meanwhile, and
    /// nothing may be written then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn move_mail_cursor(
        &mut self,
        organisation: OrganisationId,
        from: i64,
        upto: i64,
    ) -> Result<bool> {
        let first = "INSERT INTO mail_cursors (organisation, seq) VALUES ($1, 0) ON CONFLICT DO NOTHING";
        self.conn().execute(first, params![organisation]).await?;
        let sql = "UPDATE mail_cursors SET seq = $3 WHERE organisation = $1 AND seq = $2";
        let moved = self
            .conn()
            .execute(sql, params![organisation, from, upto])
            .await?;
        Ok(moved > 0)
    }

    /// The letter of a kind that waits for somebody, in whatever case the address is written, and that nobody is just sending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting_letter(
        &mut self,
        organisation: OrganisationId,
        kind: LetterKind,
        recipient: &str,
    ) -> Result<Option<Letter>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM letters WHERE organisation = $1 AND recipient_key = $2 AND kind = $3 \
             AND (in_hand = FALSE OR due_at <= $4) ORDER BY created_at, id LIMIT 1"
        );
        let now = self.now();
        let values = params![organisation, User::email_key(recipient), kind.as_str(), now];
        let row = self.conn().query_opt(&sql, values).await?;
        row.map(|row| letter_of(&row)).transpose()
    }

    /// Writes a letter that is due at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_letter(&mut self, letter: &Letter) -> Result<()> {
        let sql = format!(
            "INSERT INTO letters ({COLUMNS}, due_at, in_hand, recipient_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $6, FALSE, $8)"
        );
        let values = params![
            letter.id,
            letter.organisation,
            letter.kind.as_str(),
            letter.recipient.as_str(),
            about(letter)?,
            letter.written_at,
            letter.attempts,
            User::email_key(&letter.recipient)
        ];
        self.conn().execute(&sql, values).await?;
        Ok(())
    }

    /// Writes anew what a waiting letter is about.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rewrite_letter(&mut self, letter: &Letter) -> Result<()> {
        let sql = "UPDATE letters SET about = $2 WHERE id = $1";
        self.conn()
            .execute(sql, params![letter.id, about(letter)?])
            .await?;
        Ok(())
    }

    /// Takes a letter in hand, for whoever is about to send it, until then; false where somebody else has, or where it was rewritten
    /// or sent meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_letter(&mut self, letter: &Letter, until: Timestamp) -> Result<bool> {
        let sql = "UPDATE letters SET due_at = $2, attempts = attempts + 1, in_hand = TRUE \
                   WHERE id = $1 AND due_at <= $3 AND attempts = $4 AND about = $5";
        let now = self.now();
        let values = params![letter.id, until, now, letter.attempts, about(letter)?];
        Ok(self.conn().execute(sql, values).await? > 0)
    }

    /// Puts a letter back that could not be sent, until then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_letter_back(&mut self, letter: Uuid, until: Timestamp) -> Result<()> {
        let sql = "UPDATE letters SET due_at = $2, in_hand = FALSE WHERE id = $1";
        self.conn().execute(sql, params![letter, until]).await?;
        Ok(())
    }

    /// Removes a letter that was sent or given up; whether it was there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_letter(&mut self, letter: Uuid) -> Result<bool> {
        let sql = "DELETE FROM letters WHERE id = $1";
        Ok(self.conn().execute(sql, params![letter]).await? > 0)
    }
}
