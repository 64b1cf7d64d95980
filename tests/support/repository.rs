use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::run;

/// A release repository that the real `workshop-release` makes, with keys of its own; gone when dropped.
///
/// ```ignore
/// let repository = TestRepository::new();
/// repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
/// repository.promote(&[]);
/// repository.publish_with("stable", "1.1.0", &[&program], &["--wave", "+1h=10", "--wave", "+24h=1000"]);
/// repository.rollback("stable", "1.0.0");
/// let settings = Settings::under(data, repository.root());     // what a box trusts
/// let source = Source::Directory(repository.directory());      // where it looks
/// ```
///
/// Every command must succeed, or the test fails with what the program said; [`TestRepository::refused`] is for those
/// that must not.
pub(crate) struct TestRepository {
    directory: TempDir,
}

impl TestRepository {
    /// Without releases: root 2 of 3, channels `stable` and `staging`, Ed25519 keys.
    pub(crate) fn new() -> Self {
        let repository = Self { directory: tempfile::tempdir().expect("a directory") };
        let keys = repository.directory.path().join("keys");
        repository.succeed(&["init".into(), "--new-keys".into(), keys.into()]);
        repository
    }

    /// Another with the same keys and releases, which goes its own way from here.
    pub(crate) fn copy(of: &Path) -> Self {
        let repository = Self { directory: tempfile::tempdir().expect("a directory") };
        let (of, to) = (of.join("."), repository.directory.path());
        run("cp", &["-a", of.to_str().expect("UTF-8"), to.to_str().expect("UTF-8")]);
        repository
    }

    /// What a copy is made of.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// `metadata/` and `targets/` are in it.
    pub(crate) fn directory(&self) -> PathBuf {
        self.directory.path().join("repository")
    }

    /// The directory of the keys and of `keys.toml`.
    pub(crate) fn keys(&self) -> PathBuf {
        self.directory.path().join("keys")
    }

    /// The first root, which a box trusts from the factory.
    pub(crate) fn root(&self) -> Vec<u8> {
        std::fs::read(self.directory().join("metadata/1.root.json")).expect("a root")
    }

    /// Publishes a binary for its usual platform, and wants it.
    pub(crate) fn publish(&self, channel: &str, version: &str, binary: &Path) -> Value {
        self.publish_with(channel, version, &[binary], &[])
    }

    /// Publishes binaries for several platforms, or with more options.
    pub(crate) fn publish_with(&self, channel: &str, version: &str, binaries: &[&Path], options: &[&str]) -> Value {
        let mut arguments: Vec<OsString> =
            ["publish", "--channel", channel, "--version", version].iter().chain(options).map(Into::into).collect();
        arguments.extend(binaries.iter().map(Into::into));
        self.change(&arguments)
    }

    /// Promotes what `staging` wants to `stable`.
    pub(crate) fn promote(&self, options: &[&str]) -> Value {
        self.order(&[&["promote"], options].concat())
    }

    /// Has the boxes of a channel go back.
    pub(crate) fn rollback(&self, channel: &str, to: &str) -> Value {
        self.order(&["rollback", "--channel", channel, "--to", to])
    }

    /// Removes a version.
    pub(crate) fn yank(&self, channel: &str, version: &str, options: &[&str]) -> Value {
        self.order(&[&["yank", "--channel", channel, "--version", version], options].concat())
    }

    /// Signs timestamp and snapshot again, where that makes them valid for longer.
    pub(crate) fn refresh(&self, options: &[&str]) -> Value {
        self.order(&[&["refresh"], options].concat())
    }

    /// Gives a role a new key, signed in by the old one; `keys.toml` is changed with it.
    pub(crate) fn rotate(&self, role: &str) -> Value {
        self.next_key(role);
        self.order(&["rotate", role])
    }

    /// Has `keys.toml` say that a role is to have a new key, and retires the old one.
    pub(crate) fn next_key(&self, role: &str) {
        let path = self.keys().join("keys.toml");
        let text = std::fs::read_to_string(&path).expect("keys.toml");
        let fresh = (1..100).map(|n| format!("{role}-next-{n}.pem")).find(|name| !self.keys().join(name).exists());
        let fresh = fresh.expect("a free name");
        let file = self.keys().join(&fresh);
        run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", file.to_str().expect("UTF-8")]);
        let (before, section) = text.split_once(&format!("[{role}]\n")).expect("a section");
        let (section, after) = section.split_once("\n\n").unwrap_or((section, ""));
        let mut lines: Vec<String> =
            section.lines().filter(|line| !line.starts_with("retired")).map(str::to_owned).collect();
        let keys = lines.iter_mut().find(|line| line.starts_with("keys = [")).expect("keys");
        let old = keys.split('"').nth(1).expect("a key").to_owned();
        *keys = keys.replacen(&old, &fresh, 1);
        lines.push(format!("retired = [\"{old}\"]"));
        let text = format!("{before}[{role}]\n{}\n\n{after}", lines.join("\n"));
        std::fs::write(&path, text).expect("written");
    }

    /// Carries out any command that changes the repository, and gives its JSON answer.
    pub(crate) fn order(&self, arguments: &[&str]) -> Value {
        self.change(&arguments.iter().map(Into::into).collect::<Vec<_>>())
    }

    /// The same of one that is refused, and gives what it says.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let keys = self.keys().join("keys.toml");
        let output = self.run([arguments, &["--keys", keys.to_str().expect("UTF-8")]].concat());
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{arguments:?} was not refused: {said}");
        said
    }

    /// Runs the program on this repository, in English, whatever comes of it.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Output {
        self.command(arguments).output().expect("it can be started")
    }

    /// The same, to be started.
    pub(crate) fn command(&self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
        command.args(arguments.into_iter().map(Into::into)).arg("--repository").arg(self.directory());
        command.env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES");
        command
    }

    /// Verifies the repository as a box does, and gives the report as JSON, whatever comes of it.
    pub(crate) fn run_verify(&self) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
        command.arg("verify").arg(self.directory()).arg("--json").output().expect("it can be started")
    }

    fn change(&self, arguments: &[OsString]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--keys".into(), self.keys().join("keys.toml").into()]);
        self.succeed(&arguments)
    }

    fn succeed(&self, arguments: &[OsString]) -> Value {
        let output = self.run(arguments.iter().cloned().chain(["--json".into()]));
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}
