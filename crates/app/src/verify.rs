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
            VerifyError::Limit { place, detail } => Self::field(format!("rate_limits[{place}].name"), detail),
            VerifyError::Crowded => Self::Throttled {
                retry_after: std::time::Duration::from_secs(1),
            },
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
        let question = Question {
            only: Some(caller.organisation),
            ..*question
        };
        Ok(self.engine.verify(token, &question).await?)
    }

    /// Whether a token is valid, for whoever holds it. To ask is no use of it, and is held against no limit.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] when it is not.
    pub async fn verify_self(&self, token: &[u8], question: &Question<'_>) -> Result<Answer> {
        let question = Question {
            unlimited: true,
            ..*question
        };
        let answer = self.engine.verify(token, &question).await?;
        if answer.code == Code::Valid {
            Ok(answer)
        } else {
            Err(AppError::Unauthenticated)
        }
    }
}
