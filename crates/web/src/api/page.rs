//! Pages of plain HTML, without any script, for the two things that people do before there is a console: setting up, and
//! coming in by a link.

use ::http::request::Parts;
use ::http::{HeaderValue, StatusCode, header};
use axum::extract::Request;
use axum::response::{Html, IntoResponse as _, Response};
use zeroize::Zeroizing;

use crate::http::body::{MAX_BODY, read};
use crate::http::problem::Result;
use crate::http::{Web, origin};

/// No script, no picture, nothing from elsewhere; the form may be sent to this page alone.
const SECURITY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page.
pub(super) fn page_of(status: StatusCode, title: &str, body: &str) -> Response {
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

/// A text that is nothing but text in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A field of a form.
pub(super) fn field(name: &str, label: &str, kind: &str, complete: &str, value: &str) -> String {
    format!(
        "<p><label>{label}:<br><input name=\"{name}\" type=\"{kind}\" required maxlength=\"1024\" \
         autocomplete=\"{complete}\" value=\"{}\"></label></p>",
        escaped(value)
    )
}

/// A form that is sent to its own page, with what was wrong the last time.
pub(super) fn form(fault: &str, fields: &[String], button: &str) -> String {
    let fault = if fault.is_empty() {
        String::new()
    } else {
        format!("<p role=\"alert\"><strong>{}</strong></p>", escaped(fault))
    };
    format!(
        "{fault}<form method=\"post\">{}<p><button>{button}</button></p></form>",
        fields.concat()
    )
}

/// A form as it came (`application/x-www-form-urlencoded`).
pub(super) struct Form {
    /// The request's head.
    pub(super) parts: Parts,
    fields: Vec<(String, Zeroizing<String>)>,
}

impl Form {
    /// Reads it, unless another site's page sent it.
    pub(super) async fn read(web: &Web, request: Request) -> Result<Self> {
        let (parts, body) = request.into_parts();
        origin::refuse_other(web, &parts)?;
        let body = read(body, MAX_BODY).await?;
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).unwrap_or_default();
        Ok(Self {
            parts,
            fields: fields
                .into_iter()
                .map(|(name, value)| (name, Zeroizing::new(value)))
                .collect(),
        })
    }

    /// A field's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }
}
