//! CPU time of another process, from Linux' `/proc`. It hardly moves with the load of the machine, while requests
//! a second do; so it is what two servers are compared by.

use std::fs;
use std::time::Duration;

use crate::{Error, Result};

/// User and system time that the process has used so far, ended threads included. Steps of one clock tick (10 ms).
///
/// # Errors
/// When there is no such process.
pub fn of_process(pid: u32) -> Result<Duration> {
    of_stat(&format!("/proc/{pid}/stat")).map(|(_, time)| time)
}

/// The same for each living thread of the process, by its name.
///
/// # Errors
/// When there is no such process.
pub fn of_threads(pid: u32) -> Result<Vec<(String, Duration)>> {
    let directory = format!("/proc/{pid}/task");
    let tasks = fs::read_dir(&directory).map_err(Error::io(directory.as_str()))?;
    // A thread may end while we read.
    let stats = tasks
        .flatten()
        .filter_map(|task| of_stat(task.path().join("stat").to_str()?).ok());
    Ok(stats.collect())
}

fn of_stat(path: &str) -> Result<(String, Duration)> {
    let stat = fs::read_to_string(path).map_err(Error::io(path))?;
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    let (name, ticks) = parse(&stat).ok_or_else(|| Error::Unexpected(format!("{path}: {stat}")))?;
    Ok((
        name.to_owned(),
        Duration::from_millis(ticks * 1000 / ticks_per_second),
    ))
}

/// Name, and user plus system ticks: fields 2, 14 and 15 of proc_pid_stat(5). The name may hold spaces and brackets.
fn parse(stat: &str) -> Option<(&str, u64)> {
    let (before, after) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once(" (")?;
    let mut times = after.split(' ').skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some((name, user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_shift_the_fields() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 700 55 0 0 20 0 1 0";
        assert_eq!(parse(stat), Some(("a) b (c", 755)));
    }

    #[test]
    fn work_costs_this_process_time_and_sleep_does_not() {
        let pid = std::process::id();
        let before = of_process(pid).unwrap();
        let watch = crate::stopwatch::Stopwatch::start();
        while watch.elapsed() < Duration::from_millis(200) {
            std::hint::black_box(0);
        }
        let worked = of_process(pid).unwrap() - before;
        assert!(worked >= Duration::from_millis(20), "{worked:?}");
        assert!(!of_threads(pid).unwrap().is_empty());
    }
}
