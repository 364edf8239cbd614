//! The command line's promises, kept by the real binary against a server with canned answers.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod answers;
mod arguments;
mod bench;
mod danger;
mod fake;
