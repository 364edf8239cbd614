//! Letters about what is in the audit log: it is the outbox, and a cursor says up to where letters were written. What somebody should
//! know of several keys is one letter, and goes on into the one that still waits for them.
//!
//! A letter is taken in hand, sent, and then removed together with the record that it was sent. Whoever is killed after the mail
//! server's OK and before that record sends it again under the same `Message-ID`: there is no way around that window, and the
//! mail server or the reader's program can tell that it is the same letter.

mod content;
mod recipients;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::audit::{Event, Record, Target};
use domain::clock::Timestamp;
use domain::id::OrganisationId;
use domain::key::{Actor, ActorKind};
use domain::user::User;
use serde_json::{Value, json};
use store::Tx;
use store::letters::{Letter, LetterKind, Note, Subject};
use store::organisations::Tenant;
use uuid::Uuid;

use crate::App;
use crate::error::Result;
use crate::mail::{Mailer, Sending, Written};
use recipients::Recipients;

/// What letters are written about.
const ACTIONS: [&str; 6] = [
    "key.expiring",
    "key.idle",
    "account.idle",
    "key.leaked",
    "key.anomaly",
    "webhook.stop",
];
/// Records that are read together.
const PAGE: i64 = 2_000;
/// Records that may pass before the cursor is moved although there was nothing to write about.
const IDLE: i64 = 10_000;
/// Things that a letter is about at the most, the nearest first: whoever has more to do than that looks into the console.
const MOST: usize = 1_000;
/// Letters that are looked for together.
const DUE: u32 = 100;
/// For so long a letter is in the hand of whoever sends it: longer than the mail server may take.
const IN_HAND: Duration = Duration::from_secs(120);
/// After so long it is given up.
const GIVEN_UP: Duration = Duration::from_secs(3 * 86_400);
/// How long it waits after the first attempts, in minutes; then an hour each time. Who puts unknown senders off usually wants five.
const PAUSES: [u64; 4] = [1, 6, 15, 30];

/// What is to be written to whom, before it is a letter: by kind and by the address in lower case, with the address as it is.
type Pile = BTreeMap<(LetterKind, String), (String, Vec<Note>)>;

impl App {
    /// Writes letters about what is new in an organisation's audit log, and ends the round of that day.
    pub(crate) async fn write_letters(&self, tenant: &Tenant, mut round: Option<i64>) -> Result<()> {
        let organisation = tenant.organisation.id;
        let (mut after, head) = (
            self.store.mail_cursor(organisation).await?,
            self.store.audit_head(organisation).await?.seq,
        );
        let mut recipients = Recipients::new(self, tenant);
        loop {
            let records = self
                .store
                .audit_of(organisation, &ACTIONS, (after, head), PAGE)
                .await?;
            let more = records.len() as i64 == PAGE;
            let upto = records.last().filter(|_| more).map_or(head, |last| last.seq);
            if records.is_empty() && round.is_none() && upto - after < IDLE {
                return Ok(());
            }
            let mut pile = Pile::new();
            if self.people.mailer.is_some() {
                for record in &records {
                    self.pile_up(&mut pile, &mut recipients, record).await?;
                }
            }
            let ended = round.filter(|_| !more);
            let ids: Vec<Uuid> = pile.iter().map(|_| self.new_id()).collect();
            let written = self
                .write(async move |tx| {
                    // Where somebody else has come first, nothing of this is new.
                    if !tx.move_mail_cursor(organisation, after, upto).await? {
                        return Ok(false);
                    }
                    for (((kind, _), (recipient, notes)), id) in pile.into_iter().zip(ids) {
                        put(tx, organisation, (kind, recipient), notes, id).await?;
                    }
                    if let Some(day) = ended {
                        tx.finish_round(organisation, day).await?;
                    }
                    Ok(true)
                })
                .await?;
            if !written.value || !more {
                return Ok(());
            }
            (after, round) = (upto, round.take());
        }
    }

    fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Puts what a record says on the piles of those who should know it.
    async fn pile_up(&self, pile: &mut Pile, to: &mut Recipients<'_>, record: &Record) -> Result<()> {
        let changes = record.show().changes;
        let kind = match record.action.as_str() {
            "key.expiring" => LetterKind::Ending,
            "key.leaked" => LetterKind::Leaked,
            "key.anomaly" => LetterKind::Unusual,
            "webhook.stop" => LetterKind::Stopped,
            _ => LetterKind::Idle,
        };
        let at = match kind {
            LetterKind::Ending => instant(&changes, "expires_at"),
            LetterKind::Idle => instant(&changes, "idle_since"),
            LetterKind::Leaked | LetterKind::Unusual | LetterKind::Stopped => Some(record.at),
        };
        let after = |field: &str| changes.get(field).and_then(|change| change.get("after"));
        let more = match kind {
            LetterKind::Leaked => changes.get("found_at").and_then(Value::as_str).map(str::to_owned),
            LetterKind::Stopped => after("stopped").and_then(Value::as_str).map(str::to_owned),
            LetterKind::Unusual => after("anomaly").map(Value::to_string),
            LetterKind::Ending | LetterKind::Idle => None,
        };
        let subject = match record.target_kind.as_str() {
            "key" => record.target_id.parse().ok().map(Subject::Key),
            "webhook" => record.target_id.parse().ok().map(Subject::Webhook),
            _ => record.target_id.parse().ok().map(Subject::ServiceAccount),
        };
        // Of a record whose names were erased nothing can be told any more.
        let (Some(at), Some(subject)) = (at, subject) else {
            return Ok(());
        };
        for recipient in to.of(kind, subject).await? {
            let note = Note {
                subject,
                at,
                more: more.clone(),
            };
            let place = pile.entry((kind, User::email_key(&recipient)));
            place.or_insert_with(|| (recipient, Vec::new())).1.push(note);
        }
        Ok(())
    }

    /// Sends the letters that are due, one after the other.
    pub(crate) async fn send_letters(&self) -> Result<()> {
        let Some(mailer) = &self.people.mailer else {
            return Ok(());
        };
        loop {
            let due = self.store.due_letters(self.clock.now(), DUE).await?;
            if due.is_empty() {
                return Ok(());
            }
            for letter in due {
                if !self.send_letter(mailer, letter).await? {
                    // Nobody gets through. The others are tried when it is looked for letters again.
                    return Ok(());
                }
            }
        }
    }

    /// Sends a letter; whether the mail server answers.
    #[tracing::instrument(level = "debug", name = "worker.letter", skip_all)]
    async fn send_letter(&self, mailer: &Mailer, letter: Letter) -> Result<bool> {
        let id = letter.id;
        let taken = {
            let (letter, until) = (letter.clone(), self.clock.now().plus(IN_HAND));
            self.write(async move |tx| Ok(tx.take_letter(&letter, until).await?))
                .await?
        };
        if !taken.value {
            return Ok(true);
        }
        let Some(content) = self.content_of(&letter).await? else {
            // What it was about has been settled meanwhile.
            self.write(async move |tx| Ok(tx.remove_letter(id).await?))
                .await?;
            return Ok(true);
        };
        let written = Written {
            to: &letter.recipient,
            id: Some(id),
            subject: &content.subject,
            text: &content.text,
            html: Some(&content.html),
        };
        let sending = mailer.send(&written).await;
        let answers = !matches!(sending, Sending::Down(_));
        let age = self.clock.now().since(letter.written_at);
        match sending {
            Sending::Sent => self.end_letter(letter, &content.subject, None).await?,
            Sending::Refused(error) => self.end_letter(letter, &content.subject, Some(error)).await?,
            Sending::Later(error) | Sending::Down(error) if age >= GIVEN_UP => {
                self.end_letter(letter, &content.subject, Some(error)).await?;
            }
            Sending::Later(error) | Sending::Down(error) => {
                let until = self.clock.now().plus(pause(letter.attempts));
                tracing::warn!(%error, attempts = letter.attempts + 1, "a letter could not be sent; it is tried again");
                self.write(async move |tx| Ok(tx.put_letter_back(id, until).await?))
                    .await?;
            }
        }
        Ok(answers)
    }

    /// Removes a letter that was sent, or that was refused for this reason, and records it.
    async fn end_letter(&self, letter: Letter, subject: &str, error: Option<String>) -> Result<()> {
        if let Some(error) = &error {
            tracing::warn!(%error, "a letter could not be sent, and is not tried again");
        }
        let event = sent(self.clock.now(), &letter, subject, error);
        self.write(async move |tx| {
            if tx.remove_letter(letter.id).await? {
                tx.record(letter.organisation, event);
            }
            Ok(())
        })
        .await
        .map(drop)
    }
}

/// How long a letter waits that was tried so often before.
fn pause(attempts: i64) -> Duration {
    let minutes = usize::try_from(attempts)
        .ok()
        .and_then(|n| PAUSES.get(n))
        .unwrap_or(&60);
    Duration::from_secs(60 * minutes)
}

fn instant(changes: &Value, field: &str) -> Option<Timestamp> {
    Timestamp::parse(changes.get(field)?.get("after")?.as_str()?).ok()
}

/// Writes notes into the letter that waits for their recipient, or into a new one. Of one thing the youngest note counts.
async fn put(
    tx: &mut Tx,
    organisation: OrganisationId,
    (kind, recipient): (LetterKind, String),
    notes: Vec<Note>,
    id: Uuid,
) -> Result<()> {
    let waiting = tx.waiting_letter(organisation, kind, &recipient).await?;
    let is_new = waiting.is_none();
    let mut letter = waiting.unwrap_or_else(|| Letter {
        id,
        organisation,
        kind,
        recipient,
        notes: Vec::new(),
        written_at: tx.now(),
        attempts: 0,
    });
    let told: std::collections::HashSet<Subject> = notes.iter().map(|note| note.subject).collect();
    // A key can be unlike itself in several ways.
    letter
        .notes
        .retain(|note| kind == LetterKind::Unusual || !told.contains(&note.subject));
    letter.notes.extend(notes);
    letter.notes.sort_by_key(|note| note.at);
    letter.notes.truncate(MOST);
    if is_new {
        tx.insert_letter(&letter).await?;
    } else {
        tx.rewrite_letter(&letter).await?;
    }
    Ok(())
}

/// Things that a record of a letter names.
const NAMED: usize = 50;

/// That a letter was sent or given up, in the audit log.
fn sent(at: Timestamp, letter: &Letter, subject: &str, error: Option<String>) -> Event {
    let about: Vec<String> = letter
        .notes
        .iter()
        .take(NAMED)
        .map(|note| match note.subject {
            Subject::Key(id) => id.to_string(),
            Subject::ServiceAccount(id) => id.to_string(),
            Subject::Webhook(id) => id.to_string(),
        })
        .collect();
    let mut changes = json!({
        "subject": { "after": subject },
        "mail": { "after": if error.is_none() { "sent" } else { "failed" } },
        "about": { "after": about },
        "number": { "after": letter.notes.len() },
    });
    if let Some(error) = error {
        changes["error"] = json!({ "after": error });
    }
    Event {
        at,
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            name: "mail".to_owned(),
        },
        action: "mail.send",
        target: Target {
            kind: "mail".to_owned(),
            id: letter.id.to_string(),
            name: letter.recipient.clone(),
        },
        request_id: None,
        ip: None,
        changes,
    }
}
