//! The one binary: every way to start, steer or ask Claviger begins at its command line.

mod cli;
mod config;
mod local;
mod server;
mod telemetry;

use std::process::ExitCode;

/// Verification allocates little, but from many threads at once; this allocator measured best for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // For every connection over TLS that goes out. Fails only when one is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run()
}
