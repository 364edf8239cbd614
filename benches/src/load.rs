//! One measured run of a server under load, and the pairing of it with runs of a reference before and after.

use std::time::Duration;

use crate::process::Server;
use crate::wrk::{self, Figures, Load, Pressure};
use crate::{Result, report};

/// One run: what the clients saw and what it cost the server.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// What wrk measured.
    pub figures: Figures,
    /// CPU time of the server's process for one request, in microseconds, user and system: also what it put off until the load was over.
    pub cpu_us: f64,
    /// The part of it that Claviger's verifying threads took: without what counts the answers later.
    pub verifying_us: f64,
}

/// Presses `server` with `load` and reads its CPU time around it.
///
/// # Errors
/// As [`wrk::run`].
pub fn run(server: &Server, load: &Load, pressure: Pressure) -> Result<Run> {
    run_at(server, &server.listening, load, pressure)
}

/// Like [`run`], for a server that has more than one address.
///
/// # Errors
/// As [`wrk::run`].
pub fn run_at(server: &Server, addr: &str, load: &Load, pressure: Pressure) -> Result<Run> {
    let before = (server.cpu()?, server.cpu_verifying()?);
    let figures = wrk::run(addr, load, pressure)?;
    server.rest()?;
    let after = (server.cpu()?, server.cpu_verifying()?);
    let each = |before: Duration, after: Duration| {
        after.saturating_sub(before).as_secs_f64() * 1e6 / figures.requests as f64
    };
    Ok(Run {
        figures,
        cpu_us: each(before.0, after.0),
        verifying_us: each(before.1, after.1),
    })
}

/// Measured runs, each between two of the reference.
#[derive(Debug, Clone)]
pub struct Pair {
    measured: Vec<Run>,
    references: Vec<Run>,
}

/// Runs the reference, the measured, the reference, … and the reference again: a machine that grows slower or faster
/// meanwhile shows in both. One round is A B A; more rounds bear more disturbance, as medians are compared.
///
/// # Errors
/// Of either closure.
pub fn between(
    rounds: usize,
    mut reference: impl FnMut() -> Result<Run>,
    mut measured: impl FnMut() -> Result<Run>,
) -> Result<Pair> {
    let mut pair = Pair {
        measured: Vec::new(),
        references: vec![reference()?],
    };
    for _ in 0..rounds.max(1) {
        pair.measured.push(measured()?);
        pair.references.push(reference()?);
    }
    Ok(pair)
}

impl Pair {
    /// The medians of a figure: of the measured, and of the reference.
    pub fn medians(&self, of: impl Fn(&Run) -> f64) -> (f64, f64) {
        let median = |runs: &[Run]| report::median(runs.iter().map(&of).collect());
        (median(&self.measured), median(&self.references))
    }

    /// Adds requests a second and CPU time a request to a report; both ratios say "better than the reference" by a
    /// number above 1 and must reach `floor`. The 99th percentile stands below as information.
    pub fn report(&self, into: &mut report::Report, name: &str, floor: f64) {
        let (measured, reference) = self.medians(|run| run.figures.per_second());
        into.more_is_better(&format!("{name}: requests/s"), measured, reference, floor);
        let (measured, reference) = self.medians(|run| run.cpu_us);
        into.less_is_better(&format!("{name}: CPU us/request"), measured, reference, floor);
        let (measured, reference) = self.medians(|run| run.figures.p99_us);
        into.information(&format!("{name}: p99 us"), measured, Some(reference));
    }

    /// CPU time a request of the reference's runs on both sides, to that of each run between them: above 1 is better than the
    /// reference.
    pub fn ratios(&self) -> Vec<f64> {
        let beside = self.references.windows(2);
        let mean = |two: &[Run]| two.iter().map(|run| run.cpu_us).sum::<f64>() / two.len() as f64;
        self.measured
            .iter()
            .zip(beside)
            .map(|(run, two)| mean(two) / run.cpu_us)
            .collect()
    }

    /// Adds CPU time a request as the median of the paired ratios with their spread, which must reach `floor` if there is one,
    /// and requests a second as information.
    pub fn report_paired(&self, into: &mut report::Report, name: &str, floor: Option<f64>) {
        let (measured, reference) = self.medians(|run| run.cpu_us);
        into.paired(
            &format!("{name}: CPU us/request"),
            measured,
            reference,
            self.ratios(),
            floor,
        );
        let (measured, reference) = self.medians(|run| run.figures.per_second());
        into.information(&format!("{name}: requests/s"), measured, Some(reference));
    }

    /// Adds one bound on the CPU time that verifying a request takes: `measured / reference` at most `ceiling` (flatness, when
    /// the reference is the same server with few keys). The whole process stands below as information.
    pub fn report_flatness(&self, into: &mut report::Report, name: &str, ceiling: f64) {
        let (measured, reference) = self.medians(|run| run.verifying_us);
        into.within(
            &format!("{name}: CPU us/request, verifying"),
            measured,
            reference,
            ceiling,
        );
        let (measured, reference) = self.medians(|run| run.cpu_us);
        into.information(
            &format!("{name}: the same, with the counts written"),
            measured,
            Some(reference),
        );
    }
}
