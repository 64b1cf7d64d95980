//! A repository that the publisher's program makes, with signatures of its own keys.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Failure;

pub(crate) const PLATFORM: &str = "x86_64-unknown-linux-musl";
pub(crate) const CHANNEL: &str = "stable";

/// Gone when dropped.
pub(crate) struct Publisher {
    program: PathBuf,
    directory: TempDir,
}

impl Publisher {
    /// With an empty repository.
    pub(crate) fn new(program: Option<PathBuf>) -> Result<Self, Failure> {
        let program = match program {
            Some(program) => program,
            // Beside `examples/`, where cargo puts it.
            None => std::env::current_exe()?.ancestors().nth(2).ok_or("no directory")?.join("workshop-release"),
        };
        if !program.is_file() {
            return Err(format!("{}: build it with --features release --bins", program.display()).into());
        }
        let publisher = Self { program, directory: tempfile::tempdir()? };
        let keys = publisher.directory.path().join("keys");
        publisher.run([OsStr::new("init"), OsStr::new("--new-keys"), keys.as_os_str()])?;
        Ok(publisher)
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.directory.path().join("repository")
    }

    pub(crate) fn root(&self) -> Result<Vec<u8>, Failure> {
        Ok(std::fs::read(self.repository().join("metadata/1.root.json"))?)
    }

    /// Publishes a version; `waves` as the program takes them.
    pub(crate) fn publish(&self, version: &str, waves: &[String]) -> Result<(), Failure> {
        let binary = self.binary(version)?;
        let mut arguments = vec!["publish", "--channel", CHANNEL, "--version", version];
        for wave in waves {
            arguments.extend(["--wave", wave]);
        }
        let keys = self.keys();
        let arguments =
            arguments.iter().map(OsStr::new).chain([binary.as_os_str(), "--keys".as_ref(), keys.as_os_str()]);
        self.run(arguments)
    }

    pub(crate) fn rollback(&self, to: &str) -> Result<(), Failure> {
        let keys = self.keys();
        let arguments = ["rollback", "--channel", CHANNEL, "--to", to, "--keys"].map(OsStr::new);
        self.run(arguments.into_iter().chain([keys.as_os_str()]))
    }

    /// Signs the timestamp again, as cron does every day.
    pub(crate) fn refresh(&self) -> Result<(), Failure> {
        let keys = self.keys();
        self.run(["refresh".as_ref(), "--keys".as_ref(), keys.as_os_str()])
    }

    fn keys(&self) -> PathBuf {
        self.directory.path().join("keys/keys.toml")
    }

    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<(), Failure> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--repository").arg(self.repository());
        let output = command.stdout(Stdio::null()).output()?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned().into()) }
    }

    /// The smallest that can be published.
    fn binary(&self, version: &str) -> Result<PathBuf, Failure> {
        let source = self.directory.path().join("program.rs");
        let binary = self.directory.path().join(format!("program-{version}"));
        let text = format!("fn main() {{ println!(\"workshop-edge {version}\"); }}");
        std::io::Write::write_all(&mut std::fs::File::create(&source)?, text.as_bytes())?;
        let mut rustc = Command::new("rustc");
        rustc.args(["--target", PLATFORM, "-C", "opt-level=s", "-C", "strip=symbols", "-o"]).args([&binary, &source]);
        if rustc.status()?.success() { Ok(binary) } else { Err("rustc has failed".into()) }
    }
}
