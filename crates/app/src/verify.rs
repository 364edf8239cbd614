//! Verifying for a caller of the management plane, who may ask about keys of their own organisation alone.

use domain::access::Management;
use domain::decide::Code;
use engine::{Answer, Question, VerifyError};

use crate::error::{AppError, Result};
use crate::{App, Caller};

impl From<VerifyError> for AppError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Requirement(error) => Self::field("permissions", error.to_string()),
            VerifyError::Unavailable(_) => Self::Unavailable(Some(error.into())),
        }
    }
}

impl App {
    /// Whether a token is valid; a key of another organisation is answered like one that does not exist.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn verify_for(&self, caller: &Caller, token: &[u8], question: &Question<'_>) -> Result<Answer> {
        caller.require(Management::KeysVerify)?;
        let answer = self.engine.verify(token, question).await?;
        match &answer.key {
            Some(key) if key.organisation.id != caller.organisation => Ok(Answer {
                code: Code::NotFound,
                missing: None,
                reason: None,
                key: None,
                at: answer.at,
            }),
            _ => Ok(answer),
        }
    }

    /// Whether a token is valid, for whoever holds it.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] when it is not.
    pub async fn verify_self(&self, token: &[u8], question: &Question<'_>) -> Result<Answer> {
        let answer = self.engine.verify(token, question).await?;
        if answer.code == Code::Valid {
            Ok(answer)
        } else {
            Err(AppError::Unauthenticated)
        }
    }
}
