//! Answers for people on a terminal (tables, colours, "3 min ago") and for programs everywhere else (tab-separated, JSON).

use std::io::{self, Write as _};

use comfy_table::{Color, ColumnConstraint, ContentArrangement, Table, presets};
use domain::clock::{Clock as _, SystemClock, Timestamp};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Global;
use super::error::CliError;
use super::text::{neutral, neutral_json, relative};

/// What a value means for who reads it; said in words too, since not everyone sees colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
    Dim,
}

impl Tone {
    /// The tone of a key's status: green active, yellow expiring soon, red expired, grey ended.
    pub(crate) fn of_status(status: &str) -> Self {
        match status {
            "active" | "current" => Self::Good,
            "expiring_soon" | "retiring" | "invited" => Self::Warn,
            "expired" => Self::Bad,
            "disabled" | "inactive" | "revoked" | "deleted" | "ended" => Self::Dim,
            _ => Self::Plain,
        }
    }

    fn colour(self) -> Option<Color> {
        match self {
            Self::Plain => None,
            Self::Good => Some(Color::Green),
            Self::Warn => Some(Color::Yellow),
            Self::Bad => Some(Color::Red),
            Self::Dim => Some(Color::DarkGrey),
        }
    }

    fn ansi(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("\u{1b}[32m"),
            Self::Warn => Some("\u{1b}[33m"),
            Self::Bad => Some("\u{1b}[31m"),
            Self::Dim => Some("\u{1b}[90m"),
        }
    }
}

/// One value to show; its text can do nothing to a terminal.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A value with a meaning.
    pub(crate) fn toned(text: &str, tone: Tone) -> Self {
        Self {
            text: neutral(text).into_owned(),
            tone,
        }
    }

    /// A key's or secret's status.
    pub(crate) fn status(status: &str) -> Self {
        Self::toned(&status.replace('_', " "), Tone::of_status(status))
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text.as_ref(), Tone::Plain)
    }
}

#[derive(Debug, Clone, Copy)]
struct Surface {
    terminal: bool,
    colour: bool,
}

impl Surface {
    fn of(stream: &impl io::IsTerminal) -> Self {
        let terminal = stream.is_terminal();
        // https://no-color.org: set and not empty.
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            terminal,
            colour: terminal && !refused && !dumb,
        }
    }
}

/// A terminal that says it is narrower than this does not know its size.
const NARROWEST: u16 = 20;
/// The width that is taken for such a one.
const UNSIZED: u16 = 120;

/// Where answers go.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Whether the server's answer is printed as it came.
    pub(crate) json: bool,
    quiet: bool,
    out: Surface,
    err: Surface,
    now: Timestamp,
}

impl Screen {
    /// As the flags and the two streams say.
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            out: Surface::of(&io::stdout()),
            err: Surface::of(&io::stderr()),
            now: SystemClock.now(),
        }
    }

    /// The instant at which the command began.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether a person reads standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        self.out.terminal
    }

    /// Whether something that moves may be shown on standard error.
    pub(crate) fn may_animate(&self) -> bool {
        self.err.terminal && !self.quiet
    }

    /// Whether what is drawn may be drawn with more than ASCII.
    pub(crate) fn draws(&self) -> bool {
        self.out.colour
    }

    /// How many characters fit on a line; without limit where no terminal sets one.
    pub(crate) fn room(&self) -> u16 {
        let width = if self.out.terminal {
            Table::new().width()
        } else {
            None
        };
        match width {
            // A terminal without a size, as scripts make them.
            Some(width) if width < NARROWEST => UNSIZED,
            width => width.unwrap_or(u16::MAX),
        }
    }

    /// An instant: in words on a terminal, as it came elsewhere; `-` if there is none.
    pub(crate) fn time(&self, value: Option<&Value>) -> String {
        let Some(instant) = value.and_then(Value::as_str) else {
            return "-".to_owned();
        };
        match Timestamp::parse(instant) {
            Ok(then) if self.out.terminal => relative(self.now, then),
            _ => instant.to_owned(),
        }
    }

    /// Bytes as they are, on standard output.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Lines of our own making on standard output, as they are.
    pub(crate) fn text(&self, text: &str) -> Result<(), CliError> {
        self.bytes(text.as_bytes())
    }

    /// A line on standard output.
    pub(crate) fn line(&self, line: &str) -> Result<(), CliError> {
        self.bytes(format!("{}\n", neutral(line)).as_bytes())
    }

    /// The server's answer, readable and safe to look at.
    pub(crate) fn json(&self, value: &Value) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
        // The answer to create, rotate and reveal holds the secret.
        let text = Zeroizing::new(text);
        let safe = Zeroizing::new(format!("{}\n", neutral_json(&text)));
        self.bytes(safe.as_bytes())
    }

    /// A secret, alone on its line.
    pub(crate) fn secret(&self, secret: &str) -> Result<(), CliError> {
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CliError::Failed(
                "the server's answer holds no usable secret".to_owned(),
            ));
        }
        let line = Zeroizing::new(format!("{secret}\n"));
        self.bytes(line.as_bytes()).map_err(lost)
    }

    /// An answer that holds a secret, as JSON.
    pub(crate) fn secret_json(&self, value: &Value) -> Result<(), CliError> {
        self.json(value).map_err(lost)
    }

    /// A remark on standard error, left out when quiet.
    pub(crate) fn note(&self, note: &str) {
        if !self.quiet {
            self.complain(&neutral(note));
        }
    }

    /// What went wrong, in one line.
    pub(crate) fn error(&self, message: &str) {
        let word = if self.err.colour {
            "\u{1b}[1;31merror:\u{1b}[0m"
        } else {
            "error:"
        };
        self.complain(&format!("{word} {}", neutral(message)));
    }

    /// More about the error above it.
    pub(crate) fn error_detail(&self, line: &str) {
        self.complain(&format!("  {}", neutral(line)));
    }

    fn complain(&self, line: &str) {
        // There is no third place to say that standard error is gone.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Rows under headings; `whole` is the column that never wraps, the one that people copy.
    pub(crate) fn table(&self, headings: &[&str], whole: usize, rows: &[Vec<Cell>]) -> Result<(), CliError> {
        let text = if self.out.terminal {
            let unsized_terminal = self.room() == UNSIZED;
            bordered(
                headings,
                whole,
                rows,
                self.out.colour,
                unsized_terminal.then_some(UNSIZED),
            )
        } else {
            plain(headings, rows, !self.quiet)
        };
        self.bytes(text.as_bytes())
    }

    /// Named values on standard output.
    pub(crate) fn facts(&self, facts: &[(&str, Cell)]) -> Result<(), CliError> {
        self.bytes(lines(facts, self.out).as_bytes())
    }

    /// Named values beside a secret: on standard error, left out when quiet.
    pub(crate) fn facts_aside(&self, facts: &[(&str, Cell)]) {
        if !self.quiet {
            let _ = io::stderr().lock().write_all(lines(facts, self.err).as_bytes());
        }
    }
}

/// A reader that went away has not had what it wanted when that was a secret.
fn lost(error: CliError) -> CliError {
    CliError::Failed(format!("{error}; the secret was not shown"))
}

fn bordered(headings: &[&str], whole: usize, rows: &[Vec<Cell>], colour: bool, width: Option<u16>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED.with_rounded_corners());
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.to_vec());
    if let Some(width) = width {
        table.set_width(width);
    }
    if colour {
        table.enforce_styling();
    } else if width.is_some() {
        table.force_no_tty();
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| {
            let shown = comfy_table::Cell::new(&cell.text);
            match cell.tone.colour() {
                Some(tint) if colour => shown.fg(tint),
                _ => shown,
            }
        }));
    }
    if let Some(column) = table.column_mut(whole) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    format!("{table}\n")
}

fn plain(headings: &[&str], rows: &[Vec<Cell>], with_headings: bool) -> String {
    let mut out = String::new();
    if with_headings {
        out.push_str(&headings.join("\t"));
        out.push('\n');
    }
    for row in rows {
        let cells: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
        out.push_str(&cells.join("\t"));
        out.push('\n');
    }
    out
}

fn lines(facts: &[(&str, Cell)], surface: Surface) -> String {
    let width = facts
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for (name, cell) in facts {
        let line = match (surface.terminal, cell.tone.ansi().filter(|_| surface.colour)) {
            (false, _) => format!("{name}\t{}\n", cell.text),
            (true, None) => format!("{name:width$}  {}\n", cell.text),
            (true, Some(tint)) => format!("{name:width$}  {tint}{}\u{1b}[0m\n", cell.text),
        };
        out.push_str(&line);
    }
    out
}

/// A bar of at most `width` characters, in eighths, for a share of the greatest value.
pub(crate) fn bar(value: u64, greatest: u64, width: u64) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    if greatest == 0 || value == 0 {
        return String::new();
    }
    let share = u128::from(value.min(greatest)) * u128::from(width) * 8 / u128::from(greatest);
    // What happened at all is seen.
    let eighths = usize::try_from(share).unwrap_or(0).max(1);
    let mut out = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        out.push(EIGHTHS[eighths % 8]);
    }
    out
}

/// A line of at most `width` characters, each as high as its share of the greatest; neighbours are added up where there are more.
pub(crate) fn spark(values: &[u64], width: usize) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let together = values.len().div_ceil(width.max(1)).max(1);
    let sums: Vec<u64> = values.chunks(together).map(|some| some.iter().sum()).collect();
    let greatest = sums.iter().copied().max().unwrap_or(0).max(1);
    let height = |sum: &u64| {
        // What happened at all is seen.
        let share = (u128::from(*sum) * 7).div_ceil(u128::from(greatest));
        HEIGHTS[usize::try_from(share).unwrap_or(7).min(7)]
    };
    sums.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<Cell>> {
        vec![vec![
            "SAP-ERP-Integration that has quite a long name".into(),
            Cell::status("expiring_soon"),
            "key_01kg7hwasaf59agy3bdr3nvpm4".into(),
        ]]
    }

    #[test]
    fn a_table_fits_the_terminal_and_keeps_the_id_whole() {
        let table = bordered(&["NAME", "STATUS", "ID"], 2, &rows(), false, Some(70));
        assert!(table.lines().all(|line| line.chars().count() <= 70), "{table}");
        assert!(table.contains("key_01kg7hwasaf59agy3bdr3nvpm4"), "{table}");
        assert!(table.contains('│') && !table.contains('\u{1b}'), "{table}");
    }

    #[test]
    fn colours_come_with_words_and_only_where_wanted() {
        let coloured = bordered(&["NAME", "STATUS", "ID"], 2, &rows(), true, Some(120));
        assert!(
            coloured.contains('\u{1b}') && coloured.contains("expiring soon"),
            "{coloured}"
        );
        let surface = Surface {
            terminal: true,
            colour: false,
        };
        assert_eq!(
            lines(&[("status", Cell::status("active"))], surface),
            "status  active\n"
        );
    }

    #[test]
    fn plain_rows_stay_rows_whatever_a_name_holds() {
        let hostile = vec![vec![Cell::from("a\tb\nc\u{1b}[2J"), Cell::from("x")]];
        assert_eq!(
            plain(&["N", "V"], &hostile, true),
            "N\tV\na\\tb\\nc\\u{1b}[2J\tx\n"
        );
    }

    #[test]
    fn bars_grow_with_the_value_and_never_past_the_width() {
        assert_eq!(bar(0, 10, 8), "");
        assert_eq!(bar(10, 10, 8), "████████");
        assert_eq!(bar(5, 10, 8), "████");
        assert_eq!(bar(1, 1_000_000, 8), "▏");
    }

    #[test]
    fn a_sparkline_has_its_width_and_shows_what_happened_at_all() {
        assert_eq!(spark(&[], 8), "");
        assert_eq!(spark(&[0, 0], 8), "▁▁");
        assert_eq!(spark(&[0, 1, 1_000_000], 8), "▁▂█");
        assert_eq!(spark(&[1, 1, 4, 4], 2), "▃█");
        assert!(spark(&[7; 1_000], 60).chars().count() <= 60);
    }
}
