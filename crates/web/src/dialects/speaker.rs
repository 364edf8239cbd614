//! Who speaks a dialect: whoever is known to the API, in an organisation that has it switched on.

use ::http::request::Parts;
use app::{AppError, Caller};
use axum::extract::FromRequestParts;
use domain::policy::Policy;

use super::Tongue;
use crate::api::caller::known;
use crate::http::{Problem, Web};

/// The caller, whose organisation speaks the dialect of the route.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    pub(super) caller: Caller,
    /// The organisation's settings.
    pub(super) policy: Policy,
}

impl FromRequestParts<Web> for Speaker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let speaker = parts.extensions.remove::<Self>();
        speaker.ok_or_else(|| AppError::internal("a dialect's route without its speaker").into())
    }
}

/// Whoever asks; none where nobody is told that there is such a route: an organisation without the dialect, and strangers
/// as long as no organisation has it.
pub(super) async fn of(parts: &mut Parts, web: &Web, tongue: &Tongue) -> Result<Option<Speaker>, Problem> {
    let known = match known(parts, web, tongue.look).await {
        Ok(known) => known,
        Err(refusal) if web.app.is_spoken(tongue.dialect).await? => return Err(refusal),
        Err(_) => return Ok(None),
    };
    let Some(policy) = web.app.spoken_by(&known.caller, tongue.dialect).await? else {
        return Ok(None);
    };
    if !known.may_manage {
        return Err((tongue.keys_refused)(&parts.method));
    }
    let caller = known.caller;
    Ok(Some(Speaker { caller, policy }))
}
