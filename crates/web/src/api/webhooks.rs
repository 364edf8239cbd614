//! `/v1/webhooks`: where an organisation is told of what happens, and what became of each message.

use ::http::{HeaderMap, StatusCode};
use app::webhook::{EditWebhook, MadeWebhook, MessageQuery, MessageView, WebhookView};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::id::{MessageId, WebhookId};
use domain::page::Page;
use domain::schema::Name;
use domain::span::Span;
use domain::webhook::{EventFilter, WebhookDraft};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::webhooks::MessageState;
use utoipa::{IntoParams, ToSchema};

use super::caller::By;
use super::keys::limit;
use super::openapi::{Conflict, part};
use super::params::{IfMatch, if_match};
use super::shown::{self, tagged};
use crate::http::Web;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;

/// The fields that a webhook is made of or changed to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    /// What people call it.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// Where it is told: over TLS, at an address of the public internet, unless the settings allow another.
    #[schema(
        max_length = 2000,
        pattern = "^https?://[^@]+$",
        example = "https://hooks.sample.example/claviger"
    )]
    url: Option<String>,
    /// Of what.
    #[schema(value_type = Option<Vec<EventFilter>>, min_items = 1, max_items = 32)]
    events: Option<Vec<String>>,
    /// Whether it is told; a new one is.
    active: Option<bool>,
}

part!(
    Fields => NewWebhook,
    without [],
    needs ["name", "url", "events"],
    json!({"name": "Incidents", "url": "https://hooks.sample.example/claviger", "events": ["key.leaked", "key.revoked"]})
);
part!(
    Fields => WebhookEdit,
    without [],
    needs [],
    json!({"events": ["key.*"], "active": true})
);

impl From<Fields> for WebhookDraft {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.name,
            url: fields.url,
            events: fields.events,
            active: fields.active,
        }
    }
}

/// How a webhook's secret is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"grace": "24h"}))]
pub(super) struct WebhookRotation {
    /// How long messages are signed with the old secret, too; a day when not said, 30 days at the most.
    grace: Option<Span>,
}

/// All webhooks of an organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhooks {
    /// In the order in which they were made.
    items: Vec<WebhookView>,
}

/// A webhook with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookView,
    /// What messages are signed with (Standard Webhooks 1.0).
    #[schema(example = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    secret: String,
}

/// An id that is none, or of another kind, names nothing that is here.
fn id(text: &str) -> Result<WebhookId> {
    text.parse()
        .map_err(|_| app::AppError::NotFound { what: "webhook" }.into())
}

fn answer(webhook: &WebhookView) -> Response {
    tagged(shown::json(StatusCode::OK, webhook), webhook.version)
}

fn made(status: StatusCode, made: MadeWebhook) -> Response {
    let version = made.view.version;
    let whole = WebhookWithSecret {
        webhook: made.view,
        secret: made.secret.to_string(),
    };
    tagged(shown::json(status, &whole), version)
}

/// The organisation's webhooks.
#[utoipa::path(
    get, path = "/v1/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    responses((status = OK, description = "All of them", body = Webhooks)),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn list(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let items = web.app.list_webhooks(&caller).await?;
    Ok(shown::json(StatusCode::OK, &Webhooks { items }))
}

/// Makes a webhook, which is told of what happens from now on. Its secret is in the answer and nowhere else.
#[utoipa::path(
    post, path = "/v1/webhooks", operation_id = "create_webhook", tag = "webhooks",
    request_body = NewWebhook,
    responses((status = CREATED, description = "The new webhook", body = WebhookWithSecret), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let webhook = web.app.create_webhook(&caller, fields.into()).await?;
    Ok(made(StatusCode::CREATED, webhook))
}

/// One webhook.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", operation_id = "show_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = OK, description = "The webhook", body = WebhookView)),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(webhook): Path<String>,
) -> Result<Response> {
    Ok(answer(&web.app.show_webhook(&caller, id(&webhook)?).await?))
}

/// Changes the fields that are given. One that is switched on again is told of what happens from then on.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", operation_id = "edit_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook"), IfMatch),
    request_body = WebhookEdit,
    responses((status = OK, description = "The webhook as it is now", body = WebhookView)),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(webhook): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let edit = EditWebhook {
        draft: fields.into(),
        version: if_match(&headers)?,
    };
    Ok(answer(&web.app.edit_webhook(&caller, id(&webhook)?, edit).await?))
}

/// Removes a webhook with its messages.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", operation_id = "delete_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = NO_CONTENT, description = "It is gone")),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(webhook): Path<String>,
) -> Result<Response> {
    web.app.delete_webhook(&caller, id(&webhook)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Gives a webhook another secret; for a while messages are signed with both.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/rotate", operation_id = "rotate_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    request_body = WebhookRotation,
    responses((status = OK, description = "The webhook with its new secret", body = WebhookWithSecret)),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn rotate(
    By(caller): By,
    State(web): State<Web>,
    Path(webhook): Path<String>,
    Json(rotation, _): Json<WebhookRotation>,
) -> Result<Response> {
    let grace = rotation.grace.unwrap_or(Span::days(1));
    let webhook = web.app.rotate_webhook(&caller, id(&webhook)?, grace).await?;
    Ok(made(StatusCode::OK, webhook))
}

/// Sends a webhook a message `webhook.test` now, whether it is switched on or not, and tells what came of it. It is not tried again.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/test", operation_id = "test_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = OK, description = "The message, and what came of it", body = MessageView)),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn test(
    By(caller): By,
    State(web): State<Web>,
    Path(webhook): Path<String>,
) -> Result<Response> {
    let message = web.app.test_webhook(&caller, id(&webhook)?).await?;
    Ok(shown::json(StatusCode::OK, &message))
}

/// Which messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagesQuery {
    /// Only those of which this became.
    state: Option<MessageState>,
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filter.
    cursor: Option<String>,
}

/// A webhook's messages of the last thirty days and what became of them, the youngest first.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/messages", operation_id = "list_webhook_messages", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook"), MessagesQuery),
    responses((status = OK, description = "A page", body = Page<MessageView>)),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn messages(
    By(caller): By,
    State(web): State<Web>,
    Path(webhook): Path<String>,
    Query(asked): Query<MessagesQuery>,
) -> Result<Response> {
    let query = MessageQuery {
        state: asked.state,
        limit: limit(asked.limit)?,
        cursor: asked.cursor,
    };
    let page = web.app.list_messages(&caller, id(&webhook)?, query).await?;
    Ok(shown::json(StatusCode::OK, &page))
}

/// Has a message sent again, under its own id.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/messages/{message}/replay", operation_id = "replay_webhook_message", tag = "webhooks",
    params(
        ("id" = WebhookId, Path, description = "The webhook"),
        ("message" = MessageId, Path, description = "The message")
    ),
    responses((status = OK, description = "The message, which waits again", body = MessageView), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:webhooks.manage")))
)]
pub(super) async fn replay(
    By(caller): By,
    State(web): State<Web>,
    Path((webhook, message)): Path<(String, String)>,
) -> Result<Response> {
    let message: MessageId = message
        .parse()
        .map_err(|_| app::AppError::NotFound { what: "message" })?;
    let message = web.app.replay_message(&caller, id(&webhook)?, message).await?;
    Ok(shown::json(StatusCode::OK, &message))
}
