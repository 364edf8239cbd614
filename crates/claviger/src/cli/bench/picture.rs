//! Latencies as a picture of bars, for a terminal.

use hdrhistogram::Histogram;

use crate::cli::output::bar;

/// Characters of the longest bar.
const WIDTH: u64 = 40;

/// A row for each step of 1, 2, 5, 10 … microseconds between the fastest answer and the slowest.
pub(super) fn histogram(latency: &Histogram<u64>, unicode: bool) -> String {
    if latency.is_empty() {
        return "no answers\n".to_owned();
    }
    let rows = rows(latency);
    let greatest = rows.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let all = latency.len() as f64;
    let mut out = String::new();
    for (upper, count) in rows {
        let share = count as f64 * 100.0 / all;
        let bar = match unicode {
            true => bar(count, greatest, WIDTH),
            false => plain(count, greatest),
        };
        let line = format!("  up to {:>9}  {share:>8.4} %  {bar}", time(upper as f64 / 1e3));
        out += line.trim_end();
        out.push('\n');
    }
    out
}

/// What lies below each step and above the one before.
fn rows(latency: &Histogram<u64>) -> Vec<(u64, u64)> {
    let (fastest, slowest) = (latency.min(), latency.max());
    let mut steps = Vec::new();
    let mut power: u64 = 1_000;
    while steps.last().is_none_or(|last| *last < slowest) {
        steps.extend([power, power * 2, power * 5]);
        power *= 10;
    }
    let mut rows = Vec::new();
    let mut below = 0;
    for step in steps {
        if step >= fastest {
            rows.push((step, latency.count_between(below, step)));
            if step >= slowest {
                break;
            }
        }
        below = step + 1;
    }
    shared_out(&mut rows, latency.len());
    rows
}

/// Steps share buckets of the histogram at their ends; what is counted twice is counted in the lower one alone.
fn shared_out(rows: &mut [(u64, u64)], all: u64) {
    let mut left = all;
    for (_, count) in rows {
        *count = (*count).min(left);
        left -= *count;
    }
}

/// A bar without characters that a plain terminal lacks.
fn plain(count: u64, greatest: u64) -> String {
    if count == 0 {
        return String::new();
    }
    let share = u128::from(count) * u128::from(WIDTH) / u128::from(greatest.max(1));
    // What happened at all is seen.
    "#".repeat(usize::try_from(share).unwrap_or(0).max(1))
}

/// Microseconds, in a unit that reads well.
pub(super) fn time(us: f64) -> String {
    match us {
        ..1_000.0 => format!("{us:.0} us"),
        ..1_000_000.0 => format!("{:.2} ms", us / 1e3),
        _ => format!("{:.2} s", us / 1e6),
    }
}

/// A whole number with its thousands apart.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Histogram<u64> {
        let mut latency = Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        latency.record_n(90_000, 900).unwrap();
        latency.record_n(150_000, 99).unwrap();
        latency.record_n(3_000_000, 1).unwrap();
        latency
    }

    #[test]
    fn every_answer_is_in_one_bar() {
        let rows = rows(&sample());
        assert_eq!(
            rows.iter().map(|(_, count)| count).sum::<u64>(),
            1_000,
            "{rows:?}"
        );
        assert_eq!(rows.first(), Some(&(100_000, 900)));
        assert_eq!(rows.last(), Some(&(5_000_000, 1)));
    }

    #[test]
    fn a_plain_terminal_gets_plain_characters() {
        let plain = histogram(&sample(), false);
        assert!(plain.is_ascii(), "{plain}");
        assert!(plain.contains("up to    100 us   90.0000 %  ####"), "{plain}");
        assert!(plain.lines().last().unwrap().ends_with("0.1000 %  #"), "{plain}");
        assert!(histogram(&sample(), true).contains('█'));
        assert!(histogram(&Histogram::new(3).unwrap(), true).contains("no answers"));
    }

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(
            [grouped(0.0), grouped(999.4), grouped(1_234_567.0)],
            ["0", "999", "1,234,567"]
        );
        assert_eq!(
            [time(42.0), time(1_234.0), time(2_500_000.0)],
            ["42 us", "1.23 ms", "2.50 s"]
        );
    }
}
