//! What a door knows of a request, and what may stand in its way there.

use serde::{Deserialize, Serialize};

use crate::key::Owner;

/// By which way a token reached the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TokenSource)]
pub enum Source {
    /// The header `X-API-Key`.
    #[serde(rename = "header:X-API-Key")]
    XApiKey,
    /// `Authorization: Bearer` (RFC 6750).
    #[serde(rename = "bearer")]
    Bearer,
    /// The header `apikey`.
    #[serde(rename = "header:apikey")]
    Apikey,
    /// `Authorization: OAApiKey`.
    #[serde(rename = "scheme:OAApiKey")]
    OaApiKey,
    /// The parameter `apikey` of the query, where a door looks there.
    #[serde(rename = "query:apikey")]
    Query,
    /// A cookie, where a door looks for one.
    #[serde(rename = "cookie")]
    Cookie,
}

impl Source {
    /// Every way there is, in the order in which a door looks.
    pub const EACH: [Self; 6] = [
        Self::XApiKey,
        Self::Bearer,
        Self::Apikey,
        Self::OaApiKey,
        Self::Query,
        Self::Cookie,
    ];

    /// Those in headers that are made for it: what a door accepts, and an organisation, where nothing else is said. An address
    /// ends up in logs and histories, and a cookie is sent without being asked for.
    pub const USUAL: [Self; 4] = [Self::XApiKey, Self::Bearer, Self::Apikey, Self::OaApiKey];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XApiKey => "header:X-API-Key",
            Self::Bearer => "bearer",
            Self::Apikey => "header:apikey",
            Self::OaApiKey => "scheme:OAApiKey",
            Self::Query => "query:apikey",
            Self::Cookie => "cookie",
        }
    }

    /// Reads what [`Source::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|source| source.as_str() == text)
    }
}

/// The ways that an organisation accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sources(u8);

impl Sources {
    /// Every way there is.
    pub const ALL: Self = Self(u8::MAX);

    /// Whether `source` is among them.
    pub const fn accept(self, source: Source) -> bool {
        self.0 & (1 << source as u8) != 0
    }
}

impl FromIterator<Source> for Sources {
    fn from_iter<I: IntoIterator<Item = Source>>(sources: I) -> Self {
        Self(
            sources
                .into_iter()
                .fold(0, |bits, source| bits | (1 << source as u8)),
        )
    }
}

/// The kinds of owner that a door lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owners(u8);

impl Owners {
    /// Nobody, to begin with.
    pub const NONE: Self = Self(0);

    /// The same with the organisation itself.
    pub const fn organisation(self) -> Self {
        Self(self.0 | 1)
    }

    /// The same with service accounts.
    pub const fn service_accounts(self) -> Self {
        Self(self.0 | 2)
    }

    /// The same with people.
    pub const fn users(self) -> Self {
        Self(self.0 | 4)
    }

    /// Whether an owner is of one of these kinds.
    pub const fn include(self, owner: Owner) -> bool {
        let kind = match owner {
            Owner::Organisation(_) => 1,
            Owner::ServiceAccount(_) => 2,
            Owner::User(_) => 4,
        };
        self.0 & kind != 0
    }
}

/// Why a good key may not pass where it is no named permission that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RefusalReason)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The door wants another kind of owner.
    OwnerKind,
    /// The organisation has no such API, or it is not enabled.
    ApiUnavailable,
    /// The method or the path of the request is not known, so it takes no route.
    PathUnknown,
    /// Two readers may take the path for two things.
    AmbiguousPath,
    /// The API has no route for this method and path.
    NoRoute,
}

impl Reason {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnerKind => "owner_kind",
            Self::ApiUnavailable => "api_unavailable",
            Self::PathUnknown => "path_unknown",
            Self::AmbiguousPath => "ambiguous_path",
            Self::NoRoute => "no_route",
        }
    }
}

/// The request that is at the door.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target<'a> {
    /// The API whose routes say what it needs, by slug.
    pub api: Option<&'a str>,
    /// Its method, where it is known.
    pub method: Option<&'a str>,
    /// Its path as it was sent, without the query, where it is known.
    pub path: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_stored_as_it_is_shown() {
        for source in Source::EACH {
            assert_eq!(serde_json::to_value(source).expect("JSON"), source.as_str());
            assert_eq!(Source::parse(source.as_str()), Some(source));
        }
    }

    #[test]
    fn a_reason_is_shown_as_it_is_described() {
        let all = [
            Reason::OwnerKind,
            Reason::ApiUnavailable,
            Reason::PathUnknown,
            Reason::AmbiguousPath,
            Reason::NoRoute,
        ];
        for reason in all {
            assert_eq!(serde_json::to_value(reason).expect("JSON"), reason.as_str());
        }
    }
}
