//! May this request pass? The one rule behind every door: pure, total, and in a fixed order, so that the first thing that
//! is wrong is the thing that is told.

mod door;

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::access::{Grants, Held, Required, Requirement, RequirementError, Unavailable, Verdict};
use crate::api::{Apis, Named, is_ambiguous};
use crate::clock::Timestamp;
use crate::key::Owner;
use crate::organisation::OrganisationStatus;

pub use door::{Owners, Reason, Source, Sources, Target};

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
    /// Whom the key stands for.
    pub owner: Owner,
    /// The APIs of its organisation.
    pub apis: &'a Apis,
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
    pub requires: Option<Required<'a>>,
    /// The request, where its path or an API is to be judged.
    pub target: Option<Target<'a>>,
    /// Whose keys may pass; everybody's when none.
    pub owners: Option<Owners>,
}

/// The answer, with what is missing when permissions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The answer.
    pub code: Code,
    /// The clause of the requirement that failed.
    pub missing: Option<&'a str>,
    /// What else stands in the way of a good key.
    pub reason: Option<Reason>,
    /// The route that the request takes, such as `GET /orders/{id}`, where the decision got as far as to ask for it.
    pub route: Option<&'a str>,
    /// What that route requires.
    pub route_requires: Option<&'a str>,
}

impl From<Code> for Decision<'_> {
    fn from(code: Code) -> Self {
        Self {
            code,
            missing: None,
            reason: None,
            route: None,
            route_requires: None,
        }
    }
}

/// Decides, but for limits: whether a request that is found valid fits into those is for [`crate::limits::admit`] to say.
///
/// # Errors
/// When what the request's route requires is ill-formed: a question that cannot be read is never answered with yes.
pub fn decide<'a>(facts: &Facts<'a>, question: &Question<'a>) -> Result<Decision<'a>, RequirementError> {
    let held = Held {
        grants: facts.grants,
        unavailable: facts.unavailable,
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
    permitted(facts, question, &held)
}

/// What a good key may still lack.
fn permitted<'a>(
    facts: &Facts<'a>,
    question: &Question<'a>,
    held: &Held<'_>,
) -> Result<Decision<'a>, RequirementError> {
    let refused = |reason| Decision {
        code: Code::InsufficientPermissions,
        missing: None,
        reason: Some(reason),
        route: None,
        route_requires: None,
    };
    if question.owners.is_some_and(|owners| !owners.include(facts.owner)) {
        return Ok(refused(Reason::OwnerKind));
    }
    let mut verdict = match question.requires {
        Some(required) => required.verdict(held),
        None => Verdict::Met,
    };
    let mut route = None;
    if let Some(target) = question.target {
        match taken(facts.apis, target) {
            Err(reason) => return Ok(refused(reason)),
            Ok(taken) => route = taken,
        }
    }
    let route_requires = route.and_then(|named| named.route.requires.as_deref());
    if let (Verdict::Met, Some(text)) = (verdict, route_requires) {
        verdict = Requirement::check(text, held)?;
    }
    let (code, missing) = match verdict {
        Verdict::Met => (Code::Valid, None),
        Verdict::Missing(clause) => (Code::InsufficientPermissions, Some(clause)),
    };
    Ok(Decision {
        code,
        missing,
        reason: None,
        route: route.map(|named| named.name.as_str()),
        route_requires,
    })
}

/// The route that a request takes; none where no API is named. A request that takes no route of an API does not pass: who
/// describes an API says all that it has.
fn taken<'a>(apis: &'a Apis, target: Target<'_>) -> Result<Option<&'a Named>, Reason> {
    let Some(slug) = target.api else {
        return match target.path {
            Some(path) if is_ambiguous(path) => Err(Reason::AmbiguousPath),
            _ => Ok(None),
        };
    };
    let routes = apis.routes(slug).ok_or(Reason::ApiUnavailable)?;
    let (Some(method), Some(path)) = (target.method, target.path) else {
        return Err(Reason::PathUnknown);
    };
    if routes.is_ambiguous(path) {
        return Err(Reason::AmbiguousPath);
    }
    routes.find(method, path).map(Some).ok_or(Reason::NoRoute)
}

/// An IPv4 address written as IPv6 (`::ffff:203.0.113.9`) is the IPv4 address.
fn is_inside(networks: &[IpNet], ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => networks
            .iter()
            .any(|network| matches!(network, IpNet::V4(network) if network.contains(&ip))),
        IpAddr::V6(ip) => networks
            .iter()
            .any(|network| matches!(network, IpNet::V6(network) if network.contains(&ip))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::Route;
    use crate::id::OrganisationId;

    /// The same rule, told as a list of everything that is wrong.
    fn oracle(facts: &Facts<'_>, question: &Question<'_>, requires: Option<&str>) -> Code {
        let past =
            |end: Option<Timestamp>| matches!(end, Some(at) if at.as_micros() <= question.now.as_micros());
        let in_networks = question
            .ip
            .is_some_and(|ip| facts.networks.iter().any(|net| net.contains(&ip.to_canonical())));
        let permitted = requires.is_none_or(|text| {
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
            Source::Query,
            Source::Cookie,
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
            let apis = Apis::default();
            let facts = Facts {
                owner: Owner::Organisation(OrganisationId::from_uuid(uuid::Uuid::from_u128(1))), apis: &apis,
                secret_ends_at, over, enabled, expires_at, owner_active, organisation,
                sources: accepted.into_iter().collect(), networks: &networks, grants: &grants, unavailable: &unavailable,
            };
            let question = Question {
                now: Timestamp::from_micros(100),
                source: from,
                ip: ip.map(|ip| ip.parse().expect("an address")),
                requires: requires.map(|text| Required::read(text).expect("a requirement")),
                target: None,
                owners: None,
            };
            prop_assert_eq!(decide(&facts, &question).map(|d| d.code), Ok(oracle(&facts, &question, requires)));
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
            owner: Owner::Organisation(OrganisationId::from_uuid(uuid::Uuid::from_u128(1))),
            apis: &Apis::default(),
        };
        let question = Question {
            now: Timestamp::from_micros(1),
            source: None,
            ip: None,
            requires: None,
            target: None,
            owners: None,
        };
        assert_eq!(decide(&facts, &question).map(|d| d.code), Ok(Code::NetworkDenied));
    }

    fn route(method: &str, path: &str, requires: Option<&str>) -> Route {
        Route {
            method: method.to_owned(),
            path: path.to_owned(),
            requires: requires.map(str::to_owned),
        }
    }

    /// Asks a key that holds `orders:view`, of the organisation itself.
    fn at_the_door(target: Target<'_>, requires: Option<&str>, owners: Option<Owners>) -> (Code, String) {
        let routes = vec![
            route("GET", "/orders/{id}", Some("orders:view")),
            route("DELETE", "/orders/{id}", Some("orders:view AND orders:delete")),
            route("GET", "/open", None),
        ];
        let apis = Apis::new([
            ("orders".to_owned(), true, routes.clone()),
            ("closed".to_owned(), false, routes),
        ]);
        let grants: Grants = std::iter::once("orders:view".parse().expect("a pattern")).collect();
        let unavailable = Unavailable::default();
        let facts = Facts {
            secret_ends_at: None,
            over: false,
            enabled: true,
            expires_at: None,
            owner_active: true,
            organisation: OrganisationStatus::Active,
            sources: Sources::ALL,
            networks: &[],
            grants: &grants,
            unavailable: &unavailable,
            owner: Owner::Organisation(OrganisationId::from_uuid(uuid::Uuid::from_u128(1))),
            apis: &apis,
        };
        let question = Question {
            now: Timestamp::from_micros(1),
            source: None,
            ip: None,
            requires: requires.map(|text| Required::read(text).expect("a requirement")),
            target: Some(target),
            owners,
        };
        let decision = decide(&facts, &question).expect("a decision");
        let why = decision
            .reason
            .map_or(decision.missing, |reason| Some(reason.as_str()));
        (decision.code, why.unwrap_or_default().to_owned())
    }

    #[test]
    fn a_request_needs_what_its_route_needs_and_without_a_route_it_does_not_pass() {
        let target = |api, method, path| Target {
            api: Some(api),
            method: Some(method),
            path: Some(path),
        };
        for (api, method, path, why) in [
            ("orders", "GET", "/orders/7", ""),
            ("orders", "HEAD", "/orders/7", ""),
            ("orders", "GET", "/open", ""),
            ("orders", "DELETE", "/orders/7", "orders:delete"),
            ("orders", "PUT", "/orders/7", "no_route"),
            ("orders", "GET", "/nowhere", "no_route"),
            ("orders", "GET", "/x/../orders/7", "ambiguous_path"),
            ("orders", "GET", "/orders//7", "ambiguous_path"),
            ("closed", "GET", "/orders/7", "api_unavailable"),
            ("unknown", "GET", "/orders/7", "api_unavailable"),
        ] {
            let code = if why.is_empty() {
                Code::Valid
            } else {
                Code::InsufficientPermissions
            };
            let (found, told) = at_the_door(target(api, method, path), None, None);
            assert_eq!((found, told.as_str()), (code, why), "{api} {method} {path}");
        }
        let blind = Target {
            api: Some("orders"),
            ..Target::default()
        };
        assert_eq!(at_the_door(blind, None, None).1, "path_unknown");
    }

    #[test]
    fn what_the_route_needs_and_what_the_door_needs_are_both_needed() {
        let target = Target {
            api: Some("orders"),
            method: Some("GET"),
            path: Some("/orders/7"),
        };
        assert_eq!(at_the_door(target, Some("orders:view"), None).0, Code::Valid);
        assert_eq!(at_the_door(target, Some("other:thing"), None).1, "other:thing");
        let only_people = Some(Owners::NONE.users());
        assert_eq!(at_the_door(target, None, only_people).1, "owner_kind");
        let systems = Some(Owners::NONE.organisation().service_accounts());
        assert_eq!(at_the_door(target, None, systems).0, Code::Valid);
    }

    #[test]
    fn without_an_api_a_path_is_refused_only_where_it_is_ambiguous() {
        let path = |path| Target {
            path: Some(path),
            ..Target::default()
        };
        assert_eq!(at_the_door(path("/anything"), None, None).0, Code::Valid);
        for bad in [
            "//x",
            "/%2e%2e/x",
            "/a;b",
            "/a\\b",
            "/a%00",
            "/a%2fb",
            "http://host/x",
            "",
        ] {
            assert_eq!(at_the_door(path(bad), None, None).1, "ambiguous_path", "{bad:?}");
        }
    }
}
