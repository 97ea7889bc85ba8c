//! scripts/setup: what it says where Rust is missing or too old. It installs nothing in these.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What setup says, and its exit code, where the only programs are a shell's and these: each prints its text.
fn setup(programs: &[(&str, &str)]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let tool = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("runnable");
    };
    for name in ["sed", "dirname"] {
        let there = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(name));
        let there = there
            .iter()
            .find(|path| path.exists())
            .expect("a system with sed");
        std::os::unix::fs::symlink(there, folder.path().join(name)).expect("linked");
    }
    for (name, says) in programs {
        tool(name, &format!("#!/bin/sh\necho '{says}'\n"));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/setup");
    let out = Command::new("/bin/sh")
        .arg(script)
        .env("PATH", folder.path())
        .env("HOME", folder.path())
        .env_remove("CARGO_HOME")
        .output()
        .expect("a shell");
    let said = String::from_utf8(out.stderr).expect("UTF-8");
    (out.status.code().expect("an exit code"), said)
}

#[test]
fn an_old_rust_is_named_with_what_to_do() {
    let old = (
        "rustc",
        "rustc 1.63.0 (4b91a6ea7 2022-08-08) (built from a source tarball)",
    );
    let (code, said) = setup(&[("cargo", ""), old]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("this needs Rust 1.95 or newer, and "),
        "{said}"
    );
    assert!(
        said.contains("rustc is Rust 1.63") && said.contains("https://sh.rustup.rs"),
        "{said}"
    );
    let (code, said) = setup(&[("cargo", ""), old, ("rustup", "")]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("rustup update stable") && !said.contains("sh.rustup.rs"),
        "{said}"
    );
    let older = ("rustc", "rustc 0.99.0");
    assert_eq!(setup(&[("cargo", ""), older]).0, 1);
}

#[test]
fn a_missing_rust_is_named_and_a_new_one_will_do() {
    let (code, said) = setup(&[]);
    assert_eq!(code, 1);
    assert!(
        said.contains("Rust is missing; install it from https://rustup.rs"),
        "{said}"
    );
    let (code, said) = setup(&[("cargo", "")]);
    assert_eq!(code, 1);
    assert!(said.contains("cargo is there and rustc is not"), "{said}");
    for version in [
        "rustc 1.95.0 (59807616e 2026-04-14)",
        "rustc 1.100.1",
        "rustc 2.0.0-nightly",
    ] {
        let there = [("cargo", ""), ("rustc", version), ("cc", "")];
        assert_eq!(setup(&there), (0, String::new()), "{version}");
    }
}
