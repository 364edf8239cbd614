//! Real gateways, started with the very files of `deploy/gateways` (ports and paths put in), in front of an application of
//! the tests' own: who may pass does, with an identity that no client can forge; who may not does not, whatever fails.

mod caddy;
mod doors;
mod envoy;
mod fixtures;
mod grpc;
mod haproxy;
mod hostile;
mod nginx;
mod parts;
mod promises;

pub(crate) use doors::ask_from;
pub(crate) use grpc::{check_over_grpc, status_over_grpc};
