//! End to end: the real binary on real databases, as its users meet it. Each file keeps promises of one kind.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says so by panicking, and a seed that failed must be seen"
)]

mod proxy;
mod seed;
mod streamed;
mod support;

mod accounts;
mod acknowledged_is_durable;
mod apis;
mod audit_is_proof;
mod authorisation_matrix;
mod backup;
mod bad_input;
mod bench;
mod console;
mod dates;
mod demo;
mod dialects;
mod doctor;
mod erasure;
mod export;
mod failover;
mod faults;
mod first_start;
mod gateways;
mod guessing;
mod hand_in;
mod import;
mod lean_path;
mod life_of_a_key;
mod lifecycle_rules;
mod limits_are_limits;
mod many_nodes;
mod many_secrets;
mod metering_is_complete;
mod metrics;
mod moving_over;
mod openapi;
mod organisations;
mod owners;
mod people;
mod permissions;
mod policies;
mod presets;
mod readme;
mod requests;
mod retention;
mod revoked_is_revoked;
mod roles;
mod secrets_at_rest;
mod security;
mod sign_in;
mod single_sign_on;
mod tenants;
mod tls;
mod traces;
mod usage;
mod verify_input;
mod watching;
mod webhooks;
