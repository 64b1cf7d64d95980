//! The scripts of `packaging/release`, as the workflows run them: from a tag to a box, and back.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::built::release;
use crate::managed::{Bucket, Managed};
use crate::repository::TestRepository;
use crate::support::s3::S3;
use crate::support::sink::Sink;
use crate::support::{Nginx, eventually, run};

const LATEST: &str = "check_interval_s = 2\ntrial_s = 2\n";

/// A project with these scripts, whose releases go to a store behind a CDN.
struct Pipeline {
    project: tempfile::TempDir,
    store: S3,
    url: String,
}

impl Pipeline {
    /// With the first, empty repository published, as a person does it once; and what boxes follow it with.
    fn new() -> (Self, Bucket) {
        let (store, repository) = (S3::start(), TestRepository::new());
        let cdn = Nginx::secure_cdn(&store.public());
        let url = format!("{}/updates/edge", cdn.url());
        let project = tempfile::tempdir().expect("a directory");
        let scripts = project.path().join("packaging/release");
        std::fs::create_dir_all(project.path().join("packaging")).expect("a directory");
        run("cp", &["-a", concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/release"), text(&scripts)]);
        std::fs::write(project.path().join("ca.pem"), cdn.certificate()).expect("written");
        // What the pipeline trusts and signs with, in place of whatever this project has; here, its keys are files.
        let _ = std::fs::remove_dir_all(scripts.join("trust"));
        run("cp", &["-a", text(&repository.keys()), text(&scripts.join("trust"))]);
        std::fs::write(scripts.join("trust/root.json"), repository.root()).expect("written");
        let pipeline = Self { project, store, url: url.clone() };
        pipeline.git(&["init", "--quiet"]);
        pipeline.git(&["config", "user.email", "tests@workshop-edge.invalid"]);
        pipeline.git(&["config", "user.name", "tests"]);
        pipeline.git(&["add", "--all"]);
        pipeline.commit("first");

        let ca = pipeline.project.path().join("ca.pem");
        let mut sync = pipeline.environment(Command::new(env!("CARGO_BIN_EXE_workshop-release")));
        sync.arg("sync").arg(repository.directory()).arg("s3://updates/edge");
        done(sync.args(["--through", &url, "--ca-file", text(&ca)]));
        (pipeline, Bucket::at(repository, cdn, url))
    }

    fn git(&self, arguments: &[&str]) {
        run("git", &[&["-C", text(self.project.path())], arguments].concat());
    }

    fn commit(&self, what: &str) {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", what]);
    }

    fn environment(&self, mut command: Command) -> Command {
        command.env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES").env_remove("AWS_SESSION_TOKEN");
        command
            .env("AWS_ACCESS_KEY_ID", S3::KEY)
            .env("AWS_SECRET_ACCESS_KEY", S3::SECRET)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1");
        command.env("AWS_ENDPOINT_URL_S3", format!("http://{}", self.store.address()));
        command.env("WORKSHOP_RELEASE_PROGRAM", env!("CARGO_BIN_EXE_workshop-release"));
        command.env("WORKSHOP_RELEASE_URL", &self.url).env("WORKSHOP_RELEASE_BUCKET", "s3://updates/edge");
        command.env("WORKSHOP_RELEASE_CA_FILE", self.project.path().join("ca.pem"));
        command.current_dir(self.project.path());
        command
    }

    /// A script, to be run.
    fn script(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = self.environment(Command::new(self.project.path().join("packaging/release").join(name)));
        command.args(arguments);
        command
    }

    fn run(&self, name: &str, arguments: &[&str]) -> String {
        let output = done(&mut self.script(name, arguments));
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    fn refused(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.script(name, arguments).output().expect("started");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{name} was not refused: {said}");
        said
    }

    /// What `build` leaves of a version, as far as it is published.
    fn built(&self, version: &str) -> PathBuf {
        let folder = self.project.path().join("release-files");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a directory");
        let name = format!("workshop-edge-{version}-x86_64-unknown-linux-musl");
        std::fs::copy(release(version), folder.join(&name)).expect("copied");
        run("sh", &["-c", &format!("cd {} && sha256sum {name} >SHA256SUMS", text(&folder))]);
        folder
    }

    /// From a tag to the boxes, as `release.yml` has it.
    fn release(&self, tag: &str) {
        self.commit(tag);
        self.git(&["tag", "--annotate", "--message", tag, tag]);
        let folder = self.built(&self.run("version", &[]));
        self.run("publish", &[text(&folder)]);
        self.run("promote", &[]);
    }
}

/// KMS and Secrets Manager of another maker (moto), and the client of AWS, which scripts call.
struct Aws {
    process: Child,
    url: String,
    programs: PathBuf,
}

impl Aws {
    fn start(host: &str) -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target");
        let programs = target.join("aws/bin");
        let process = Command::new(programs.join("moto_server"))
            .args(["--host", host, "--port", "8015"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto can be started (tests/run installs it)");
        eventually("it listens", || TcpStream::connect((host, 8015)).is_ok());
        Self { process, url: format!("http://{host}:8015"), programs }
    }

    /// Has a command reach it.
    fn before(&self, command: &mut Command) {
        let path = std::env::var("PATH").expect("a path");
        command.env("PATH", format!("{}:{path}", self.programs.display())).env("AWS_ENDPOINT_URL", &self.url);
    }

    /// What its client prints.
    fn ask(&self, pipeline: &Pipeline, arguments: &[&str]) -> String {
        let mut command = pipeline.environment(Command::new(self.programs.join("aws")));
        self.before(&mut command);
        let output = done(command.args(arguments).args(["--output", "text"]));
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn done(command: &mut Command) -> Output {
    let output = command.output().expect("started");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn from_a_tag_to_a_box_and_back() {
    let (pipeline, bucket) = Pipeline::new();
    pipeline.release("v1.0.0");
    let managed = Managed::start(&bucket, LATEST);
    managed.wait_until_runs("1.0.0");

    let start = Instant::now();
    pipeline.release("v1.1.0");
    let published = start.elapsed();
    managed.wait_until_runs("1.1.0");
    let taken = start.elapsed();
    // What runs twice changes nothing.
    pipeline.run("promote", &[]);
    pipeline.run("refresh", &[]);
    pipeline.run("check", &["--days", "0"]);

    let start = Instant::now();
    pipeline.run("rollback", &["v1.0.0"]);
    let ordered = start.elapsed();
    managed.wait_until_runs("1.0.0");
    let back = start.elapsed();
    let history = managed.history();
    let last = history.last().expect("an entry");
    assert_eq!((&last["from"], &last["to"]), (&Value::from("1.1.0"), &Value::from("1.0.0")), "{history:#?}");
    let _ = writeln!(
        std::io::stderr(),
        "from the tag to the box: {taken:.1?}, of which {published:.1?} until it was published; \
         from the rollback's command to the box: {back:.1?}, of which {ordered:.1?} until it was published",
    );
    // It is not published again.
    assert!(pipeline.refused("promote", &[]).contains("went back from 1.1.0 to 1.0.0"));
}

#[test]
fn what_does_not_belong_together_is_not_published() {
    let (pipeline, _bucket) = Pipeline::new();
    pipeline.git(&["tag", "v1.0.0"]);
    let folder = pipeline.built("1.1.0");
    let said = pipeline.refused("publish", &[text(&folder)]);
    assert!(said.contains("has nothing of 1.0.0, which is the version of the commit here"), "{said}");
    let folder = pipeline.built("1.0.0");
    std::fs::write(folder.join("SHA256SUMS"), format!("{:064}  workshop-edge-1.0.0-x86_64-unknown-linux-musl\n", 0))
        .expect("written");
    let said = pipeline.refused("publish", &[text(&folder)]);
    assert!(said.contains("did NOT match"), "{said}");
    let said = pipeline.refused("rollback", &["v0.9.0"]);
    assert!(said.contains("the channel stable has no 0.9.0"), "{said}");
    let mut command = pipeline.script("refresh", &[]);
    let output = command.env_remove("WORKSHOP_RELEASE_BUCKET").output().expect("started");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("WORKSHOP_RELEASE_BUCKET has no value"));
}

#[test]
fn a_system_goes_the_same_way() {
    let (pipeline, bucket) = Pipeline::new();
    let desired = || {
        let mut verify = pipeline.environment(Command::new(env!("CARGO_BIN_EXE_workshop-release")));
        verify.args(["verify", &pipeline.url, "--json", "--ca-file", text(&pipeline.project.path().join("ca.pem"))]);
        verify.arg("--root").arg(bucket.repository.directory().join("metadata/1.root.json"));
        let report: Value = serde_json::from_slice(&done(&mut verify).stdout).expect("JSON");
        let channels = report["channels"].as_array().expect("channels").iter();
        channels.map(|channel| channel["manifest"]["os"]["desired"].clone()).collect::<Vec<_>>()
    };
    for version in ["1.0.0", "1.1.0"] {
        pipeline.commit(version);
        pipeline.git(&["tag", &format!("v{version}")]);
        let folder = pipeline.project.path().join(format!("image-{version}"));
        std::fs::create_dir(&folder).expect("a directory");
        let name = format!("workshop-edge-os-{version}-x86_64.efi");
        std::fs::write(folder.join(&name), crate::os::system(version, 1000)).expect("written");
        run("sh", &["-c", &format!("cd {} && sha256sum {name} >SHA256SUMS-image", text(&folder))]);
        pipeline.run("publish", &[text(&folder)]);
        pipeline.run("promote", &["--os"]);
        assert_eq!(desired(), [version, version]);
    }
    pipeline.run("rollback", &["v1.0.0", "stable", "--os"]);
    assert_eq!(desired(), ["1.0.0", "1.1.0"]);
}

#[test]
fn a_commit_has_the_version_of_its_tag_or_one_between_two() {
    let (pipeline, _bucket) = Pipeline::new();
    let version = || pipeline.run("version", &[]);
    pipeline.commit("second");
    assert_eq!(version(), "0.0.1-staging.2");
    for (tag, of_tag, after) in [
        ("v1.2.3", "1.2.3", "1.2.4-staging.1"),
        ("v1.3.0-rc.1", "1.3.0-rc.1", "1.3.0-rc.1.staging.1"),
        ("v1.3.0", "1.3.0", "1.3.1-staging.1"),
        ("v2.0.9", "2.0.9", "2.0.10-staging.1"),
    ] {
        // Tags of others do not count.
        pipeline.git(&["tag", tag]);
        pipeline.git(&["tag", &format!("erp-{tag}")]);
        assert_eq!(version(), of_tag);
        pipeline.commit("next");
        assert_eq!(version(), after);
        let numbers = [of_tag, after].map(|number| semver::Version::parse(number).expect("a version"));
        assert!(numbers[0] < numbers[1]);
    }
    let mut command = pipeline.script("version", &[]);
    let other = done(command.env("WORKSHOP_RELEASE_TAG_PREFIX", "erp-v")).stdout;
    assert_eq!(String::from_utf8(other).expect("UTF-8"), "2.0.10-staging.1\n");
    pipeline.git(&["tag", "v3"]);
    assert!(pipeline.refused("version", &[]).contains("v3 is no semantic version"));
}

#[test]
fn somebody_is_paged_by_one_incident() {
    let (pipeline, _bucket) = Pipeline::new();
    let sink = Sink::start();
    let page = |arguments: &[&str]| {
        let mut command = pipeline.script("page", arguments);
        command.env("PAGERDUTY_ROUTING_KEY", "a secret").env("PAGERDUTY_EVENTS_URL", sink.url("/v2/enqueue"));
        done(command.env("GITHUB_REPOSITORY", "example/workshop-edge"));
        sink.next("the event").json()
    };
    let event = page(&["trigger", "refresh", "it \"was\" not\nrefreshed"]);
    assert_eq!(
        event,
        serde_json::json!({
            "routing_key": "a secret", "event_action": "trigger", "dedup_key": "workshop-edge-refresh",
            "payload": { "summary": "it \"was\" not\nrefreshed", "source": "example/workshop-edge", "severity": "critical" },
        })
    );
    let event = page(&["resolve", "refresh"]);
    assert_eq!(
        event,
        serde_json::json!({ "routing_key": "a secret", "event_action": "resolve", "dedup_key": "workshop-edge-refresh" })
    );
    let output = done(&mut pipeline.script("page", &["trigger", "refresh", "words"]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nobody is paged"));
}

#[test]
fn keys_from_secrets_manager_sign() {
    let (pipeline, _bucket) = Pipeline::new();
    let aws = Aws::start(&crate::support::host());
    let trust = pipeline.project.path().join("packaging/release/trust");
    let keys = trust.join("keys.toml");
    let mut toml = std::fs::read_to_string(&keys).expect("keys.toml");
    for role in ["snapshot", "timestamp"] {
        let (private, public) = (trust.join(format!("{role}.pem")), trust.join(format!("{role}.pub.pem")));
        run("openssl", &["pkey", "-in", text(&private), "-pubout", "-out", text(&public)]);
        let (name, content) = (format!("workshop-edge/{role}"), format!("file://{}", private.display()));
        aws.ask(&pipeline, &["secretsmanager", "create-secret", "--name", &name, "--secret-string", &content]);
        std::fs::remove_file(&private).expect("there before");
        let source = format!("{{ command = [\"../sign-with-secret\", \"{name}\"], public = \"{role}.pub.pem\" }}");
        toml = toml.replacen(&format!("\"{role}.pem\""), &source, 1);
    }
    std::fs::write(&keys, &toml).expect("written");
    let refresh = |until: &str| {
        let until = ["snapshot", "timestamp"].map(|role| format!("{role}={until}"));
        let mut command = pipeline.script("refresh", &["--expires", &until[0], "--expires", &until[1]]);
        aws.before(&mut command);
        command.output().expect("started")
    };
    let timestamp = pipeline.store.root().join("updates/edge/metadata/timestamp.json");
    let before = std::fs::read(&timestamp).expect("published");
    let output = refresh("30d");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(std::fs::read(&timestamp).expect("published") != before);

    std::fs::write(&keys, toml.replace("workshop-edge/timestamp", "workshop-edge/nothing")).expect("written");
    let output = refresh("60d");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("ResourceNotFoundException"), "{said}");
    assert!(said.contains("sign-with-secret failed"), "{said}");
}

/// The real KMS takes a digest as it is; moto hashes it once more, so its signature is one of the digest.
#[test]
fn a_key_in_kms_is_given_the_digest() {
    let (pipeline, _bucket) = Pipeline::new();
    let aws = Aws::start(&crate::support::host());
    let at = |name: &str| pipeline.project.path().join(name);
    let make = ["--key-spec", "ECC_NIST_P256", "--key-usage", "SIGN_VERIFY", "--query", "KeyMetadata.KeyId"];
    let id = aws.ask(&pipeline, &[&["kms", "create-key"], &make[..]].concat());
    aws.ask(&pipeline, &["kms", "create-alias", "--alias-name", "alias/timestamp", "--target-key-id", &id]);
    let key = aws.ask(&pipeline, &["kms", "get-public-key", "--key-id", &id, "--query", "PublicKey"]);
    let key = format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n");
    std::fs::write(at("public.pem"), key).expect("written");
    // Longer than a message that KMS takes.
    std::fs::write(at("message"), "m".repeat(10_000)).expect("written");
    let sign = |key: &str| {
        let mut command = pipeline.script("sign-with-kms", &[key]);
        aws.before(&mut command);
        command.stdin(std::fs::File::open(at("message")).expect("there")).output().expect("started")
    };
    let output = sign("alias/timestamp");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [signature, digest, public] = ["signature", "digest", "public.pem"].map(at);
    std::fs::write(&signature, output.stdout).expect("written");
    run("openssl", &["dgst", "-sha256", "-binary", "-out", text(&digest), text(&at("message"))]);
    run("openssl", &["dgst", "-sha256", "-verify", text(&public), "-signature", text(&signature), text(&digest)]);
    let output = sign("alias/none");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("NotFoundException"));
}
