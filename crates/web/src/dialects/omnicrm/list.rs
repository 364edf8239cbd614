//! The list of keys, with the searches, filters and orders that OmniCRM's page has.

use ::http::{HeaderValue, StatusCode, header};
use axum::extract::State;
use axum::response::Response;
use domain::key::Status;
use serde::{Deserialize, Serialize};
use store::keys::{KeyQuery, KeySort, StatusFilter};
use utoipa::IntoParams;

use super::shown::{self, ShownKey};
use crate::api::openapi::NotFound;
use crate::api::shown::json;
use crate::dialects::{Speaker, every_key};
use crate::http::body::Query;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// Rows on the page when the caller does not say, and at the most.
const ROWS: u32 = 100;
const MOST: u32 = 500;

/// Which keys.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Those that are not revoked when not said; `active` takes in those that are expiring soon.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(pattern = "^(all|active|expiring_soon|expired|revoked)$", example = "active")]
    status: Option<String>,
    /// Words that name, description or the masked key must all hold; eight at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    /// The order, with `-` for highest first; `-created` when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(pattern = "^-?(name|created|expiry_date|created_by)$", example = "-created")]
    sort: Option<String>,
    /// The number of the page, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Rows on the page; 100 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    per_page: Option<u32>,
}

fn statuses(text: Option<&str>) -> Result<StatusFilter> {
    // A deleted key is in no list.
    let statuses = match text {
        None => return Ok(StatusFilter::Live),
        Some("all") => vec![Status::Active, Status::Expired, Status::Disabled, Status::Revoked],
        Some("active") => vec![Status::Active],
        Some("expiring_soon") => vec![Status::ExpiringSoon],
        Some("expired") => vec![Status::Expired],
        Some("revoked") => vec![Status::Disabled, Status::Revoked],
        Some(_) => {
            return Err(Problem::invalid(
                "status: expected all, active, expiring_soon, expired or revoked",
            ));
        }
    };
    Ok(StatusFilter::In(statuses))
}

fn order(text: Option<&str>) -> Result<(KeySort, bool)> {
    let text = text.unwrap_or("-created");
    let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
    let sort = match name {
        "name" => KeySort::Name,
        "created" => KeySort::CreatedAt,
        "expiry_date" => KeySort::ExpiresAt,
        "created_by" => KeySort::CreatedBy,
        _ => {
            return Err(Problem::invalid(
                "sort: expected name, created, expiry_date or created_by, with - for highest first",
            ));
        }
    };
    Ok((sort, descending))
}

fn between(name: &str, number: u32, most: u32) -> Result<u32> {
    if (1..=most).contains(&number) {
        return Ok(number);
    }
    Err(Problem::invalid(format!("{name}: from 1 to {most}")))
}

/// Keys, a page at a time: how many there are is in `X-Total-Count`, where the next page is in `Link`.
#[utoipa::path(
    get, path = "/crm/api-keys", operation_id = "omnicrm_list_keys", tag = super::TAG,
    params(ListQuery),
    responses(
        (status = OK, description = "The keys, with their tokens masked", body = Vec<ShownKey>, headers(
            ("X-Total-Count" = i64, description = "How many there are on all pages"),
            ("Link" = String, description = "`rel=\"next\"`, unless this is the last page (RFC 8288)")
        )),
        NotFound
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn list(
    speaker: Speaker,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let (sort, descending) = order(asked.sort.as_deref())?;
    let limit = between("per_page", asked.per_page.unwrap_or(ROWS), MOST)?;
    let page = between("page", asked.page.unwrap_or(1), u32::MAX)?;
    let query = KeyQuery {
        status: statuses(asked.status.as_deref())?,
        q: asked.search.clone(),
        sort,
        descending,
        limit,
        ..every_key()
    };
    let offset = u64::from(page - 1) * u64::from(limit);
    let keys = web.app.list_keys_from(&speaker.caller, query, offset).await?;
    let items: Vec<ShownKey<'_>> = keys.items.iter().map(|(view, _)| shown::masked(view)).collect();
    let mut response = json(StatusCode::OK, &items);
    let headers = response.headers_mut();
    headers.insert("x-total-count", HeaderValue::from(keys.total));
    if offset + u64::from(limit) < keys.total {
        let next = ListQuery {
            page: Some(page + 1),
            ..asked
        };
        let next = serde_urlencoded::to_string(&next).unwrap_or_default();
        let link = HeaderValue::from_str(&format!("</crm/api-keys?{next}>; rel=\"next\""));
        link.into_iter()
            .for_each(|link| drop(headers.insert(header::LINK, link)));
    }
    Ok(response)
}
