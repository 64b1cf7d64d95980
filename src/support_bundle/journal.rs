//! What systemd's journal has of the service, where there is one: also of runs before this one.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::bounded_read::read_up_to;

/// How long the journal may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Lines asked for.
const LINES: &str = "10000";
/// Bytes taken of them.
const MAX: u64 = 8 * 1024 * 1024;

/// The last lines of a unit's journal, where the caller may read it.
pub(crate) fn of_unit(unit: &str) -> Result<Vec<u8>, String> {
    output(Command::new("journalctl").args([
        "--unit",
        unit,
        "--lines",
        LINES,
        "--output",
        "short-iso-precise",
        "--no-pager",
        "--quiet",
    ]))
}

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("journalctl: {error}"))?;
    let stdout = child.stdout.take().ok_or("journalctl: no output")?;
    let (done, read) = mpsc::channel();
    std::thread::spawn(move || {
        // The receiver may have given up.
        let _ = done.send(read_up_to(stdout, MAX));
    });
    let text = read.recv_timeout(DEADLINE);
    // It has nothing more to say, or has had its time.
    let _ = child.kill();
    let _ = child.wait();
    match text {
        Ok(Ok(text)) if text.is_empty() => Err("the journal has nothing of the service".into()),
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(format!("journalctl: {error}")),
        Err(_) => Err("journalctl took too long".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_taken_and_what_is_not_there_is_explained() {
        assert_eq!(output(Command::new("echo").arg("a line")), Ok(b"a line\n".to_vec()));
        assert!(output(&mut Command::new("true")).is_err_and(|error| error.contains("nothing")));
        assert!(
            output(&mut Command::new("/nonexistent/journalctl")).is_err_and(|error| error.contains("journalctl: "))
        );
        let endless = output(Command::new("yes").arg("x".repeat(1000))).expect("as much as may be");
        assert_eq!(endless.len() as u64, MAX);
    }
}
