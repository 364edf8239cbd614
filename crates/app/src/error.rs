//! What a use case answers when it cannot do what was asked. No HTTP here: the web floor maps each of these once.

use domain::input::FieldError;
use store::StoreError;

/// Why a use case did not do what it was asked. The texts are meant for the caller; causes are for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The caller did not say who they are, or it is not true.
    #[error("a valid management key is needed")]
    Unauthenticated,
    /// An address and a password, or a code, that do not belong together. Nothing more is told.
    #[error(
        "the address, the password or the code is wrong; or the address is known in several organisations, then name one"
    )]
    WrongCredentials,
    /// The password is right, and a code is needed beside it.
    #[error("a code of the second factor is needed, or a recovery code")]
    SecondFactorNeeded,
    /// Too many attempts.
    #[error("too many attempts; try again in {} s", retry_after.as_secs().max(1))]
    Throttled {
        /// How long to wait.
        retry_after: std::time::Duration,
    },
    /// A person must show again who they are.
    #[error("show again who you are: this asks for a sign-in of the last ten minutes")]
    RecentSignInNeeded,
    /// Only a person who is signed in has this.
    #[error("this belongs to people who are signed in; a key has none of it")]
    PeopleOnly,
    /// The caller may not do this.
    #[error("this needs the permission {missing}")]
    Forbidden {
        /// What they lack.
        missing: String,
    },
    /// The caller is a key, and the organisation does not let keys manage.
    #[error("the organisation's policy does not let keys manage keys")]
    KeysMayNotManage,
    /// The caller tried to hand out more than they hold.
    #[error("nobody can grant what they do not hold: {pattern}")]
    GrantsBeyond {
        /// The first pattern beyond.
        pattern: String,
    },
    /// Not there, or of another organisation: the caller is not told which.
    #[error("there is no such {what}")]
    NotFound {
        /// The noun.
        what: &'static str,
    },
    /// Fields that cannot be taken.
    #[error("the request has fields that cannot be taken")]
    Invalid(Vec<FieldError>),
    /// The state of things stands against it.
    #[error("{detail}")]
    Conflict {
        /// A stable code.
        code: &'static str,
        /// A sentence.
        detail: String,
    },
    /// The organisation's policy stands against it.
    #[error("{0}")]
    Refused(String),
    /// The change would touch what is there already, and nobody has said yet that it is meant.
    #[error("{}", said(.0))]
    Unconfirmed(Box<crate::policy::PolicyPreview>),
    /// The thing is not in the version that the caller names.
    #[error("it was changed meanwhile: its version is {current}")]
    Precondition {
        /// The version that it has.
        current: i64,
    },
    /// The OpenID provider cannot be asked, or its word does not hold.
    #[error(transparent)]
    Provider(#[from] crate::oidc::OidcError),
    /// The database cannot be asked. Nothing was claimed to be done.
    #[error("the database cannot be reached at the moment; try again")]
    Unavailable(#[source] Option<Cause>),
    /// A fault of ours.
    #[error("something went wrong inside Claviger")]
    Internal(#[source] Cause),
}

/// What an unconfirmed change would touch, in a sentence.
fn said(preview: &crate::policy::PolicyPreview) -> String {
    let mut settings: Vec<&str> = preview.touches.iter().map(|touch| touch.setting).collect();
    settings.dedup();
    if settings.is_empty() {
        return "what was confirmed is another change, or one of another version; look at it again"
            .to_owned();
    }
    format!(
        "{} would touch what is there already; look at it, and send the same change with its word to confirm it",
        settings.join(", ")
    )
}

/// What a fault owes to.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The result of a use case.
pub type Result<T, E = AppError> = std::result::Result<T, E>;

impl AppError {
    /// A conflict with its stable code.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict {
            code,
            detail: detail.into(),
        }
    }

    /// One field that cannot be taken.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, detail)])
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Retry(_) => Self::Unavailable(Some(error.into())),
            StoreError::Conflict { ref constraint } if constraint.contains("digest") => {
                Self::conflict("secret_exists", "this token or hash is stored already")
            }
            StoreError::Conflict { ref constraint } if constraint.contains("username") => Self::conflict(
                "username_taken",
                "another service account was given this username just now",
            ),
            _ => Self::internal(error),
        }
    }
}

impl From<Vec<FieldError>> for AppError {
    fn from(faults: Vec<FieldError>) -> Self {
        Self::Invalid(faults)
    }
}

impl From<domain::policy::ExpiryError> for AppError {
    fn from(error: domain::policy::ExpiryError) -> Self {
        match error {
            domain::policy::ExpiryError::Past | domain::policy::ExpiryError::TooFar => {
                Self::field("expires_at", error.to_string())
            }
            other => Self::Refused(other.to_string()),
        }
    }
}
