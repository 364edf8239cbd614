//! Presses an HTTP/1.1 server, and says how long its answers took. In a closed loop, where each connection asks again as soon as
//! it is answered, it finds the peak. In an open one it keeps to a rate whatever the server does, and counts the time of a
//! request from when it was due: what waits behind a slow answer has waited, too. (To leave that out is coordinated omission,
//! which makes a server that stands still look fast.)

mod connection;
mod requests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use connection::Connection;
pub use requests::Requests;

/// Latencies above it count as it, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;
/// For how long answers are waited for after the end of a run.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection rests after it broke.
const PAUSE: Duration = Duration::from_millis(20);
/// A sleep is not to be trusted for less; the rest of a wait is spent looking at the clock.
const SLEEP: Duration = Duration::from_millis(2);

/// How requests follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Each of them once, as fast as the server answers.
    Once,
    /// Each connection asks as soon as it is answered, for so long.
    Closed(Duration),
    /// So many a second, for so long, spread evenly.
    Open(f64, Duration),
}

/// How hard to press.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Connections at one time.
    pub connections: usize,
    /// Threads that share them. In an open loop each of them keeps a core busy.
    pub threads: usize,
    /// How requests follow each other.
    pub pace: Pace,
}

/// What has come of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Answers of the kind that was wanted.
    pub answered: u64,
    /// Other answers.
    pub refused: u64,
    /// Requests that got no answer: connections that could not be made or broke, and what was not answered in time.
    pub failed: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long the answers took, refusals among them, in nanoseconds.
    pub latency: Histogram<u64>,
    /// The beginning of the first answer that was not wanted, or what first went wrong.
    pub complaint: Option<String>,
}

impl Outcome {
    /// Answers of both kinds in a second.
    pub fn per_second(&self) -> f64 {
        (self.answered + self.refused) as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Below this were so many of a hundred answers, in microseconds.
    pub fn percentile_us(&self, percentile: f64) -> f64 {
        self.latency.value_at_percentile(percentile) as f64 / 1e3
    }

    fn new() -> io::Result<Self> {
        let latency = Histogram::new_with_bounds(1, LONGEST, 3).map_err(io::Error::other)?;
        Ok(Self {
            answered: 0,
            refused: 0,
            failed: 0,
            elapsed: Duration::ZERO,
            latency,
            complaint: None,
        })
    }

    fn add(&mut self, other: Self) -> io::Result<()> {
        self.answered += other.answered;
        self.refused += other.refused;
        self.failed += other.failed;
        self.elapsed = self.elapsed.max(other.elapsed);
        self.latency.add(&other.latency).map_err(io::Error::other)?;
        self.complaint = self.complaint.take().or(other.complaint);
        Ok(())
    }
}

/// Presses the server at `addr`. It blocks for as long as that takes.
///
/// # Errors
/// When no connection can be made, or the system gives no thread.
pub fn press(addr: SocketAddr, requests: &Arc<Requests>, plan: Plan) -> io::Result<Outcome> {
    // Else a server that is not there would be a run of failures.
    drop(std::net::TcpStream::connect(addr)?);
    let connections = plan.connections.max(1);
    let threads = plan.threads.clamp(1, connections);
    let parts: Vec<Part> = (0..threads)
        .map(|number| Part {
            addr,
            requests: requests.clone(),
            connections: connections / threads + usize::from(number < connections % threads),
            number,
            threads,
            pace: plan.pace,
        })
        .collect();
    std::thread::scope(|scope| {
        let started: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || part.run()))
            .collect();
        let mut all = Outcome::new()?;
        for thread in started {
            let panicked = |_| io::Error::other("a thread of the load generator panicked");
            all.add(thread.join().map_err(panicked)??)?;
        }
        Ok(all)
    })
}

/// What one thread does of it.
struct Part {
    addr: SocketAddr,
    requests: Arc<Requests>,
    connections: usize,
    number: usize,
    threads: usize,
    pace: Pace,
}

/// What the connections of one thread share.
struct Shared {
    requests: Arc<Requests>,
    start: Instant,
    /// The next request that is nobody's yet.
    next: AtomicU64,
    so_far: Mutex<Outcome>,
}

impl Part {
    fn run(self) -> io::Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.press())
    }

    async fn press(self) -> io::Result<Outcome> {
        let mut open = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            open.push(Connection::open(self.addr).await?);
        }
        let shared = Arc::new(Shared {
            requests: self.requests.clone(),
            start: Instant::now(),
            next: AtomicU64::new(0),
            so_far: Mutex::new(Outcome::new()?),
        });
        let mut tasks = JoinSet::new();
        let total = self.connections * self.threads;
        for (place, connection) in open.into_iter().enumerate() {
            let of_all = self.number * self.connections + place;
            let offset = self.requests.len() * of_all / total;
            let shared = shared.clone();
            match self.pace {
                Pace::Once => tasks.spawn(once(connection, shared, self.number, self.threads)),
                Pace::Closed(length) => tasks.spawn(closed(connection, shared, offset, length)),
                Pace::Open(rate, length) => {
                    let steady = Steady {
                        gap: self.threads as f64 / rate.max(f64::MIN_POSITIVE),
                        shift: self.number as f64 / rate.max(f64::MIN_POSITIVE),
                        offset: self.requests.len() * self.number / self.threads,
                        length,
                    };
                    tasks.spawn(steady.press(connection, shared))
                }
            };
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        let late = match self.pace {
            // However many there are.
            Pace::Once => {
                all.await;
                0
            }
            Pace::Closed(length) | Pace::Open(_, length) => {
                let in_time = tokio::time::timeout(length + PATIENCE, all).await;
                in_time.map_or_else(|_| tasks.len(), |()| 0)
            }
        };
        tasks.shutdown().await;
        let mut outcome = shared.so_far.lock().clone();
        outcome.failed += late as u64;
        outcome.elapsed = match self.pace {
            // What came after the end is no sign of a higher rate.
            Pace::Open(_, length) => shared.start.elapsed().max(length),
            _ => shared.start.elapsed(),
        };
        Ok(outcome)
    }
}

impl Shared {
    /// Sends one request and notes what comes of it.
    async fn ask(&self, connection: &mut Connection, number: usize, since: Instant) {
        let asked = connection.exchange(&self.requests, number).await;
        let took = u64::try_from(since.elapsed().as_nanos()).unwrap_or(LONGEST);
        let complaint = {
            let so_far = &mut *self.so_far.lock();
            match asked {
                Ok(true) => {
                    so_far.latency.saturating_record(took.max(1));
                    so_far.answered += 1;
                    return;
                }
                Ok(false) => {
                    so_far.latency.saturating_record(took.max(1));
                    so_far.refused += 1;
                    if so_far.complaint.is_none() {
                        so_far.complaint = Some(connection.last_answer());
                    }
                    return;
                }
                Err(error) => {
                    so_far.failed += 1;
                    error.to_string()
                }
            }
        };
        self.so_far.lock().complaint.get_or_insert(complaint);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn once(mut connection: Connection, shared: Arc<Shared>, thread: usize, threads: usize) {
    loop {
        let mine = shared.next.fetch_add(1, Relaxed) as usize * threads + thread;
        if mine >= shared.requests.len() {
            return;
        }
        shared.ask(&mut connection, mine, Instant::now()).await;
    }
}

async fn closed(mut connection: Connection, shared: Arc<Shared>, mut at: usize, length: Duration) {
    let end = shared.start + length;
    loop {
        let now = Instant::now();
        if now >= end {
            return;
        }
        shared.ask(&mut connection, at % shared.requests.len(), now).await;
        at += 1;
    }
}

/// The timetable of an open loop.
struct Steady {
    /// Seconds between two requests of this thread.
    gap: f64,
    /// When its first one is due, in seconds.
    shift: f64,
    offset: usize,
    length: Duration,
}

impl Steady {
    async fn press(self, mut connection: Connection, shared: Arc<Shared>) {
        loop {
            let mine = shared.next.fetch_add(1, Relaxed);
            let after = Duration::from_secs_f64(self.shift + self.gap * mine as f64);
            if after >= self.length {
                return;
            }
            let due = shared.start + after;
            wait(due).await;
            let number = (self.offset + mine as usize) % shared.requests.len();
            shared.ask(&mut connection, number, due).await;
        }
    }
}

/// Waits to within microseconds, where a timer keeps to within milliseconds.
async fn wait(due: Instant) {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        if left > SLEEP {
            tokio::time::sleep(left - SLEEP).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}
