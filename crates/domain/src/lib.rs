//! The rules of Claviger with nothing around them: no database, no network, no clock of its own.
//! Read `docs/architecture.md` first; each module here is one noun of the design.

pub mod access;
pub mod account;
pub mod anomaly;
pub mod api;
pub mod audit;
pub mod clock;
pub mod decide;
pub mod finding;
pub mod hex;
pub mod id;
pub mod input;
pub mod key;
pub mod latency;
pub mod leak;
pub mod limits;
pub mod organisation;
pub mod page;
pub mod password;
pub mod policy;
pub mod reminder;
pub mod role;
pub mod schema;
pub mod secret;
pub mod span;
pub mod token;
pub mod usage;
pub mod user;
pub mod webhook;
