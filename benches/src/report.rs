//! One aligned table for each benchmark: figure, measured, reference, ratio, bound, and whether it is kept.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::process::ExitCode;

/// Figures of one benchmark; printed by [`Report::finish`].
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<[String; 6]>,
    missed: usize,
}

const TITLES: [&str; 6] = ["figure", "measured", "reference", "ratio", "floor", ""];

impl Report {
    /// Prints the benchmark's name and the facts of the machine, and begins a table.
    pub fn begin(name: &str) -> Self {
        println!("{name}\n{}", crate::machine::facts());
        Self::default()
    }

    /// Such as requests a second: `measured / reference` must be at least `floor`.
    pub fn more_is_better(&mut self, figure: &str, measured: f64, reference: f64, floor: f64) {
        let ratio = measured / reference;
        self.row(
            figure,
            measured,
            Some(reference),
            Some(ratio),
            at_least(floor),
            Some(ratio >= floor),
        );
    }

    /// Such as CPU time a request: `reference / measured` must be at least `floor`.
    pub fn less_is_better(&mut self, figure: &str, measured: f64, reference: f64, floor: f64) {
        let ratio = reference / measured;
        self.row(
            figure,
            measured,
            Some(reference),
            Some(ratio),
            at_least(floor),
            Some(ratio >= floor),
        );
    }

    /// Flatness: `measured / reference` must be at most `ceiling`.
    pub fn within(&mut self, figure: &str, measured: f64, reference: f64, ceiling: f64) {
        let ratio = measured / reference;
        self.row(
            figure,
            measured,
            Some(reference),
            Some(ratio),
            at_most(ceiling),
            Some(ratio <= ceiling),
        );
    }

    /// A figure with a floor of its own, such as verifications a second; the reference is shown beside it.
    pub fn at_least(&mut self, figure: &str, measured: f64, reference: Option<f64>, floor: f64) {
        let ratio = reference.map(|reference| measured / reference);
        self.row(
            figure,
            measured,
            reference,
            ratio,
            at_least(floor),
            Some(measured >= floor),
        );
    }

    /// A figure with a ceiling of its own, such as milliseconds of a search; the reference is shown beside it.
    pub fn at_most(&mut self, figure: &str, measured: f64, reference: Option<f64>, ceiling: f64) {
        let ratio = reference.map(|reference| measured / reference);
        self.row(
            figure,
            measured,
            reference,
            ratio,
            at_most(ceiling),
            Some(measured <= ceiling),
        );
    }

    /// Ratios to a reference of which each was taken by itself: their median is the figure, and must be at least `floor` where
    /// there is one; the least and the greatest stand behind it.
    pub fn paired(
        &mut self,
        figure: &str,
        measured: f64,
        reference: f64,
        ratios: Vec<f64>,
        floor: Option<f64>,
    ) {
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ratio = median(ratios);
        let kept = floor.map(|floor| ratio >= floor);
        let bound = floor.map_or("-".to_owned(), at_least);
        self.row(figure, measured, Some(reference), Some(ratio), bound, kept);
        if let Some(row) = self.rows.last_mut() {
            row[3] = format!("{ratio:.3} ({least:.3}-{greatest:.3})");
        }
    }

    /// A figure without a bound.
    pub fn information(&mut self, figure: &str, measured: f64, reference: Option<f64>) {
        let ratio = reference.map(|reference| measured / reference);
        self.row(figure, measured, reference, ratio, "-".to_owned(), None);
    }

    fn row(
        &mut self,
        figure: &str,
        measured: f64,
        reference: Option<f64>,
        ratio: Option<f64>,
        bound: String,
        kept: Option<bool>,
    ) {
        let verdict = match kept {
            Some(true) => "ok",
            Some(false) => "BELOW",
            None => "",
        };
        self.missed += usize::from(kept == Some(false));
        self.rows.push([
            figure.to_owned(),
            number(measured),
            reference.map_or("-".to_owned(), number),
            ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.3}")),
            bound,
            verdict.to_owned(),
        ]);
    }

    /// Prints the table. Fails if a bound was missed.
    pub fn finish(self) -> ExitCode {
        println!("{}", self.table());
        if self.missed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn table(&self) -> String {
        let titles = TITLES.map(str::to_owned);
        let rows = || std::iter::once(&titles).chain(&self.rows);
        let widths: [usize; 6] =
            std::array::from_fn(|column| rows().map(|row| row[column].chars().count()).max().unwrap_or(0));
        let line = |row: &[String; 6]| {
            let cells = row
                .iter()
                .zip(widths)
                .enumerate()
                .map(|(column, (cell, width))| match column {
                    0 | 5 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                });
            cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
        };
        rows().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn at_least(bound: f64) -> String {
    format!(">= {}", number(bound))
}

fn at_most(bound: f64) -> String {
    format!("<= {}", number(bound))
}

/// The middle of some figures, the mean of the middle two where their number is even; NaN for none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match (figures.get(middle), figures.len() % 2) {
        (Some(upper), 0) => (figures[middle - 1] + upper) / 2.0,
        (Some(middle), _) => *middle,
        (None, _) => f64::NAN,
    }
}

/// Thousands are grouped, small figures keep the digits that matter.
fn number(value: f64) -> String {
    if value.abs() < 1000.0 {
        let digits = if value.abs() < 10.0 { 3 } else { 1 };
        return format!("{value:.digits$}");
    }
    let whole = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bound_is_said_and_fails() {
        let mut report = Report::default();
        report.more_is_better("rate", 80_000.0, 100_000.0, 0.75);
        report.less_is_better("cpu", 8.0, 5.0, 0.75);
        report.within("flat", 8.0, 5.0, 1.15);
        report.at_least("creates/s", 1_499.0, None, 1_500.0);
        report.at_most("start ms", 250.0, None, 300.0);
        report.information("p99", 3.0, None);
        report.paired("pairs", 10.0, 8.0, vec![0.7, 0.9, 0.85], Some(0.8));
        let table = report.table();
        let verdicts: Vec<&str> = table
            .lines()
            .skip(1)
            .map(|line| line.rsplit('|').next().unwrap().trim())
            .collect();
        assert_eq!(
            verdicts,
            ["ok", "BELOW", "BELOW", "BELOW", "ok", "", "ok"],
            "{table}"
        );
        assert_eq!(report.missed, 3);
        assert!(table.contains("0.850 (0.700-0.900)"), "{table}");
    }

    #[test]
    fn the_median_of_two_is_their_mean() {
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
        assert_eq!(median(vec![9.0, 1.0, 2.0]), 2.0);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(number(1_500_000.4), "1,500,000");
        assert_eq!(number(1_000.0), "1,000");
        assert_eq!(number(0.75), "0.750");
        assert_eq!(number(52.34), "52.3");
    }
}
