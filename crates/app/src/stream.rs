//! Each answer as a line of JSON in a file, for any program that ships logs: `answers.ndjson`, and older ones beside it, by the time at which
//! they were put aside.
//!
//! The lines are written by the reader of the usage journal, which no verification waits for: a disk that is slow makes the journal longer,
//! one that is full makes lines go missing, which is counted. After a crash the last lines may come once more, under the same `id`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use domain::clock::Clock;
use engine::journal::{Follower, Recorded};

/// What the file is called that is written to.
const CURRENT: &str = "answers.ndjson";

/// Where answers are written, and how much of them is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSettings {
    /// The directory.
    pub directory: PathBuf,
    /// A file is put aside when it has so many bytes.
    pub max_bytes: u64,
    /// So many files that were put aside are kept.
    pub keep: usize,
}

/// What became of lines since the start.
#[derive(Debug, Default)]
pub(crate) struct Streamed {
    written: AtomicU64,
    dropped: AtomicU64,
}

/// What became of lines since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamCounts {
    /// Lines that were written.
    pub written: u64,
    /// Lines that could not be written.
    pub dropped: u64,
}

impl Streamed {
    pub(crate) fn counts(&self) -> StreamCounts {
        StreamCounts {
            written: self.written.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
        }
    }
}

/// Writes the lines.
pub(crate) struct Stream {
    settings: StreamSettings,
    clock: Arc<dyn Clock>,
    counts: Arc<Streamed>,
    file: Option<Open>,
    /// Lines that are in the buffer, and not yet known to be in the file.
    pending: u64,
    /// Whether it was said that nothing can be written.
    is_broken: bool,
}

struct Open {
    out: BufWriter<File>,
    bytes: u64,
}

impl Stream {
    /// # Errors
    /// When the directory cannot be made, or the file not be opened.
    pub(crate) fn start(
        settings: StreamSettings,
        clock: Arc<dyn Clock>,
    ) -> io::Result<(Self, Arc<Streamed>)> {
        fs::create_dir_all(&settings.directory)?;
        let counts = Arc::new(Streamed::default());
        let mut stream = Self {
            settings,
            clock,
            counts: counts.clone(),
            file: None,
            pending: 0,
            is_broken: false,
        };
        stream.file = Some(stream.open()?);
        Ok((stream, counts))
    }

    fn open(&self) -> io::Result<Open> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.settings.directory.join(CURRENT);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o640)
            .open(path)?;
        let bytes = file.metadata()?.len();
        let mut open = Open {
            out: BufWriter::with_capacity(64 * 1024, file),
            bytes,
        };
        // A line that a crash or a full disk has cut off would swallow the next one.
        if bytes > 0 && !ends_with_newline(&self.settings.directory.join(CURRENT))? {
            open.out.write_all(b"\n")?;
            open.bytes += 1;
        }
        Ok(open)
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self
            .file
            .as_ref()
            .is_some_and(|file| file.bytes >= self.settings.max_bytes)
        {
            self.put_aside()?;
        }
        if self.file.is_none() {
            self.file = Some(self.open()?);
        }
        if let Some(file) = &mut self.file {
            file.out.write_all(line)?;
            file.bytes += line.len() as u64;
        }
        Ok(())
    }

    /// Puts the file aside under the time, and removes the oldest beyond those that are kept.
    fn put_aside(&mut self) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.out.flush()?;
            self.counts
                .written
                .fetch_add(std::mem::take(&mut self.pending), Relaxed);
        }
        let directory = &self.settings.directory;
        let now = self.clock.now().as_micros();
        fs::rename(
            directory.join(CURRENT),
            directory.join(format!("answers-{now:016}.ndjson")),
        )?;
        let mut aside = put_aside_in(directory)?;
        aside.sort();
        for old in aside.iter().rev().skip(self.settings.keep) {
            fs::remove_file(old)?;
        }
        Ok(())
    }

    /// What was in the buffer may be in the file or not: it counts as lost.
    fn fail(&mut self, error: &io::Error) {
        self.counts
            .dropped
            .fetch_add(std::mem::take(&mut self.pending), Relaxed);
        // What is left in the buffer must not be written when it is dropped: half a line may be in the file.
        if let Some(file) = self.file.take() {
            drop(file.out.into_parts());
        }
        if !self.is_broken {
            self.is_broken = true;
            tracing::warn!(%error, "answers cannot be written to the stream's files; lines are dropped");
        }
    }
}

impl Follower for Stream {
    fn take(&mut self, answer: &Recorded<'_>) {
        let Ok(mut line) = serde_json::to_vec(answer) else {
            self.counts.dropped.fetch_add(1, Relaxed);
            return;
        };
        line.push(b'\n');
        self.pending += 1;
        if let Err(error) = self.write(&line) {
            self.fail(&error);
        }
    }

    fn flush(&mut self) {
        let flushed = self.file.as_mut().map_or(Ok(()), |file| file.out.flush());
        match flushed {
            Ok(()) if self.pending > 0 => {
                self.counts
                    .written
                    .fetch_add(std::mem::take(&mut self.pending), Relaxed);
                self.is_broken = false;
            }
            Ok(()) => {}
            Err(error) => self.fail(&error),
        }
    }
}

fn ends_with_newline(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::FileExt as _;
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut last = [0];
    file.read_exact_at(&mut last, length.saturating_sub(1))?;
    Ok(last == *b"\n")
}

/// The files that were put aside.
fn put_aside_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.starts_with("answers-") && name.ends_with(".ndjson") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use domain::clock::{SystemClock, Timestamp};
    use domain::decide::Code;

    use super::*;

    fn answer(number: u64) -> Recorded<'static> {
        Recorded {
            id: format!("sample.0.1.{number}"),
            at: Timestamp::from_micros(1_760_000_000_000_000),
            code: Code::Valid,
            organisation: None,
            key: None,
            secret: None,
            source: None,
            ip: None,
            latency_us: 7,
            api: Some("orders"),
            route: None,
            user_agent: Some("a\n\"b\""),
            prefix: None,
        }
    }

    fn lines(directory: &Path) -> Vec<String> {
        let mut files = put_aside_in(directory).unwrap();
        files.sort();
        files.push(directory.join(CURRENT));
        let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
        texts
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    fn settings(directory: &Path) -> StreamSettings {
        StreamSettings {
            directory: directory.join("stream"),
            max_bytes: 2_000,
            keep: 3,
        }
    }

    #[test]
    fn lines_are_whole_files_are_put_aside_and_the_oldest_go() {
        let place = tempfile::tempdir().unwrap();
        let (mut stream, counts) = Stream::start(settings(place.path()), Arc::new(SystemClock)).unwrap();
        for number in 0..200 {
            stream.take(&answer(number));
        }
        stream.flush();
        let directory = place.path().join("stream");
        assert_eq!(put_aside_in(&directory).unwrap().len(), 3);
        let lines = lines(&directory);
        assert!(lines.len() < 200 && lines.last().unwrap().contains("sample.0.1.199"));
        for line in &lines {
            let read: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(
                (read["code"].as_str(), read["user_agent"].as_str()),
                (Some("VALID"), Some("a\n\"b\""))
            );
        }
        assert_eq!(
            counts.counts(),
            StreamCounts {
                written: 200,
                dropped: 0
            }
        );
    }

    #[test]
    fn a_line_that_was_cut_off_spoils_no_other_and_what_cannot_be_written_is_counted() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("stream");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join(CURRENT), "{\"half\": ").unwrap();
        let (mut stream, counts) = Stream::start(settings(place.path()), Arc::new(SystemClock)).unwrap();
        stream.take(&answer(1));
        stream.flush();
        assert!(lines(&directory)[1].contains("sample.0.1.1"));

        // The directory goes away, and comes back.
        fs::remove_dir_all(&directory).unwrap();
        for number in 0..30 {
            stream.take(&answer(number));
        }
        stream.flush();
        let lost = counts.counts().dropped;
        assert!(lost > 0);
        fs::create_dir(&directory).unwrap();
        stream.take(&answer(99));
        stream.flush();
        assert!(lines(&directory).last().unwrap().contains("sample.0.1.99"));
        assert_eq!(counts.counts().dropped, lost);
    }
}
