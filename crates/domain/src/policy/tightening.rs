//! What a change of the policy makes narrower, and what that means for what is there already. Nothing is counted here: each
//! narrowing says what it would touch, and the store counts that.

mod touched;

use super::{Deletion, EmailRule, ExpiryMode, GrantRule, Logged, Policy, Reveal, Storage, UsernameRule};

pub use touched::{Effect, Touched, What};

/// One setting that is narrower than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tightening {
    /// Its path.
    pub setting: &'static str,
    /// What is there already that it is about.
    pub touched: Touched,
    /// What becomes of that.
    pub effect: Effect,
    /// The same in a sentence.
    pub detail: &'static str,
}

/// Whether a limit is narrower than before; none is the widest.
fn is_lower<T: Ord>(before: Option<T>, after: Option<T>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => after < before,
        (None, after) => after.is_some(),
        (Some(_), None) => false,
    }
}

/// Those of `before` that are not in `after`.
fn lost<T: PartialEq + Copy>(before: &[T], after: &[T]) -> Vec<T> {
    let gone = before.iter().filter(|one| !after.contains(one));
    gone.copied().collect()
}

impl Policy {
    /// What `after` makes narrower than this policy, setting by setting. A change that only widens gives nothing:
    /// it never does anything to what is there.
    pub fn tightened_by(&self, after: &Self) -> Vec<Tightening> {
        let mut all = Vec::new();
        self.expiry_tightened(after, &mut all);
        self.owners_tightened(after, &mut all);
        self.grants_tightened(after, &mut all);
        self.secrets_tightened(after, &mut all);
        self.deletion_tightened(after, &mut all);
        self.accounts_tightened(after, &mut all);
        self.limits_tightened(after, &mut all);
        self.care_tightened(after, &mut all);
        all
    }

    fn expiry_tightened(&self, after: &Self, all: &mut Vec<Tightening>) {
        let (old, new) = (&self.expiry, &after.expiry);
        if old.mode != new.mode {
            let (touched, detail) = match new.mode {
                ExpiryMode::Optional => (None, ""),
                ExpiryMode::Required => (
                    Some(Touched::KeysWithoutEnd),
                    "they go on without an end; one that is given to them later cannot be taken off",
                ),
                ExpiryMode::Automatic => (
                    Some(Touched::Keys),
                    "they keep the end that they have, or go on without one, and it cannot be changed any more",
                ),
                ExpiryMode::Never => (
                    Some(Touched::KeysWithEnd),
                    "they still end when they were to; the end can be taken off, and no other be given",
                ),
            };
            all.extend(touched.map(|touched| kept("expiry.mode", touched, detail)));
        }
        if let Some(max) = new.max.filter(|_| is_lower(old.max, new.max)) {
            all.push(kept(
                "expiry.max",
                Touched::KeysEndingBeyond(max),
                "they keep their end; a new one that is given to them has to lie within the limit",
            ));
        }
        if old.editable && !new.editable {
            all.push(kept(
                "expiry.editable",
                Touched::Keys,
                "they keep the end that they have, and it cannot be changed any more",
            ));
        }
    }

    fn owners_tightened(&self, after: &Self, all: &mut Vec<Tightening>) {
        let kinds = lost(&self.owner.kinds, &after.owner.kinds);
        if !kinds.is_empty() {
            all.push(kept(
                "owner.kinds",
                Touched::KeysOf(kinds),
                "they go on for the owner that they have; no more are made for owners of this kind",
            ));
        }
        let (old, new) = (self.owner.max_live_keys, after.owner.max_live_keys);
        if let Some(max) = new.filter(|_| is_lower(old, new)) {
            all.push(kept(
                "owner.max_live_keys",
                Touched::OwnersWithMoreThan(max),
                "all their keys go on; they are given no more until they have fewer",
            ));
        }
        let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
        let known = lower(&self.issue_blocked);
        let mut fresh = lower(&after.issue_blocked);
        fresh.retain(|name| !known.contains(name));
        if !fresh.is_empty() {
            all.push(kept(
                "issue_blocked",
                Touched::KeysOfKnownAs(fresh),
                "they go on; their owners are given no more",
            ));
        }
    }

    fn limits_tightened(&self, after: &Self, all: &mut Vec<Tightening>) {
        let (old, new) = (&self.limits, &after.limits);
        // Which of two different limits is the narrower one can depend on how a key is used.
        if new.default_rate.is_some() && old.default_rate != new.default_rate {
            all.push(Tightening {
                setting: "limits.default_rate",
                touched: Touched::KeysWithoutRate,
                effect: Effect::Refused,
                detail: "they have no limit of their own, and are refused beyond this one from now on",
            });
        }
        if new.default_quota.is_some() && old.default_quota != new.default_quota {
            all.push(Tightening {
                setting: "limits.default_quota",
                touched: Touched::KeysWithoutQuota,
                effect: Effect::Refused,
                detail: "they have no quota of their own, and are refused beyond this one from now on",
            });
        }
    }

    fn grants_tightened(&self, after: &Self, all: &mut Vec<Tightening>) {
        if self.grants == after.grants {
            return;
        }
        let detail =
            "they may do what they could; what they hold can only be changed to what the setting allows";
        match after.grants {
            GrantRule::Permissions => {}
            GrantRule::Levels => all.push(kept("grants", Touched::KeysWithoutLevel, detail)),
            GrantRule::Inherit => all.push(kept("grants", Touched::KeysWithGrants, detail)),
        }
    }

    fn secrets_tightened(&self, after: &Self, all: &mut Vec<Tightening>) {
        let (old, new) = (&self.secret, &after.secret);
        if old.storage == Storage::Encrypted && new.storage == Storage::Hashed {
            all.push(Tightening {
                setting: "secret.storage",
                touched: Touched::KeysWithKeptToken,
                effect: Effect::Erased,
                detail: "they go on; the tokens that were kept of them are erased and cannot be shown ever again",
            });
        } else if old.reveal == Reveal::OnDemand && new.reveal == Reveal::Once {
            all.push(Tightening {
                setting: "secret.reveal",
                touched: Touched::KeysWithKeptToken,
                effect: Effect::Refused,
                detail: "they go on; their tokens cannot be shown while the setting stands",
            });
        }
        let (old, new) = (&self.token, &after.token);
        if old.prefix() != new.prefix() {
            all.push(kept(
                "token.prefix",
                Touched::KeysWithOtherPrefix(new.prefix().clone()),
                "their tokens go on as they are; the next rotation gives them one of the new form",
            ));
        }
        if new.length() > old.length() {
            all.push(kept(
                "token.length",
                Touched::Keys,
                "their tokens go on as they are, and how long each is is not kept; the next rotation gives them a longer one",
            ));
        }
        let lost = lost(&self.accept.sources, &after.accept.sources);
        if !lost.is_empty() {
            all.push(Tightening {
                setting: "accept.sources",
                touched: Touched::KeysThatCameBy(lost),
                effect: Effect::Refused,
                detail: "they came this way lately, and are refused at the doors when they do so again",
            });
        }
        let (old, new) = (&self.rotation, &after.rotation);
        if old.allowed && !new.allowed {
            all.push(kept(
                "rotation.allowed",
                Touched::Keys,
                "they go on, and so does a retiring secret until its end; they cannot be rotated any more",
            ));
        }
        if let Some(age) = new
            .warn_after
            .filter(|_| is_lower(old.warn_after, new.warn_after))
        {
            all.push(Tightening {
                setting: "rotation.warn_after",
                touched: Touched::KeysNotRotatedFor(age),
                effect: Effect::Named,
                detail: "they go on; they are named as due for rotation",
            });
        }
    }

    fn deletion_tightened(&self, after: &Self, all: &mut Vec<Tightening>) {
        if (self.deletion, after.deletion) == (Deletion::Deactivate, Deletion::Erase) {
            all.push(kept(
                "deletion",
                Touched::Keys,
                "they go on; a delete of one of them leaves nothing but its audit records. Those deleted before stay",
            ));
        }
        if self.keys.may_manage && !after.keys.may_manage {
            all.push(Tightening {
                setting: "keys.may_manage",
                touched: Touched::KeysThatManage,
                effect: Effect::Refused,
                detail: "they are refused wherever Claviger itself is managed; elsewhere they go on",
            });
        }
    }

    fn accounts_tightened(&self, after: &Self, all: &mut Vec<Tightening>) {
        let (old, new) = (&self.accounts, &after.accounts);
        if (old.deletion, new.deletion) == (Deletion::Deactivate, Deletion::Erase) {
            all.push(kept(
                "accounts.deletion",
                Touched::Accounts,
                "they go on; a delete of one of them takes its keys with it and leaves nothing but audit records",
            ));
        }
        if (old.email, new.email) == (EmailRule::Optional, EmailRule::RequiredUnique) {
            all.push(kept(
                "accounts.email",
                Touched::AccountsWithoutEmail,
                "they go on without one; one that is given to them cannot be taken off",
            ));
        }
        if (old.username, new.username) == (UsernameRule::Free, UsernameRule::Email) {
            all.push(kept(
                "accounts.username",
                Touched::AccountsNamedFreely,
                "they keep their username until their address is changed",
            ));
        }
    }

    /// What time does to what is kept, and to what nobody uses.
    fn care_tightened(&self, after: &Self, all: &mut Vec<Tightening>) {
        let (old, new) = (&self.idle, &after.idle);
        if let Some(span) = new
            .warn_after
            .filter(|_| is_lower(old.warn_after, new.warn_after))
        {
            let detail = "they go on; whoever is to be told hears of them";
            all.push(named("idle.warn_after", Touched::KeysIdleFor(span), detail));
            all.push(named("idle.warn_after", Touched::AccountsIdleFor(span), detail));
        }
        let is_sooner = is_lower(old.disable_after, new.disable_after);
        if let Some(span) = new.disable_after.filter(|_| is_sooner) {
            for touched in [Touched::KeysIdleFor(span), Touched::AccountsIdleFor(span)] {
                all.push(Tightening {
                    setting: "idle.disable_after",
                    touched,
                    effect: Effect::Disabled,
                    detail: "they are disabled as idle; each can be enabled again",
                });
            }
        }
        if (self.requests.logged, after.requests.logged) == (Logged::All, Logged::Sampled) {
            all.push(Tightening {
                setting: "requests.logged",
                touched: Touched::Keys,
                effect: Effect::Erased,
                detail: "of each the last hundred requests stay, and no longer are all of them noted",
            });
        }
        let (old, new) = (&self.retention, &after.retention);
        let spans = [
            ("retention.access_log", Some(old.access_log), Some(new.access_log)),
            ("retention.usage", Some(old.usage), Some(new.usage)),
            ("retention.audit", old.audit, new.audit),
        ];
        for (setting, before, after) in spans {
            let Some(span) = after.filter(|_| is_lower(before, after)) else {
                continue;
            };
            let touched = match setting {
                "retention.access_log" => Touched::RequestsBefore(span),
                "retention.usage" => Touched::UsageBefore(span),
                _ => Touched::AuditBefore(span),
            };
            all.push(Tightening {
                setting,
                touched,
                effect: Effect::Erased,
                detail: "they are older than what is to be kept, and are erased",
            });
        }
    }
}

fn kept(setting: &'static str, touched: Touched, detail: &'static str) -> Tightening {
    Tightening {
        setting,
        touched,
        effect: Effect::Kept,
        detail,
    }
}

fn named(setting: &'static str, touched: Touched, detail: &'static str) -> Tightening {
    Tightening {
        setting,
        touched,
        effect: Effect::Named,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: &str) -> Policy {
        serde_json::from_str(json).expect("a policy")
    }

    /// A narrower policy, and what narrows it.
    const NARROWER: [(&str, &str); 26] = [
        (r#"{"expiry":{"mode":"required"}}"#, "expiry.mode"),
        (
            r#"{"expiry":{"mode":"automatic","default":"90d"}}"#,
            "expiry.mode",
        ),
        (r#"{"expiry":{"mode":"never"}}"#, "expiry.mode"),
        (r#"{"expiry":{"max":"90d"}}"#, "expiry.max"),
        (r#"{"expiry":{"editable":false}}"#, "expiry.editable"),
        (r#"{"owner":{"kinds":["user"]}}"#, "owner.kinds"),
        (r#"{"owner":{"max_live_keys":1}}"#, "owner.max_live_keys"),
        (r#"{"issue_blocked":["Leaver"]}"#, "issue_blocked"),
        (r#"{"grants":"levels"}"#, "grants"),
        (r#"{"grants":"inherit"}"#, "grants"),
        (r#"{"token":{"prefix":"ab","length":46}}"#, "token.prefix"),
        (r#"{"token":{"prefix":"sk_live","length":80}}"#, "token.length"),
        (r#"{"accept":{"sources":["bearer"]}}"#, "accept.sources"),
        (r#"{"rotation":{"allowed":false}}"#, "rotation.allowed"),
        (r#"{"rotation":{"warn_after":"90d"}}"#, "rotation.warn_after"),
        (r#"{"deletion":"erase"}"#, "deletion"),
        (r#"{"keys":{"may_manage":false}}"#, "keys.may_manage"),
        (r#"{"accounts":{"deletion":"erase"}}"#, "accounts.deletion"),
        (r#"{"accounts":{"email":"required_unique"}}"#, "accounts.email"),
        (r#"{"accounts":{"username":"email"}}"#, "accounts.username"),
        (r#"{"idle":{"warn_after":"90d"}}"#, "idle.warn_after"),
        (r#"{"idle":{"disable_after":"90d"}}"#, "idle.disable_after"),
        (r#"{"retention":{"access_log":"7d"}}"#, "retention.access_log"),
        (r#"{"retention":{"usage":"7d"}}"#, "retention.usage"),
        (r#"{"retention":{"audit":"7d"}}"#, "retention.audit"),
        (r#"{"expiry":{"max":"36525d"}}"#, "expiry.max"),
    ];

    #[test]
    fn each_narrower_setting_is_named_and_the_way_back_touches_nothing() {
        let wide = Policy::default();
        for (json, setting) in NARROWER {
            let narrow = policy(json);
            let named: Vec<&str> = wide.tightened_by(&narrow).iter().map(|one| one.setting).collect();
            assert!(
                !named.is_empty() && named.iter().all(|one| *one == setting),
                "{json}: {named:?}"
            );
            assert!(narrow.tightened_by(&narrow).is_empty(), "{json}");
            let back = narrow.tightened_by(&wide);
            // Another prefix is another prefix, whichever way.
            assert!(back.is_empty() || setting == "token.prefix", "{json}: {back:?}");
        }
    }

    #[test]
    fn noting_fewer_requests_erases_older_ones_and_noting_all_touches_nothing() {
        let (all, sampled) = (policy(r#"{"requests":{"logged":"all"}}"#), Policy::default());
        let named: Vec<&str> = all.tightened_by(&sampled).iter().map(|one| one.setting).collect();
        assert_eq!(named, ["requests.logged"]);
        assert!(sampled.tightened_by(&all).is_empty());
    }

    #[test]
    fn dropping_kept_tokens_erases_them_and_hiding_them_does_not() {
        let shown = policy(r#"{"secret":{"storage":"encrypted","reveal":"on_demand"}}"#);
        let hidden = policy(r#"{"secret":{"storage":"encrypted"}}"#);
        let effects = |one: Vec<Tightening>| {
            one.iter()
                .map(|one| (one.setting, one.effect))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            effects(shown.tightened_by(&Policy::default())),
            [("secret.storage", Effect::Erased)]
        );
        assert_eq!(
            effects(shown.tightened_by(&hidden)),
            [("secret.reveal", Effect::Refused)]
        );
        assert!(hidden.tightened_by(&shown).is_empty());
    }

    #[test]
    fn what_only_holds_for_new_keys_touches_nothing() {
        for json in [
            r#"{"issue_for":"self"}"#,
            r#"{"expiry":{"default":"30d"}}"#,
            r#"{"rotation":{"default_grace":"1d","max_grace":"1d"}}"#,
            r#"{"form":{"fields":[]}}"#,
            r#"{"secret":{"source":"external_allowed"}}"#,
            r#"{"dialects":["maximo"]}"#,
            r#"{"retention":{"usage":"500d"}}"#,
        ] {
            assert!(Policy::default().tightened_by(&policy(json)).is_empty(), "{json}");
        }
    }

    #[test]
    fn a_name_that_was_blocked_already_is_not_new_in_another_case() {
        let before = policy(r#"{"issue_blocked":["Leaver"]}"#);
        let after = policy(r#"{"issue_blocked":["leaver","Other"]}"#);
        let touched = before.tightened_by(&after).remove(0).touched;
        assert_eq!(touched, Touched::KeysOfKnownAs(vec!["other".to_owned()]));
    }
}
