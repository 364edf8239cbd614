//! Bodies and queries, checked as they are read: a fault names the field where it stands.

use std::fmt;
use std::marker::PhantomData;

use ::http::StatusCode;
use ::http::header::{self, HeaderName};
use ::http::request::Parts;
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::{Buf as _, Bytes};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Frame;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Problem;
use super::headers::Headers;

/// The largest body of a management request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// How much of a body that is too large is read on and thrown away, in bytes.
const MAX_DISCARDED: usize = 4 * 1024 * 1024;

/// A JSON body, and its bytes as they came.
#[derive(Debug)]
pub struct Json<T>(pub T, pub Bytes);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, MAX_BODY).await?;
        if bytes.is_empty() {
            // Where every field may be left out, so may the body.
            return Ok(Self(parse(b"{}")?, bytes));
        }
        require_json(&parts.headers)?;
        Ok(Self(parse(&bytes)?, bytes))
    }
}

/// Reads a body whole.
///
/// # Errors
/// When it is larger than `limit` bytes, or breaks off.
pub async fn read<B>(mut body: B, limit: usize) -> Result<Bytes, Problem>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let first = body.frame().await;
    read_on(first, body, limit).await
}

/// The rest of [`read`], for whoever has looked at the first frame.
///
/// # Errors
/// As [`read`].
pub async fn read_on<B>(
    first: Option<Result<Frame<Bytes>, B::Error>>,
    mut body: B,
    limit: usize,
) -> Result<Bytes, Problem>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Most bodies come in one frame, which needs no collecting.
    let too_large = match first {
        None => return Ok(Bytes::new()),
        Some(Err(_)) => false,
        Some(Ok(frame)) => match frame.into_data() {
            Ok(data) if data.len() > limit => true,
            Ok(data) if body.is_end_stream() => return Ok(data),
            Ok(data) => match Limited::new(&mut body, limit - data.len()).collect().await {
                Ok(rest) => return Ok(join(data, rest.to_bytes())),
                Err(error) => error.is::<LengthLimitError>(),
            },
            Err(_trailers) => return Ok(Bytes::new()),
        },
    };
    if !too_large {
        return Err(Problem::invalid("the body broke off"));
    }
    discard(body).await;
    let detail = format!("a body has at most {limit} bytes here");
    Err(Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload_too_large",
        "Too large",
        detail,
    ))
}

/// Reads on for a while and keeps nothing: whoever is still sending when the connection closes is told of a broken
/// connection instead of the refusal.
async fn discard<B: hyper::body::Body + Unpin>(mut body: B) {
    let mut left = MAX_DISCARDED;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, |data| data.remaining());
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

fn join(first: Bytes, rest: Bytes) -> Bytes {
    if rest.is_empty() {
        return first;
    }
    let mut whole = Vec::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    whole.into()
}

/// # Errors
/// When the body does not say that it is JSON.
pub fn require_json(headers: &(impl Headers + ?Sized)) -> Result<(), Problem> {
    static CONTENT_TYPE: HeaderName = header::CONTENT_TYPE;
    let value = headers.first(&CONTENT_TYPE).unwrap_or_default();
    let essence = value
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/json") || essence.ends_with(b"+json") {
        return Ok(());
    }
    let detail = "the body must be sent as Content-Type: application/json";
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Not JSON",
        detail,
    ))
}

/// Whether JSON holds an object, as every body here does. Asked first, because an array would pass too, its values taken
/// for the fields in the order in which the code happens to have them.
pub fn is_object(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'{')
}

/// # Errors
/// When it is not JSON, or not of the form that is asked for; the path of the fault is named.
pub fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    if !is_object(bytes) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "The body cannot be read",
            "expected a JSON object",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner().to_string();
        let detail = if path == "." {
            inner
        } else {
            format!("{path}: {inner}")
        };
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "The body cannot be read",
            detail,
        )
    })?;
    reader.end().map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "The body cannot be read",
            error.to_string(),
        )
    })?;
    Ok(parsed)
}

/// An object within a body. A plain struct would be read from an array, too, as [`is_object`] says of a whole body.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// A query string; a parameter that is not known is a fault, so that a misspelt filter never passes for none.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Nothing that is kept holds a NUL, and PostgreSQL does not take one in a question either.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::invalid("a parameter holds the character NUL"));
        }
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::invalid(rejection.body_text()))
    }
}
