//! Requests of the management plane, counted by what is bounded: method, route template and status.

use std::sync::Arc;
use std::time::Duration;

use ::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper ends of the buckets of durations, in seconds.
const BUCKETS: [f64; 13] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: Arc<str>,
}

/// The counters; clones share them.
#[derive(Clone, Debug)]
pub struct Requests {
    answered: Family<Answered, Counter>,
    took: Family<Asked, Histogram, fn() -> Histogram>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            took: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        }
    }
}

impl Requests {
    /// Counts an answer. `route` is the template that the path was matched by; none where nothing is.
    pub(crate) fn count(&self, method: &Method, route: Option<&str>, status: StatusCode, took: Duration) {
        let method = known(method);
        let route: Arc<str> = route.unwrap_or("none").into();
        let answered = Answered {
            method,
            route: route.clone(),
            status: status.as_u16(),
        };
        self.answered.get_or_create(&answered).inc();
        let asked = Asked { method, route };
        self.took.get_or_create(&asked).observe(took.as_secs_f64());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "claviger_http_requests",
            "Requests of the management plane that were answered",
            self.answered.clone(),
        );
        registry.register(
            "claviger_http_request_duration_seconds",
            "How long requests of the management plane took",
            self.took.clone(),
        );
    }
}

/// A method is whatever a caller writes there; these are all that anything is routed by.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn whatever_method_a_caller_invents_is_one_label() {
        let requests = Requests::default();
        for method in ["BREW", "sk_live_0123", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            requests.count(&method, None, StatusCode::NOT_FOUND, Duration::from_millis(1));
        }
        let mut registry = Registry::default();
        requests.register(&mut registry);
        let mut page = String::new();
        encode(&mut page, &registry).unwrap();
        let line = "claviger_http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 3";
        assert!(page.contains(line), "{page}");
        assert!(!page.contains("sk_live"));
    }
}
