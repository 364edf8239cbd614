//! One connection: hyper reads and writes it, a slow tick watches it. hyper's own header time-out allocates a timer
//! a request and does not cover the first bytes under automatic HTTP/2 detection; counters and a tick cover all.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::lane::{self, End, Lean};
use super::{HttpService, Limits, Peer};

/// The number of headers for which hyper keeps room on the stack.
pub(super) const HYPER_HEADERS: usize = 100;

/// hyper refuses a smaller buffer.
const LEAST_BUFFER: usize = 8 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Auto,
    Http1,
}

/// What all connections of one listener share.
pub(super) struct Rules {
    limits: Limits,
    protocol: Protocol,
    draining: AtomicBool,
}

impl Rules {
    pub(super) fn new(limits: Limits, protocol: Protocol) -> Self {
        Self {
            limits,
            protocol,
            draining: AtomicBool::new(false),
        }
    }

    /// From now on each answer says `Connection: close`, and connections at rest are closed at their next tick.
    pub(super) fn begin_drain(&self) {
        self.draining.store(true, Relaxed);
    }

    pub(super) fn draining(&self) -> bool {
        self.draining.load(Relaxed)
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How often a connection is looked at: limits are kept to within an eighth, and a second at most.
    pub(super) fn tick(&self) -> Duration {
        let shortest = self.limits.header_read.min(self.limits.idle);
        (shortest / 8).clamp(Duration::from_millis(1), Duration::from_secs(1))
    }
}

/// What a connection has done, for its watch. Counters only: the hot path reads no clock.
pub(super) struct Activity {
    rules: Arc<Rules>,
    requests: AtomicU64,
    /// Requests whose service has not answered yet.
    running: AtomicU32,
    writes: AtomicU64,
    /// Bytes were read that belong to no request so far: the beginning of a head.
    head_begun: AtomicBool,
    http2: AtomicBool,
}

impl Activity {
    fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            requests: AtomicU64::new(0),
            running: AtomicU32::new(0),
            writes: AtomicU64::new(0),
            head_begun: AtomicBool::new(false),
            http2: AtomicBool::new(false),
        }
    }

    /// A whole request is there.
    pub(super) fn began(&self) {
        add_one(&self.requests);
        self.running.fetch_add(1, Relaxed);
        self.head_begun.store(false, Relaxed);
    }

    /// Its answer is there, too. What was read since the head was its body.
    pub(super) fn answered(&self) {
        self.head_begun.store(false, Relaxed);
        self.running.fetch_sub(1, Relaxed);
    }

    /// What was read is the beginning of another.
    pub(super) fn has_part(&self) {
        self.head_begun.store(true, Relaxed);
    }
}

/// Marks a request as running until it is answered or dropped.
struct Running(Arc<Activity>);

impl Running {
    fn begin(activity: &Arc<Activity>, version: Version) -> Self {
        activity.began();
        if version == Version::HTTP_2 {
            activity.http2.store(true, Relaxed);
        }
        Self(Arc::clone(activity))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// Only the connection's own task adds, so that no locked instruction is needed.
fn add_one(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed).wrapping_add(1), Relaxed);
}

/// Serves one connection to its end.
pub(super) async fn run<I, S>(stream: I, peer: Peer, service: S, rules: Arc<Rules>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Future: 'static>,
{
    let patience = Patience::new(&rules.limits, rules.tick());
    with_hyper(Metered::new(stream, &rules), peer, service, rules, patience).await;
}

/// The same, on the lean path for as long as its requests are usual.
pub(super) async fn run_lean<I, S>(stream: I, peer: Peer, service: S, rules: Arc<Rules>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Future: 'static> + Lean,
{
    let mut stream = Metered::new(stream, &rules);
    let activity = Arc::clone(&stream.activity);
    let (end, patience) = lane::serve(&mut stream, &service, &activity, &rules).await;
    match end {
        // The other side may be gone already.
        End::Over => drop(stream.shutdown().await),
        End::Unusual(read) => {
            stream.before = read;
            with_hyper(stream, peer, service, rules, patience).await;
        }
    }
}

async fn with_hyper<I, S>(stream: Metered<I>, peer: Peer, service: S, rules: Arc<Rules>, patience: Patience)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Future: 'static>,
{
    let activity = Arc::clone(&stream.activity);
    let io = TokioIo::new(stream);
    let watched = service_fn({
        let activity = Arc::clone(&activity);
        let tells_peer = rules.protocol == Protocol::Auto;
        move |mut request: Request<Incoming>| {
            let version = request.version();
            let running = Running::begin(&activity, version);
            if tells_peer {
                request.extensions_mut().insert(peer);
            }
            let answer = service.call(request);
            async move {
                let mut answer = answer.await;
                if running.0.rules.draining()
                    && version < Version::HTTP_2
                    && let Ok(answer) = &mut answer
                {
                    answer
                        .headers_mut()
                        .insert(CONNECTION, HeaderValue::from_static("close"));
                }
                drop(running);
                answer
            }
        }
    });
    let limits = &rules.limits;
    let buffer = limits.header_bytes.max(LEAST_BUFFER);
    match rules.protocol {
        Protocol::Http1 => {
            let mut builder = http1::Builder::new();
            // Verdicts are small: copying one behind its head takes less CPU time than a vectored write.
            builder.max_buf_size(buffer).writev(false);
            if limits.headers != HYPER_HEADERS {
                builder.max_headers(limits.headers);
            }
            watch(builder.serve_connection(io, watched), &activity, &rules, patience).await;
        }
        Protocol::Auto => {
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().max_buf_size(buffer);
            if limits.headers != HYPER_HEADERS {
                builder.http1().max_headers(limits.headers);
            }
            builder
                .http2()
                .max_header_list_size(u32::try_from(buffer).unwrap_or(u32::MAX));
            watch(builder.serve_connection(io, watched), &activity, &rules, patience).await;
        }
    }
}

/// Drives a connection and ends it when it is overdue.
async fn watch<C: GracefulConnection>(
    connection: C,
    activity: &Activity,
    rules: &Rules,
    mut patience: Patience,
) {
    let mut connection = pin!(connection);
    let tick = rules.tick();
    let mut timer = pin!(tokio::time::sleep(tick));
    let mut closing = false;
    poll_fn(|context| {
        loop {
            // The error is the client's: it left, or spoke no HTTP. hyper has answered it where an answer exists.
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            ready!(timer.as_mut().poll(context));
            match patience.tick(activity, rules.draining()) {
                Verdict::Cut => return Poll::Ready(()),
                Verdict::Close if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                Verdict::Close | Verdict::Keep => {}
            }
            timer.as_mut().reset(tokio::time::Instant::now() + tick);
        }
    })
    .await;
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Close,
    Cut,
}

/// Counts the ticks for which a connection made no progress.
pub(super) struct Patience {
    seen: (u64, u64),
    quiet: u32,
    head: u32,
    idle: u32,
}

impl Patience {
    pub(super) fn new(limits: &Limits, tick: Duration) -> Self {
        let ticks = |span: Duration| {
            let whole = span.as_micros() / tick.as_micros().max(1);
            u32::try_from(whole).unwrap_or(u32::MAX - 1).max(1)
        };
        Self {
            seen: (0, 0),
            quiet: 0,
            head: ticks(limits.header_read),
            idle: ticks(limits.idle),
        }
    }

    /// Progress is a whole head read or bytes written: bytes that trickle into a head are none.
    pub(super) fn tick(&mut self, activity: &Activity, draining: bool) -> Verdict {
        let now = (activity.requests.load(Relaxed), activity.writes.load(Relaxed));
        if activity.running.load(Relaxed) > 0 || now != self.seen {
            self.seen = now;
            self.quiet = 0;
            return Verdict::Keep;
        }
        self.quiet = self.quiet.saturating_add(1);
        let in_head = activity.head_begun.load(Relaxed) && !activity.http2.load(Relaxed);
        let limit = if in_head || now.0 == 0 {
            self.head
        } else {
            self.idle
        };
        if self.quiet > limit {
            return Verdict::Cut;
        }
        // A drain closes only who has rested for a whole tick, so that a request on its way still meets an open door.
        if self.quiet == limit || (draining && !in_head) {
            return Verdict::Close;
        }
        Verdict::Keep
    }
}

/// A stream that counts what passes.
struct Metered<I> {
    stream: I,
    activity: Arc<Activity>,
    /// What was read before, and is to be read again.
    before: Bytes,
}

impl<I> Metered<I> {
    fn new(stream: I, rules: &Arc<Rules>) -> Self {
        Self {
            stream,
            activity: Arc::new(Activity::new(Arc::clone(rules))),
            before: Bytes::new(),
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Metered<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.before.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        } else {
            let length = self.before.len().min(buffer.remaining());
            buffer.put_slice(&self.before.split_to(length));
        }
        if buffer.filled().len() > before {
            self.activity.head_begun.store(true, Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Metered<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        add_one(&self.activity.writes);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
        add_one(&self.activity.writes);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
