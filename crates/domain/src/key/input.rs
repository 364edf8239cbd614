//! What people and programs say about a key, checked field by field, so that every fault is named at once.

use serde_json::{Map, Value};

use crate::access::Grants;
use crate::input::{self, FieldError};
use crate::key::Owner;
use crate::limits::{Quota, QuotaDraft, RateLimit, RateLimitDraft, check_quota, check_rate_limits};

const MAX_DESCRIPTION: usize = 2_000;
const MAX_REASON: usize = 500;
const MAX_NETWORKS: usize = 64;
const MAX_CONTACTS: usize = 16;
const MAX_METADATA: usize = 8 * 1024;

/// What a key is made of or changed to; a field left out stays as it is (or empty, for a new key).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeyDraft {
    /// What it is for, in a few words.
    pub name: Option<String>,
    /// What it is for, at length.
    pub description: Option<String>,
    /// Permission patterns.
    pub permissions: Option<Vec<String>>,
    /// Roles, by id or name.
    pub roles: Option<Vec<String>>,
    /// CIDR networks or single addresses.
    pub networks: Option<Vec<String>>,
    /// Words to find it by.
    pub tags: Option<Vec<String>>,
    /// Anything, up to 8 KiB as JSON.
    pub metadata: Option<Map<String, Value>>,
    /// Email addresses.
    pub contacts: Option<Vec<String>>,
    /// Whom it stands for, by id.
    pub owner: Option<String>,
    /// How often it may be used; none of its own where empty.
    pub rate_limits: Option<Vec<RateLimitDraft>>,
    /// How much it may be used; the inner one is none where it is taken away.
    pub quota: Option<Option<QuotaDraft>>,
}

/// The checked fields of a [`KeyDraft`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckedDraft {
    /// See [`KeyDraft::name`].
    pub name: Option<String>,
    /// See [`KeyDraft::description`].
    pub description: Option<String>,
    /// See [`KeyDraft::permissions`].
    pub permissions: Option<Grants>,
    /// See [`KeyDraft::roles`]; which roles these are is for the organisation to say.
    pub roles: Option<Vec<String>>,
    /// See [`KeyDraft::networks`].
    pub networks: Option<Vec<ipnet::IpNet>>,
    /// See [`KeyDraft::tags`].
    pub tags: Option<Vec<String>>,
    /// See [`KeyDraft::metadata`].
    pub metadata: Option<Map<String, Value>>,
    /// See [`KeyDraft::contacts`].
    pub contacts: Option<Vec<String>>,
    /// See [`KeyDraft::owner`]; whether there is such an owner is for the organisation to say.
    pub owner: Option<Owner>,
    /// See [`KeyDraft::rate_limits`].
    pub rate_limits: Option<Vec<RateLimit>>,
    /// See [`KeyDraft::quota`].
    pub quota: Option<Option<Quota>>,
}

impl KeyDraft {
    /// Checks every field that is given.
    ///
    /// # Errors
    /// All the faults, not just the first.
    pub fn check(self) -> Result<CheckedDraft, Vec<FieldError>> {
        let mut faults = Vec::new();
        let checked = CheckedDraft {
            name: self.name.map(|text| input::name("name", &text, &mut faults)),
            description: self
                .description
                .map(|text| input::text("description", text, MAX_DESCRIPTION, &mut faults)),
            permissions: self
                .permissions
                .map(|all| input::permissions("permissions", &all, &mut faults)),
            roles: self.roles.map(|all| input::roles(all, &mut faults)),
            networks: self.networks.map(|all| check_networks(&all, &mut faults)),
            tags: self.tags.map(|all| input::tags(all, &mut faults)),
            metadata: self.metadata.inspect(|map| check_metadata(map, &mut faults)),
            contacts: self.contacts.map(|all| check_contacts(all, &mut faults)),
            owner: self.owner.and_then(|text| check_owner(&text, &mut faults)),
            rate_limits: self.rate_limits.map(|all| check_rate_limits(all, &mut faults)),
            quota: self
                .quota
                .map(|quota| quota.and_then(|quota| check_quota(quota, &mut faults))),
        };
        if faults.is_empty() {
            Ok(checked)
        } else {
            Err(faults)
        }
    }
}

/// Checks the reason given for a revocation.
///
/// # Errors
/// The fault, when it is too long or holds control characters.
pub fn check_reason(text: String) -> Result<String, FieldError> {
    let mut faults = Vec::new();
    let text = input::text("reason", text, MAX_REASON, &mut faults);
    faults.pop().map_or(Ok(text), Err)
}

fn check_owner(text: &str, faults: &mut Vec<FieldError>) -> Option<Owner> {
    let owner = Owner::parse(text);
    if owner.is_none() {
        let detail = "expected the id of a service account (acct_…), of a person (usr_…) or of the organisation (org_…)";
        faults.push(FieldError::new("owner", detail));
    }
    owner
}

fn check_networks(all: &[String], faults: &mut Vec<FieldError>) -> Vec<ipnet::IpNet> {
    if input::too_many("networks", all.len(), MAX_NETWORKS, faults) {
        return Vec::new();
    }
    let mut networks = Vec::new();
    for (i, text) in all.iter().enumerate() {
        let network = text
            .parse::<ipnet::IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(Into::into));
        match network {
            Ok(network) if network.trunc() == network => networks.push(network),
            Ok(network) => {
                let detail = format!(
                    "has bits set beyond its prefix; did you mean {}?",
                    network.trunc()
                );
                faults.push(FieldError::new(format!("networks[{i}]"), detail));
            }
            Err(_) => {
                let detail = "expected an address or a network such as 203.0.113.0/24 or 2001:db8::/32";
                faults.push(FieldError::new(format!("networks[{i}]"), detail));
            }
        }
    }
    networks
}

fn check_metadata(map: &Map<String, Value>, faults: &mut Vec<FieldError>) {
    let size = serde_json::to_vec(map).map_or(usize::MAX, |bytes| bytes.len());
    if size > MAX_METADATA {
        faults.push(FieldError::new(
            "metadata",
            format!("at most {MAX_METADATA} bytes as JSON; this has {size}"),
        ));
    }
}

fn check_contacts(all: Vec<String>, faults: &mut Vec<FieldError>) -> Vec<String> {
    if input::too_many("contacts", all.len(), MAX_CONTACTS, faults) {
        return Vec::new();
    }
    for (i, address) in all.iter().enumerate() {
        input::email(&format!("contacts[{i}]"), address, faults);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_at_once() {
        let draft = KeyDraft {
            name: Some("evil\u{1b}[31m".to_owned()),
            permissions: Some(vec!["customers:view".to_owned(), "nonsense".to_owned()]),
            networks: Some(vec!["10.0.0.1/8".to_owned(), "::1".to_owned(), "x".to_owned()]),
            tags: Some(vec![String::new()]),
            contacts: Some(vec!["someone@".to_owned()]),
            ..KeyDraft::default()
        };
        let faults = draft.check().expect_err("all of it is wrong");
        let fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "name",
                "permissions[1]",
                "networks[0]",
                "networks[2]",
                "tags[0]",
                "contacts[0]"
            ]
        );
    }

    #[test]
    fn a_long_or_empty_name_is_refused() {
        let fault = |name: &str| {
            KeyDraft {
                name: Some(name.to_owned()),
                ..KeyDraft::default()
            }
            .check()
            .is_err()
        };
        assert!(fault("  "));
        assert!(fault(&"x".repeat(201)));
        assert!(fault("line\nbreak"));
        assert!(fault("gpj.\u{202e}exe"));
        assert!(!fault(&"ü".repeat(200)));
    }

    #[test]
    fn metadata_beyond_eight_kibibytes_is_refused() {
        let mut map = Map::new();
        map.insert("k".to_owned(), Value::String("x".repeat(MAX_METADATA)));
        assert!(
            KeyDraft {
                metadata: Some(map),
                ..KeyDraft::default()
            }
            .check()
            .is_err()
        );
    }
}
