//! The verification plane: may this request pass? A lean path from the socket to the decision, without a router.

mod service;

pub use service::{Gate, Guard};
