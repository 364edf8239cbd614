//! HTTP: listeners, sessions of the wire, and the two planes. `api` changes things, `gate` answers at the door; neither
//! imports the other, and both speak to the floors below.

pub mod api;
pub mod gate;
pub mod http;
pub mod serve;
