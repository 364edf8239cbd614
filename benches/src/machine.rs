//! What the figures were measured on: without it a number means nothing.

use std::fs;

/// One line: processor, SHA-NI, cores, load of the last minute (others' work falsifies figures).
pub fn facts() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&cpuinfo, "model name").unwrap_or("unknown processor");
    let sha_ni = if has_sha_ni(&cpuinfo) { "yes" } else { "no" };
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!(
        "machine: {model}, sha_ni {sha_ni}, {} cores, load {load}",
        cores()
    )
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn has_sha_ni(cpuinfo: &str) -> bool {
    field(cpuinfo, "flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "sha_ni"))
}

fn field<'a>(cpuinfo: &'a str, name: &str) -> Option<&'a str> {
    let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha_ni_is_found_as_a_whole_word() {
        assert!(has_sha_ni("flags\t\t: fpu sha_ni avx"));
        assert!(!has_sha_ni("flags\t\t: fpu sha_nix avx"));
        assert!(!has_sha_ni(""));
    }
}
