//! Threads that share nothing: each has its own runtime and its own socket on the one port, so that a verification
//! never crosses a core.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::lane::Lean;
use super::{HttpService, Limits, Listener, Peer, Shutdown, Tls, serve_http1};

/// The running threads of [`run_threads`].
#[derive(Debug)]
pub struct Threads {
    addr: SocketAddr,
    handles: Vec<JoinHandle<io::Result<usize>>>,
}

impl Threads {
    /// Where all threads listen, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Blocks until every thread has drained (after the shutdown was asked for); answers how many connections were
    /// cut. Within a runtime, call it through `spawn_blocking`.
    ///
    /// # Errors
    /// The first thread's error; a thread that panicked is one.
    pub fn join(self) -> io::Result<usize> {
        let mut cut = 0;
        let mut first_error = Ok(());
        for handle in self.handles {
            match handle
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a server thread panicked")))
            {
                Ok(more) => cut += more,
                Err(error) => first_error = first_error.and(Err(error)),
            }
        }
        first_error.map(|()| cut)
    }
}

/// Serves HTTP/1.1 on `threads` threads named `verify-0`, `verify-1`, …, each with its own runtime; `make_service` is called for
/// every connection, with who is at the other end. Port 0 picks a port for all. `limits.connections` is for all threads together.
///
/// # Errors
/// `AddrInUse` if any other server listens there, and what the system says about sockets and threads.
pub fn run_threads<S, F>(
    threads: usize,
    addr: SocketAddr,
    tls: Option<Tls>,
    limits: Limits,
    shutdown: Shutdown,
    make_service: F,
) -> io::Result<Threads>
where
    F: Fn(Peer) -> S + Send + Sync + 'static,
    S: HttpService<Future: 'static> + Lean,
{
    let threads = threads.max(1);
    let listeners = listeners(threads, addr)?;
    let addr = match listeners.first() {
        Some(listener) => listener.local_addr()?,
        None => addr,
    };
    let limits = Limits {
        connections: limits.connections.div_ceil(threads),
        ..limits
    };
    let make_service = Arc::new(make_service);
    let mut handles = Vec::with_capacity(threads);
    for (number, listener) in listeners.into_iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (limits, shutdown) = (limits.clone(), shutdown.clone());
        let make_service = Arc::clone(&make_service);
        let listener = listener.over(tls.clone());
        let work = move || {
            schedule::answer_first();
            let served = serve_http1(listener, |peer| make_service(peer), limits, shutdown);
            runtime.block_on(served)
        };
        handles.push(
            std::thread::Builder::new()
                .name(format!("verify-{number}"))
                .spawn(work)?,
        );
    }
    Ok(Threads { addr, handles })
}

/// One socket for each thread, all on one port.
fn listeners(threads: usize, addr: SocketAddr) -> io::Result<Vec<Listener>> {
    // A port that is shared among our threads would be shared with a second server too, and half of the requests
    // would go astray; binding it alone first finds that server.
    let alone = Listener::tcp(addr)?;
    if threads == 1 {
        return Ok(vec![alone]);
    }
    let addr = alone.local_addr()?;
    drop(alone);
    (0..threads).map(|_| Listener::tcp_shared(addr)).collect()
}
