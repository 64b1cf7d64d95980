//! The guide for operators, from the key ceremony to the dashboards: its commands in their order, in a store of S3's behind a
//! CDN, and on a box.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::built::release;
use crate::support::s3::S3;
use crate::support::{Nginx, Supervisor, eventually};

const GUIDES: [&str; 2] = ["packaging/docs/es/operador.md", "packaging/docs/en/operator.md"];

/// What stands between fences: `sh` for the machine that publishes, `sh box` for a box.
#[derive(Debug)]
struct Block {
    heading: String,
    fence: String,
    text: String,
}

fn blocks(guide: &str) -> Vec<Block> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(guide)).expect("a guide");
    let (mut blocks, mut heading, mut is_open) = (Vec::<Block>::new(), String::new(), false);
    for line in text.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            is_open = !is_open;
            if is_open {
                blocks.push(Block { heading: heading.clone(), fence: fence.to_owned(), text: String::new() });
            }
        } else if is_open {
            writeln!(blocks.last_mut().expect("a block").text, "{line}").expect("memory");
        } else if let Some(words) = line.strip_prefix("## ") {
            words.clone_into(&mut heading);
        }
    }
    blocks
}

/// The text without its comments, which are in the guide's language.
fn code(block: &Block) -> Vec<&str> {
    block.text.lines().map(|line| line.split("   # ").next().unwrap_or(line).trim_end()).collect()
}

/// The machine that publishes: its directory, the store, and the programs as they are installed.
struct Publisher {
    directory: TempDir,
    store: S3,
    url: String,
    _cdn: Nginx,
}

impl Publisher {
    fn new() -> Self {
        let store = S3::start();
        let cdn = Nginx::cdn(&store.public());
        let publisher = Self {
            directory: tempfile::tempdir().expect("a directory"),
            store,
            url: format!("{}/updates/edge", cdn.plain()),
            _cdn: cdn,
        };
        for version in ["1.0.0", "1.1.0", "1.2.0"] {
            symlink(release(version), publisher.path(&format!("workshop-edge-{version}"))).expect("linked");
        }
        fs::create_dir(publisher.path("bin")).expect("made");
        // The server of the tests has no certificate of a known authority.
        let program = env!("CARGO_BIN_EXE_workshop-release");
        publisher.install(
            "workshop-release",
            &format!("case $1 in verify | fleet-check) set -- \"$@\" --allow-http ;; esac\nexec {program} \"$@\""),
        );
        publisher.install("sudo", "exec \"$@\"");
        publisher
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn install(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    fn run(&self, block: &Block, address: &str) -> Output {
        let mut command = Command::new("bash");
        command.args(["-e", "-u", "-o", "pipefail", "-c", &block.text]).current_dir(self.directory.path());
        command.env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES").env_remove("AWS_SESSION_TOKEN");
        let path = std::env::var("PATH").expect("a path");
        command.env("PATH", format!("{}:{path}", self.path("bin").display()));
        command.env("AWS_ACCESS_KEY_ID", S3::KEY).env("AWS_SECRET_ACCESS_KEY", S3::SECRET);
        command.env("AWS_ENDPOINT_URL_S3", format!("http://{}", self.store.address()));
        // Instead of `sh values`.
        command.env("AWS_REGION", "us-east-1").env("URL", &self.url).env("BUCKET", "s3://updates/edge");
        command.env("BOX", format!("http://{address}"));
        let output = command.output().expect("started");
        let said = [&output.stdout[..], &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
        assert!(output.status.success(), "{}: {}\n{}\n{}", block.heading, block.text, said[0], said[1]);
        output
    }

    /// Lets the releases of `stable` expire, of which the box hears.
    fn let_expire(&self) {
        let publish = "workshop-release publish -r repo --keys keys/keys.toml --key stable=versions/stable.pem";
        let release = "--channel stable --version 1.2.0 --keep-desired --deltas 0 workshop-edge-1.2.0";
        let text = format!("{publish} {release} --expires stable=1s; workshop-release sync repo \"$BUCKET\"");
        self.run(&Block { heading: "An expiry".into(), fence: "sh".into(), text }, "");
        eventually("the box finds it expired", || {
            let mut command = Command::new(self.path("bin/workshop-edge"));
            let said = command.args(["update", "check"]).env("LC_ALL", "es_ES.UTF-8").output().expect("started");
            let said = [said.stdout, said.stderr].concat();
            String::from_utf8_lossy(&said).contains("La información del repositorio de versiones ha caducado")
        });
    }

    /// A box from the factory with 1.0.0, which has looked once and does nothing more by itself.
    fn install_box(&self) -> Supervisor {
        let config = self.path("box.toml");
        let text = format!(
            "[discovery]\nenabled = false\n[update]\nurl = \"{}\"\nallow_http = true\ntrusted_root = \"{}\"\n\
             check_interval_s = 604800\ntrial_s = 2\nquiet_wait_s = 0\n",
            self.url,
            self.path("root.json").display(),
        );
        fs::write(&config, text).expect("written");
        let options = format!("--config {} --data-dir {}", config.display(), self.path("data").display());
        let program = env!("CARGO_BIN_EXE_workshop-edge");
        self.install("workshop-edge", &format!("case $2 in check) [ $1 = config ] && exec {program} \"$@\" --config {} ;; esac\nexec {program} \"$@\" {options}", config.display()));
        let arguments: Vec<_> = std::iter::once("launch").chain(options.split(' ')).collect();
        let supervisor = Supervisor::start(release("1.0.0"), arguments, &[]);
        supervisor.wait_for("ready", 1);
        self.wait("the first look", |state| state["checked"].is_string());
        supervisor
    }

    /// Waits until the updates of the box are at something, and at rest.
    fn wait(&self, what: &str, is_there: impl Fn(&Value) -> bool) {
        eventually(what, || {
            let mut command = Command::new(self.path("bin/workshop-edge"));
            let output = command.args(["update", "status", "--json"]).output().expect("started");
            let state = serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default();
            state["phase"]["phase"] == "idle" && is_there(&state)
        });
    }
}

#[test]
fn both_languages_have_the_same_commands() {
    let [es, en] = GUIDES.map(blocks);
    assert_eq!(es.len(), en.len());
    for (es, en) in es.iter().zip(&en) {
        assert_eq!((&es.fence, code(es)), (&en.fence, code(en)));
    }
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    let publisher = Publisher::new();
    let mut managed: Option<Supervisor> = None;
    let mut versions = ["1.0.0", "1.1.0", "1.0.0", "1.0.0", "1.0.0"].into_iter();
    for block in blocks(GUIDES[1]) {
        match block.fence.as_str() {
            "sh values" | "toml" => {}
            "sh" => {
                if block.text.contains("workshop-release status") {
                    publisher.let_expire();
                }
                let address = managed.as_ref().map(|managed| managed.address().to_string()).unwrap_or_default();
                publisher.run(&block, &address);
            }
            "sh box" => {
                let managed = managed.get_or_insert_with(|| publisher.install_box());
                let starts = managed.logged("ready").len();
                publisher.run(&block, "");
                if block.text.contains("workshop-edge restart") {
                    managed.wait_for("ready", starts + 1);
                }
                let version = versions.next().expect("as many");
                publisher.wait(version, |state| state["running"] == version && state["fault"].is_null());
            }
            other => panic!("who runs ```{other}?"),
        }
    }
    assert_eq!(versions.next(), None);
    managed.expect("a box").stop();
    // What was lost or stolen signs nothing any more.
    for (role, key) in [("timestamp", "keys/timestamp.pem"), ("stable", "versions/stable.pem")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
        command.current_dir(publisher.directory.path()).args(["refresh", "-r", "repo", "--keys", "keys/keys.toml"]);
        command.args(["--published", "none", "--role", role, "--key", &format!("{role}={key}")]);
        let output = command.args(["--expires", &format!("{role}=700d")]).env("LC_ALL", "C").output().expect("started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("the role {role} lacks signatures")), "{role}: {output:?}");
    }
}

#[test]
fn the_settings_for_a_proxy_hold() {
    let place = tempfile::tempdir().expect("a directory");
    let at = |name: &str| place.path().join(name);
    let text: String =
        blocks(GUIDES[0]).iter().filter(|block| block.fence == "toml").map(|block| &*block.text).collect();
    fs::write(at("proxy"), "taller:secreta\n").expect("written");
    fs::write(at("ca.pem"), Nginx::start(place.path(), 2020..2099).certificate()).expect("written");
    let text = text.replace("/etc/workshop-edge", &place.path().display().to_string());
    fs::write(at("config.toml"), &text).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
    let output = command.args(["config", "check", "--config"]).arg(at("config.toml")).output().expect("started");
    assert!(output.status.success() && output.stderr.is_empty() && text.contains("[proxy]"), "{output:?}");
}
