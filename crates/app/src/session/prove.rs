//! Showing who one is: a password, and a code where there is a second factor.
//!
//! An unknown address, a wrong password, and a person who may not sign in take the same way and cost one hash each, so that
//! nobody learns from the answer, or from how long it took, who is known here.

use std::net::IpAddr;

use domain::organisation::OrganisationStatus;
use domain::password::Password;
use domain::user::{Method, Totp, User, UserStatus, recovery_code};
use store::Tx;
use store::users::Person;
use zeroize::Zeroizing;

use super::throttle::{Attempt, Guess};
use crate::App;
use crate::error::{AppError, Result};

/// What somebody typed.
pub(crate) struct Credentials {
    /// The password.
    pub(crate) password: Password,
    /// A code of the second factor, or a recovery code.
    pub(crate) code: Option<Zeroizing<String>>,
    /// Whether a second factor is asked for where there is one. It is not where one was shown lately.
    pub(crate) with_factor: bool,
}

/// What was shown, still to be taken in the transaction that relies on it.
pub(crate) struct Proof<'a> {
    pub(crate) method: Method,
    hash: String,
    used: Used,
    attempts: Vec<Attempt<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Used {
    /// Nothing, though there may be a second factor.
    Unasked,
    /// Nothing, for there is no second factor.
    Nothing,
    Step(i64),
    Code([u8; 32]),
}

/// The part of a proof that goes into the transaction.
pub(crate) struct Claim {
    hash: String,
    used: Used,
}

impl Proof<'_> {
    pub(crate) fn claim(&self) -> Claim {
        Claim {
            hash: self.hash.clone(),
            used: self.used,
        }
    }

    /// The transaction is committed: all was right.
    pub(crate) fn accepted(self) {
        self.attempts.into_iter().for_each(Attempt::succeeded);
    }
}

impl Claim {
    /// Takes what was shown: a code once, and only while nothing that was compared has changed since.
    pub(crate) async fn take(self, tx: &mut Tx, person: &Person) -> Result<()> {
        let wrong = || AppError::WrongCredentials;
        let same = person.factors.password.as_deref() == Some(&*self.hash);
        let fits =
            self.used == Used::Unasked || person.factors.totp.is_none() == (self.used == Used::Nothing);
        if !same || !may_sign_in(person) || !fits {
            return Err(wrong());
        }
        let user = &person.user;
        let taken = match self.used {
            Used::Unasked | Used::Nothing => true,
            Used::Step(step) => tx.take_totp_step(user.organisation, user.id, step).await?,
            Used::Code(digest) => tx.take_recovery_code(user.id, digest).await?,
        };
        if taken { Ok(()) } else { Err(wrong()) }
    }
}

/// Whether a person may sign in at all.
pub(crate) fn may_sign_in(person: &Person) -> bool {
    person.user.status == UserStatus::Active && person.organisation.status == OrganisationStatus::Active
}

/// What a recovery code is found by.
pub(crate) fn recovery_digest(code: &str) -> [u8; 32] {
    super::digest(code)
}

impl App {
    /// Compares what somebody typed with what `person` (none, if nobody is known by this address) signs in with.
    pub(crate) async fn prove(
        &self,
        email: &str,
        person: Option<&Person>,
        typed: Credentials,
        ip: Option<IpAddr>,
    ) -> Result<Proof<'_>> {
        let account = User::email_key(email);
        let attempt = self
            .people
            .throttle
            .admit(Guess::Password, &account, ip, self.clock.boottime())?;
        let hash = person.and_then(|person| person.factors.password.clone());
        let fits = self
            .fits(
                typed.password,
                hash.clone().unwrap_or_else(|| Password::NOBODYS.to_owned()),
            )
            .await?;
        let known = person.filter(|person| may_sign_in(person));
        let (Some(person), Some(hash), true) = (known, hash, fits) else {
            return Err(AppError::WrongCredentials);
        };
        let mut attempts = vec![attempt];
        let (method, used) = match (&person.factors.totp, &typed.code) {
            _ if !typed.with_factor => (Method::Password, Used::Unasked),
            (None, _) => (Method::Password, Used::Nothing),
            (Some(_), None) => {
                attempts.iter().for_each(Attempt::undo);
                return Err(AppError::SecondFactorNeeded);
            }
            (Some(sealed), Some(code)) => {
                let now = self.clock.boottime();
                attempts.push(self.people.throttle.admit(Guess::Code, &account, ip, now)?);
                self.read_code(person, sealed, code).await?
            }
        };
        Ok(Proof {
            method,
            hash,
            used,
            attempts,
        })
    }

    async fn read_code(&self, person: &Person, sealed: &[u8], code: &str) -> Result<(Method, Used)> {
        let totp = self.open_totp(&person.user, sealed).await?;
        if let Some(step) = totp.step_of(code, self.clock.now()) {
            return Ok((Method::Totp, Used::Step(step)));
        }
        let code = recovery_code(code).ok_or(AppError::WrongCredentials)?;
        Ok((Method::RecoveryCode, Used::Code(recovery_digest(&code))))
    }

    /// The second factor behind its seal.
    pub(crate) async fn open_totp(&self, user: &User, sealed: &[u8]) -> Result<Totp> {
        let wrapped = self.store.factor_key(user.organisation).await?;
        let wrapped = wrapped.ok_or_else(|| AppError::internal("a second factor without its data key"))?;
        let data_key = self
            .keyring()
            .unwrap(&wrapped, user.organisation.uuid().as_bytes())
            .map_err(AppError::internal)?;
        let secret = data_key
            .open_totp(sealed, user.id.uuid().as_bytes())
            .map_err(AppError::internal)?;
        Totp::new(secret, &user.email).map_err(AppError::internal)
    }

    async fn fits(&self, password: Password, hash: String) -> Result<bool> {
        self.hashing(move |_| password.fits(&hash)).await
    }

    /// The hash of a password that was chosen.
    pub(crate) async fn hash(&self, password: Password) -> Result<String> {
        self.hashing(move |random| password.hash(random))
            .await?
            .map_err(AppError::internal)
    }

    /// Off the threads that answer, and a few at once: hashing takes memory and time on purpose.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn domain::clock::Random) -> T + Send + 'static,
    ) -> Result<T> {
        let _permit = self.people.hashing.acquire().await.map_err(AppError::internal)?;
        let random = self.random.clone();
        tokio::task::spawn_blocking(move || work(random.as_ref()))
            .await
            .map_err(AppError::internal)
    }
}
