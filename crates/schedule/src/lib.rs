//! Which of Claviger's threads go first where they share a core: who answers comes before who writes down what was answered.
//!
//! On one core at 70 % of its peak, half of what a request waited for at worst was a thread in the background that had just begun a slice
//! of some milliseconds: `benches/benches/tail.rs` shows it, and each of these calls moved it. They are hints. A kernel that knows one of
//! them not, or does not allow it, goes on as it is.

/// How far a thread steps back: at 10 it has about a tenth of a core that others want too, and all of one that nobody wants.
const NICE: i32 = 10;
/// What the kernel (Linux 6.12 or later) gives an answering thread at a time, in nanoseconds: the least that it grants. Who asks for
/// little is let in at once.
const SLICE: u64 = 100_000;

/// Has the calling thread run as soon as it is woken, whichever thread in the background is on its core.
pub fn answer_first() {
    /// `struct sched_attr` of sched_setattr(2), in its first form.
    #[repr(C)]
    struct Attributes {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        runtime: u64,
        deadline: u64,
        period: u64,
    }

    let attributes = Attributes {
        size: u32::try_from(size_of::<Attributes>()).unwrap_or(0),
        policy: libc::SCHED_OTHER.unsigned_abs(),
        flags: 0,
        nice: rustix::process::getpriority_process(None).unwrap_or(0),
        priority: 0,
        runtime: SLICE,
        deadline: 0,
        period: 0,
    };
    // SAFETY: the kernel reads as many bytes as the structure says that it has, and keeps no pointer to it.
    let refused = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) } != 0;
    if refused {
        tracing::debug!(error = %std::io::Error::last_os_error(), "no shorter slices for a thread that answers");
    }
}

/// Lets other threads go before this one from now on. A thread may step back, but not forward again, so it must have no other work.
pub fn step_back() {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "no lower priority for a thread in the background");
    }
}

/// Has the calling thread run only where a core has nothing else to do, from now on. It may have to wait for long, and must be one that
/// nobody waits for.
pub fn in_the_gaps() {
    /// `struct sched_param` of sched_setscheduler(2): what musl has under that name holds more, and its function refuses.
    #[repr(C)]
    struct Parameter {
        priority: i32,
    }

    let none = Parameter { priority: 0 };
    // SAFETY: the kernel reads the parameter and keeps no pointer to it.
    let refused =
        unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_IDLE, &raw const none) } != 0;
    if refused {
        tracing::debug!(error = %std::io::Error::last_os_error(), "no idle priority for a thread in the background");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel says of this thread: its policy and its niceness.
    fn told() -> (String, String) {
        let text = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after = text.rsplit(')').next().unwrap();
        // proc_pid_stat(5): the niceness is field 19, the policy field 41; this begins with field 3.
        let fields: Vec<&str> = after.split_whitespace().collect();
        (fields[38].to_owned(), fields[16].to_owned())
    }

    #[test]
    fn the_kernel_takes_what_a_thread_asks_for() {
        for (ask, policy, nice) in [
            (answer_first as fn(), "0", "0"),
            (step_back, "0", "10"),
            (in_the_gaps, "5", "0"),
        ] {
            let thread = std::thread::spawn(move || {
                ask();
                told()
            });
            assert_eq!(thread.join().unwrap(), (policy.to_owned(), nice.to_owned()));
        }
    }
}
