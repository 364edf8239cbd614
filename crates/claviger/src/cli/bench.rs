//! `bench`: how fast a server verifies, on the machine of whoever asks. First as fast as it goes, then at a steady share of that,
//! where latencies mean something.

mod asked;
mod lent;
mod own;
mod picture;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use domain::span::Span;
use load::{Outcome, Pace, Plan, Requests, press};
use reqwest::Url;
use serde_json::{Value, json};

use super::error::CliError;
use super::{Context, connect, input};
use asked::Door;
use lent::Lent;
use own::Own;

const EXAMPLES: &str = "\
Examples:
  claviger bench
  claviger bench --door nginx --keys 1000000 --duration 30s
  claviger bench --server http://127.0.0.1:7401 --tokens tokens.txt --requires orders:view
  claviger --data ./data bench --api orders --path /orders/7 --requires orders:view

With neither --server nor --data it measures an installation of its own, in a temporary directory and on free ports, with
everything on: permissions, an API's routes, a rate limit, metering. It is gone afterwards.
With --server it asks the verification listener there with tokens of yours, one a line; each is used, and counted.
With --data it asks the server of that directory with keys that it makes, and revokes afterwards.

CLAVIGER_SERVER, CLAVIGER_DATA and kept logins are not looked at: nobody's server is pressed by accident.";

/// Of the peak, in percent.
const STEADY: u8 = 70;
/// Keys of an installation of its own.
const KEYS: u32 = 10_000;

/// Measure how fast a server verifies, and draw how long its answers take
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Bench {
    /// The door to ask at
    #[arg(long, value_name = "DOOR", value_enum, default_value_t = Door::Verify)]
    door: Door,
    /// Connections at one time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// How long each of the two runs takes
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = input::span)]
    duration: Span,
    /// Keys that are made for it [default: 10000, and 1 with --data]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), conflicts_with = "tokens")]
    keys: Option<u32>,
    /// A file of tokens, one a line, or - for standard input; what --server is asked with [default: -]
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// What the keys must be allowed, such as 'orders:view AND customers:view'
    #[arg(long, value_name = "EXPRESSION")]
    requires: Option<String>,
    /// The API whose routes say what a request needs, by slug
    #[arg(long, value_name = "SLUG")]
    api: Option<String>,
    /// The path that is asked for there, by GET
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,
    /// The rate of the second run, in percent of what the first one reached
    #[arg(long, value_name = "PERCENT", default_value_t = STEADY, value_parser = clap::value_parser!(u8).range(1..=100))]
    at: u8,
    /// Threads of the load generator, each of which keeps a core busy [default: half of the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: Option<u32>,
    /// Press a server that is not on this machine, too
    #[arg(long)]
    yes_load_this_server: bool,
}

/// What is pressed.
struct Subject {
    addr: SocketAddr,
    host: String,
    requests: Arc<Requests>,
}

pub(crate) async fn run(context: &Context, args: Bench) -> Result<(), CliError> {
    if context.global.data.is_some() && context.global.server.is_some() {
        return Err(CliError::Usage(
            "give either --data or --server, not both".to_owned(),
        ));
    }
    if args.duration == Span::ZERO {
        return Err(CliError::Usage("--duration: a run takes some time".to_owned()));
    }
    match (&context.global.server, &context.global.data) {
        (Some(server), _) => theirs(context, &args, server).await,
        (None, Some(data)) => lent(context, &args, data).await,
        (None, None) => own(context, &args).await,
    }
}

/// Measures a server that is there, with tokens that somebody gives.
async fn theirs(context: &Context, args: &Bench, server: &str) -> Result<(), CliError> {
    if args.keys.is_some() {
        return Err(CliError::Usage(
            "keys are made with --data, or where nothing is given; --server is asked with --tokens"
                .to_owned(),
        ));
    }
    let (addr, host) = resolve(server, args.yes_load_this_server).await?;
    let file = args.tokens.as_deref().unwrap_or(Path::new("-"));
    let subject = Subject {
        requests: Arc::new(asked::requests(args, &host, asked::tokens(file)?)?),
        addr,
        host,
    };
    until_stopped(measure(context, args, &subject, None)).await
}

/// Measures the server of a data directory, with keys that are made for it.
async fn lent(context: &Context, args: &Bench, data: &Path) -> Result<(), CliError> {
    let addr = lent::verification(data)?;
    let host = addr.to_string();
    // It is on this machine, but it may be somebody's.
    if let Some(file) = &args.tokens {
        let requests = Arc::new(asked::requests(args, &host, asked::tokens(file)?)?);
        let subject = Subject { addr, host, requests };
        return until_stopped(measure(context, args, &subject, None)).await;
    }
    let client = connect::connect(context)?;
    let mut lent = Lent::default();
    let measured = until_stopped(async {
        let permissions = asked::permissions(args)?;
        let tokens = lent
            .make(&client, args.keys.unwrap_or(1), &permissions, None)
            .await?;
        let requests = Arc::new(asked::requests(args, &host, tokens)?);
        let subject = Subject {
            addr,
            host: host.clone(),
            requests,
        };
        measure(context, args, &subject, None).await
    })
    .await;
    let ended = lent.end(&client).await;
    measured.and(ended)
}

/// Measures an installation of its own.
async fn own(context: &Context, args: &Bench) -> Result<(), CliError> {
    if args.tokens.is_some() || args.requires.is_some() || args.api.is_some() {
        return Err(CliError::Usage(
            "--tokens, --requires and --api are for a server that is there: give --server or --data"
                .to_owned(),
        ));
    }
    let keys = args.keys.unwrap_or(KEYS);
    until_stopped(async {
        context.screen.note(&format!(
            "Making an installation with {} keys…",
            picture::grouped(f64::from(keys))
        ));
        let own = Own::start(context, keys).await?;
        let host = own.addr.to_string();
        let subject = Subject {
            addr: own.addr,
            requests: Arc::new(asked::with_everything(args.door, &host, own.tokens.clone())),
            host,
        };
        measure(context, args, &subject, Some(&own)).await
    })
    .await
}

/// Ends early where somebody wishes so; what was made for the run goes all the same.
async fn until_stopped(work: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => Err(CliError::Failed("stopped".to_owned())),
    }
}

/// The address behind a URL, if it may be pressed.
async fn resolve(server: &str, far_too: bool) -> Result<(SocketAddr, String), CliError> {
    let usage = |text: &str| CliError::Usage(text.to_owned());
    let url =
        Url::parse(&connect::address(server)?).map_err(|_| usage("the server's address cannot be read"))?;
    if url.scheme() != "http" || url.path() != "/" {
        return Err(usage(
            "give the verification listener as http://host:port; what stands before it (TLS, a gateway) is not measured",
        ));
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(usage("the server's address has no host"));
    };
    let name = format!("{host}:{port}");
    let found = tokio::net::lookup_host(&name).await;
    let addr = found.ok().and_then(|mut all| all.next());
    let addr = addr.ok_or_else(|| CliError::Failed(format!("{name} is not known")))?;
    if !addr.ip().is_loopback() && !far_too {
        return Err(usage(&format!(
            "{name} is not on this machine, and this would press it as hard as it goes: add --yes-load-this-server if it is yours"
        )));
    }
    Ok((addr, name))
}

/// Both runs, and what is said of them.
async fn measure(
    context: &Context,
    args: &Bench,
    subject: &Subject,
    own: Option<&Own>,
) -> Result<(), CliError> {
    let threads = args.threads.unwrap_or_else(|| (cores() / 2).max(1));
    let length = args.duration.duration();
    let go = |pace| {
        let plan = Plan {
            connections: args.connections as usize,
            threads: threads as usize,
            pace,
        };
        pressed(subject.addr, subject.requests.clone(), plan)
    };
    let first = go(Pace::Once).await?;
    if first.refused + first.failed > 0 {
        return Err(CliError::Failed(format!(
            "{} of {} requests were refused and {} failed; the first: {}",
            first.refused,
            subject.requests.len(),
            first.failed,
            first.complaint.unwrap_or_default().replace("\r\n", " ")
        )));
    }
    context
        .screen
        .note(&format!("As fast as it goes, for {}…", args.duration));
    let before = own.and_then(Own::cpu);
    let peak = go(Pace::Closed(length)).await?;
    let used = before.and_then(|before| Some(own.and_then(Own::cpu)?.saturating_sub(before)));
    if peak.answered == 0 {
        return Err(CliError::Failed(format!(
            "no answer came: {}",
            peak.complaint.unwrap_or_default()
        )));
    }
    let rate = peak.per_second() * f64::from(args.at) / 100.0;
    context.screen.note(&format!(
        "At {} requests a second, for {}…",
        picture::grouped(rate),
        args.duration
    ));
    let steady = go(Pace::Open(rate, length)).await?;
    let cpu_us = used.map(|used| used.as_secs_f64() * 1e6 / (peak.answered + peak.refused) as f64);
    let found = Found {
        args,
        subject,
        threads,
        server_threads: own.map(|own| own.threads),
        cpu_us,
        rate,
        peak: &peak,
        steady: &steady,
    };
    if context.screen.json {
        return context.screen.json(&found.json());
    }
    context.screen.text(&found.text(context.screen.draws()))
}

/// On a thread of its own, which the program does not wait for where it is stopped.
async fn pressed(addr: SocketAddr, requests: Arc<Requests>, plan: Plan) -> Result<Outcome, CliError> {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nobody listens any more where the run was stopped.
        let _ = tell.send(press(addr, &requests, plan));
    });
    let outcome = told
        .await
        .map_err(|_| CliError::Failed("the load generator ended".to_owned()))?;
    outcome.map_err(|cause| CliError::Failed(format!("cannot press {addr}: {cause}")))
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1))
}

/// What was measured.
struct Found<'a> {
    args: &'a Bench,
    subject: &'a Subject,
    threads: u32,
    server_threads: Option<u32>,
    cpu_us: Option<f64>,
    rate: f64,
    peak: &'a Outcome,
    steady: &'a Outcome,
}

const PERCENTILES: [(&str, f64); 5] = [
    ("p50", 50.0),
    ("p90", 90.0),
    ("p99", 99.0),
    ("p99.9", 99.9),
    ("max", 100.0),
];

impl Found<'_> {
    fn json(&self) -> Value {
        let run = |outcome: &Outcome| {
            let latency = PERCENTILES
                .map(|(name, percentile)| (name.to_owned(), json!(outcome.percentile_us(percentile))));
            json!({
                "requests_per_second": outcome.per_second(),
                "seconds": outcome.elapsed.as_secs_f64(),
                "answered": outcome.answered,
                "refused": outcome.refused,
                "failed": outcome.failed,
                "latency_us": latency.into_iter().collect::<serde_json::Map<_, _>>(),
            })
        };
        json!({
            "door": self.args.door.name(),
            "server": self.subject.host,
            "keys": self.subject.requests.len(),
            "connections": self.args.connections,
            "load_threads": self.threads,
            "server_threads": self.server_threads,
            "server_cpu_us_per_request": self.cpu_us,
            "closed_loop": run(self.peak),
            "open_loop": run(self.steady),
            "open_loop_rate": self.rate,
        })
    }

    fn text(&self, unicode: bool) -> String {
        let count = |number: u64| picture::grouped(number as f64);
        let server = match self.server_threads {
            Some(1) => ", server on 1 thread".to_owned(),
            Some(threads) => format!(", server on {threads} threads"),
            None => String::new(),
        };
        let mut out = format!(
            "{} at {}: {} keys, {} connections{server}, load on {}\n\nAs fast as it goes: {} requests/s",
            self.args.door.name(),
            self.subject.host,
            count(self.subject.requests.len() as u64),
            self.args.connections,
            self.threads,
            picture::grouped(self.peak.per_second()),
        );
        if let Some(cpu_us) = self.cpu_us {
            out += &format!(", {cpu_us:.1} us of the server's CPU each");
        }
        out += &format!("{}\n", errors(self.peak));
        out += &format!(
            "At {} % of that, {} requests/s, from when each was due{}:\n\n",
            self.args.at,
            picture::grouped(self.rate),
            errors(self.steady),
        );
        for (name, percentile) in PERCENTILES {
            out += &format!(
                "  {name:<5}  {:>9}\n",
                picture::time(self.steady.percentile_us(percentile))
            );
        }
        out.push('\n');
        out + &picture::histogram(&self.steady.latency, unicode)
    }
}

fn errors(outcome: &Outcome) -> String {
    match (outcome.refused, outcome.failed) {
        (0, 0) => ", no errors".to_owned(),
        (refused, failed) => format!(", {refused} refused, {failed} failed"),
    }
}

/// CPU time of a process so far, user and system, where the system tells it (Linux).
fn cpu_of(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Fields 14 and 15 of proc_pid_stat(5), behind a name that may hold anything.
    let (_, after) = stat.rsplit_once(") ")?;
    let mut times = after.split(' ').skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(Duration::from_millis(
        (user + system) * 1000 / rustix::param::clock_ticks_per_second(),
    ))
}
