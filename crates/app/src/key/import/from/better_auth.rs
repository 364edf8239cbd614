//! Better Auth. Its table `apikey` keeps the SHA-256 of a key in base64 for URLs without padding, or, where hashing was switched
//! off, the key itself; `permissions` is a JSON object of resources with their actions.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::super::row::KeyRow;
use super::Source;

/// The length of a SHA-256 in base64 without padding.
const HASH: usize = 43;

pub(super) fn row(source: &mut Source) -> KeyRow {
    let key = source.text(&["key"]);
    let start = source.text(&["start"]);
    let prefix = source.text(&["prefix"]);
    let (mut secret, mut hash) = (None, None);
    if let Some(key) = key {
        let clear = start.as_deref().is_some_and(|start| key.starts_with(start));
        if key.len() == HASH && !clear || key.starts_with('$') {
            hash = Some(key);
        } else {
            secret = Some(Zeroizing::new(key));
        }
    }
    let id = source.text(&["id"]);
    source.keep("user_id", &["userId", "referenceId"]);
    source.keep("remaining", &["remaining"]);
    source.keep("refill_interval", &["refillInterval"]);
    source.keep("refill_amount", &["refillAmount"]);
    source.keep("rate_limit_max", &["rateLimitMax"]);
    source.keep("rate_limit_window_ms", &["rateLimitTimeWindow"]);
    let permissions = source
        .object(&["permissions"])
        .map(|all| permissions(&all, source));
    // Only a prefix that ends in an underscore is one here.
    let prefix = prefix.and_then(|prefix| prefix.strip_suffix('_').map(str::to_owned));
    KeyRow {
        name: source
            .text(&["name"])
            .or_else(|| start.map(|start| format!("Better Auth {start}")))
            .or_else(|| id.clone()),
        secret_prefix: prefix.filter(|_| hash.is_some()),
        secret,
        secret_sha256: hash,
        permissions,
        metadata: source.object(&["metadata"]),
        created_at: source.instant(&["createdAt"]),
        expires_at: source.end(&["expiresAt"]),
        enabled: source.flag(&["enabled"]),
        external_id: id,
        ..KeyRow::default()
    }
}

fn permissions(all: &Map<String, Value>, source: &mut Source) -> Vec<String> {
    let mut patterns = Vec::new();
    for (resource, actions) in all {
        let Some(actions) = actions.as_array() else {
            source.fault("permissions", format!("{resource}: expected a list of actions"));
            continue;
        };
        patterns.extend(
            actions
                .iter()
                .filter_map(Value::as_str)
                .map(|action| format!("{resource}:{action}")),
        );
    }
    patterns
}
