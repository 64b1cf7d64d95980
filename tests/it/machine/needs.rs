//! The image's build installs what it needs, also while another apt works: its own script, with a substitute for apt.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Output};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/steps/needs");

/// Runs it where nothing is installed, with an apt that says this and fails for so many times, and a patience in seconds.
fn run(fails: usize, said: &str, patience: &str) -> (Output, usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    for program in ["env", "grep"] {
        symlink(format!("/usr/bin/{program}"), path.join(program)).expect("linked");
    }
    let apt = format!(
        "#!/bin/sh\necho \"$*\" >>{0}/asked\n[ $(/usr/bin/wc -l <{0}/asked) -gt {fails} ] || {{ echo '{said}' >&2; exit 100; }}\n",
        path.display()
    );
    for (name, script) in [("apt-get", apt.as_str()), ("sudo", "#!/bin/sh\nexec \"$@\"\n"), ("sleep", "#!/bin/sh\n")] {
        fs::write(path.join(name), script).expect("written");
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o755)).expect("a program");
    }
    let output = Command::new("/bin/bash")
        .arg(SCRIPT)
        .env_clear()
        .env("PATH", path)
        .env("WORKSHOP_APT_PATIENCE", patience)
        .output()
        .expect("bash");
    let asked = fs::read_to_string(path.join("asked")).unwrap_or_default().lines().count();
    (output, asked)
}

const LOCKED: &str = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)";

#[test]
fn another_apt_is_waited_for_and_named() {
    let (output, asked) = run(3, LOCKED, "60");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(asked, 3 + 2, "the lists, and the packages");
    assert_eq!(said.matches("waiting for another apt").count(), 1, "{said}");
    assert!(said.contains("held by process 4711"), "{said}");
}

#[test]
fn there_is_an_end_to_it_and_other_errors_are_none_of_it() {
    for (said, patience) in [(LOCKED, "0"), ("E: Unable to locate package zstd", "60")] {
        let (output, asked) = run(1_000_000, said, patience);
        assert_eq!((output.status.success(), asked), (false, 1));
        assert!(String::from_utf8_lossy(&output.stderr).contains(said));
    }
}
