//! Who should know of something is told, by mail and by webhook. The clock is moved by hand; databases, the mail server and receivers are
//! real.
#![expect(
    clippy::expect_used,
    reason = "only tests use this, and there a fault should stop the test"
)]

mod anomalies;
mod letters;
mod receiver;
mod support;
mod webhooks;
