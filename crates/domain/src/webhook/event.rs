//! What is told, by name: what happens in the audit log, in the words of the outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::schema::described_as_text;

/// The audit log's actions, and what they are called outside. Keys that are brought in by the million are known elsewhere already.
const EVENTS: [(&str, &str); 25] = [
    ("key.create", "key.created"),
    ("key.edit", "key.updated"),
    ("key.reassign", "key.updated"),
    ("key.quota", "key.updated"),
    ("key.protect", "key.updated"),
    ("key.unprotect", "key.updated"),
    ("key.rotate", "key.rotated"),
    ("key.reveal", "key.revealed"),
    ("key.disable", "key.disabled"),
    ("key.enable", "key.enabled"),
    ("key.revoke", "key.revoked"),
    ("key.delete", "key.deleted"),
    ("key.erase", "key.deleted"),
    ("key.expiring", "key.expiring"),
    ("key.expired", "key.expired"),
    ("key.idle", "key.idle"),
    ("key.leaked", "key.leaked"),
    ("key.anomaly", "key.anomaly"),
    ("account.create", "account.created"),
    ("account.edit", "account.updated"),
    ("account.activate", "account.activated"),
    ("account.deactivate", "account.deactivated"),
    ("account.delete", "account.deleted"),
    ("account.idle", "account.idle"),
    ("policy.edit", "policy.changed"),
];

/// What an action of the audit log is called outside; none for what is nobody's business there.
pub fn event_of(action: &str) -> Option<&'static str> {
    let action = match action {
        "account.reassign" => "account.edit",
        "account.erase" => "account.delete",
        "policy.apply_preset" => "policy.edit",
        other => other,
    };
    EVENTS
        .iter()
        .find(|(inside, _)| *inside == action)
        .map(|(_, outside)| *outside)
}

/// Which events somebody wants to be told of: one by name, all of a kind (`key.*`), or all (`*`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventFilter(String);

impl EventFilter {
    /// Whether it names an event.
    pub fn names(&self, event: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(kind) => event.starts_with(kind),
            None => self.0 == event,
        }
    }
}

impl fmt::Display for EventFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EventFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let filter = Self(text.to_owned());
        let is_pattern = text == "*" || text.ends_with(".*") || !text.contains('*');
        if is_pattern && EVENTS.iter().any(|(_, event)| filter.names(event)) {
            Ok(filter)
        } else {
            Err("expected an event such as key.revoked, all of a kind such as key.*, or * for all".to_owned())
        }
    }
}

described_as_text!(
    EventFilter,
    "An event such as `key.revoked`, all of a kind such as `key.*`, or `*` for all.",
    "^(\\*|(key|account|policy)\\.(\\*|[a-z]+))$",
    "key.revoked"
);

impl Serialize for EventFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_asked_for_by_name_by_kind_or_all() {
        let names = |filter: &str, event: &str| filter.parse::<EventFilter>().unwrap().names(event);
        assert!(
            names("*", "account.idle")
                && names("key.*", "key.revoked")
                && names("key.revoked", "key.revoked")
        );
        assert!(!names("key.*", "account.idle") && !names("key.revoked", "key.rotated"));
        for wrong in [
            "",
            "**",
            "key",
            "key.",
            "key.r*",
            "*.revoked",
            "key.invented",
            "KEY.*",
            "keys.*",
            "session.*",
        ] {
            assert!(wrong.parse::<EventFilter>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_nobody_s_business_outside_is_not_told() {
        assert_eq!(event_of("key.revoke"), Some("key.revoked"));
        assert_eq!(event_of("policy.apply_preset"), Some("policy.changed"));
        for inside in [
            "session.open",
            "user.invite",
            "mail.send",
            "webhook.create",
            "secrets.rotate",
        ] {
            assert_eq!(event_of(inside), None, "{inside}");
        }
    }
}
