//! What an import tells while it runs, and at its end.

use indicatif::ProgressBar;
use serde_json::Value;

use super::tokens::Tokens;
use super::{AGAIN, Import};
use crate::cli::Context;
use crate::cli::error::CliError;
use crate::cli::keys::text;

/// Faults that are shown to people; programs get them all by --json.
const SHOWN: u64 = 1_000;

/// What an import has come to.
#[derive(Default)]
pub(super) struct Report {
    pub(super) counts: Value,
    pub(super) shown: u64,
    pub(super) stopped: Option<String>,
    pub(super) done: bool,
    pub(super) known: Vec<(u64, String)>,
    pub(super) reissued: u64,
}

impl Report {
    pub(super) fn take(
        &mut self,
        context: &Context,
        progress: &ProgressBar,
        event: &Value,
        line: &[u8],
        tokens: Option<&mut Tokens>,
    ) -> Result<(), CliError> {
        let number = event.get("line").and_then(Value::as_u64).unwrap_or_default();
        match text(event, "/event") {
            "token" => {
                let tokens =
                    tokens.ok_or_else(|| CliError::Failed("a token that nobody asked for".to_owned()))?;
                tokens.add(event)?;
            }
            "present" => self.known.push((number, text(event, "/id").to_owned())),
            "fault" => {
                if context.screen.json {
                    context.screen.bytes(&[line, b"\n"].concat())?;
                } else if self.shown < SHOWN {
                    let field = text(event, "/field");
                    let field = if field.is_empty() {
                        String::new()
                    } else {
                        format!(" {field}:")
                    };
                    let told = format!("line {number}:{field} {}", text(event, "/detail"));
                    progress.suspend(|| context.screen.line(&told))?;
                }
                self.shown += 1;
            }
            "batch" => {
                let count = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or_default();
                progress.set_position(count("bytes"));
                progress.set_message(format!("{} keys", count("made") + count("present")));
            }
            "done" => {
                self.done = true;
                self.counts = event.clone();
            }
            "stopped" => {
                self.stopped = Some(text(event, "/detail").to_owned());
                self.counts = event.clone();
            }
            // A newer server may tell more.
            _ => {}
        }
        Ok(())
    }

    pub(super) fn finish(self, context: &Context, args: &Import) -> Result<(), CliError> {
        let screen = &context.screen;
        let count = |name: &str| self.counts.get(name).and_then(Value::as_u64).unwrap_or_default();
        if self.shown > SHOWN && !screen.json {
            screen.line(&format!(
                "and {} faults more; --json tells them all",
                self.shown - SHOWN
            ))?;
        }
        if screen.json {
            screen.json(&self.counts)?;
        } else if self.done || self.stopped.is_some() {
            let (made, would) = match args.dry_run {
                true => ("could be made", "; nothing was changed"),
                false => ("made", ""),
            };
            let mut parts = vec![format!("{} keys {made}", count("made"))];
            for (name, what) in [
                ("accounts", format!("service accounts {made}")),
                ("present", "were there already".to_owned()),
                ("skipped", "left out: revoked or deleted".to_owned()),
            ] {
                if count(name) > 0 {
                    parts.push(format!("{} {what}", count(name)));
                }
            }
            if self.reissued > 0 {
                parts.push(format!("{} new tokens", self.reissued));
            }
            screen.line(&format!("{}{would}", parts.join(", ")))?;
        }
        match (self.stopped, self.done) {
            (Some(why), _) => Err(CliError::Failed(format!("{why}; {AGAIN}"))),
            (None, false) => Err(CliError::Failed(format!("the answer broke off; {AGAIN}"))),
            (None, true) if count("faults") > 0 => Err(CliError::Failed(format!(
                "{} faults in the file",
                count("faults")
            ))),
            (None, true) => Ok(()),
        }
    }
}
