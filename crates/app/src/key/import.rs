//! Keys from elsewhere, a million of them if need be: read as they come, judged on one thread while another writes, batch by
//! batch. A batch is written whole or not at all, and a line that was brought in before is known again, so that the same
//! file may be sent again after whatever cut it off.

mod from;
mod lines;
mod prepare;
mod row;
mod write;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use domain::access::Management;
use domain::id::KeyId;
use domain::input::FieldError;
use domain::token::Token;
use serde::{Serialize, Serializer};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

pub use from::System;
pub use lines::LONGEST;

use lines::{Broken, Line, Lines};
use prepare::{Batch, Preparer, Setting};
use write::{Given, Refusal, Written};

use super::issue::Mint;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// Lines of one file.
pub const MAX_LINES: usize = 5_000_000;
/// Lines of one batch at the most.
pub const MAX_BATCH: usize = 10_000;
/// Lines of one batch at the least, however slow the machine.
const MIN_BATCH: usize = 500;
/// Bytes of one batch: one line more is still taken.
const BATCH_BYTES: u64 = 8 * 1024 * 1024;
/// How long a batch may keep other writers waiting; the next is smaller where one took longer.
const TURN: Duration = Duration::from_millis(250);

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with the fields' names in the first line.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// One JSON array of objects, or an object that holds one.
    Json,
}

/// How a file is brought in.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// How it is written.
    pub format: Format,
    /// Whose fields it has; ours when none.
    pub from: Option<System>,
    /// Whether lines without a token get fresh ones.
    pub fresh: bool,
    /// Whether everything is only checked.
    pub dry_run: bool,
}

impl How {
    fn from(&self) -> Option<&'static str> {
        self.from.map(System::as_str)
    }
}

/// What all parts of one import share.
struct Context {
    app: Arc<App>,
    caller: Caller,
    how: How,
    mint: Mint,
    /// Lines of the next batch.
    size: AtomicUsize,
}

/// A number that only grows, as told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ImportCounts)]
pub struct Counts {
    /// Lines that were read.
    #[schema(example = 10000)]
    pub lines: u64,
    /// Where the last of them ends, in bytes.
    #[schema(example = 3210000)]
    pub bytes: u64,
    /// Keys that were made, or would be.
    #[schema(example = 9990)]
    pub made: u64,
    /// Keys that were there already.
    #[schema(example = 8)]
    pub present: u64,
    /// Keys that were ended for good where they come from, and so left out.
    #[schema(example = 2)]
    pub skipped: u64,
    /// Service accounts that were made, or would be.
    #[schema(example = 3)]
    pub accounts: u64,
    /// Faults that were told.
    #[schema(example = 0)]
    pub faults: u64,
}

/// What becomes of an import, told as it goes; the last one says how it ended.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[schema(as = ImportEvent)]
pub enum Event {
    /// A key was made, with this token. It is told this once.
    Token {
        /// The line.
        #[schema(example = 7)]
        line: u64,
        /// The key.
        id: KeyId,
        /// What it is called.
        #[schema(example = "Billing sync")]
        name: String,
        /// The token.
        #[serde(serialize_with = "exposed")]
        #[schema(value_type = String, example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R")]
        secret: Token,
    },
    /// A line without a token of its own has made this key before.
    Present {
        /// The line.
        #[schema(example = 7)]
        line: u64,
        /// The key.
        id: KeyId,
    },
    /// A line cannot be taken.
    Fault {
        /// The line.
        #[schema(example = 7)]
        line: u64,
        /// Which of its fields; empty for the line as a whole.
        #[schema(example = "name")]
        field: String,
        /// Why.
        #[schema(example = "a name is needed")]
        detail: String,
    },
    /// A batch is durable (or was checked): all that came before it, too.
    Batch(Counts),
    /// All of the file was brought in, or checked; what is wrong with it was told before.
    Done(Counts),
    /// The rest of the file was not brought in. What came before stays; the same file may be sent again.
    Stopped {
        /// A stable code.
        #[schema(example = "invalid_lines")]
        code: &'static str,
        /// A sentence.
        #[schema(example = "line 7 cannot be taken, and with it none of its batch was")]
        detail: String,
        /// How far it came.
        #[serde(flatten)]
        counts: Counts,
    },
}

fn exposed<S: Serializer>(token: &Token, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}

/// A file's bytes as they come; an error where the connection broke.
pub type Input = mpsc::Receiver<std::result::Result<Vec<u8>, String>>;

/// An import that may begin.
pub struct Import {
    context: Arc<Context>,
    _turn: OwnedSemaphorePermit,
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}

impl App {
    /// Lets a caller bring keys in.
    ///
    /// # Errors
    /// As [`AppError`] says; [`AppError::Conflict`] while another import runs: each takes memory, and they would only wait for
    /// one another.
    pub fn import_keys(self: &Arc<Self>, caller: &Caller, how: How) -> Result<Import> {
        caller.require(Management::KeysCreate)?;
        let turn = Arc::clone(&self.importing).try_acquire_owned().map_err(|_| {
            AppError::conflict(
                "import_running",
                "another import is running; try again when it is done",
            )
        })?;
        Ok(Import {
            context: Arc::new(Context {
                mint: self.mint(),
                app: Arc::clone(self),
                caller: caller.clone(),
                how,
                size: AtomicUsize::new(MAX_BATCH / 4),
            }),
            _turn: turn,
        })
    }
}

/// What the reading thread hands over.
enum Step {
    Batch(Box<Batch>),
    Broken(Broken),
    Failed(AppError),
    TooMany,
}

impl Import {
    /// Reads the file to its end, and tells what becomes of it. It stops at the first batch that cannot be written, a dry
    /// run goes on; it stops too when nobody listens any more.
    #[tracing::instrument(level = "debug", name = "app.key.run", skip_all)]
    pub async fn run(self, input: Input, told: mpsc::Sender<Event>) {
        let (hand, mut steps) = mpsc::channel(1);
        let context = Arc::clone(&self.context);
        let runtime = Handle::current();
        // A thread of its own: it waits for the connection, and then computes for as long as a batch takes.
        let reading = tokio::task::spawn_blocking(move || {
            let mut lines = Lines::of(
                context.how.format,
                Bytes {
                    input,
                    rest: Vec::new(),
                    at: 0,
                },
                context.how.from.is_none(),
            );
            let mut preparer = Preparer::new(Arc::clone(&context));
            let mut read = 0;
            loop {
                let step = match context.batch(&runtime, &mut lines, &mut preparer, &mut read) {
                    Ok(None) => return,
                    Ok(Some(step)) => step,
                    Err(error) => Step::Failed(error),
                };
                let is_last = !matches!(step, Step::Batch(_));
                if hand.blocking_send(step).is_err() || is_last {
                    return;
                }
            }
        });
        let mut counts = Counts::default();
        let mut given = Given::new();
        let mut stopped = None;
        while let Some(step) = steps.recv().await {
            if told.is_closed() {
                return;
            }
            stopped = self.step(step, &told, &mut counts, &mut given).await;
            if stopped.is_some() {
                break;
            }
        }
        drop(steps);
        if stopped.is_none() && reading.await.is_err() {
            stopped = Some(("internal", "something went wrong inside Claviger".to_owned()));
        }
        let last = match stopped {
            None => Event::Done(counts),
            Some((code, detail)) => Event::Stopped { code, detail, counts },
        };
        let _ = told.send(last).await;
    }

    /// Takes one step; gives why it must be the last.
    async fn step(
        &self,
        step: Step,
        told: &mpsc::Sender<Event>,
        counts: &mut Counts,
        given: &mut Given,
    ) -> Option<(&'static str, String)> {
        let batch = match step {
            Step::Batch(batch) => *batch,
            Step::Broken(Broken::Input(cause)) => {
                return Some(("broken_off", format!("the file broke off: {cause}")));
            }
            Step::Broken(Broken::Text(line, fault)) => {
                tell_faults(told, counts, vec![(line, fault)]).await;
                return Some((
                    "invalid_file",
                    format!("the file cannot be read on from line {line}"),
                ));
            }
            Step::Failed(error) => return Some(stop(&error)),
            Step::TooMany => {
                let detail = format!("a file has at most {MAX_LINES} lines; send the rest as another");
                return Some(("too_many_lines", detail));
            }
        };
        let (lines, bytes) = (counts.lines + batch.count, batch.bytes);
        let skipped = batch.skipped;
        let outcome = self.write(batch, given).await;
        match outcome {
            Ok(written) => {
                (counts.lines, counts.bytes) = (lines, bytes);
                counts.made += written.made;
                counts.present += written.present;
                counts.accounts += written.accounts;
                counts.skipped += skipped;
                for (line, id) in written.known {
                    let _ = told.send(Event::Present { line, id }).await;
                }
                for (line, id, name, secret) in written.tokens {
                    let event = Event::Token {
                        line,
                        id,
                        name,
                        secret,
                    };
                    let _ = told.send(event).await;
                }
                let _ = told.send(Event::Batch(*counts)).await;
                None
            }
            Err(Refusal::Faults(faults)) => {
                let first = faults.first().map_or(0, |(line, _)| *line);
                tell_faults(told, counts, faults).await;
                if self.context.how.dry_run {
                    (counts.lines, counts.bytes) = (lines, bytes);
                    let _ = told.send(Event::Batch(*counts)).await;
                    return None;
                }
                let detail = format!("line {first} cannot be taken, and with it none of its batch was");
                Some(("invalid_lines", detail))
            }
            Err(Refusal::Dry(_)) => None,
            Err(Refusal::App(error)) => Some(stop(&error)),
        }
    }

    /// Writes a batch, unless it has faults, and measures how long that takes. Nothing is told of it before it is durable, and
    /// no verification that begins afterwards finds what was there before.
    async fn write(&self, mut batch: Batch, given: &mut Given) -> std::result::Result<Written, Refusal> {
        if !batch.faults.is_empty() {
            let faults = std::mem::take(&mut batch.faults);
            if !self.context.how.dry_run {
                return Err(Refusal::Faults(faults));
            }
            // What else is wrong is told, too.
            return match self.written(batch, given).await {
                Err(Refusal::Faults(more)) => Err(Refusal::Faults(faults.into_iter().chain(more).collect())),
                Err(Refusal::App(error)) => Err(Refusal::App(error)),
                Err(Refusal::Dry(_)) | Ok(_) => Err(Refusal::Faults(faults)),
            };
        }
        match self.written(batch, given).await {
            Err(Refusal::Dry(would)) => Ok(*would),
            other => other,
        }
    }

    async fn written(&self, batch: Batch, given: &mut Given) -> std::result::Result<Written, Refusal> {
        let context = Arc::clone(&self.context);
        let size = batch.count;
        let begun = context.app.clock().boottime();
        let mut counts = std::mem::take(given);
        let before = counts.clone();
        let shared = Arc::clone(&context);
        let job = async move |tx: &mut store::Tx| match write::write(tx, &shared, batch, &mut counts).await {
            Ok((written, foreign)) => Ok((written, foreign, counts)),
            Err(refusal) => Err((refusal, counts).into()),
        };
        let done: std::result::Result<_, Kept> = context.app.store.write_alone(job).await;
        let took = context.app.clock().boottime().saturating_sub(begun);
        context.adapt(size, took);
        match done {
            Ok(done) => {
                let (written, foreign, counts) = done.value;
                *given = counts;
                if foreign {
                    context.app.settle(done.seq).await?;
                }
                Ok(written)
            }
            Err(Kept(refusal, counts)) => {
                *given = counts.unwrap_or(before);
                Err(refusal)
            }
        }
    }
}

/// A refusal with what a dry run must remember.
struct Kept(Refusal, Option<Given>);

impl From<store::StoreError> for Kept {
    fn from(error: store::StoreError) -> Self {
        Self(error.into(), None)
    }
}

impl From<(Refusal, Given)> for Kept {
    fn from((refusal, given): (Refusal, Given)) -> Self {
        Self(refusal, Some(given))
    }
}

async fn tell_faults(told: &mpsc::Sender<Event>, counts: &mut Counts, mut faults: Vec<(u64, FieldError)>) {
    faults.sort_by_key(|(line, _)| *line);
    counts.faults += faults.len() as u64;
    for (line, fault) in faults {
        let FieldError { field, detail } = fault;
        let _ = told.send(Event::Fault { line, field, detail }).await;
    }
}

/// Why an import stops, as it may be told.
fn stop(error: &AppError) -> (&'static str, String) {
    let code = match error {
        AppError::Conflict { code, .. } => code,
        AppError::Unavailable(_) => "unavailable",
        AppError::Unauthenticated => "unauthenticated",
        AppError::Internal(cause) => {
            tracing::error!(%cause, "an import failed");
            "internal"
        }
        _ => "refused",
    };
    (code, error.to_string())
}

impl Context {
    /// The next batch: as many lines as fit into the time that it may take, up to its bounds. None at the file's end.
    fn batch<R: Read>(
        &self,
        runtime: &Handle,
        lines: &mut Lines<R>,
        preparer: &mut Preparer,
        read: &mut usize,
    ) -> Result<Option<Step>> {
        let first = match lines.next() {
            Ok(None) => return Ok(None),
            Ok(Some(line)) => line,
            Err(broken) => return Ok(Some(Step::Broken(broken))),
        };
        let store = self.app.store();
        let organisation = self.caller.organisation;
        let setting = Arc::new(runtime.block_on(async {
            Ok::<_, AppError>(Setting {
                tenant: self.app.tenant(organisation).await?,
                directory: store.directory(organisation).await?,
            })
        })?);
        let mut batch = Box::new(Batch::new(setting));
        preparer.begin();
        let most = self.size.load(Relaxed).clamp(MIN_BATCH, MAX_BATCH) as u64;
        let mut next: Option<Line> = Some(first);
        let mut begins = None;
        while let Some(line) = next.take() {
            *read += 1;
            if *read > MAX_LINES {
                return Ok(Some(Step::TooMany));
            }
            let begins = *begins.get_or_insert(line.end);
            let bytes = line.end - begins;
            runtime.block_on(preparer.add(&mut batch, line))?;
            if batch.count >= most || bytes >= BATCH_BYTES {
                break;
            }
            match lines.next() {
                Ok(line) => next = line,
                // What was read of a file that broke off is not brought in: its last line may be half of one.
                Err(broken) => return Ok(Some(Step::Broken(broken))),
            }
        }
        Ok(Some(Step::Batch(batch)))
    }

    /// So many lines took so long: the next batch has as many as fit into a turn.
    fn adapt(&self, lines: u64, took: Duration) {
        let micros = took.as_micros().max(1);
        let fit = u128::from(lines) * TURN.as_micros() / micros;
        let fit = usize::try_from(fit).unwrap_or(MAX_BATCH);
        let now = self.size.load(Relaxed);
        // A single fast one does not lift it far: it may have been a small one.
        self.size
            .store(fit.clamp(MIN_BATCH, (now * 2).min(MAX_BATCH)), Relaxed);
    }
}

/// The bytes of a channel, for a thread that may wait.
struct Bytes {
    input: Input,
    rest: Vec<u8>,
    at: usize,
}

impl Read for Bytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.rest.len() {
            match self.input.blocking_recv() {
                None => return Ok(0),
                Some(Ok(bytes)) => (self.rest, self.at) = (bytes, 0),
                Some(Err(cause)) => return Err(io::Error::other(cause)),
            }
        }
        let rest = &self.rest[self.at..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}
