//! Settings that cannot stand together, and why.

use super::{Expiry, ExpiryMode, GrantRule, OwnerKind, Policy, Reminded, Reveal, Storage};
use crate::anomaly::KNOWN;
use crate::input;
use crate::span::Span;

/// Why settings cannot stand together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// `automatic` without a length.
    #[error("expiry.mode automatic needs expiry.default")]
    AutomaticWithoutDefault,
    /// A default that its own limit forbids.
    #[error("expiry.default is longer than expiry.max")]
    DefaultBeyondMax,
    /// Lengths for keys that never end.
    #[error("expiry.mode never leaves no room for expiry.default or expiry.max")]
    NeverWithLength,
    /// A life of no length.
    #[error("expiry.default and expiry.max are at least 1s")]
    NoLife,
    /// Nothing to reveal.
    #[error("secret.reveal on_demand needs secret.storage encrypted")]
    RevealWithoutCiphertext,
    /// A default that its own limit forbids.
    #[error("rotation.default_grace is longer than rotation.max_grace")]
    GraceBeyondMax,
    /// A door that nothing passes.
    #[error("accept.sources is empty: no key could be used")]
    NoSource,
    /// Keys that nobody could own.
    #[error("owner.kinds is empty: no key could be made")]
    NoOwner,
    /// A limit that lets no key be made.
    #[error("owner.max_live_keys is at least 1, or null for any number")]
    NoLiveKeys,
    /// More than can be looked through for each key.
    #[error(
        "issue_blocked has at most 1000 names of at most 254 characters, and accounts.default_roles at most 64"
    )]
    TooMany,
    /// A list that names something twice, so that nobody can tell what is meant.
    #[error("{0} names something twice")]
    Twice(&'static str),
    /// Keys that could never be allowed anything.
    #[error("grants inherit needs an owner to inherit from: owner.kinds service_account or user")]
    NothingToInherit,
    /// Reminders that nobody would get.
    #[error("reminders.days without reminders.to would remind nobody")]
    NobodyReminded,
    /// A recipient without an address.
    #[error("reminders.to names organisation_email, but reminders.organisation_email is not set")]
    NoOrganisationEmail,
    /// An address that is none.
    #[error("reminders.organisation_email: {0}")]
    OrganisationEmail(String),
    /// More thresholds than anybody wants.
    #[error("reminders.days has at most {MAX_REMINDERS} days")]
    TooManyReminders,
    /// Idle at once.
    #[error("idle.warn_after and idle.disable_after are at least 1s, or null for never")]
    IdleAtOnce,
    /// A warning after the fact.
    #[error("idle.warn_after is not before idle.disable_after")]
    WarnedTooLate,
    /// Everything would be a jump, or nothing.
    #[error("anomalies.factor is from 2 to 1000")]
    JumpFactor,
    /// A key that was used last week is not dormant.
    #[error("anomalies.dormant_after is at least 7d")]
    DormantAtOnce,
    /// What would be gone before it could be read.
    #[error("retention.access_log, retention.usage and retention.audit are at least 1s")]
    NothingKept,
}

/// Names that may be blocked, and roles that an account may begin with.
const MAX_BLOCKED: usize = 1_000;
const MAX_BLOCKED_NAME: usize = 254;
const MAX_DEFAULT_ROLES: usize = 64;
/// Days on which somebody may be reminded.
const MAX_REMINDERS: usize = 32;

impl Policy {
    /// Checks the settings together.
    ///
    /// # Errors
    /// The first combination that cannot stand.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let Expiry {
            mode, default, max, ..
        } = &self.expiry;
        if *mode == ExpiryMode::Never && (default.is_some() || max.is_some()) {
            return Err(PolicyError::NeverWithLength);
        }
        if *mode == ExpiryMode::Automatic && default.is_none() {
            return Err(PolicyError::AutomaticWithoutDefault);
        }
        if default.iter().chain(max).any(|span| *span == Span::ZERO) {
            return Err(PolicyError::NoLife);
        }
        if let (Some(default), Some(max)) = (default, max)
            && default > max
        {
            return Err(PolicyError::DefaultBeyondMax);
        }
        if self.secret.reveal == Reveal::OnDemand && self.secret.storage != Storage::Encrypted {
            return Err(PolicyError::RevealWithoutCiphertext);
        }
        if self.rotation.default_grace > self.rotation.max_grace {
            return Err(PolicyError::GraceBeyondMax);
        }
        if self.accept.sources.is_empty() {
            return Err(PolicyError::NoSource);
        }
        if self.owner.kinds.is_empty() {
            return Err(PolicyError::NoOwner);
        }
        if self.owner.max_live_keys == Some(0) {
            return Err(PolicyError::NoLiveKeys);
        }
        if self.issue_blocked.len() > MAX_BLOCKED
            || self
                .issue_blocked
                .iter()
                .any(|name| name.len() > MAX_BLOCKED_NAME)
            || self.accounts.default_roles.len() > MAX_DEFAULT_ROLES
        {
            return Err(PolicyError::TooMany);
        }
        self.validate_grants()?;
        self.validate_care()
    }

    fn validate_grants(&self) -> Result<(), PolicyError> {
        let inherits = |kind: &OwnerKind| *kind != OwnerKind::Organisation;
        if self.grants == GrantRule::Inherit && !self.owner.kinds.iter().any(inherits) {
            return Err(PolicyError::NothingToInherit);
        }
        once("owner.kinds", &self.owner.kinds)?;
        once("accept.sources", &self.accept.sources)?;
        once("form.fields", &self.form.fields)?;
        once("dialects", &self.dialects)
    }

    /// What is kept, and who hears of what.
    fn validate_care(&self) -> Result<(), PolicyError> {
        if self.reminders.days.len() > MAX_REMINDERS {
            return Err(PolicyError::TooManyReminders);
        }
        once("reminders.days", &self.reminders.days)?;
        once("reminders.to", &self.reminders.to)?;
        if self.reminders.to.is_empty() && !self.reminders.days.is_empty() {
            return Err(PolicyError::NobodyReminded);
        }
        if let Some(address) = &self.reminders.organisation_email {
            let mut faults = Vec::new();
            input::email("reminders.organisation_email", address, &mut faults);
            if let Some(fault) = faults.pop() {
                return Err(PolicyError::OrganisationEmail(fault.detail));
            }
        } else if self.reminders.to.contains(&Reminded::OrganisationEmail) {
            return Err(PolicyError::NoOrganisationEmail);
        }
        let idle = &self.idle;
        if idle.warn_after.iter().chain(&idle.disable_after).any(is_nothing) {
            return Err(PolicyError::IdleAtOnce);
        }
        if let (Some(warn), Some(disable)) = (idle.warn_after, idle.disable_after)
            && warn >= disable
        {
            return Err(PolicyError::WarnedTooLate);
        }
        let anomalies = &self.anomalies;
        once("anomalies.watch", &anomalies.watch)?;
        if !(2..=1000).contains(&anomalies.factor) {
            return Err(PolicyError::JumpFactor);
        }
        if anomalies.dormant_after.duration() < KNOWN {
            return Err(PolicyError::DormantAtOnce);
        }
        let kept = &self.retention;
        if [kept.access_log, kept.usage]
            .iter()
            .chain(&kept.audit)
            .any(is_nothing)
        {
            return Err(PolicyError::NothingKept);
        }
        Ok(())
    }
}

fn is_nothing(span: &Span) -> bool {
    *span == Span::ZERO
}

fn once<T: PartialEq>(setting: &'static str, values: &[T]) -> Result<(), PolicyError> {
    let mut rest = values;
    while let [first, others @ ..] = rest {
        if others.contains(first) {
            return Err(PolicyError::Twice(setting));
        }
        rest = others;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: &str) -> Result<Policy, String> {
        let policy: Policy = serde_json::from_str(json).map_err(|e| e.to_string())?;
        policy.validate().map_err(|e| e.to_string())?;
        Ok(policy)
    }

    #[test]
    fn an_empty_policy_is_the_default_one() {
        assert_eq!(policy("{}"), Ok(Policy::default()));
    }

    #[test]
    fn a_policy_of_an_older_version_reads_with_the_defaults_of_what_is_new() {
        let old = r#"{"expiry":{"mode":"required","default":"90d"},"deletion":"erase","accounts":{"email":"optional"}}"#;
        let read = policy(old).expect("a policy");
        assert_eq!(read.grants, GrantRule::Permissions);
        assert_eq!(read.form, crate::policy::Form::default());
        assert_eq!(read.retention.access_log, Span::days(30));
        assert!(read.dialects.is_empty() && read.retention.audit.is_none());
    }

    #[test]
    fn nobody_to_remind_and_no_days_go_together() {
        assert!(policy(r#"{"reminders":{"days":[],"to":[]}}"#).is_ok());
    }

    #[test]
    fn impossible_combinations_are_refused_with_the_reason() {
        for (json, reason) in [
            (r#"{"expiry":{"mode":"automatic"}}"#, "automatic needs"),
            (
                r#"{"expiry":{"default":"90d","max":"30d"}}"#,
                "longer than expiry.max",
            ),
            (
                r#"{"expiry":{"mode":"never","max":"30d"}}"#,
                "never leaves no room",
            ),
            (r#"{"expiry":{"max":"0s"}}"#, "at least 1s"),
            (
                r#"{"secret":{"reveal":"on_demand"}}"#,
                "needs secret.storage encrypted",
            ),
            (
                r#"{"rotation":{"default_grace":"31d"}}"#,
                "longer than rotation.max_grace",
            ),
            (r#"{"accept":{"sources":[]}}"#, "no key could be used"),
            (r#"{"owner":{"kinds":[]}}"#, "no key could be made"),
            (r#"{"owner":{"max_live_keys":0}}"#, "at least 1"),
            (r#"{"owner":{"kinds":["robot"]}}"#, "unknown variant"),
            (r#"{"issue_for":"own"}"#, "expected `others` or `self`"),
            (r#"{"owner":{"kinds":["user","user"]}}"#, "owner.kinds names"),
            (
                r#"{"accept":{"sources":["bearer","bearer"]}}"#,
                "accept.sources names",
            ),
            (r#"{"form":{"fields":["tags","tags"]}}"#, "form.fields names"),
            (r#"{"form":{"fields":["name"]}}"#, "unknown variant"),
            (r#"{"dialects":["maximo","maximo"]}"#, "dialects names"),
            (r#"{"dialects":["osprov"]}"#, "unknown variant"),
            (r#"{"grants":"all"}"#, "unknown variant"),
            (
                r#"{"grants":"inherit","owner":{"kinds":["organisation"]}}"#,
                "an owner to inherit from",
            ),
            (r#"{"reminders":{"days":[7,7]}}"#, "reminders.days names"),
            (r#"{"reminders":{"days":[367]}}"#, "at most 366"),
            (r#"{"reminders":{"days":[-1]}}"#, "invalid value"),
            (r#"{"reminders":{"to":[]}}"#, "remind nobody"),
            (r#"{"reminders":{"to":["owner","owner"]}}"#, "reminders.to names"),
            (r#"{"idle":{"disable_after":"0s"}}"#, "at least 1s"),
            (
                r#"{"idle":{"warn_after":"30d","disable_after":"30d"}}"#,
                "not before idle.disable_after",
            ),
            (r#"{"retention":{"access_log":"0s"}}"#, "at least 1s"),
            (r#"{"retention":{"audit":"0s"}}"#, "at least 1s"),
            (r#"{"retention":{"usage":null}}"#, "invalid type"),
            (r#"{"rotations":{}}"#, "unknown field"),
            (r#"{"expiry":{"max":"soon"}}"#, "whole number and a unit"),
        ] {
            let error = policy(json).err().unwrap_or_default();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
