use std::fs;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::support::eventually;
use crate::support::lab::Host;

/// A proxy from Debian's packages; ended when dropped.
pub(super) struct Tinyproxy {
    child: Child,
    files: TempDir,
}

impl Tinyproxy {
    /// On port 3128 of an address, with these lines more. It connects to port 8443 alone.
    pub(super) fn start(host: &Host, address: &str, more: &str) -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let of = |name: &str| files.path().join(name).display().to_string();
        let settings = format!(
            "Listen {address}\nPort 3128\nTimeout 60\nMaxClients 20\nLogLevel Info\nLogFile \"{}\"\nPidFile \"{}\"\n\
             ConnectPort 8443\nDisableViaHeader Yes\n{more}\n",
            of("log"),
            of("pid")
        );
        fs::write(of("conf"), settings).expect("written");
        let child = host
            .command("tinyproxy")
            .args(["-d", "-c", &of("conf")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tinyproxy can be started (tests/run installs it)");
        let proxy = Self { child, files };
        eventually("tinyproxy listens", || proxy.log().contains("Accepting connections"));
        proxy
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.files.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
