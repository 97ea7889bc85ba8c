//! What drivers of GPUs are told before they are loaded: to keep off stderr what is no fault.
//!
//! Mesa's layer for selecting a device complains where there is no desktop (XDG_RUNTIME_DIR), and its software
//! adapter warns that it is one. Both are quiet where a variable says so, which must be in place before the
//! first library is loaded. Safe code cannot change the environment of a running program, so the program starts
//! itself anew with it: the same process, before any input was read, in a millisecond or two.

/// Starts the program anew with the variables that quiet drivers, where they are not set. Where that cannot be, it
/// goes on: a line more on stderr is no reason to fail.
#[cfg(target_os = "linux")]
pub fn hush() {
    use std::os::unix::process::CommandExt;
    let unset = quieting(|name| std::env::var_os(name).is_some());
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    if unset.is_empty() {
        return;
    }
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    let error = again.args(arguments).envs(unset).exec();
    tracing::debug!(%error, "cannot start anew with drivers kept quiet");
}

/// Other systems' drivers are not known to speak.
#[cfg(not(target_os = "linux"))]
pub fn hush() {}

/// The variables to set, with their values, of those that are not.
#[cfg(target_os = "linux")]
fn quieting(is_set: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    // Who selects a device by that layer keeps it.
    let selects = is_set("MESA_VK_DEVICE_SELECT");
    let layer = (!selects).then_some(("NODEVICE_SELECT", "1"));
    let warning = Some(("MESA_VK_IGNORE_CONFORMANCE_WARNING", "true"));
    let all = [layer, warning].into_iter().flatten();
    all.filter(|&(name, _)| !is_set(name)).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_stays_and_ends_the_starting() {
        let names = |set: &[&str]| {
            let unset = quieting(|name| set.contains(&name));
            unset.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let [layer, warning] = ["NODEVICE_SELECT", "MESA_VK_IGNORE_CONFORMANCE_WARNING"];
        assert_eq!(names(&[]), [layer, warning]);
        assert_eq!(names(&[layer]), [warning]);
        assert_eq!(names(&["MESA_VK_DEVICE_SELECT"]), [warning]);
        assert!(names(&[layer, warning]).is_empty());
    }
}
