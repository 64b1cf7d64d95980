//! A box of the factory's, a repository with releases for it, and a server between them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::forge::Forge;
use super::releases;
use crate::built::release;
use crate::repository::TestRepository;
use crate::support::{Nginx, PATIENCE, Supervisor, run};

/// A state of a repository to come back to.
pub(super) struct Generation(TempDir);

/// All of it.
pub(super) struct World {
    pub(super) repository: TestRepository,
    pub(super) server: Option<Nginx>,
    supervisor: Option<Supervisor>,
    directory: TempDir,
    data: PathBuf,
    /// Of the box's command line.
    options: Vec<String>,
}

/// What a kind of fault shows: its beginning in Spanish, and whether somebody has to look after the box at once.
fn fault_text(kind: &str) -> (&'static str, bool) {
    match kind {
        "unreachable" => ("No se llega al repositorio de versiones", false),
        "blocked" => ("Nada responde en la dirección del repositorio de versiones", false),
        "server" => ("El repositorio de versiones responde con un error", false),
        "redirected" => ("El servidor remite a otra dirección", false),
        "altered" => ("Algo en la red cambia lo que se descarga", false),
        "unknown_authority" => ("Este equipo no conoce a la autoridad que firma el certificado", false),
        "certificate" => ("El certificado del servidor no vale: compruebe la hora", false),
        "stale" => ("El repositorio de versiones muestra un estado anterior", false),
        "busy" => ("Ya hay otra actualización en curso", false),
        "disk_full" => ("No queda sitio en el disco", true),
        "not_writable" => ("Este equipo no puede escribir en su directorio de datos", true),
        "not_executable" => ("En el directorio de datos de este equipo no se puede ejecutar nada (noexec)", true),
        "captive_portal" => ("La red pide iniciar sesión", false),
        "incomplete" => ("El repositorio de versiones está incompleto", false),
        "expired" => ("La información del repositorio de versiones ha caducado: compruebe la hora", true),
        "rollback" => ("El repositorio de versiones ofrece algo más antiguo", true),
        "untrusted" => ("Las firmas del repositorio de versiones no son válidas", true),
        "storage" => ("No se puede guardar en el disco", true),
        "unfit" => ("La versión descargada no funciona en este equipo", true),
        other => panic!("no such kind: {other}"),
    }
}

impl World {
    /// With all releases, served by nginx.
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with these settings more.
    pub(super) fn with(settings: &[&str]) -> Self {
        Self::of(releases::repository(), settings)
    }

    /// With this repository, served by nginx.
    pub(super) fn of(repository: TestRepository, settings: &[&str]) -> Self {
        let server = Nginx::start(&repository.directory(), 2020..2099);
        let url = server.url();
        Self::make(repository, Some(server), &url, None, settings)
    }

    /// Whose repository is served by the test.
    pub(super) fn behind(repository: TestRepository, url: &str, settings: &[&str]) -> Self {
        Self::make(repository, None, url, None, settings)
    }

    /// Whose data are somewhere else.
    pub(super) fn on(data: &Path) -> Self {
        let repository = releases::repository();
        let server = Nginx::start(&repository.directory(), 2020..2099);
        let url = server.url();
        Self::make(repository, Some(server), &url, Some(data), &[])
    }

    fn make(
        repository: TestRepository,
        server: Option<Nginx>,
        url: &str,
        data: Option<&Path>,
        settings: &[&str],
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(at("root.json"), repository.root()).expect("written");
        let mut options = vec![format!("update.url={url}"), format!("update.trusted_root={}", at("root.json"))];
        if let Some(server) = &server {
            std::fs::write(at("ca.pem"), server.certificate()).expect("written");
            options.push(format!("update.ca_file={}", at("ca.pem")));
        }
        // Only what the test orders is done, but for one look soon after each start.
        let usual = ["update.check_interval_s=604800", "update.allow_http=true", "update.trial_s=1"];
        let quick = ["update.quiet_wait_s=0", "update.rate_limit_kib_s=0", "discovery.enabled=false"];
        let settings = usual.iter().chain(&quick).chain(settings).map(|&setting| setting.to_owned());
        let data = data.map_or_else(|| directory.path().join("data"), Path::to_owned);
        let mut world = Self { repository, server, supervisor: None, directory, data, options };
        settings.for_each(|setting| world.set(setting));
        world.start();
        world
    }

    /// From the next start on.
    pub(super) fn set(&mut self, setting: impl Into<String>) {
        let setting = setting.into();
        let key = setting.split('=').next().expect("a key").to_owned() + "=";
        self.options.retain(|known| !known.starts_with(&key));
        self.options.push(setting);
    }

    /// Starts the box, which is stopped.
    pub(super) fn start(&mut self) {
        assert!(self.supervisor.is_none());
        let supervisor = Supervisor::start(release("1.0.0"), self.arguments(), &[]);
        supervisor.wait_for("ready", 1);
        self.supervisor = Some(supervisor);
        // After an order, nothing is due for days: until now the box may have looked at any moment.
        let _ = self.order(&["check"]);
    }

    /// What the service is started with.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["launch".to_owned(), "--data-dir".to_owned(), self.data.display().to_string()];
        arguments.extend(self.options.iter().flat_map(|setting| ["--set".to_owned(), setting.clone()]));
        arguments
    }

    /// Stops the box as a power cut does, has this happen to its data, and starts it again.
    pub(super) fn while_off(&mut self, happens: impl FnOnce(&Path)) {
        // Killed when it is dropped.
        drop(self.supervisor.take());
        happens(&self.data);
        self.start();
    }

    pub(super) fn supervisor(&self) -> &Supervisor {
        self.supervisor.as_ref().expect("it runs")
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// A place for the test's own files.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The repository as it is.
    pub(super) fn generation(&self) -> Generation {
        let kept = tempfile::tempdir().expect("a directory");
        copy(&self.repository.directory(), kept.path());
        Generation(kept)
    }

    /// The repository as it was, in newer metadata: whatever was accepted since is behind.
    pub(super) fn restore(&self, generation: &Generation) {
        self.put(generation);
        Forge(&self.repository).supersede();
    }

    /// The repository as it was.
    pub(super) fn put(&self, generation: &Generation) {
        let directory = self.repository.directory();
        std::fs::remove_dir_all(&directory).expect("removed");
        std::fs::create_dir(&directory).expect("a directory");
        copy(generation.0.path(), &directory);
    }

    /// `workshop-edge update …` on this box, to be run.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(release("1.0.0"));
        command.arg("update").args(arguments).arg("--data-dir").arg(&self.data);
        command.env_clear();
        command
    }

    /// Runs it, in English.
    pub(super) fn update(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it can be started")
    }

    /// Runs it; what it says of success, or else of failure.
    pub(super) fn order(&self, arguments: &[&str]) -> Result<Value, String> {
        let output = self.update(&[arguments, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
        } else {
            Err(said + &String::from_utf8_lossy(&output.stdout))
        }
    }

    /// The state of the updates.
    pub(super) fn state(&self) -> Value {
        self.order(&["status"]).expect("a state")
    }

    /// What there was, the newest last.
    pub(super) fn history(&self) -> Vec<Value> {
        self.order(&["history"]).expect("a history").as_array().expect("a list").clone()
    }

    pub(super) fn health(&self) -> Value {
        let reply = self.supervisor().connect().request("GET", "/health", &[("connection", "close")]);
        serde_json::from_slice(&reply.body).expect("JSON")
    }

    /// A check finds nothing wrong.
    pub(super) fn checks(&self) {
        self.order(&["check"]).expect("nothing is wrong");
        assert_eq!(self.state()["fault"], Value::Null);
    }

    /// The order fails, the box says so wherever somebody looks, and is as it was.
    pub(super) fn fails(&self, order: &[&str], kind: &str, detail: &str) {
        let (before, history) = (self.state(), self.history());
        let said = self.order(order).expect_err("it fails");
        let after = self.state();
        let fault = &after["fault"];
        assert_eq!(fault["kind"], kind, "{said} {fault}");
        let full = fault["detail"].as_str().expect("words");
        assert!(full.contains(detail), "{full:?} does not say {detail:?}");
        assert!(said.contains(detail), "{said:?} does not say {detail:?}");
        let (spanish, is_urgent) = fault_text(kind);
        let output = self.command(&["status"]).env("LANG", "es_ES.UTF-8").output().expect("started");
        let output = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.contains(spanish) && output.contains(full), "{output}");
        let health = &self.health()["checks"]["update"];
        assert_eq!(health["reason"].as_str().is_some_and(|reason| reason.contains(full)), is_urgent, "{health}");
        for what in ["running", "slot", "previous", "quarantined", "order"] {
            assert_eq!(before[what], after[what], "{what}");
        }
        assert_eq!(self.history(), history);
        self.shows(before["running"].as_str().expect("a version"));
    }

    /// The box runs this version, and shows its display.
    pub(super) fn shows(&self, version: &str) {
        assert_eq!(self.state()["running"], version);
        self.displays(version);
    }

    /// The display is this version's.
    pub(super) fn displays(&self, version: &str) {
        let reply = self.supervisor().connect().request("GET", "/", &[("connection", "close")]);
        assert_eq!(reply.status, 200);
        let page = if version == "1.1.0" { "Cargando la pantalla…" } else { "Cargando…" };
        assert!(reply.text().contains(page), "{}", reply.text());
    }

    /// Waits until a version runs that has shown that it works.
    pub(super) fn wait_until_runs(&self, version: &str) {
        self.wait_for(version, |state| state["running"] == version && state["phase"]["phase"] == "idle");
    }

    /// Waits until the updates are at something.
    pub(super) fn wait_for(&self, what: &str, is_there: impl Fn(&Value) -> bool) {
        let give_up = std::time::Instant::now() + PATIENCE;
        loop {
            let state = self.order(&["status"]);
            if state.as_ref().is_ok_and(&is_there) {
                return;
            }
            assert!(std::time::Instant::now() < give_up, "not {what}: {state:?}\n{}", self.supervisor().log());
            std::thread::park_timeout(std::time::Duration::from_millis(50));
        }
    }

    /// The publisher wants 1.1.0 on `stable`, and the box gets it: nothing that has happened stays.
    pub(super) fn recovers(&self) {
        self.repository.promote(&["--version", "1.1.0"]);
        self.follows();
    }

    /// The box gets 1.1.0, which the channel wants.
    pub(super) fn follows(&self) {
        // A look that was due anyway may be faster.
        let said = self.order(&["apply"]);
        self.wait_for("1.1.0", |state| state["running"] == "1.1.0" && state["phase"]["phase"] == "idle");
        let state = self.state();
        assert_eq!(state["fault"], Value::Null, "{said:?}");
        self.shows("1.1.0");
        let history = self.history();
        let last = history.last().expect("an entry");
        assert_eq!((&last["to"], &last["outcome"]["state"]), (&"1.1.0".into(), &"confirmed".into()), "{history:?}");
        assert_eq!(self.health()["checks"]["update"]["status"], "ok", "{}", self.health());
    }
}

/// What is in one directory, into another.
pub(super) fn copy(from: &Path, to: &Path) {
    run("cp", &["-a", from.join(".").to_str().expect("UTF-8"), to.to_str().expect("UTF-8")]);
}
