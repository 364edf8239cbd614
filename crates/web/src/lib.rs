//! HTTP: listeners, sessions of the wire, and the two planes. `api` changes things, `gate` answers at the door; neither
//! imports the other, and both speak to the floors below. `dialects` has other systems' words for what `api` does.

pub mod api;
pub mod dialects;
pub mod gate;
pub mod http;
pub mod metrics;
pub mod serve;
pub mod trace;
