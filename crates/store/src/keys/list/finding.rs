//! Keys that need somebody, in SQL: each finding so that the order in which it is listed reaches it by an index.

use domain::finding::Sought;

use super::Conditions;
use crate::db::Engine;

/// Of an owner that may not act, or a service account for which nobody active answers.
const GONE: &str = "SELECT a.id FROM service_accounts a LEFT JOIN users u ON u.id = a.owner AND u.organisation = a.organisation \
    WHERE a.organisation = $1 AND (a.active = FALSE OR a.deleted_at IS NOT NULL OR (a.owner IS NOT NULL \
    AND COALESCE(u.status, '') <> 'active')) \
    UNION ALL SELECT id FROM users WHERE organisation = $1 AND status <> 'active'";

/// The rows of SQLite's table that can be one, where an index says so at once.
pub(super) fn rows(sought: Sought, conditions: &mut Conditions) -> Option<String> {
    match sought {
        Sought::Orphaned => Some(format!(
            "SELECT k.row FROM ({GONE}) g CROSS JOIN keys k INDEXED BY keys_by_owner \
             ON k.organisation = $1 AND k.owner_id = g.id"
        )),
        Sought::Failing(since) => {
            let since = conditions.bind(since);
            Some(format!(
                "SELECT k.row FROM failing_keys f CROSS JOIN keys k ON k.id = f.key \
                 WHERE f.organisation = $1 AND f.since >= {since}"
            ))
        }
        Sought::Unusual(since) => {
            let since = conditions.bind(since);
            Some(format!(
                "SELECT DISTINCT k.row FROM anomalies a CROSS JOIN keys k ON k.id = a.key \
                 WHERE a.organisation = $1 AND a.at > {since} AND a.seen = FALSE"
            ))
        }
        _ => None,
    }
}

pub(super) fn filter(conditions: &mut Conditions, sought: Sought) {
    let sqlite = conditions.engine == Engine::Sqlite;
    let used = if sqlite {
        "k.use_sort"
    } else {
        "COALESCE(k.last_used_at, 0)"
    };
    let end = if sqlite {
        "k.end_sort"
    } else {
        "COALESCE(k.expires_at, 9223372036854775807)"
    };
    let condition = match sought {
        // The status says it.
        Sought::ExpiringSoon => return,
        Sought::Nothing => "FALSE".to_owned(),
        Sought::Orphaned => format!("k.owner_id IN ({GONE})"),
        Sought::Failing(since) => {
            let since = conditions.bind(since);
            format!("k.id IN (SELECT key FROM failing_keys WHERE organisation = $1 AND since >= {since})")
        }
        Sought::Unusual(since) => {
            let since = conditions.bind(since);
            format!(
                "k.id IN (SELECT key FROM anomalies WHERE organisation = $1 AND at > {since} AND seen = FALSE)"
            )
        }
        Sought::Idle(before) => {
            let before = conditions.bind(before);
            format!("{used} > 0 AND {used} < {before}")
        }
        Sought::NeverUsed(before) => {
            let before = conditions.bind(before);
            format!("{used} = 0 AND k.created_at < {before}")
        }
        Sought::Unrotated(before) => {
            let before = conditions.bind(before);
            // A secret is no older than its key: this bounds the walk by age.
            format!("k.rotated_at < {before} AND k.created_at < {before}")
        }
        Sought::NoExpiry => format!("{end} = 9223372036854775807"),
        Sought::Unlimited => {
            "k.rate_limits = '[]' AND k.quota IS NULL AND NOT EXISTS (SELECT 1 FROM service_accounts a \
            WHERE a.id = k.owner_id AND a.organisation = k.organisation AND a.rate_limits <> '[]')"
                .to_owned()
        }
    };
    conditions.and(&condition);
}
