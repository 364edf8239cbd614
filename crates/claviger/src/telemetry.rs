//! Logs go to standard error, as text or as JSON; standard output belongs to answers. Spans go to an OpenTelemetry collector
//! where one is named, from a thread of their own: one that is slow or down costs the spans and nothing else.

mod export;

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{self, Log, LogFormat};

pub(crate) use export::Traces;

/// The crates of the house. What others say more softly than `debug` may hold what they read from a socket.
const HOUSE: [&str; 7] = ["claviger", "grpc", "web", "app", "engine", "store", "domain"];

fn is_ours(target: &str) -> bool {
    let first = target.split("::").next().unwrap_or_default();
    HOUSE.contains(&first)
}

/// Starts logging and tracing; a second call changes nothing.
///
/// # Errors
/// When the level is none, or the collector's address cannot be used.
pub(crate) fn start(log: &Log, telemetry: &config::Telemetry) -> Result<Traces, String> {
    let wished = EnvFilter::try_new(&log.level).map_err(|error| format!("log.level: {error}"))?;
    let discreet = filter_fn(|told| is_ours(told.target()) || *told.level() <= tracing::Level::DEBUG);
    let writer = fmt::layer().with_writer(std::io::stderr);
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = match log.format {
        LogFormat::Text => writer.with_ansi(colours).boxed(),
        LogFormat::Json => writer.json().boxed(),
    };
    let traces = Traces::start(telemetry)?;
    let spans = traces.tracer().map(|tracer| {
        // Spans of the house alone: an exporter that had spans of its own requests would never come to rest.
        let ours = filter_fn(|told| told.is_span() && is_ours(told.target()));
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours.and(LevelFilter::DEBUG))
    });
    let started = tracing_subscriber::registry()
        .with(spans)
        .with(lines.with_filter(wished.and(discreet)))
        .try_init();
    // Only tests start it twice.
    drop(started);
    std::panic::set_hook(Box::new(say_where));
    Ok(traces)
}

/// Where something panicked; what it says may hold anything, a token too.
fn say_where(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(tracing::field::display);
    let thread = std::thread::current();
    tracing::error!(
        place,
        thread = thread.name(),
        "a panic: this is a fault of Claviger's"
    );
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("a lock").extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_says_where_and_not_what() {
        let said = Said::default();
        let writer = said.clone();
        let subscriber =
            tracing_subscriber::registry().with(fmt::layer().with_writer(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            std::panic::set_hook(Box::new(say_where));
            let caught = std::panic::catch_unwind(|| panic!("sk_live_sample"));
            let _ = std::panic::take_hook();
            assert!(caught.is_err());
        });
        let text = String::from_utf8(said.0.lock().expect("a lock").clone()).expect("UTF-8");
        assert!(
            text.contains("telemetry.rs") && !text.contains("sk_live"),
            "{text}"
        );
    }

    #[test]
    fn libraries_are_cut_off_where_they_would_say_what_they_read() {
        assert!(is_ours("engine::verify") && is_ours("web") && is_ours("claviger"));
        assert!(!is_ours("hyper::proto::h1::io") && !is_ours("webpki") && !is_ours("h2"));
    }
}
