//! Envoy asks over gRPC (`envoy.service.auth.v3.Authorization`). A crate of its own, because the messages take long to compile and
//! nothing else needs them. What is decided is decided by `web::gate`; this reads the question and writes the answer.

mod answer;
mod question;

use std::sync::Arc;

use app::App;
use domain::id::RequestId;
use envoy_types::pb::envoy::service::auth::v3::authorization_server::{Authorization, AuthorizationServer};
use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tracing::Instrument as _;
use web::gate::{Guard, Settings, Verdict, Wish, judge};
use web::serve::Peer;

use question::Asked;

/// The service's name, for whoever asks after its health.
const SERVICE: &str = "envoy.service.auth.v3.Authorization";

/// Answers Envoy.
#[derive(Debug)]
struct Checker {
    app: Arc<App>,
    guard: Guard,
    doors: Settings,
}

/// The service with its health, for a listener that speaks HTTP/2.
pub async fn router(app: Arc<App>, guard: Guard, doors: Settings) -> axum::Router {
    let (health, service) = tonic_health::server::health_reporter();
    health.set_service_status(SERVICE, ServingStatus::Serving).await;
    let checker = AuthorizationServer::new(Checker { app, guard, doors });
    tonic::service::Routes::new(checker)
        .add_service(service)
        .prepare()
        .into_axum_router()
}

#[tonic::async_trait]
impl Authorization for Checker {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let door = engine::Door::Grpc.as_str();
        match web::trace::of_verification(request.metadata().as_ref(), || door) {
            None => self.decide(request).await,
            Some(span) => self.decide(request).instrument(span).await,
        }
    }
}

impl Checker {
    async fn decide(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let token = request
            .metadata()
            .get(Guard::HEADER)
            .map(|value| value.as_bytes());
        if !self.guard.admits(token) {
            return Err(Status::unauthenticated("this listener wants the gateway's token"));
        }
        let believed = match request.extensions().get::<Peer>() {
            Some(Peer::Tcp(address)) => self.doors.believes(address.ip()),
            _ => false,
        };
        if !believed {
            return Err(Status::permission_denied("whoever asks is no known gateway"));
        }
        let asked = Asked::read(request.into_inner())?;
        let wish = Wish::read(asked.wishes(), &self.doors);
        let wish = wish.map_err(|problem| Status::invalid_argument(problem.sentence()))?;
        let judged = judge(&self.app, engine::Door::Grpc, &asked.headers, asked.told(), &wish).await;
        let (verdict, brought) = judged.map_err(|problem| self.fault(&problem))?;
        Ok(Response::new(match verdict {
            Verdict::Pass(decision) => answer::pass(&asked, Some(&decision), brought.as_ref()),
            Verdict::Preflight => answer::pass(&asked, None, None),
            Verdict::Refuse(refusal) => {
                let id = RequestId::fresh(self.app.clock(), self.app.random());
                answer::refuse(&refusal, wish.tell(), id)
            }
        }))
    }

    /// A fault is no answer: Envoy then does what it was told to do without one, which is to refuse.
    fn fault(&self, problem: &web::http::Problem) -> Status {
        let id = RequestId::fresh(self.app.clock(), self.app.random());
        problem.log(id, &http::Method::POST, SERVICE);
        if problem.status() == http::StatusCode::SERVICE_UNAVAILABLE {
            return Status::unavailable(problem.sentence());
        }
        if problem.status().is_client_error() {
            return Status::invalid_argument(problem.sentence());
        }
        Status::internal(problem.sentence())
    }
}
