//! Showing a retained secret again, where the policy keeps it.

use domain::access::Management;
use domain::id::KeyId;
use domain::policy::Reveal;
use domain::token::Token;
use serde_json::json;

use super::{locked, owner, refuse_over, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// Shows a key's current token. That it was seen is on record before it is answered.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing was shown.
    pub async fn reveal_key(&self, caller: &Caller, id: KeyId) -> Result<Token> {
        caller.require(Management::KeysReveal)?;
        caller.require_recent(self.clock.now())?;
        let by = caller.clone();
        self.write(async move |tx| {
            let tenant = tx.tenant(by.organisation).await?;
            let key = locked(tx, by.organisation, id).await?;
            refuse_over(&key)?;
            let directory = tx.directory(by.organisation).await?;
            let owner = owner::standing(tx, &tenant, &key).await?;
            by.may_have(&directory, &key, &owner)?;
            if tenant.policy.secret.reveal != Reveal::OnDemand {
                let detail = "the organisation's policy shows a secret once, when it is made";
                return Err(AppError::Refused(detail.to_owned()));
            }
            tx.record(
                key.organisation,
                by.event(tx.now(), "key.reveal", target(&key), json!({})),
            );
            Ok(())
        })
        .await?;
        let none = || {
            AppError::conflict(
                "not_kept",
                "this key's token was made while only its digest was kept",
            )
        };
        let sealed = self
            .store
            .sealed_secret(caller.organisation, id)
            .await?
            .ok_or_else(none)?;
        let data_key = self
            .keyring()
            .unwrap(&sealed.data_key, caller.organisation.uuid().as_bytes())
            .map_err(AppError::internal)?;
        data_key
            .open(&sealed.ciphertext, sealed.secret.uuid().as_bytes())
            .map_err(AppError::internal)
    }
}
