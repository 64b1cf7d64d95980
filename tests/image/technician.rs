//! A technician at a browser, who knows the PIN.

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::lan::Lan;

/// The administration of a box, in one session.
pub(crate) struct Technician<'a> {
    lan: &'a Lan,
    address: &'a str,
    files: TempDir,
}

impl<'a> Technician<'a> {
    /// Logs in; `None` when the PIN is another, or nobody answers.
    pub(crate) fn log_in(lan: &'a Lan, address: &'a str, pin: &str) -> Option<Self> {
        let technician = Self { lan, address, files: tempfile::tempdir().expect("a directory") };
        (technician.post("login", &[("pin", pin)]).as_deref() == Some("303")).then_some(technician)
    }

    fn curl(&self, page: &str) -> Command {
        let mut command = self.lan.tv.command("curl");
        let jar = self.files.path().join("cookies");
        command
            .args(["--silent", "--insecure", "--max-time", "60", "--cookie"])
            .arg(&jar)
            .arg("--cookie-jar")
            .arg(&jar);
        command.arg(format!("https://{}/_edge/admin/{page}", self.address));
        command
    }

    /// Sends a form, and gives the answer's status when one comes.
    fn post(&self, page: &str, fields: &[(&str, &str)]) -> Option<String> {
        let mut command = self.curl(page);
        for (name, value) in fields {
            command.args(["--data-urlencode", &format!("{name}={value}")]);
        }
        status(command.args(["--output", "/dev/null", "--write-out", "%{http_code}"]).stdout(Stdio::piped()).spawn())
    }

    /// The token of a page's form.
    fn token(&self, page: &str) -> Option<String> {
        let output = self.curl(page).output().expect("curl (tests/run installs it)");
        let text = String::from_utf8(output.stdout).ok()?;
        let (_, rest) = text.split_once("name=\"csrf\" value=\"")?;
        Some(rest.split('"').next()?.to_owned())
    }

    /// Begins to change the PIN; the answer comes from [`Change::answer`].
    pub(crate) fn begin_pin_change(&self, current: &str, new: &str) -> Option<Change> {
        let token = self.token("pin")?;
        let mut command = self.curl("pin");
        for (name, value) in [("csrf", token.as_str()), ("current", current), ("new", new), ("again", new)] {
            command.args(["--data-urlencode", &format!("{name}={value}")]);
        }
        command.args(["--output", "/dev/null", "--write-out", "%{http_code}"]);
        Some(Change(command.stdout(Stdio::piped()).spawn().expect("curl (tests/run installs it)")))
    }
}

/// A change of the PIN that is on its way.
pub(crate) struct Change(Child);

impl Change {
    /// Whether it has been answered by now.
    pub(crate) fn is_answered(&mut self) -> bool {
        self.0.try_wait().expect("curl").is_some()
    }

    /// Whether the box has said that the new PIN holds.
    pub(crate) fn into_acknowledgement(self) -> bool {
        status(Ok(self.0)).as_deref() == Some("303")
    }
}

fn status(child: std::io::Result<Child>) -> Option<String> {
    let output = child.expect("curl (tests/run installs it)").wait_with_output().expect("curl");
    output.status.success().then(|| String::from_utf8(output.stdout).expect("text"))
}
