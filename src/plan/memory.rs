//! What the program takes of the machine's memory, where the system tells.

/// Bytes that are resident now: what Linux says in `/proc`; other systems say nothing there.
pub(super) fn resident() -> Option<u64> {
    of_status(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// The line `VmRSS:   1234 kB`.
fn of_status(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_status_is_read_and_nothing_else() {
        let status = "Name:\tkcorrset\nVmPeak:\t  99 kB\nVmRSS:\t    1234 kB\nThreads:\t2\n";
        assert_eq!(of_status(status), Some(1234 * 1024));
        for other in ["", "VmRSS:", "VmRSS: 12", "VmRSS: x kB", "VmRSS: -1 kB"] {
            assert_eq!(of_status(other), None, "{other}");
        }
    }
}
