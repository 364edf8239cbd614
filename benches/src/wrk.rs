//! Drives `wrk`, the load generator. A small Lua script rotates over requests that were put together beforehand, so
//! that the generator does not become what is measured.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use tempfile::{NamedTempFile, TempPath};

use crate::process::{LOAD_CORE, pinned};
use crate::{Error, Result};

/// What every script begins with, and how it reports: figures of wrk's own, as one line of JSON.
const COMMON: &str = include_str!("wrk/common.lua");
/// Whole requests, formatted once.
const BODIES: &str = include_str!("wrk/bodies.lua");
/// Whole requests with a token in a header, formatted once.
const HEADS: &str = include_str!("wrk/heads.lua");
/// One template, and a file of tokens of one length that are put into it.
const TOKENS: &str = include_str!("wrk/tokens.lua");

/// Where a token stands in a template of [`Load::tokens`].
pub const TOKEN: &str = "{token}";

/// What to send, as a script for wrk. The file of bodies or tokens must outlive it.
#[derive(Debug)]
pub struct Load {
    script: TempPath,
}

impl Load {
    /// Sends the lines of `file` (JSON bodies, one a line, up to some ten thousand) in turn by `POST path`.
    ///
    /// # Errors
    /// When the file is empty, or the script cannot be written.
    pub fn bodies(path: &str, headers: &[(&str, &str)], file: &Path) -> Result<Self> {
        Self::new(BODIES, path, headers, file, "")
    }

    /// Sends `template` with [`TOKEN`] replaced by a line of `file`, each once a round, from a random start and with
    /// no two neighbours in a row: made for a million of them. All lines must have the length of the first.
    ///
    /// # Errors
    /// When the file is empty or the template has no place for a token, or the script cannot be written.
    pub fn tokens(path: &str, headers: &[(&str, &str)], template: &str, file: &Path) -> Result<Self> {
        if template.matches(TOKEN).count() != 1 {
            return Err(Error::Unexpected(format!(
                "{TOKEN} must stand once in {template}"
            )));
        }
        Self::new(TOKENS, path, headers, file, template)
    }

    /// Sends `GET path` with each line of `file` (up to some ten thousand) in the header `name`, in turn.
    ///
    /// # Errors
    /// When the file is empty, or the script cannot be written.
    pub fn heads(path: &str, headers: &[(&str, &str)], name: &str, file: &Path) -> Result<Self> {
        Self::new(HEADS, path, headers, file, name)
    }

    fn new(kind: &str, path: &str, headers: &[(&str, &str)], file: &Path, template: &str) -> Result<Self> {
        let length = std::fs::metadata(file)
            .map_err(Error::io(file.display().to_string()))?
            .len();
        if length == 0 {
            return Err(Error::Unexpected(format!("{} is empty", file.display())));
        }
        let quote = |text: &str| Value::from(text).to_string();
        let mut script = format!(
            "local path = {}\nlocal file = {}\nlocal template = {}\nlocal headers = {{}}\n",
            quote(path),
            quote(&file.display().to_string()),
            quote(template),
        );
        for (name, value) in headers {
            script += &format!("headers[{}] = {}\n", quote(name), quote(value));
        }
        script += COMMON;
        script += kind;
        let mut temporary = NamedTempFile::with_suffix(".lua").map_err(Error::io("a script for wrk"))?;
        temporary
            .write_all(script.as_bytes())
            .map_err(Error::io("a script for wrk"))?;
        Ok(Self {
            script: temporary.into_temp_path(),
        })
    }
}

/// What wrk measured.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Figures {
    /// Answers received.
    pub requests: u64,
    /// Length of the run.
    pub duration_us: u64,
    /// Half of the answers came within this.
    pub p50_us: f64,
    /// 99 of 100.
    pub p99_us: f64,
    /// 999 of 1,000.
    pub p999_us: f64,
    /// Connections that failed, reads, writes and time-outs together.
    pub socket_errors: u64,
    /// Answers with a status of 400 or more.
    pub bad_statuses: u64,
}

impl Figures {
    /// Answers a second.
    pub fn per_second(&self) -> f64 {
        self.requests as f64 * 1e6 / self.duration_us as f64
    }
}

/// How hard and how long to press.
#[derive(Debug, Clone, Copy)]
pub struct Pressure {
    /// Connections at one time.
    pub connections: u32,
    /// Length of the run.
    pub seconds: u32,
}

/// Runs wrk with one thread on the load's core against `http://addr`.
///
/// # Errors
/// When wrk is missing or fails, and when any request was refused, failed or timed out: such a run is no measurement.
pub fn run(addr: &str, load: &Load, pressure: Pressure) -> Result<Figures> {
    let wrk = find().ok_or(Error::Missing("wrk", "wrk"))?;
    let mut command: Command = pinned(LOAD_CORE, wrk);
    command
        .arg("-t1")
        .arg(format!("-c{}", pressure.connections))
        .arg(format!("-d{}s", pressure.seconds))
        .arg("-s")
        .arg(&load.script)
        .arg(format!("http://{addr}"));
    let output = command.output().map_err(Error::io("wrk"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Unexpected(format!("wrk failed: {text}{reason}")));
    }
    let figures = parse(&text)?;
    if figures.requests == 0 || figures.bad_statuses > 0 || figures.socket_errors > 0 {
        return Err(Error::Unexpected(format!(
            "not every request was answered well: {figures:?}"
        )));
    }
    Ok(figures)
}

fn parse(output: &str) -> Result<Figures> {
    let line = output.lines().find_map(|line| line.strip_prefix("figures "));
    let figures = line.and_then(|json| serde_json::from_str(json).ok());
    figures.ok_or_else(|| Error::Unexpected(format!("wrk said: {output}")))
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join("wrk"))
        .find(|it| it.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_among_what_wrk_prints() {
        let output = "Running 1s test\nfigures {\"requests\":100,\"duration_us\":500000,\"p50_us\":1.5,\
                      \"p99_us\":2,\"p999_us\":3,\"socket_errors\":0,\"bad_statuses\":0}\n";
        assert_eq!(parse(output).unwrap().per_second(), 200.0);
        assert!(parse("Running 1s test").is_err());
    }

    #[test]
    fn a_template_needs_one_place_for_the_token() {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a\n").unwrap();
        assert!(Load::tokens("/", &[], "{}", file.path()).is_err());
        assert!(Load::tokens("/", &[], "{\"key\":\"{token}\"}", file.path()).is_ok());
    }

    #[test]
    fn nothing_to_send_is_refused() {
        let file = NamedTempFile::new().unwrap();
        assert!(Load::bodies("/", &[], file.path()).is_err());
    }
}
