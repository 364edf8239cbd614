//! The second factor of the person who is signed in: set up, confirmed by a first code, taken off, and its recovery codes.

use domain::id::DataKeyId;
use domain::secret::DataKey;
use domain::user::{Totp, recovery_code, recovery_codes};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::json;
use zeroize::Zeroizing;

use super::{locked, target};
use crate::error::{AppError, Result};
use crate::session::recovery_digest;
use crate::{App, Caller};

/// A second factor that is still to be confirmed; told this once.
pub struct FactorDraft {
    /// The secret as people type it.
    pub secret: Zeroizing<String>,
    /// The address that apps read.
    pub uri: Zeroizing<String>,
    /// The same as a picture.
    pub qr: Zeroizing<String>,
}

impl std::fmt::Debug for FactorDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FactorDraft(redacted)")
    }
}

fn picture(uri: &str) -> Result<Zeroizing<String>> {
    let code = QrCode::new(uri).map_err(AppError::internal)?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(Zeroizing::new(picture))
}

fn is_on() -> AppError {
    AppError::conflict(
        "second_factor_on",
        "there is a second factor already; take it off first",
    )
}

fn is_off() -> AppError {
    AppError::conflict("second_factor_off", "there is no second factor")
}

impl App {
    /// Makes a second factor, which counts once it is confirmed; one that was never confirmed is replaced.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.draft_factor", skip_all)]
    pub async fn draft_factor(&self, caller: &Caller) -> Result<FactorDraft> {
        let signed = caller.signed()?;
        caller.require_recent(self.clock.now())?;
        let person = self.myself(caller).await?;
        let totp = Totp::generate(&person.user.email, self.random()).map_err(AppError::internal)?;
        let uri = totp.uri().map_err(AppError::internal)?;
        let draft = FactorDraft {
            secret: totp.base32(),
            qr: picture(&uri)?,
            uri,
        };
        let (keyring, clock, random) = (self.keyring(), self.clock.clone(), self.random.clone());
        self.write(async move |tx| {
            let person = locked(tx, signed.home, signed.user).await?;
            if person.factors.totp.is_some() {
                return Err(is_on());
            }
            let home = signed.home.uuid();
            let data_key = match tx.factor_key(signed.home).await? {
                Some(wrapped) => keyring
                    .unwrap(&wrapped, home.as_bytes())
                    .map_err(AppError::internal)?,
                None => {
                    let fresh = DataKey::generate(random.as_ref());
                    let wrapped = keyring
                        .wrap(&fresh, home.as_bytes(), random.as_ref())
                        .map_err(AppError::internal)?;
                    let id = DataKeyId::fresh(clock.as_ref(), random.as_ref());
                    tx.insert_factor_key(signed.home, id, &wrapped).await?;
                    fresh
                }
            };
            let sealed = data_key
                .seal_totp(totp.secret(), signed.user.uuid().as_bytes(), random.as_ref())
                .map_err(AppError::internal)?;
            tx.set_totp(signed.home, signed.user, None, Some(sealed)).await?;
            Ok(())
        })
        .await?;
        Ok(draft)
    }

    /// Switches the second factor on by a first code of it; gives recovery codes, told this once.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a code that is not right now; [`AppError::Conflict`] where none is to be confirmed.
    #[tracing::instrument(level = "debug", name = "app.user.confirm_factor", skip_all)]
    pub async fn confirm_factor(&self, caller: &Caller, code: &str) -> Result<Vec<Zeroizing<String>>> {
        let signed = caller.signed()?;
        caller.require_recent(self.clock.now())?;
        let person = self.myself(caller).await?;
        if person.factors.totp.is_some() {
            return Err(is_on());
        }
        let pending = person.factors.pending.ok_or_else(is_off)?;
        let wrong = || AppError::field("code", "this is not the code of this moment; is the clock right?");
        let totp = self.open_totp(&person.user, &pending).await?;
        let step = totp.step_of(code, self.clock.now()).ok_or_else(wrong)?;
        let codes = recovery_codes(self.random());
        let digests = digests(&codes);
        let caller = caller.clone();
        self.write(async move |tx| {
            let person = locked(tx, signed.home, signed.user).await?;
            let confirmed = person.factors.pending.as_ref() == Some(&pending);
            if !confirmed || !tx.take_totp_step(signed.home, signed.user, step).await? {
                return Err(wrong());
            }
            tx.set_totp(signed.home, signed.user, Some(pending), None).await?;
            tx.set_recovery_codes(signed.user, &digests).await?;
            let changes = json!({ "second_factor": { "before": false, "after": true } });
            let event = caller.event(tx.now(), "user.factor_on", target(&person.user), changes);
            tx.record(signed.home, event);
            Ok(())
        })
        .await?;
        Ok(codes)
    }

    /// Takes the second factor off, where the password is long enough to stand alone.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.remove_factor", skip_all)]
    pub async fn remove_factor(&self, caller: &Caller) -> Result<()> {
        let signed = caller.signed()?;
        caller.require_recent(self.clock.now())?;
        let caller = caller.clone();
        self.write(async move |tx| {
            let person = locked(tx, signed.home, signed.user).await?;
            if person.factors.totp.is_none() && person.factors.pending.is_none() {
                return Err(is_off());
            }
            if person.factors.password.is_some() && !person.factors.password_alone {
                let detail =
                    "without a second factor the password needs at least 15 characters; choose another first";
                return Err(AppError::conflict("password_too_short", detail));
            }
            tx.set_totp(signed.home, signed.user, None, None).await?;
            tx.set_recovery_codes(signed.user, &[]).await?;
            let changes =
                json!({ "second_factor": { "before": person.factors.totp.is_some(), "after": false } });
            let event = caller.event(tx.now(), "user.factor_off", target(&person.user), changes);
            tx.record(signed.home, event);
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Replaces the recovery codes; told this once.
    ///
    /// # Errors
    /// [`AppError::Conflict`] where there is no second factor.
    #[tracing::instrument(level = "debug", name = "app.user.renew_recovery_codes", skip_all)]
    pub async fn renew_recovery_codes(&self, caller: &Caller) -> Result<Vec<Zeroizing<String>>> {
        let signed = caller.signed()?;
        caller.require_recent(self.clock.now())?;
        let codes = recovery_codes(self.random());
        let digests = digests(&codes);
        let caller = caller.clone();
        self.write(async move |tx| {
            let person = locked(tx, signed.home, signed.user).await?;
            person.factors.totp.as_ref().ok_or_else(is_off)?;
            tx.set_recovery_codes(signed.user, &digests).await?;
            let event = caller.event(tx.now(), "user.recovery_codes", target(&person.user), json!({}));
            tx.record(signed.home, event);
            Ok(())
        })
        .await?;
        Ok(codes)
    }
}

fn digests(codes: &[Zeroizing<String>]) -> Vec<[u8; 32]> {
    let plain = codes.iter().filter_map(|code| recovery_code(code));
    plain.map(|code| recovery_digest(&code)).collect()
}
