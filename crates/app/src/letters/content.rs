//! What a letter says. It is put together when it is sent, so that what was settled meanwhile is left out.

use std::sync::LazyLock;

use domain::anomaly::Anomaly;
use domain::clock::Timestamp;
use domain::key::{Key, Owner};
use domain::leak::LeakRule;
use domain::reminder::Round;
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use store::letters::{Letter, LetterKind, Note, Subject};
use store::organisations::Tenant;

use crate::App;
use crate::error::{AppError, Result};

/// Things that one letter describes; the rest are counted.
const SHOWN: usize = 50;

/// A letter in words.
pub(super) struct Content {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// What the templates are filled with.
#[derive(Serialize)]
struct Page {
    subject: String,
    heading: String,
    intro: String,
    items: Vec<Item>,
    /// That there are more than those.
    more: Option<String>,
    /// Where they all are.
    list: String,
    /// Why whoever reads this got it.
    why: String,
}

/// One thing that a letter is about.
#[derive(Serialize)]
struct Item {
    name: String,
    url: String,
    facts: Vec<(&'static str, String)>,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("letter.txt", include_str!("letter.txt")),
        ("letter.html", include_str!("letter.html")),
    ] {
        if let Err(error) = templates.add_template(name, source) {
            tracing::error!(%error, name, "a template cannot be read");
        }
    }
    templates
});

impl Page {
    fn render(self) -> Result<Content> {
        let fill = |name| {
            let template = TEMPLATES.get_template(name).map_err(AppError::internal)?;
            template.render(Serde(&self)).map_err(AppError::internal)
        };
        Ok(Content {
            text: fill("letter.txt")?,
            html: fill("letter.html")?,
            subject: self.subject,
        })
    }
}

impl App {
    /// What a letter says now; none where all that it was about has been settled.
    pub(super) async fn content_of(&self, letter: &Letter) -> Result<Option<Content>> {
        let Some(tenant) = self.store.tenant(letter.organisation).await? else {
            return Ok(None);
        };
        let writer = Writer {
            app: self,
            tenant: &tenant,
            round: Round::at(self.clock.now(), &tenant.policy.expiry.timezone),
        };
        let mut items = Vec::new();
        let mut first = None;
        let mut notes = letter.notes.iter();
        while items.len() < SHOWN
            && let Some(note) = notes.next()
        {
            if let Some(item) = writer.item(letter.kind, note).await? {
                first.get_or_insert(note.at);
                items.push(item);
            }
        }
        let Some(first) = first else {
            return Ok(None);
        };
        writer
            .page(letter.kind, items, notes.len(), first)
            .render()
            .map(Some)
    }
}

struct Writer<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    round: Option<Round>,
}

impl Writer<'_> {
    /// What is said of one thing; nothing where it is settled or gone.
    async fn item(&self, kind: LetterKind, note: &Note) -> Result<Option<Item>> {
        let organisation = self.tenant.organisation.id;
        match note.subject {
            Subject::Key(id) => {
                let key = self.app.store.key(organisation, id).await?;
                let Some(key) = key.filter(|key| is_open(kind, key, note.at)) else {
                    return Ok(None);
                };
                let facts = self.facts(kind, &key, note).await?;
                Ok(Some(Item {
                    url: format!("{}/keys/{}", self.app.base_url(), key.id),
                    name: key.name,
                    facts,
                }))
            }
            Subject::Webhook(id) => {
                let webhook = self.app.store.webhook(organisation, id).await?;
                Ok(webhook.filter(|webhook| !webhook.active).map(|webhook| Item {
                    url: format!("{}/webhooks/{}", self.app.base_url(), webhook.id),
                    name: webhook.name,
                    facts: vec![
                        ("Address", webhook.url),
                        ("Switched off", self.day(note.at)),
                        ("Why", note.more.clone().unwrap_or_default()),
                    ],
                }))
            }
            Subject::ServiceAccount(id) => {
                let account = self.app.store.account(organisation, id).await?;
                let account = account.filter(|account| account.active && account.deleted_at.is_none());
                Ok(account.map(|account| Item {
                    url: format!("{}/accounts/{}", self.app.base_url(), account.id),
                    name: account.name,
                    facts: vec![
                        ("Service account", account.username),
                        ("Not used since", self.day(note.at)),
                    ],
                }))
            }
        }
    }

    /// What is said of a key.
    async fn facts(&self, kind: LetterKind, key: &Key, note: &Note) -> Result<Vec<(&'static str, String)>> {
        let mut facts = Vec::new();
        match kind {
            LetterKind::Ending => {
                facts.push(("Ends", format!("{}, {}", self.day(note.at), self.until(note.at))))
            }
            LetterKind::Idle => facts.push(("Not used since", self.day(note.at))),
            LetterKind::Stopped => (),
            LetterKind::Unusual => {
                let zone = &self.tenant.policy.expiry.timezone;
                let anomaly = note.more.as_deref().map(serde_json::from_str::<Anomaly>);
                if let Some(Ok(anomaly)) = anomaly {
                    facts.push(("Seen", anomaly.evidence(|at| zone.written_to_the_minute(at))));
                    facts.push(("What helps", anomaly.kind().remedy().to_owned()));
                }
            }
            LetterKind::Leaked => {
                facts.push(("Reported", self.day(note.at)));
                if let Some(place) = &note.more {
                    facts.push(("Found at", place.clone()));
                }
                let state = match self.tenant.policy.leaks {
                    _ if key.is_over() => "the key is revoked",
                    LeakRule::Revoke => "a replaced secret was ended",
                    LeakRule::Report => "nothing yet: revoke the key, or replace its secret",
                };
                facts.push(("What was done", state.to_owned()));
            }
        }
        facts.push(("Key", key.display.clone()));
        if let Owner::ServiceAccount(_) | Owner::User(_) = key.owner {
            let ids = [key.owner.uuid()];
            let labels = self.app.store.owner_labels(key.organisation, &ids).await?;
            facts.extend(labels.into_values().map(|label| ("Stands for", label.name)));
        }
        if !key.description.is_empty() {
            facts.push(("Description", key.description.clone()));
        }
        let used = key.last_used_at.map_or("never".to_owned(), |at| self.day(at));
        facts.push(("Last used", used));
        Ok(facts)
    }

    fn day(&self, at: Timestamp) -> String {
        self.tenant.policy.expiry.timezone.written(at)
    }

    /// How far away an end is, by the calendar.
    fn until(&self, end: Timestamp) -> String {
        if end <= self.app.clock.now() {
            return "and is over".to_owned();
        }
        match self.round.as_ref().and_then(|round| round.days_left(end)) {
            Some(0) => "today".to_owned(),
            Some(1) => "tomorrow".to_owned(),
            Some(days) => format!("in {days} days"),
            None => String::new(),
        }
    }

    /// All of it, of which `first` is the nearest instant.
    fn page(&self, kind: LetterKind, items: Vec<Item>, beyond: usize, first: Timestamp) -> Page {
        let house = &self.tenant.organisation.name;
        let number = items.len() + beyond;
        let name = items.first().map_or("", |item| item.name.as_str());
        let base = self.app.base_url();
        let (heading, intro, list) = match kind {
            LetterKind::Ending => {
                let ends = if first <= self.app.clock.now() {
                    "ended"
                } else {
                    "ends"
                };
                let heading = match number {
                    1 => format!("API key “{name}” {ends} on {}", self.day(first)),
                    _ => format!("{number} API keys end, the first on {}", self.day(first)),
                };
                let intro = "A key that has ended is refused. If a program still needs it, give it a later end, or make a new \
                             key and replace it there in time.";
                (
                    heading,
                    intro.to_owned(),
                    format!("{base}/keys?finding=expiring_soon"),
                )
            }
            LetterKind::Idle => {
                let heading = match number {
                    1 => format!("“{name}” has not been used since {}", self.day(first)),
                    _ => format!("{number} API keys and service accounts are not used"),
                };
                let mut intro =
                    "What nobody uses is best switched off: nobody would notice if somebody else used it."
                        .to_owned();
                if let Some(after) = self.tenant.policy.idle.disable_after {
                    intro.push_str(&format!(" It is disabled once it has not been used for {after}."));
                }
                (heading, intro, format!("{base}/keys?finding=idle"))
            }
            LetterKind::Leaked => {
                let heading = match number {
                    1 => format!("The token of API key “{name}” was reported as leaked"),
                    _ => format!("The tokens of {number} API keys were reported as leaked"),
                };
                let intro = "Somebody found it where it should not be, and sent it in. Whatever used it needs a new one; look at what \
                             the old one was last used for.";
                (heading, intro.to_owned(), format!("{base}/keys"))
            }
            LetterKind::Unusual => {
                let heading = match number {
                    1 => format!("Unusual use of API key “{name}”"),
                    _ => format!("Unusual use of {number} API keys"),
                };
                let intro = "Something about it is unlike the key. It may be a change that you know of; if it is not, somebody else may \
                             have the token.";
                (heading, intro.to_owned(), format!("{base}/keys?finding=unusual"))
            }
            LetterKind::Stopped => {
                let heading = match number {
                    1 => format!("The webhook “{name}” was switched off"),
                    _ => format!("{number} webhooks were switched off"),
                };
                let intro = "It is told of nothing until somebody switches it on again; what waited for it is sent then.";
                (heading, intro.to_owned(), format!("{base}/webhooks"))
            }
        };
        Page {
            subject: format!("{house}: {heading}"),
            heading,
            intro,
            items,
            more: (beyond > 0).then(|| format!("And {beyond} more: all of them are in the console.")),
            list,
            why: format!(
                "You get this because you own or made these keys, are named as their contact, or manage keys at {house}. Who is \
                 written to is said in the organisation’s policy."
            ),
        }
    }
}

/// Whether there is still something to tell of a key.
fn is_open(kind: LetterKind, key: &Key, at: Timestamp) -> bool {
    match kind {
        LetterKind::Ending => key.enabled && !key.is_over() && key.expires_at == Some(at),
        LetterKind::Idle => key.enabled && !key.is_over() && key.last_used_at.is_none_or(|used| used <= at),
        LetterKind::Leaked | LetterKind::Unusual | LetterKind::Stopped => true,
    }
}
