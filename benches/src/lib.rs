//! The common harness of the benchmarks. Each figure is measured beside a reference in the same run, on the same
//! core, so that it says something about the code and not about the machine of the day.

pub mod cpu;
pub mod hello;
pub mod house;
pub mod load;
pub mod machine;
pub mod process;
pub mod rank;
pub mod report;
pub mod rivals;
pub mod rows;
pub mod stopwatch;
pub mod wrk;

/// Why a benchmark could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, a socket or a process.
    #[error("{0}: {1}")]
    Io(String, #[source] std::io::Error),
    /// A program that has to be installed first.
    #[error("{0} is missing: run `apt-get install -y {1}`")]
    Missing(&'static str, &'static str),
    /// Something answered what it should not have.
    #[error("{0}")]
    Unexpected(String),
}

impl Error {
    /// Says which file or program an input/output error was about.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io(what, error)
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
