//! What the process takes, as Linux tells it.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

/// Figures of this process; what the system does not tell is none.
#[derive(Debug, Default)]
pub(super) struct Process {
    /// Bytes of memory that are resident.
    pub(super) resident: Option<u64>,
    /// File descriptors that are open.
    pub(super) descriptors: Option<u64>,
    /// Seconds of CPU time since the start, of all threads.
    pub(super) cpu: f64,
}

impl Process {
    pub(super) fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        let spent = clock_gettime(ClockId::ProcessCPUTime);
        Self {
            resident: kilobytes.map(|kilobytes| kilobytes * 1_024),
            descriptors: fs::read_dir("/proc/self/fd").ok().map(|all| all.count() as u64),
            cpu: spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9,
        }
    }
}
