//! Spans for whoever looks on with OpenTelemetry: a caller's trace is continued (W3C Trace Context), and of verifications
//! that are answered from memory only those have a span that are sampled. Spans hold names, routes and codes, never a token.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ::http::{HeaderMap, HeaderName};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The name of a verification's span, which is made only where it is to be kept.
pub const GATE: &str = "web.gate";

/// Which part of verifications has a span of its own accord, as the bits of a number from 0 to 1; nothing is traced at 0.
static RATIO: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Grows by the ratio with each verification; a whole one is a span.
    static DUE: Cell<f64> = const { Cell::new(0.0) };
}

/// Begins to make spans, of this part of the verifications.
pub fn begin(ratio: f64) {
    // Callers who are sampled elsewhere are followed even where nothing is sampled of our own accord.
    RATIO.store(ratio.max(f64::MIN_POSITIVE).to_bits(), Relaxed);
}

/// Headers as the propagator reads them.
struct Said<'a>(&'a HeaderMap);

impl Extractor for Said<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Whether spans are made at all.
pub(crate) fn is_on() -> bool {
    RATIO.load(Relaxed) != 0
}

/// Makes a span part of the trace that the request says it belongs to.
pub(crate) fn follow(span: &Span, headers: &HeaderMap) {
    if !is_on() || span.is_disabled() {
        return;
    }
    let caller = TraceContextPropagator::new().extract(&Said(headers));
    if caller.span().span_context().is_valid() {
        // Fails only for a span that has begun, which this one has not.
        let _ = span.set_parent(caller);
    }
}

/// The span of a verification, if it is to have one: because its caller's is kept, or of our own accord.
pub fn of_verification(headers: &HeaderMap, door: impl FnOnce() -> &'static str) -> Option<Span> {
    let bits = RATIO.load(Relaxed);
    if bits == 0 {
        return None;
    }
    let sampled = match headers.contains_key("traceparent") {
        true => {
            let caller = TraceContextPropagator::new().extract(&Said(headers));
            caller.span().span_context().is_sampled()
        }
        false => {
            let due = DUE.get() + f64::from_bits(bits);
            DUE.set(due % 1.0);
            due >= 1.0
        }
    };
    sampled.then(|| {
        let span = tracing::debug_span!("web.gate", otel.kind = "server", door = door());
        follow(&span, headers);
        span
    })
}
