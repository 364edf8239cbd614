//! The management APIs of other systems, spoken by the same use cases, for programs that go on using them. Each is off
//! until an organisation's policy names it in `dialects`; for everybody else there is no such address.

mod describe;
mod maximo;
mod omnicrm;
mod openlmis;
mod speaker;

use ::http::Method;
use app::AppError;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use domain::input::FieldError;
use domain::page::DEFAULT_LIMIT;
use domain::policy::Dialect;
use store::keys::KeyQuery;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::api::caller::Look;
use crate::http::problem::Shape;
use crate::http::{Problem, Web};

pub(crate) use describe::finish;
pub(crate) use speaker::Speaker;

/// How one of them is spoken.
struct Tongue {
    dialect: Dialect,
    routes: fn() -> OpenApiRouter<Web>,
    /// Where its callers put their tokens.
    look: Look,
    /// What a key is told in an organisation whose keys may not manage.
    keys_refused: fn(&Method) -> Problem,
    /// How it words refusals; none for problems as everywhere.
    shape: Option<Shape>,
}

const TONGUES: [&Tongue; 3] = [&omnicrm::TONGUE, &openlmis::TONGUE, &maximo::TONGUE];

/// The routes of all dialects beside those of the API, for their description.
pub(crate) fn describe(routes: OpenApiRouter<Web>) -> OpenApiRouter<Web> {
    let each = TONGUES.into_iter().map(|tongue| (tongue.routes)());
    each.fold(routes, OpenApiRouter::merge)
}

/// The routes of all dialects beside those of the API.
pub(crate) fn add(router: Router<Web>, web: &Web) -> Router<Web> {
    TONGUES.into_iter().fold(router, |router, tongue| {
        let (own, _) = (tongue.routes)().split_for_parts();
        router.merge(own.layer(from_fn_with_state((web.clone(), tongue), speak)))
    })
}

/// Routes of which other methods are refused here, so that a dialect that is off denies them as it denies the rest.
fn whole((schemas, paths, methods): UtoipaMethodRouter<Web>) -> UtoipaMethodRouter<Web> {
    let methods = methods.fallback(async || Problem::method_not_allowed());
    (schemas, paths, methods)
}

async fn speak(
    State((web, tongue)): State<(Web, &'static Tongue)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let mut response = match speaker::of(&mut parts, &web, tongue).await {
        Ok(Some(speaker)) => {
            parts.extensions.insert(speaker);
            next.run(Request::from_parts(parts, body)).await
        }
        Ok(None) => return Problem::not_found().into_response(),
        Err(problem) => problem.into_response(),
    };
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = problem.or_else(|| Problem::of_framework(&response)) {
        response.extensions_mut().insert(problem.shaped(tongue.shape));
    }
    response
}

/// What a key is told in an organisation whose keys may not manage.
fn keys_refused(_: &Method) -> Problem {
    AppError::KeysMayNotManage.into()
}

/// A refusal with its fields as the dialect calls them.
fn renamed(error: AppError, names: &[(&str, &str)]) -> Problem {
    let AppError::Invalid(faults) = error else {
        return error.into();
    };
    let name = |field: String| match names.iter().find(|(own, _)| *own == field) {
        Some((_, name)) => (*name).to_owned(),
        None => field,
    };
    let faults = faults.into_iter().map(|fault| FieldError {
        field: name(fault.field),
        ..fault
    });
    AppError::Invalid(faults.collect()).into()
}

/// A query for all keys, the youngest first, to be narrowed.
fn every_key() -> KeyQuery {
    KeyQuery {
        descending: true,
        limit: DEFAULT_LIMIT,
        ..KeyQuery::default()
    }
}
