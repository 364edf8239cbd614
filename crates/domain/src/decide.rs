//! May this request pass? The one rule behind every door: pure, total, and in a fixed order, so that the first thing that
//! is wrong is the thing that is told.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::access::{Grants, Held, Requirement, RequirementError, Unavailable, Verdict};
use crate::clock::Timestamp;
use crate::organisation::OrganisationStatus;

/// The answer to a verification, as it is written in answers and counted in usage.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[schema(as = VerificationCode)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The request may pass.
    Valid,
    /// No secret of this installation.
    NotFound,
    /// The secret was replaced, or its key was revoked or deleted.
    Revoked,
    /// The key is switched off.
    Disabled,
    /// The key is past its end.
    Expired,
    /// The service account or user that owns the key is inactive.
    AccountInactive,
    /// The organisation is suspended or closed.
    OrganisationSuspended,
    /// The token came by a way that the organisation does not accept.
    SourceDenied,
    /// The caller's address is outside the key's networks, or not known.
    NetworkDenied,
    /// The key does not hold what is required.
    InsufficientPermissions,
    /// A rate limit of the key, of its owner or of its organisation is reached for the moment.
    RateLimited,
    /// The key's quota is used up.
    QuotaExceeded,
}

impl Code {
    /// Every code, in the order of [`decide`] and of [`crate::limits::admit`] after it.
    pub const ALL: [Self; 12] = [
        Self::Valid,
        Self::NotFound,
        Self::Revoked,
        Self::Disabled,
        Self::Expired,
        Self::AccountInactive,
        Self::OrganisationSuspended,
        Self::SourceDenied,
        Self::NetworkDenied,
        Self::InsufficientPermissions,
        Self::RateLimited,
        Self::QuotaExceeded,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::NotFound => "NOT_FOUND",
            Self::Revoked => "REVOKED",
            Self::Disabled => "DISABLED",
            Self::Expired => "EXPIRED",
            Self::AccountInactive => "ACCOUNT_INACTIVE",
            Self::OrganisationSuspended => "ORGANISATION_SUSPENDED",
            Self::SourceDenied => "SOURCE_DENIED",
            Self::NetworkDenied => "NETWORK_DENIED",
            Self::InsufficientPermissions => "INSUFFICIENT_PERMISSIONS",
            Self::RateLimited => "RATE_LIMITED",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
        }
    }

    /// Reads what [`Code::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// Its place in [`Code::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

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
}

impl Source {
    const EACH: [Self; 4] = [Self::XApiKey, Self::Bearer, Self::Apikey, Self::OaApiKey];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XApiKey => "header:X-API-Key",
            Self::Bearer => "bearer",
            Self::Apikey => "header:apikey",
            Self::OaApiKey => "scheme:OAApiKey",
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

/// What is known of a presented secret, read from one snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// When this secret stops; none while it is its key's current one.
    pub secret_ends_at: Option<Timestamp>,
    /// Whether the key was revoked, or deleted and kept.
    pub over: bool,
    /// Whether the key is switched on.
    pub enabled: bool,
    /// When the key ends.
    pub expires_at: Option<Timestamp>,
    /// Whether the key's owner may act.
    pub owner_active: bool,
    /// The state of its organisation.
    pub organisation: OrganisationStatus,
    /// The ways by which its organisation accepts tokens.
    pub sources: Sources,
    /// From where the key may be used; anywhere when empty.
    pub networks: &'a [IpNet],
    /// What the key may do.
    pub grants: &'a Grants,
    /// What nobody of its organisation holds now.
    pub unavailable: &'a Unavailable,
}

/// What is asked at the door.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The time of the request.
    pub now: Timestamp,
    /// How the token came; none when a program hands it over by itself.
    pub source: Option<Source>,
    /// The caller's address.
    pub ip: Option<IpAddr>,
    /// What the caller must be allowed to do; authentication alone when none.
    pub requires: Option<&'a str>,
}

/// The answer, with what is missing when permissions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The answer.
    pub code: Code,
    /// The clause of the requirement that failed.
    pub missing: Option<&'a str>,
}

impl From<Code> for Decision<'_> {
    fn from(code: Code) -> Self {
        Self { code, missing: None }
    }
}

/// Decides, but for limits: whether a request that is found valid fits into those is for [`crate::limits::admit`] to say.
///
/// # Errors
/// When the requirement is ill-formed, whatever else holds: a question that cannot be read is never answered with yes,
/// and its writer learns of the slip even while the key is refused for another reason.
pub fn decide<'a>(facts: &Facts<'_>, question: &Question<'a>) -> Result<Decision<'a>, RequirementError> {
    let verdict = match question.requires {
        Some(text) => {
            let held = Held {
                grants: facts.grants,
                unavailable: facts.unavailable,
            };
            Requirement::check(text, &held)?
        }
        None => Verdict::Met,
    };
    let ended = |end: Option<Timestamp>| end.is_some_and(|at| at <= question.now);
    if facts.over || ended(facts.secret_ends_at) {
        return Ok(Code::Revoked.into());
    }
    if !facts.enabled {
        return Ok(Code::Disabled.into());
    }
    if ended(facts.expires_at) {
        return Ok(Code::Expired.into());
    }
    if !facts.owner_active {
        return Ok(Code::AccountInactive.into());
    }
    if facts.organisation != OrganisationStatus::Active {
        return Ok(Code::OrganisationSuspended.into());
    }
    if question
        .source
        .is_some_and(|source| !facts.sources.accept(source))
    {
        return Ok(Code::SourceDenied.into());
    }
    if !facts.networks.is_empty() && !question.ip.is_some_and(|ip| is_inside(facts.networks, ip)) {
        return Ok(Code::NetworkDenied.into());
    }
    Ok(match verdict {
        Verdict::Met => Code::Valid.into(),
        Verdict::Missing(clause) => Decision {
            code: Code::InsufficientPermissions,
            missing: Some(clause),
        },
    })
}

/// An IPv4 address written as IPv6 (`::ffff:203.0.113.9`) is the IPv4 address.
fn is_inside(networks: &[IpNet], ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    networks.iter().any(|network| network.contains(&ip))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same rule, told as a list of everything that is wrong.
    fn oracle(facts: &Facts<'_>, question: &Question<'_>) -> Code {
        let past =
            |end: Option<Timestamp>| matches!(end, Some(at) if at.as_micros() <= question.now.as_micros());
        let in_networks = question
            .ip
            .is_some_and(|ip| facts.networks.iter().any(|net| net.contains(&ip.to_canonical())));
        let permitted = question.requires.is_none_or(|text| {
            facts.grants.allow_text(text) && !facts.unavailable.iter().any(|gone| gone == text)
        });
        let mut wrong = vec![
            (past(facts.secret_ends_at) || facts.over, Code::Revoked),
            (!facts.enabled, Code::Disabled),
            (past(facts.expires_at), Code::Expired),
            (!facts.owner_active, Code::AccountInactive),
            (
                facts.organisation != OrganisationStatus::Active,
                Code::OrganisationSuspended,
            ),
            (
                question.source.is_some_and(|s| !facts.sources.accept(s)),
                Code::SourceDenied,
            ),
            (!facts.networks.is_empty() && !in_networks, Code::NetworkDenied),
            (!permitted, Code::InsufficientPermissions),
        ];
        wrong.retain(|(is_wrong, _)| *is_wrong);
        wrong.iter().map(|(_, code)| *code).min().unwrap_or(Code::Valid)
    }

    fn instant() -> impl Strategy<Value = Option<Timestamp>> {
        prop::option::of((98_i64..103).prop_map(Timestamp::from_micros))
    }

    fn source() -> impl Strategy<Value = Source> {
        prop::sample::select(vec![
            Source::XApiKey,
            Source::Bearer,
            Source::Apikey,
            Source::OaApiKey,
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn decide_agrees_with_a_naive_oracle(
            secret_ends_at in instant(),
            expires_at in instant(),
            over in prop::bool::weighted(0.1),
            enabled in prop::bool::weighted(0.9),
            owner_active in prop::bool::weighted(0.9),
            organisation in prop::sample::select(vec![
                OrganisationStatus::Active, OrganisationStatus::Active, OrganisationStatus::Suspended, OrganisationStatus::Closed,
            ]),
            accepted in prop::collection::vec(source(), 0..4),
            from in prop::option::of(source()),
            networks in prop::sample::subsequence(vec!["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"], 0..3),
            ip in prop::option::of(prop::sample::select(vec![
                "203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1", "192.0.2.1", "198.51.100.7",
            ])),
            patterns in prop::sample::subsequence(vec!["a:view", "a:*", "b:*", "*", "claviger:*"], 0..3),
            requires in prop::option::of(prop::sample::select(vec!["a:view", "a:edit", "b:x", "claviger:keys.read"])),
            gone in prop::sample::subsequence(vec!["a:edit", "b:x", "c:x"], 0..3),
        ) {
            let unavailable: Unavailable = gone.into_iter().collect();
            let networks: Vec<IpNet> = networks.iter().map(|n| n.parse().expect("a network")).collect();
            let grants: Grants = patterns.iter().map(|p| p.parse().expect("a pattern")).collect();
            let facts = Facts {
                secret_ends_at, over, enabled, expires_at, owner_active, organisation,
                sources: accepted.into_iter().collect(), networks: &networks, grants: &grants, unavailable: &unavailable,
            };
            let question = Question {
                now: Timestamp::from_micros(100),
                source: from,
                ip: ip.map(|ip| ip.parse().expect("an address")),
                requires,
            };
            prop_assert_eq!(decide(&facts, &question).map(|d| d.code), Ok(oracle(&facts, &question)));
        }
    }

    #[test]
    fn a_source_is_stored_as_it_is_shown() {
        for source in Source::EACH {
            assert_eq!(serde_json::to_value(source).expect("JSON"), source.as_str());
            assert_eq!(Source::parse(source.as_str()), Some(source));
        }
    }

    #[test]
    fn a_key_with_networks_is_refused_when_the_address_is_unknown() {
        let networks = ["203.0.113.0/24".parse().expect("a network")];
        let grants = Grants::default();
        let facts = Facts {
            secret_ends_at: None,
            over: false,
            enabled: true,
            expires_at: None,
            owner_active: true,
            organisation: OrganisationStatus::Active,
            sources: Sources::ALL,
            networks: &networks,
            grants: &grants,
            unavailable: &Unavailable::default(),
        };
        let question = Question {
            now: Timestamp::from_micros(1),
            source: None,
            ip: None,
            requires: None,
        };
        assert_eq!(decide(&facts, &question).map(|d| d.code), Ok(Code::NetworkDenied));
    }
}
