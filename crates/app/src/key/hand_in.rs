//! Ending a key by showing its token: by whoever holds it (RFC 7009), or by somebody who found it where it should not be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use domain::access::Grants;
use domain::id::{OrganisationId, RequestId};
use domain::input::FieldError;
use domain::key::{Actor, ActorKind, Key};
use domain::leak::LeakRule;
use engine::{CachedKey, Question};
use parking_lot::Mutex;
use serde_json::json;

use super::revoke::{Ending, end};
use super::{Revoked, locked, target, view};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// An answer to a report takes as long at least, whether the token was real or not: ending a key takes a moment, and the
/// difference would tell.
const LEAST: Duration = Duration::from_millis(250);
/// Reports from one address in one window of time.
const REPORTS: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are remembered at the most.
const MAX_ADDRESSES: usize = 65_536;
/// The longest text that says where a token was found, in characters.
const MAX_WHERE: usize = 2_000;

/// How often somebody reported lately, by address; an IPv6 network counts as one.
#[derive(Debug, Default)]
pub(crate) struct Reports(Mutex<HashMap<IpAddr, (Duration, u32)>>);

impl Reports {
    /// Lets a report in, or says how long to wait. `now` never steps back.
    fn admit(&self, ip: Option<IpAddr>, now: Duration) -> Result<()> {
        let ip = ip.map_or(IpAddr::from([0, 0, 0, 0]), crate::session::network);
        let mut all = self.0.lock();
        if all.len() >= MAX_ADDRESSES {
            all.retain(|_, (since, _)| now.saturating_sub(*since) < WINDOW);
        }
        if all.len() >= MAX_ADDRESSES && !all.contains_key(&ip) {
            return Err(AppError::Throttled { retry_after: WINDOW });
        }
        let (since, count) = all.entry(ip).or_insert((now, 0));
        let gone = now.saturating_sub(*since);
        if gone >= WINDOW {
            (*since, *count) = (now, 0);
        }
        if *count >= REPORTS {
            let left = WINDOW.saturating_sub(now.saturating_sub(*since));
            let retry_after = Duration::from_secs(left.as_secs() + 1);
            return Err(AppError::Throttled { retry_after });
        }
        *count += 1;
        Ok(())
    }
}

impl App {
    /// Revokes the key that a token names, for whoever holds it. Nothing happens where it names none that is accepted.
    ///
    /// # Errors
    /// [`AppError::Conflict`] for a protected key; [`AppError::Unavailable`] leaves open whether it was revoked.
    #[tracing::instrument(level = "debug", name = "app.key.hand_in", skip_all)]
    pub async fn hand_in(
        &self,
        token: &[u8],
        question: &Question<'_>,
        request: RequestId,
    ) -> Result<Option<Revoked>> {
        let answer = self.engine.verify(token, question).await?;
        let Some(key) = answer.key.filter(|_| answer.code == domain::decide::Code::Valid) else {
            return Ok(None);
        };
        let by = itself(&key, question.ip, request);
        let id = key.key;
        let view = self
            .change(async move |tx| {
                let tenant = tx.tenant(by.organisation).await?;
                let ending = Ending {
                    reason: Some("revoked by whoever holds it".to_owned()),
                    protected_too: false,
                };
                let key = end(tx, &by, id, ending).await?;
                view::seen(tx, &tenant, key).await
            })
            .await?;
        Ok(Some(Revoked {
            view,
            effective_at: self.clock.now(),
            others: Vec::new(),
        }))
    }

    /// Takes a report of a token that was found where it should not be. Unless the policy says otherwise, its key is revoked, protected or not; of a token that
    /// was replaced and runs out, only the token is ended. Who reports learns nothing of it, neither by the answer nor by the time.
    ///
    /// # Errors
    /// [`AppError::Throttled`]; [`AppError::Unavailable`] when the database fails.
    #[tracing::instrument(level = "debug", name = "app.key.report_leak", skip_all)]
    pub async fn report_leak(
        &self,
        token: &[u8],
        found_at: Option<String>,
        ip: Option<IpAddr>,
        request: RequestId,
    ) -> Result<()> {
        let begun = tokio::time::Instant::now();
        self.leaks.admit(ip, self.clock.boottime())?;
        if found_at
            .as_ref()
            .is_some_and(|text| text.chars().count() > MAX_WHERE)
        {
            let detail = format!("at most {MAX_WHERE} characters");
            return Err(AppError::Invalid(vec![FieldError::new("found_at", detail)]));
        }
        let outcome = self
            .end_leaked(token, found_at, ("leak report", ip), request)
            .await;
        tokio::time::sleep_until(begun + LEAST).await;
        outcome.map(drop)
    }

    /// Counts a report that cannot be believed against the address that it comes from.
    ///
    /// # Errors
    /// [`AppError::Throttled`].
    pub(crate) fn admit_report(&self, ip: Option<IpAddr>) -> Result<()> {
        self.leaks.admit(ip, self.clock.boottime())
    }

    /// Does what the policy says about a leaked token; whether it was one of ours.
    pub(crate) async fn end_leaked(
        &self,
        token: &[u8],
        found_at: Option<String>,
        (who, ip): (&str, Option<IpAddr>),
        request: RequestId,
    ) -> Result<bool> {
        let Some(key) = self.engine.find(token).await? else {
            return Ok(false);
        };
        let by = Caller {
            actor: Actor {
                kind: ActorKind::System,
                id: None,
                name: who.to_owned(),
            },
            ..itself(&key, ip, request)
        };
        let (id, secret, retiring) = (key.key, key.secret, key.secret_ends_at());
        self.change(async move |tx| {
            let now = tx.now();
            let before = locked(tx, by.organisation, id).await?;
            let rule = tx.tenant(by.organisation).await?.policy.leaks;
            let was_live = !before.is_over() && retiring.is_none_or(|end| end > now);
            let after: Key = match retiring {
                _ if rule == LeakRule::Report => before,
                None => {
                    let ending = Ending {
                        reason: Some("its token was reported as leaked".to_owned()),
                        protected_too: true,
                    };
                    end(tx, &by, id, ending).await?
                }
                Some(ends) => {
                    if ends > now {
                        tx.end_secret(by.organisation, id, secret, now).await?;
                    }
                    before
                }
            };
            let changes = json!({
                "found_at": found_at, "secret": secret, "ended": was_live && rule == LeakRule::Revoke, "retiring": retiring.is_some(),
            });
            tx.record(
                by.organisation,
                by.event(now, "key.leaked", target(&after), changes),
            );
            Ok(())
        })
        .await?;
        Ok(true)
    }
}

/// A key that acts on itself.
fn itself(key: &CachedKey, ip: Option<IpAddr>, request: RequestId) -> Caller {
    let organisation: OrganisationId = key.organisation.id;
    Caller {
        organisation,
        actor: Actor {
            kind: ActorKind::Key,
            id: Some(key.key.to_string()),
            name: key.name().to_owned(),
        },
        grants: Grants::default(),
        ip,
        request,
        local: false,
        operator: false,
        session: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_slowed_by_address_and_let_in_again() {
        let reports = Reports::default();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let at = Duration::from_secs;
        for _ in 0..REPORTS {
            reports.admit(Some(one), at(100)).expect("let in");
        }
        match reports.admit(Some(one), at(130)) {
            Err(AppError::Throttled { retry_after }) => assert_eq!(retry_after, at(31)),
            told => panic!("{told:?}"),
        }
        reports.admit(Some(other), at(130)).expect("let in");
        reports.admit(Some(one), at(160)).expect("let in again");
        let near: IpAddr = "2001:db8::1".parse().expect("an address");
        for n in 0..REPORTS {
            let ip = format!("2001:db8::{n:x}").parse().expect("an address");
            reports.admit(Some(ip), at(200)).expect("let in");
        }
        assert!(reports.admit(Some(near), at(200)).is_err(), "one network");
    }
}
