//! The accept loop that `axum::serve` does not give: bounded connections, slow clients cut, a drain that loses
//! no request, the peer's identity, and a lean HTTP/1.1 path for the verification plane.

mod connection;
mod known;
pub mod lane;
mod listener;
mod shutdown;
mod threads;
mod tls;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper::{Request, Response};
use tokio::task::JoinSet;

pub use listener::Listener;
pub use shutdown::{Shutdown, Trigger};
pub use threads::{Threads, run_threads};
pub use tls::{Certificates, Clients, Files, Tls, TlsError};

use connection::{Protocol, Rules};
use lane::Lean;
use listener::{Accepted, Acceptor};

/// How long the loop rests when the system has no descriptors or memory for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An error of a service or a body, as hyper takes it.
type BoxError = Box<dyn Error + Send + Sync>;

/// Who is at the other end; an extension of every request of [`serve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The address of a TCP client.
    Tcp(SocketAddr),
    /// The process at the other end of a Unix socket, as the kernel vouches for it (`SO_PEERCRED`).
    Unix {
        /// Its effective user id.
        uid: u32,
        /// Its process id, where the system tells it.
        pid: Option<i32>,
    },
}

/// What one listener allows its clients.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at one time; beyond it new ones wait in the system's queue.
    pub connections: usize,
    /// From the first byte of a request's head to its last, and from connecting to the first request's end.
    pub header_read: Duration,
    /// How long a connection may rest between requests, or a client leave an answer unread.
    pub idle: Duration,
    /// Bytes of a request's head (at least 8 KiB); more is answered 431.
    pub header_bytes: usize,
    /// Headers of a request over HTTP/1.1; more is answered 431. Other than 100 costs an allocation a request.
    pub headers: usize,
    /// How long requests in flight may take once the server has been asked to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            header_read: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            header_bytes: 32 * 1024,
            headers: connection::HYPER_HEADERS,
            drain: Duration::from_secs(20),
        }
    }
}

/// What this module can serve: any hyper service whose answers can be sent from a task.
pub trait HttpService:
    Service<Request<Incoming>, Response = Response<Self::Answer>, Future: Send, Error: Into<BoxError>>
    + Clone
    + Send
    + 'static
{
    /// The body of its answers.
    type Answer: Body<Data: Send, Error: Into<BoxError>> + Send + 'static;
}

impl<S, B> HttpService for S
where
    S: Service<Request<Incoming>, Response = Response<B>, Future: Send, Error: Into<BoxError>>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Answer = B;
}

/// Serves HTTP/1.1 and HTTP/2 (prior knowledge) until `shutdown`, then drains.
/// Answers how many connections were still busy at the end of the drain and had to be cut.
///
/// # Errors
/// When the listener cannot be handed to this runtime. Errors of accepting and of connections end no server.
pub async fn serve<S>(listener: Listener, service: S, limits: Limits, shutdown: Shutdown) -> io::Result<usize>
where
    S: HttpService<Future: 'static>,
{
    let rules = Arc::new(Rules::new(limits, Protocol::Auto));
    let begin = |accepted: Accepted, connections: &mut JoinSet<()>| {
        let (service, rules) = (service.clone(), Arc::clone(&rules));
        match accepted {
            Accepted::Tcp(stream, peer) => connections.spawn(connection::run(stream, peer, service, rules)),
            Accepted::Tls(stream, peer, tls) => connections.spawn(async move {
                if let Some(stream) = tls
                    .accept(stream, Protocol::Auto, rules.limits().header_read)
                    .await
                {
                    connection::run(stream, peer, service, rules).await;
                }
            }),
            Accepted::Unix(stream, peer) => connections.spawn(connection::run(stream, peer, service, rules)),
        };
    };
    run(listener, begin, &rules, shutdown).await
}

/// Like [`serve`], HTTP/1.1 alone: usual requests are answered without hyper (`lane.rs`), others by it. Each
/// connection has a service of its own, made for who is at the other end; requests do not tell it, because an extension costs
/// three allocations a request.
///
/// # Errors
/// As [`serve`].
pub async fn serve_http1<S>(
    listener: Listener,
    make_service: impl Fn(Peer) -> S,
    limits: Limits,
    shutdown: Shutdown,
) -> io::Result<usize>
where
    S: HttpService<Future: 'static> + Lean,
{
    let rules = Arc::new(Rules::new(limits, Protocol::Http1));
    let begin = |accepted: Accepted, connections: &mut JoinSet<()>| {
        let rules = Arc::clone(&rules);
        match accepted {
            Accepted::Tcp(stream, peer) => {
                connections.spawn(connection::run_lean(stream, peer, make_service(peer), rules))
            }
            Accepted::Tls(stream, peer, tls) => {
                let service = make_service(peer);
                connections.spawn(async move {
                    if let Some(stream) = tls
                        .accept(stream, Protocol::Http1, rules.limits().header_read)
                        .await
                    {
                        connection::run_lean(stream, peer, service, rules).await;
                    }
                })
            }
            Accepted::Unix(stream, peer) => {
                connections.spawn(connection::run_lean(stream, peer, make_service(peer), rules))
            }
        };
    };
    run(listener, begin, &rules, shutdown).await
}

async fn run(
    listener: Listener,
    begin: impl Fn(Accepted, &mut JoinSet<()>),
    rules: &Rules,
    shutdown: Shutdown,
) -> io::Result<usize> {
    let acceptor = Acceptor::new(listener)?;
    let most = rules.limits().connections.max(1);
    let drain = rules.limits().drain;
    let mut connections = JoinSet::new();

    let mut resting = false;
    loop {
        while let Some(ended) = connections.try_join_next() {
            report(ended);
        }
        let has_room = connections.len() < most;
        let accepted = tokio::select! {
            biased;
            () = shutdown.asked() => break,
            Some(ended) = connections.join_next(), if !has_room => {
                report(ended);
                continue;
            }
            accepted = acceptor.accept(), if has_room => accepted,
        };
        match accepted {
            Ok(accepted) => {
                resting = false;
                begin(accepted, &mut connections);
            }
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: trying again at once would only burn the core.
                if !resting {
                    tracing::warn!(%error, "cannot accept connections, trying again every 100 ms");
                }
                resting = true;
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    rules.begin_drain();
    // Who was already in the system's queue has been promised a connection.
    while connections.len() < most {
        match tokio::task::unconstrained(acceptor.accept()).now_or_never() {
            Some(Ok(accepted)) => begin(accepted, &mut connections),
            Some(Err(error)) if is_the_clients(&error) => {}
            _ => break,
        }
    }
    acceptor.close();
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    let in_time = tokio::time::timeout(drain, all_ended).await.is_ok();
    let cut = if in_time { 0 } else { connections.len() };
    connections.shutdown().await;
    Ok(cut)
}

/// An error of the one connection that was to be accepted, not of the listener.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::NotConnected
    )
}

/// A panic in a handler ends its connection, not the server; it must not go unseen.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection's task panicked");
    }
}
