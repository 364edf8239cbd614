//! `/docs`: the description as a page where it can be tried, served from the binary; nothing is asked of another host.

use std::sync::Arc;

use ::http::{HeaderValue, header};
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use utoipa_swagger_ui::Config;

use super::openapi::NotFound;
use crate::http::Problem;
use crate::http::problem::Result;

/// Everything of this origin alone, nothing inline. Swagger UI has its icons in `data:` addresses.
const SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                        connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const PAGE: &str = include_str!("docs/page.html");
const START: &str = include_str!("docs/start.js");
/// What the page needs of Swagger UI.
const FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

/// The page.
#[utoipa::path(
    get, path = "/docs", operation_id = "docs", tag = "description",
    responses((status = OK, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn page() -> Response {
    let mut response = Html(PAGE).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(SECURITY),
    );
    response
}

/// What the page is made of.
#[utoipa::path(
    get, path = "/docs/{file}", operation_id = "docs_file", tag = "description",
    params(("file" = String, Path, description = "Its name", example = "swagger-ui.css")),
    responses(
        (status = OK, description = "A script or a style sheet", content(
            (String = "text/javascript"), (String = "text/css")
        )),
        NotFound
    ),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn file(Path(name): Path<String>) -> Result<Response> {
    if name == "start.js" {
        return Ok(([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], START).into_response());
    }
    if !FILES.contains(&&*name) {
        return Err(Problem::not_found());
    }
    let found = utoipa_swagger_ui::serve(&name, Arc::new(Config::default()));
    let file = found.ok().flatten().ok_or_else(Problem::not_found)?;
    let kind = if name.ends_with(".css") {
        "text/css; charset=utf-8"
    } else {
        "text/javascript; charset=utf-8"
    };
    let mut response = ([(header::CONTENT_TYPE, kind)], file.bytes.into_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
