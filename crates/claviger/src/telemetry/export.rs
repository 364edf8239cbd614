//! Spans on their way to a collector: OTLP over HTTP, in batches, from a bounded queue that drops what does not fit.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter as Otlp, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SamplingDecision, SamplingResult, SdkTracer, SdkTracerProvider, ShouldSample, SpanData,
    SpanExporter,
};

use crate::config::Telemetry;

/// The longest that a collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest that a server which stops waits for its last spans to be taken.
const LAST: Duration = Duration::from_secs(2);

/// The way to the collector, where there is one.
#[derive(Debug, Default)]
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    pub(super) fn start(settings: &Telemetry) -> Result<Self, String> {
        let Some(endpoint) = settings.endpoint() else {
            return Ok(Self(None));
        };
        let fault = |error: &dyn std::fmt::Display| format!("telemetry.otlp_endpoint: {error}");
        let otlp = Otlp::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| fault(&error))?;
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Outgoing {
                otlp,
                failing: AtomicBool::new(false),
            })
            .with_sampler(Sampler::ParentBased(Box::new(Chosen(settings.sampling))))
            .with_resource(resource)
            .build();
        web::trace::begin(settings.sampling);
        Ok(Self(Some(provider)))
    }

    pub(super) fn tracer(&self) -> Option<SdkTracer> {
        self.0.as_ref().map(|provider| provider.tracer("claviger"))
    }

    /// Sends the last spans, if the collector takes them soon.
    pub(crate) async fn stop(self) {
        let Some(provider) = self.0 else { return };
        // It blocks.
        let _ = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST)).await;
    }
}

/// Keeps a part of what begins here; whether a verification has a span was decided before it was made.
#[derive(Debug, Clone)]
struct Chosen(f64);

impl ShouldSample for Chosen {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        if name != web::trace::GATE {
            let ratio = Sampler::TraceIdRatioBased(self.0);
            return ratio.should_sample(parent, trace, name, kind, attributes, links);
        }
        SamplingResult {
            decision: SamplingDecision::RecordAndSample,
            attributes: Vec::new(),
            trace_state: parent
                .map(|parent| parent.span().span_context().trace_state().clone())
                .unwrap_or_default(),
        }
    }
}

/// Says in the log when spans begin to get lost, and when they arrive again.
#[derive(Debug)]
struct Outgoing {
    otlp: Otlp,
    failing: AtomicBool,
}

impl SpanExporter for Outgoing {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.otlp.export(batch).await;
        match &sent {
            Err(error) if !self.failing.swap(true, Relaxed) => {
                tracing::warn!(%error, "traces cannot be sent; what does not fit in memory meanwhile is lost");
            }
            Ok(()) if self.failing.swap(false, Relaxed) => tracing::info!("traces are sent again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}
