//! The set-up link: a page of plain HTML that trades the link, once, for a management key of one's own.

use ::http::{HeaderValue, StatusCode, header};
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};

use domain::schema::Name;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::body::{MAX_BODY, read};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// No script, no picture, nothing from elsewhere; the form may be sent to this page alone.
const SECURITY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

fn page_of(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"/setup.css\"><title>{title} · Claviger</title>\
         </head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let mut response = (status, Html(html)).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(SECURITY),
    );
    response
}

fn gone() -> Response {
    let body = "<p>This link was used already, or its hour has passed. Whoever has a shell on the server can make \
                a management key: <code>claviger --data DIR keys create NAME --permission 'claviger:*'</code>.</p>";
    page_of(StatusCode::NOT_FOUND, "This link is no longer good", body)
}

/// How the page looks.
#[utoipa::path(
    get, path = "/setup.css", operation_id = "setup_style", tag = "set-up",
    responses((status = OK, description = "A style sheet", body = String, content_type = "text/css")),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("setup.css"),
    )
}

/// What the form sends.
#[derive(Deserialize, ToSchema)]
pub(super) struct SetupForm {
    /// What the key is to be called.
    #[schema(value_type = Name)]
    name: String,
}

/// The page behind a set-up link.
#[utoipa::path(
    get, path = "/setup/{token}", operation_id = "setup_page", tag = "set-up",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = OK, description = "A form", body = String, content_type = "text/html"), (status = NOT_FOUND, description = "The link is no longer good", body = String, content_type = "text/html")),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn page(State(web): State<Web>, Path(token): Path<String>) -> Result<Response> {
    if !web.app.has_setup_link(&token).await? {
        return Ok(gone());
    }
    let body = "<p>Claviger is running. This link makes one management key, for you: it may do everything in the \
                organisation, so keep it as you would keep a password.</p>\
                <form method=\"post\"><p><label>A name for the key, such as your own:<br>\
                <input name=\"name\" required maxlength=\"200\" autocomplete=\"name\" autofocus></label></p>\
                <p><button>Make my management key</button></p></form>";
    Ok(page_of(StatusCode::OK, "Set up Claviger", body))
}

/// Trades the link, once, for a management key.
#[utoipa::path(
    post, path = "/setup/{token}", operation_id = "redeem_setup_link", tag = "set-up",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body(content = SetupForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = OK, description = "The key, this once", body = String, content_type = "text/html"), (status = NOT_FOUND, description = "The link is no longer good", body = String, content_type = "text/html")),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn redeem(
    State(web): State<Web>,
    Path(token): Path<String>,
    request: axum::extract::Request,
) -> Result<Response> {
    let (parts, body) = request.into_parts();
    // Another site's page cannot send this form unseen (and would need the link, too).
    let site = parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if !matches!(site, None | Some(b"same-origin" | b"none")) {
        let detail = "this form was sent from another site";
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "Not allowed",
            detail,
        ));
    }
    let body = read(body, MAX_BODY).await?;
    let SetupForm { name } =
        serde_urlencoded::from_bytes(&body).map_err(|_| Problem::invalid("name: a name is needed"))?;
    let (view, secret) = match web.app.redeem_setup_link(&token, &name).await {
        Ok(made) => made,
        Err(app::AppError::NotFound { .. }) => return Ok(gone()),
        Err(error) => return Err(error.into()),
    };
    let body = format!(
        "<p>This is the only time that it is shown. Copy it now:</p><p class=\"secret\"><code>{}</code></p>\
         <p>Try it: <code>curl -H 'Authorization: Bearer …' http://HOST/v1/keys</code></p>\
         <p>Its id is <code>{}</code>.</p>",
        secret.expose(),
        view.key.id
    );
    Ok(page_of(StatusCode::OK, "Your management key", &body))
}
