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
    #[tracing::instrument(level = "debug", name = "app.key.reveal_key", skip_all)]
    pub async fn reveal_key(&self, caller: &Caller, id: KeyId) -> Result<Token> {
        caller.require(Management::KeysReveal)?;
        caller.require_recent(self.clock.now())?;
        let by = caller.clone();
        let sealed = self.write(async move |tx| {
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
            let sealed = tx.sealed_secret(by.organisation, id).await?.ok_or_else(|| {
                let detail = "this key's token was made while only its digest was kept, or was erased since";
                AppError::conflict("not_kept", detail)
            })?;
            tx.record(
                key.organisation,
                by.event(tx.now(), "key.reveal", target(&key), json!({})),
            );
            Ok(sealed)
        });
        let sealed = sealed.await?.value;
        let data_key = self
            .keyring()
            .unwrap(&sealed.data_key, caller.organisation.uuid().as_bytes())
            .map_err(AppError::internal)?;
        data_key
            .open(&sealed.ciphertext, sealed.secret.uuid().as_bytes())
            .map_err(AppError::internal)
    }
}
