//! The schema, as the steps by which it came to be.

use crate::migrate::Migration;

/// Every migration, oldest first. A released one is never edited.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "keys",
        sqlite: include_str!("../migrations/0001_keys.sqlite.sql"),
        postgres: include_str!("../migrations/0001_keys.postgres.sql"),
    },
    Migration {
        version: 2,
        name: "people",
        sqlite: include_str!("../migrations/0002_people.sqlite.sql"),
        postgres: include_str!("../migrations/0002_people.postgres.sql"),
    },
    Migration {
        version: 3,
        name: "requests",
        sqlite: include_str!("../migrations/0003_requests.sqlite.sql"),
        postgres: include_str!("../migrations/0003_requests.postgres.sql"),
    },
    Migration {
        version: 4,
        name: "policies",
        sqlite: include_str!("../migrations/0004_policies.sqlite.sql"),
        postgres: include_str!("../migrations/0004_policies.postgres.sql"),
    },
    Migration {
        version: 5,
        name: "erasure",
        sqlite: include_str!("../migrations/0005_erasure.sqlite.sql"),
        postgres: include_str!("../migrations/0005_erasure.postgres.sql"),
    },
    Migration {
        version: 6,
        name: "imports",
        sqlite: include_str!("../migrations/0006_imports.sqlite.sql"),
        postgres: include_str!("../migrations/0006_imports.postgres.sql"),
    },
    Migration {
        version: 7,
        name: "limits",
        sqlite: include_str!("../migrations/0007_limits.sqlite.sql"),
        postgres: include_str!("../migrations/0007_limits.postgres.sql"),
    },
    Migration {
        version: 8,
        name: "usage",
        sqlite: include_str!("../migrations/0008_usage.sqlite.sql"),
        postgres: include_str!("../migrations/0008_usage.postgres.sql"),
    },
    Migration {
        version: 9,
        name: "usage_charts",
        sqlite: include_str!("../migrations/0009_usage_charts.sqlite.sql"),
        postgres: include_str!("../migrations/0009_usage_charts.postgres.sql"),
    },
    Migration {
        version: 10,
        name: "watch",
        sqlite: include_str!("../migrations/0010_watch.sqlite.sql"),
        postgres: include_str!("../migrations/0010_watch.postgres.sql"),
    },
    Migration {
        version: 11,
        name: "letters",
        sqlite: include_str!("../migrations/0011_letters.sqlite.sql"),
        postgres: include_str!("../migrations/0011_letters.postgres.sql"),
    },
    Migration {
        version: 12,
        name: "webhooks",
        sqlite: include_str!("../migrations/0012_webhooks.sqlite.sql"),
        postgres: include_str!("../migrations/0012_webhooks.postgres.sql"),
    },
    Migration {
        version: 13,
        name: "anomalies",
        sqlite: include_str!("../migrations/0013_anomalies.sqlite.sql"),
        postgres: include_str!("../migrations/0013_anomalies.postgres.sql"),
    },
    Migration {
        version: 14,
        name: "nodes",
        sqlite: include_str!("../migrations/0014_nodes.sqlite.sql"),
        postgres: include_str!("../migrations/0014_nodes.postgres.sql"),
    },
    Migration {
        version: 15,
        name: "going_on",
        sqlite: include_str!("../migrations/0015_going_on.sqlite.sql"),
        postgres: include_str!("../migrations/0015_going_on.postgres.sql"),
    },
];
