//! How a command can end, and the exit code that tells scripts which way it was.

use std::io;
use std::process::ExitCode;

use super::client::ClientError;
use super::output::Screen;

/// The exit codes; scripts rely on them, so they never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Ok = 0,
    Failure = 1,
    Usage = 2,
    Cancelled = 3,
    NotAllowed = 4,
    KeyInvalid = 5,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        ExitCode::from(code as u8)
    }
}

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The arguments make no sense, or ask for what needs a word more.
    #[error("{0}")]
    Usage(String),
    /// The person said no.
    #[error("cancelled, nothing was changed")]
    Cancelled,
    /// The server refused or could not be reached.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something on this side went wrong.
    #[error("{0}")]
    Failed(String),
    /// The presented key is not valid; the answer has been printed already.
    #[error("the key is not valid")]
    KeyInvalid,
    /// The answer cannot be written.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// The exit code.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Usage(_) => Code::Usage,
            Self::Cancelled => Code::Cancelled,
            Self::Client(error) if error.is_refusal_of_caller() => Code::NotAllowed,
            Self::KeyInvalid => Code::KeyInvalid,
            // `claviger keys list | head -1` has had what it wanted.
            Self::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Code::Ok,
            Self::Client(_) | Self::Failed(_) | Self::Output(_) => Code::Failure,
        }
    }

    /// One plain line on standard error, and below it what helps to put it right.
    pub(crate) fn show(&self, screen: &Screen) {
        if matches!(self, Self::KeyInvalid) || self.code() == Code::Ok {
            return;
        }
        screen.error(&self.to_string());
        if let Self::Client(error) = self {
            error.details().iter().for_each(|line| screen.error_detail(line));
        }
    }
}
