//! The page itself. A figure more is a line more, here and in the table of `docs/observability.md`, which a test holds
//! against this page.

use std::fmt;
use std::time::Duration;

use app::StreamCounts;
use app::mail::MailCounts;
use app::webhook::WebhookCounts;
use engine::{BUCKETS, Decisions, Stats};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use store::Writing;

use super::Sources;
use super::process::Process;

/// How long the database may take to say how far it is; without its word the page has no lag.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn write(sources: &Sources) -> Result<String, fmt::Error> {
    let engine = sources.app.engine();
    let store = sources.app.store();
    let asked = tokio::time::timeout(PATIENCE, async {
        tokio::join!(
            store.last_change(),
            store.letters_waiting(),
            store.messages_waiting()
        )
    });
    let (last, letters, messages) = match asked.await {
        Ok((last, letters, messages)) => (last.ok(), letters.ok(), messages.ok()),
        Err(_) => (None, None, None),
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Page {
        decisions: engine.decisions(),
        stats: engine.stats(),
        last_change: last,
        certificate_until: sources
            .certificates
            .as_ref()
            .map_or(Duration::ZERO, |certificates| certificates.not_after()),
        writing: store.writing(),
        letters,
        mail: sources.app.mail_counts().unwrap_or_default(),
        messages,
        stream: sources.app.stream_counts(),
        webhooks: sources.app.webhook_counts(),
        process: Process::read(),
        started: sources.started.as_micros() as f64 / 1e6,
    }));
    sources.requests.register(&mut registry);
    let mut page = String::new();
    text::encode(&mut page, &registry)?;
    Ok(page)
}

#[derive(Debug)]
struct Page {
    decisions: Decisions,
    stats: Stats,
    last_change: Option<i64>,
    certificate_until: Duration,
    writing: Writing,
    letters: Option<i64>,
    mail: MailCounts,
    messages: Option<i64>,
    stream: Option<StreamCounts>,
    webhooks: WebhookCounts,
    process: Process,
    started: f64,
}

/// A figure without labels.
struct Figure(MetricType, &'static str, &'static str, f64);

const COUNTER: MetricType = MetricType::Counter;
const GAUGE: MetricType = MetricType::Gauge;

impl Page {
    /// What the engine's [`Stats`] say.
    fn engine(&self) -> Vec<Figure> {
        let stats = &self.stats;
        let guesses = &stats.guesses;
        let mut all = vec![
            Figure(
                COUNTER,
                "claviger_cache_hits",
                "Verifications answered from the cache",
                stats.hits as f64,
            ),
            Figure(
                COUNTER,
                "claviger_cache_misses",
                "Verifications for which the store had to be asked",
                stats.misses as f64,
            ),
            Figure(
                COUNTER,
                "claviger_cache_unknown_hits",
                "Verifications of tokens remembered as unknown",
                stats.unknown_hits as f64,
            ),
            Figure(
                COUNTER,
                "claviger_cache_evictions",
                "Secrets that made room in the cache for others",
                stats.evicted as f64,
            ),
            Figure(
                GAUGE,
                "claviger_cache_secrets",
                "Secrets in the cache",
                stats.cached as f64,
            ),
            Figure(
                GAUGE,
                "claviger_cache_unknown_tokens",
                "Tokens remembered as unknown",
                stats.unknown_tokens as f64,
            ),
            Figure(
                COUNTER,
                "claviger_store_errors",
                "Questions that the store failed to answer",
                stats.store_errors as f64,
            ),
            Figure(
                GAUGE,
                "claviger_lease_held",
                "Whether this server may answer from memory",
                f64::from(u8::from(stats.fresh)),
            ),
            Figure(
                GAUGE,
                "claviger_lookups_under_way",
                "Questions that the store is asked now",
                stats.flights as f64,
            ),
            Figure(
                COUNTER,
                "claviger_lookups_joined",
                "Verifications that waited for another's question",
                stats.joined as f64,
            ),
            Figure(
                COUNTER,
                "claviger_guesses",
                "Unknown tokens at the doors",
                guesses.counted as f64,
            ),
            Figure(
                COUNTER,
                "claviger_guesses_throttled",
                "Unknown tokens whose address was told to wait",
                guesses.throttled as f64,
            ),
            Figure(
                COUNTER,
                "claviger_guesses_turned_away",
                "Requests turned away because too many waited for their turn at the store",
                guesses.turned_away as f64,
            ),
            Figure(
                GAUGE,
                "claviger_guesses_waiting",
                "Requests that wait for their turn at the store",
                guesses.waiting as f64,
            ),
            Figure(
                GAUGE,
                "claviger_limits_kept",
                "Keys, owners and organisations whose limits are kept",
                stats.limited as f64,
            ),
            Figure(
                GAUGE,
                "claviger_journal_bytes",
                "Bytes of the usage journal that are not rolled up",
                stats.journal_bytes as f64,
            ),
            Figure(
                COUNTER,
                "claviger_journal_dropped",
                "Answers that could not be recorded, since the data directory was made",
                stats.dropped as f64,
            ),
            Figure(
                COUNTER,
                "claviger_journal_damaged",
                "Records of the journal that were found damaged",
                stats.damaged as f64,
            ),
            Figure(
                GAUGE,
                "claviger_certificate_expiry_seconds",
                "When the certificate of the listeners ends, since 1970",
                self.certificate_until.as_secs() as f64,
            ),
            Figure(
                GAUGE,
                "claviger_changes_applied",
                "The last change that this node has applied",
                stats.applied as f64,
            ),
        ];
        if let Some(last) = self.last_change {
            let behind = last.saturating_sub(stats.applied).max(0);
            all.push(Figure(
                GAUGE,
                "claviger_changes_behind",
                "Committed changes that this node has not applied",
                behind as f64,
            ));
        }
        all
    }

    fn stream(&self) -> Vec<Figure> {
        let counts = self.stream.unwrap_or_default();
        vec![
            Figure(
                COUNTER,
                "claviger_stream_written",
                "Lines that were written to the stream's files",
                counts.written as f64,
            ),
            Figure(
                COUNTER,
                "claviger_stream_dropped",
                "Lines that could not be written",
                counts.dropped as f64,
            ),
        ]
    }

    fn webhooks(&self) -> Vec<Figure> {
        let mut all = vec![
            Figure(
                COUNTER,
                "claviger_webhook_delivered",
                "Messages that receivers have taken",
                self.webhooks.delivered as f64,
            ),
            Figure(
                COUNTER,
                "claviger_webhook_failed",
                "Attempts to send a message that failed",
                self.webhooks.failed as f64,
            ),
        ];
        if let Some(messages) = self.messages {
            all.push(Figure(
                GAUGE,
                "claviger_webhook_waiting",
                "Messages that wait to be sent",
                messages as f64,
            ));
        }
        all
    }

    fn mail(&self) -> Vec<Figure> {
        let mut all = vec![
            Figure(
                COUNTER,
                "claviger_mail_sent",
                "Letters that the mail server has taken",
                self.mail.sent as f64,
            ),
            Figure(
                COUNTER,
                "claviger_mail_failed",
                "Attempts to send a letter that failed",
                self.mail.failed as f64,
            ),
        ];
        if let Some(letters) = self.letters {
            all.push(Figure(
                GAUGE,
                "claviger_mail_waiting",
                "Letters that wait to be sent",
                letters as f64,
            ));
        }
        all
    }

    fn store(&self) -> Vec<Figure> {
        let writing = &self.writing;
        vec![
            Figure(
                GAUGE,
                "claviger_writer_queue",
                "Changes that wait to be written",
                writing.waiting as f64,
            ),
            Figure(
                COUNTER,
                "claviger_writer_commits",
                "Transactions that were committed",
                writing.commits as f64,
            ),
            Figure(
                COUNTER,
                "claviger_writer_changes",
                "Changes that were committed, several to a transaction",
                writing.jobs as f64,
            ),
            Figure(
                COUNTER,
                "claviger_writer_failures",
                "Transactions that failed and were rolled back",
                writing.failures as f64,
            ),
        ]
    }

    fn process(&self) -> Vec<Figure> {
        let mut all = vec![
            Figure(
                GAUGE,
                "process_start_time_seconds",
                "When the process started, since 1970",
                self.started,
            ),
            Figure(
                COUNTER,
                "process_cpu_seconds",
                "CPU time that the process took",
                self.process.cpu,
            ),
        ];
        let resident = self.process.resident.map(|bytes| bytes as f64);
        all.extend(resident.map(|bytes| {
            Figure(
                GAUGE,
                "process_resident_memory_bytes",
                "Memory that is resident",
                bytes,
            )
        }));
        let open = self.process.descriptors.map(|open| open as f64);
        all.extend(
            open.map(|open| Figure(GAUGE, "process_open_fds", "File descriptors that are open", open)),
        );
        all
    }
}

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let help = "Verifications by where they were asked and what was answered";
        let mut family = encoder.encode_descriptor("claviger_verifications", help, None, COUNTER)?;
        for (door, code, count) in &self.decisions.counts {
            let labels = [("door", door.as_str()), ("code", code.as_str())];
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, u64, u64>(count, None)?;
        }
        let name = "claviger_verification_duration_seconds";
        let help = "How long verifications took; those from memory are timed one in 16";
        let ends = BUCKETS.iter().map(|nanos| *nanos as f64 / 1e9).chain([f64::MAX]);
        let buckets: Vec<(f64, u64)> = ends.zip(self.decisions.latency.iter().copied()).collect();
        let count = self.decisions.latency.iter().sum();
        encoder
            .encode_descriptor(name, help, None, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(self.decisions.took.as_secs_f64(), count, &buckets, None)?;
        for Figure(kind, name, help, value) in [
            self.engine(),
            self.store(),
            self.mail(),
            self.webhooks(),
            self.stream(),
            self.process(),
        ]
        .into_iter()
        .flatten()
        {
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            match kind {
                MetricType::Counter => metric.encode_counter::<NoLabelSet, f64, f64>(&value, None)?,
                _ => metric.encode_gauge(&value)?,
            }
        }
        encoder
            .encode_descriptor("claviger_build", "What was built", None, MetricType::Info)?
            .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}
