//! Lists of keys: which are asked for, in which order, and a page of them; and how many there are.

use ::http::StatusCode;
use app::Caller;
use app::key::KeyFilter;
use axum::extract::State;
use axum::response::Response;
use domain::clock::Timestamp;
use domain::finding::Finding;
use domain::key::{Owner, Status};
use domain::page::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use domain::span::Span;
use serde::Deserialize;
use store::keys::{KeyQuery, KeySort, StatusFilter, Summary, Whose};
use utoipa::IntoParams;

use crate::api::caller::By;
use crate::api::shown::{self, ShownKey};
use crate::http::body::Query;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// Which keys.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ListQuery {
    /// `live` when not said: neither revoked nor deleted. `all`, or some, apart by commas; `active` takes in
    /// `expiring_soon`.
    #[param(
        pattern = "^(live|all|(active|expiring_soon|expired|disabled|revoked|deleted)(,(active|expiring_soon|expired|disabled|revoked|deleted))*)$",
        example = "active,disabled"
    )]
    status: Option<String>,
    /// A part of the name of who made it.
    created_by: Option<String>,
    /// A pattern as it was granted.
    permission: Option<String>,
    /// One of its tags.
    tag: Option<String>,
    /// The id of whom they stand for.
    #[param(example = "acct_01k1qhwaswfn78ypkbfj6sw3rt")]
    owner: Option<String>,
    /// The partner whose service accounts they stand for, in any case.
    #[param(example = "ColdTrace")]
    partner: Option<String>,
    /// A role that they were given, by id or name.
    role: Option<String>,
    /// The slug of an API of which their permissions name one.
    api: Option<String>,
    /// Ends before then.
    expires_before: Option<Timestamp>,
    /// Not used since then.
    idle_since: Option<Timestamp>,
    /// What needs somebody about them, as `/v1/attention` tells. Without a status, those that would be accepted.
    finding: Option<Finding>,
    /// Words that name, description or the masked key must all hold; eight at most.
    q: Option<String>,
    /// Whole days of UTC, today's the last, of whose usage each key tells; needs `claviger:usage.read`. From `1d` to `90d`.
    #[param(value_type = Option<String>, pattern = "^([1-9]|[1-8][0-9]|90)d$", example = "7d")]
    usage: Option<Span>,
    /// The order, with `-` for highest first; `-created_at` when not said.
    #[param(
        pattern = "^-?(created_at|name|expires_at|created_by|last_used_at)$",
        example = "-created_at"
    )]
    sort: Option<String>,
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters and order.
    cursor: Option<String>,
}

fn statuses(text: &str) -> Result<StatusFilter> {
    match text {
        "all" => Ok(StatusFilter::All),
        "live" => Ok(StatusFilter::Live),
        several => several
            .split(',')
            .map(|one| Status::parse(one).ok_or_else(|| Problem::invalid("status: expected live, all, or some of active, expiring_soon, expired, disabled, revoked and deleted, apart by commas")))
            .collect::<Result<Vec<_>>>()
            .map(StatusFilter::In),
    }
}

pub(in crate::api) fn limit(asked: Option<u32>) -> Result<u32> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        0 => Err(Problem::invalid("limit: at least 1")),
        limit if limit > MAX_LIMIT => Err(Problem::invalid(format!("limit: at most {MAX_LIMIT}"))),
        limit => Ok(limit),
    }
}

impl ListQuery {
    /// The same list of one owner's keys.
    pub(in crate::api) fn of(mut self, owner: Owner) -> Result<Self> {
        if self.owner.is_some() {
            return Err(Problem::invalid("owner: the address names it already"));
        }
        self.owner = Some(owner.to_string());
        Ok(self)
    }
}

/// Keys, a page at a time.
#[utoipa::path(
    get, path = "/v1/keys", operation_id = "list_keys", tag = "keys",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<ShownKey>)),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(in crate::api) async fn list(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    page(&caller, &web, asked).await
}

pub(in crate::api) async fn page(caller: &Caller, web: &Web, asked: ListQuery) -> Result<Response> {
    let sort = asked.sort.as_deref().unwrap_or("-created_at");
    let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
    let unknown = || {
        Problem::invalid(
            "sort: expected created_at, name, expires_at, created_by or last_used_at, with - for highest first",
        )
    };
    let (_, order) = KeySort::ALL
        .into_iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(unknown)?;
    let limit = limit(asked.limit)?;
    // What a cursor is good for: the same filters in the same order, whatever the length of the page.
    let list = format!(
        "keys {:?}",
        (
            &asked.status,
            &asked.created_by,
            &asked.permission,
            &asked.tag,
            (&asked.owner, &asked.partner, &asked.role, &asked.api),
            asked.expires_before,
            (asked.idle_since, asked.finding),
            &asked.q,
            sort,
        )
    );
    let owner = asked.owner.as_deref().map(|text| {
        Owner::parse(text).ok_or_else(|| Problem::invalid("owner: expected an id: acct_…, usr_… or org_…"))
    });
    let whose = Whose {
        owner: owner.transpose()?.map(Owner::uuid),
        partner: asked.partner,
        ..Whose::default()
    };
    let filter = KeyFilter {
        role: asked.role,
        api: asked.api,
        finding: asked.finding,
    };
    let query = KeyQuery {
        status: asked
            .status
            .as_deref()
            .map(statuses)
            .transpose()?
            .or_else(|| asked.finding.map(app::attention::statuses))
            .unwrap_or_default(),
        created_by: asked.created_by,
        permission: asked.permission,
        tag: asked.tag,
        whose,
        expires_before: asked.expires_before,
        idle_since: asked.idle_since,
        q: asked.q,
        sort: order,
        descending,
        limit,
        ..KeyQuery::default()
    };
    let page = web
        .app
        .list_keys(caller, query, filter, &list, asked.cursor.as_deref())
        .await?;
    let ids: Vec<_> = page.items.iter().map(|view| view.key.id).collect();
    let series = match asked.usage {
        Some(span) => Some(web.app.usage_of_keys(caller, &ids, span).await?),
        None => None,
    };
    let row = |view| match &series {
        Some(series) => shown::with_usage(view, series),
        None => shown::row(view),
    };
    let items: Vec<_> = page.items.iter().map(row).collect();
    Ok(shown::json(
        StatusCode::OK,
        &Page {
            items,
            next_cursor: page.next_cursor,
        },
    ))
}

/// How many keys there are, by status.
#[utoipa::path(
    get, path = "/v1/keys/summary", operation_id = "summarise_keys", tag = "keys",
    responses((status = OK, description = "The counts", body = Summary)),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(in crate::api) async fn summary(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(
        StatusCode::OK,
        &web.app.summarise_keys(&caller).await?,
    ))
}
