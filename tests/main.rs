//! End to end: the real binary on real databases, as its users meet it. Each file keeps promises of one kind.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says so by panicking, and a seed that failed must be seen"
)]

mod proxy;
mod seed;
mod support;

mod acknowledged_is_durable;
mod audit_is_proof;
mod authorisation_matrix;
mod bad_input;
mod demo;
mod faults;
mod first_start;
mod life_of_a_key;
mod lifecycle_rules;
mod openapi;
mod organisations;
mod permissions;
mod revoked_is_revoked;
mod secrets_at_rest;
mod tenants;
mod verify_input;
