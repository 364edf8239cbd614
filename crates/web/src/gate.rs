//! The verification plane: may this request pass? A lean path from the socket to the decision, without a router.

mod door;
mod gateway;
mod identity;
pub mod limits;
mod service;
mod verdict;
mod wish;

pub use door::{Brought, judge};
pub use gateway::Told;
pub use identity::{NAMES as IDENTITY, values as identity};
pub use service::{Answering, Gate, Guard};
pub use verdict::{Refusal, Verdict};
pub use wish::{Settings, Tell, Wish};
