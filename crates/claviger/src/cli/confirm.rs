//! Asks before what cannot be undone; where nobody can be asked, it refuses rather than guesses.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::Context;
use super::error::CliError;
use super::text::neutral;

/// Refuses at once, before anything is sent, where nobody could be asked.
///
/// # Errors
/// Usage, without `--yes` and without a terminal.
pub(crate) fn can_ask(context: &Context, what: &str) -> Result<(), CliError> {
    if context.global.yes || (io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "{what} needs a confirmation and there is no terminal to ask on: add --yes"
    )))
}

/// Asks; `Ok` means yes. With `--yes` nobody is asked.
///
/// # Errors
/// Cancelled, on any answer but yes, the end of input included.
pub(crate) fn ask(context: &Context, question: &str) -> Result<(), CliError> {
    if context.global.yes {
        return Ok(());
    }
    let mut err = io::stderr().lock();
    write!(err, "{} [y/N] ", neutral(question))?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Cancelled),
    }
}
