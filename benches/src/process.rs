//! Programs under measurement: started on a core of their own, ended when they go out of scope.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Error, Result, cpu, machine};

/// For so long a server's use of CPU time is looked at to see whether it rests: longer than it pauses between two looks at what it noted.
const LOOK: Duration = Duration::from_millis(1_500);
/// A server that is busy for so long without a load is not as it should be. The counts of a million keys take it minutes.
const RESTLESS: Duration = Duration::from_secs(300);

/// The core of the server that is measured.
pub const SERVER_CORE: usize = 0;
/// The core of the load generator.
pub const LOAD_CORE: usize = 1;

/// A command that will run on one core alone (`taskset` replaces itself by the program, so the pid is the
/// program's). On a machine with too few cores it runs anywhere.
pub fn pinned(core: usize, program: impl Into<PathBuf>) -> Command {
    let program = program.into();
    if core >= machine::cores() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// The path of a binary of this workspace that was built with the same profile as the running benchmark.
///
/// # Errors
/// When it is not there, with the command that builds it.
pub fn binary(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe().map_err(Error::io("the running program"))?;
    let found = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(name))
        .find(|it| it.is_file());
    found.ok_or_else(|| {
        Error::Unexpected(format!(
            "{name} is not built: run `cargo build --profile bench --bin {name}`"
        ))
    })
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// What it printed after `listening `, up to the first space: usually its address.
    pub listening: String,
    /// Keeps the pipe open, so that a server that prints more does not fail.
    stdout: BufReader<std::process::ChildStdout>,
}

impl Server {
    /// Starts `command` and waits for a line that begins with `listening `.
    ///
    /// # Errors
    /// When it cannot be started or ends without such a line.
    pub fn start(command: Command) -> Result<Self> {
        Self::start_saying(command, "listening ")
    }

    /// The same for a program that says where it listens after other words, at the beginning of a line or indented.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_saying(command: Command, before: &str) -> Result<Self> {
        let name = format!("{command:?}");
        let mut server = Self::spawn(command)?;
        loop {
            let mut line = String::new();
            if server
                .stdout
                .read_line(&mut line)
                .map_err(Error::io(name.as_str()))?
                == 0
            {
                let status = server.child.wait().map_err(Error::io(name.as_str()))?;
                return Err(Error::Unexpected(format!(
                    "{name} ended before it listened: {status}"
                )));
            }
            if let Some(rest) = line.trim_start().strip_prefix(before) {
                rest.split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .clone_into(&mut server.listening);
                return Ok(server);
            }
        }
    }

    /// Starts `command` and waits for nothing; it has not said where it listens.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(mut command: Command) -> Result<Self> {
        let spawned = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn();
        let mut child = spawned.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound if command.get_program() == "taskset" => {
                Error::Missing("taskset", "util-linux")
            }
            _ => Error::Io(format!("{command:?}"), error),
        })?;
        let stdout = child.stdout.take();
        let stdout = stdout.ok_or_else(|| Error::Unexpected(format!("{command:?}: no output")))?;
        Ok(Self {
            child,
            listening: String::new(),
            stdout: BufReader::new(stdout),
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Errors
    /// When it cannot be asked, or ends badly.
    pub fn stop(mut self) -> Result<()> {
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        )
        .map_err(|error| Error::io("SIGTERM")(error.into()))?;
        let status = self.child.wait().map_err(Error::io("a server"))?;
        if !status.success() {
            return Err(Error::Unexpected(format!("a server ended with {status}")));
        }
        Ok(())
    }

    /// User and system time that it has used so far.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu(&self) -> Result<Duration> {
        cpu::of_process(self.pid())
    }

    /// Waits until it has done what it put off while it was under load, such as reading what it noted.
    ///
    /// # Errors
    /// When it has ended, or comes to no rest within [`RESTLESS`].
    pub fn rest(&self) -> Result<()> {
        for _ in 0..RESTLESS.as_millis() / LOOK.as_millis() {
            let before = self.cpu()?;
            std::thread::sleep(LOOK);
            if self.cpu()?.saturating_sub(before) < LOOK / 50 {
                return Ok(());
            }
        }
        Err(Error::Unexpected("a server came to no rest".to_owned()))
    }

    /// The same of the threads that verify, where the server is Claviger.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_verifying(&self) -> Result<Duration> {
        let threads = cpu::of_threads(self.pid())?;
        let verifying = threads.iter().filter(|(name, _)| name.starts_with("verify-"));
        Ok(verifying.map(|(_, time)| *time).sum())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
