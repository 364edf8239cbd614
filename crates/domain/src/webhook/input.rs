//! The fields of a webhook as they are given.

use super::{EventFilter, check_url};
use crate::input::{self, FieldError};

/// The most filters of one webhook.
const MAX_EVENTS: usize = 32;

/// The fields of a webhook as they are given; what is left out is not changed.
#[derive(Debug, Clone, Default)]
pub struct WebhookDraft {
    /// What people call it.
    pub name: Option<String>,
    /// Where it is told.
    pub url: Option<String>,
    /// Of what.
    pub events: Option<Vec<String>>,
    /// Whether it is told.
    pub active: Option<bool>,
}

/// The checked fields of a [`WebhookDraft`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedWebhook {
    /// See [`WebhookDraft::name`].
    pub name: Option<String>,
    /// See [`WebhookDraft::url`].
    pub url: Option<String>,
    /// See [`WebhookDraft::events`].
    pub events: Option<Vec<EventFilter>>,
    /// See [`WebhookDraft::active`].
    pub active: Option<bool>,
}

impl WebhookDraft {
    /// Checks every field.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check(self) -> Result<CheckedWebhook, Vec<FieldError>> {
        let mut faults = Vec::new();
        let name = self.name.map(|name| input::name("name", &name, &mut faults));
        if let Some(error) = self.url.as_deref().and_then(|url| check_url(url).err()) {
            faults.push(FieldError::new("url", error.to_string()));
        }
        let events = self.events.map(|all| check_events(&all, &mut faults));
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(CheckedWebhook {
            name,
            url: self.url,
            events,
            active: self.active,
        })
    }
}

fn check_events(all: &[String], faults: &mut Vec<FieldError>) -> Vec<EventFilter> {
    if all.is_empty() || all.len() > MAX_EVENTS {
        faults.push(FieldError::new("events", format!("1 to {MAX_EVENTS} events")));
    }
    let mut events = Vec::with_capacity(all.len());
    for (i, text) in all.iter().enumerate() {
        match text.parse::<EventFilter>() {
            Ok(event) if events.contains(&event) => (),
            Ok(event) => events.push(event),
            Err(detail) => faults.push(FieldError::new(format!("events[{i}]"), detail)),
        }
    }
    events
}
