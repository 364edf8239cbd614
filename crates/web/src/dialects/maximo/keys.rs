//! `/oslc/os/mxapiapikey`: keys of anybody's, for administrators.

use ::http::{HeaderValue, StatusCode, header};
use app::AppError;
use app::key::{CreateKey, Handle, Issued, KeyView, TokenInput};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::access::Management;
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::key::{Key, KeyDraft, Owner};
use domain::policy::ExpiryRequest;
use domain::schema::Username;
use serde::{Deserialize, Serialize};
use store::accounts::OwnerLabel;
use store::keys::{KeyQuery, Whose};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::parameters::{Common, Minutes, expiry};
use crate::api::openapi::NotFound;
use crate::api::shown::json;
use crate::dialects::{Speaker, every_key, renamed};
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// What the API calls its fields otherwise.
pub(super) const NAMES: [(&str, &str); 3] = [
    ("expires_at", "expiration"),
    ("owner", "userid"),
    ("secret", "apikey"),
];

/// Rows on the page when the caller does not say, and at the most.
const ROWS: u32 = 100;
const MOST: u32 = 500;

/// A key.
#[derive(Serialize, ToSchema)]
#[schema(as = MaximoApiKey)]
pub(super) struct ShownKey {
    /// Its number in the organisation.
    #[schema(example = 123, minimum = 1)]
    apikeytokenid: i64,
    /// The token: whole in the answer that made it, masked everywhere else.
    #[schema(example = "sk_live_8NqW…Pq2R")]
    apikey: String,
    /// The username or address of whom it stands for; none where that is the organisation.
    #[schema(required, example = "coldtrace-gateway")]
    userid: Option<String>,
    /// For how many minutes it works from its creation on; -1 for ever.
    #[schema(example = -1)]
    expiration: i64,
    /// When it ends.
    #[schema(required)]
    expirationdate: Option<Timestamp>,
    /// When it was made.
    creationdate: Timestamp,
    /// Where it is.
    #[schema(example = "oslc/os/mxapiapikey/key_01k1qhwaswfn78ypkbfj6sw3rt")]
    href: String,
}

fn href(key: &Key) -> String {
    format!("oslc/os/mxapiapikey/{}", key.id)
}

fn shown(view: &KeyView, label: &OwnerLabel) -> ShownKey {
    let key = &view.key;
    let minutes = |end: Timestamp| {
        // To the nearest minute: an end that is counted from a moment after the creation is that many minutes still.
        let micros = end.as_micros().saturating_sub(key.created_at.as_micros());
        micros.saturating_add(30_000_000).div_euclid(60_000_000)
    };
    ShownKey {
        apikeytokenid: key.number,
        apikey: key.display.clone(),
        userid: (!label.login.is_empty()).then(|| label.login.clone()),
        expiration: key.expires_at.map_or(-1, minutes),
        expirationdate: key.expires_at,
        creationdate: key.created_at,
        href: href(key),
    }
}

/// The answer to a key that was just made or given a new token.
pub(super) async fn issued(
    web: &Web,
    speaker: &Speaker,
    status: StatusCode,
    issued: &Issued,
) -> Result<Response> {
    let key = &issued.view.key;
    let label = web.app.owner_label(&speaker.caller, key.owner).await?;
    let token = issued.token.as_ref().map(|token| token.expose().to_owned());
    let key_shown = ShownKey {
        apikey: token.unwrap_or_else(|| key.display.clone()),
        ..shown(&issued.view, &label)
    };
    let mut response = json(status, &key_shown);
    if let Ok(place) = HeaderValue::from_str(&format!("/{}", href(key))) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// A key that is to be made.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MaximoNewApiKey, example = json!({"expiration": -1, "userid": "coldtrace-gateway"}))]
pub(super) struct NewKey {
    expiration: Option<Minutes>,
    /// For whom: a service account by its username, a person by their address, or either by its id; the caller when not
    /// said.
    #[schema(value_type = Option<Username>)]
    userid: Option<String>,
    /// A token that was made elsewhere, where the policy allows it.
    #[schema(value_type = Option<String>, min_length = 32, max_length = 512, example = "Zq3vT8yLm2Xc9Rb4Kd7Ws1Hf6Jg0Pn5A")]
    apikey: Option<Zeroizing<String>>,
}

/// The token of a new key.
pub(super) fn token(apikey: Option<Zeroizing<String>>) -> TokenInput {
    apikey.map_or(TokenInput::Generate, TokenInput::External)
}

/// A key that will be its owner's only one, and may do what its owner may.
pub(super) async fn make(
    web: &Web,
    speaker: &Speaker,
    owner: Owner,
    expiry: ExpiryRequest,
    apikey: Option<Zeroizing<String>>,
) -> Result<Issued, AppError> {
    let request = CreateKey {
        draft: KeyDraft {
            name: Some("API key".to_owned()),
            owner: Some(owner.to_string()),
            ..KeyDraft::default()
        },
        expiry,
        token: token(apikey),
        sole: true,
        ..CreateKey::default()
    };
    web.app.create_key(&speaker.caller, request, None).await
}

/// Whom the caller stands for.
pub(super) async fn oneself(web: &Web, speaker: &Speaker) -> Result<Owner> {
    let own = web.app.stands_for(&speaker.caller).await?;
    own.ok_or_else(|| Problem::invalid("userid: the caller is no user, and stands for none; name a userid"))
}

/// Makes a key for a user who has none. Its token is in this answer, and never again.
#[utoipa::path(
    post, path = "/oslc/os/mxapiapikey", operation_id = "maximo_create_key", tag = super::TAG,
    params(Common),
    request_body = NewKey,
    responses(
        (status = CREATED, description = "The new key with its token", body = ShownKey, headers(
            ("Location" = String, description = "Where it is")
        )),
        NotFound
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.create")))
)]
pub(super) async fn create(
    speaker: Speaker,
    State(web): State<Web>,
    Query(_common): Query<Common>,
    Json(new, _): Json<NewKey>,
) -> Result<Response> {
    let caller = &speaker.caller;
    caller.require(Management::KeysCreate)?;
    let owner = match new.userid.as_deref() {
        Some(userid) => {
            let found = web
                .app
                .owner_of_login(caller, userid, "userid", Management::KeysCreate);
            found.await?
        }
        None => oneself(&web, &speaker).await?,
    };
    let made = make(&web, &speaker, owner, expiry(new.expiration)?, new.apikey).await;
    let made = made.map_err(|error| renamed(error, &NAMES))?;
    issued(&web, &speaker, StatusCode::CREATED, &made).await
}

/// Which keys.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Whether names go without their namespaces; here they always do.
    #[param(example = "1")]
    #[expect(dead_code, reason = "every answer is in the lean form")]
    lean: Option<String>,
    /// Sent by some clients; it changes nothing.
    #[param(example = "1")]
    #[expect(dead_code, reason = "it changes nothing")]
    ccm: Option<String>,
    /// The key by which the caller is known; better in the header of that name.
    #[expect(dead_code, reason = "read where the caller is recognised")]
    apikey: Option<String>,
    /// Which fields; here every answer has them all.
    #[serde(rename = "oslc.select")]
    #[param(example = "*")]
    #[expect(dead_code, reason = "every answer has all fields")]
    select: Option<String>,
    /// The keys of one user.
    #[serde(rename = "oslc.where")]
    #[param(pattern = "^userid=\"[^\"]*\"$", example = "userid=\"coldtrace-gateway\"")]
    condition: Option<String>,
    /// Rows on the page; 100 when not said.
    #[serde(rename = "oslc.pageSize")]
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The number of the page, counted from 1.
    #[param(minimum = 1)]
    pageno: Option<u32>,
}

/// A page of keys.
#[derive(Serialize, ToSchema)]
#[schema(as = MaximoApiKeys)]
struct Members {
    /// The rows.
    member: Vec<ShownKey>,
    /// Where they are.
    #[schema(example = "oslc/os/mxapiapikey")]
    href: &'static str,
    #[serde(rename = "responseInfo")]
    response_info: ResponseInfo,
}

/// Which page it is, and of how many.
#[derive(Serialize, ToSchema)]
#[schema(as = MaximoResponseInfo)]
struct ResponseInfo {
    /// Where they are.
    #[schema(example = "oslc/os/mxapiapikey")]
    href: &'static str,
    /// How many there are on all pages.
    #[serde(rename = "totalCount")]
    #[schema(example = 1)]
    total_count: u64,
    /// The number of this page, counted from 1.
    #[schema(example = 1)]
    pagenum: u32,
    /// How many pages there are.
    #[serde(rename = "totalPages")]
    #[schema(example = 1)]
    total_pages: u64,
}

const PLACE: &str = "oslc/os/mxapiapikey";

/// Keys, a page at a time, the newest first.
#[utoipa::path(
    get, path = "/oslc/os/mxapiapikey", operation_id = "maximo_list_keys", tag = super::TAG,
    params(ListQuery),
    responses((status = OK, description = "A page, with the tokens masked", body = Members), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn list(
    speaker: Speaker,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let caller = &speaker.caller;
    caller.require(Management::KeysRead)?;
    let size = asked.page_size.unwrap_or(ROWS);
    if !(1..=MOST).contains(&size) {
        return Err(Problem::invalid(format!("oslc.pageSize: from 1 to {MOST}")));
    }
    let number = asked.pageno.unwrap_or(1);
    let Some(before) = number.checked_sub(1) else {
        return Err(Problem::invalid("pageno: at least 1"));
    };
    let owner = match asked.condition.as_deref().map(userid).transpose()? {
        None => None,
        Some(login) => {
            let found = web
                .app
                .owner_of_login(caller, login, "oslc.where", Management::KeysRead);
            match found.await {
                Ok(owner) => Some(owner),
                // Nobody has no keys.
                Err(AppError::Invalid(_)) => return Ok(page(Vec::new(), 0, number, size)),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let query = KeyQuery {
        whose: Whose {
            owner: owner.map(Owner::uuid),
            ..Whose::default()
        },
        limit: size,
        ..every_key()
    };
    let offset = u64::from(before) * u64::from(size);
    let keys = web.app.list_keys_from(caller, query, offset).await?;
    let member = keys.items.iter().map(|(view, label)| shown(view, label));
    Ok(page(member.collect(), keys.total, number, size))
}

fn page(member: Vec<ShownKey>, total: u64, number: u32, size: u32) -> Response {
    let members = Members {
        member,
        href: PLACE,
        response_info: ResponseInfo {
            href: PLACE,
            total_count: total,
            pagenum: number,
            total_pages: total.div_ceil(u64::from(size)),
        },
    };
    json(StatusCode::OK, &members)
}

/// The one condition that is understood: `userid="…"`.
fn userid(condition: &str) -> Result<&str> {
    let value = condition.trim().strip_prefix("userid=");
    let quoted = value.and_then(|value| value.strip_prefix('"')?.strip_suffix('"'));
    let name = quoted.filter(|name| !name.contains('"'));
    name.ok_or_else(|| Problem::invalid("oslc.where: expected userid=\"…\""))
}

/// Deletes a key. Its user may be given another one at once.
#[utoipa::path(
    delete, path = "/oslc/os/mxapiapikey/{id}", operation_id = "maximo_delete_key", tag = super::TAG,
    params(("id" = KeyId, Path, description = "The key; its `apikeytokenid` is taken as well"), Common),
    responses((status = NO_CONTENT, description = "Requests with it are refused from now on"), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:keys.revoke")))
)]
pub(super) async fn delete(
    speaker: Speaker,
    State(web): State<Web>,
    Path(id): Path<String>,
    Query(_common): Query<Common>,
) -> Result<Response> {
    let caller = &speaker.caller;
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    let handle = match id.parse::<KeyId>() {
        Ok(_) => Handle::Token(&id),
        Err(_) => Handle::Number(id.parse().ok().filter(|_| is_number).unwrap_or_default()),
    };
    let key = web.app.find_key(caller, handle, Management::KeysRevoke).await?;
    web.app.delete_key(caller, key.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
