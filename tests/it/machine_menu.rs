//! The menu on the box's own screen, at a pseudo-terminal.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use workshop_edge::machine::{Paths, os};
use workshop_edge::update::state::Quarantined;

use crate::machine_install;
use crate::support::{Edge, Pty, Setup, eventually};

const DOWN: &str = "\x1b[B";

/// The menu of a machine in a directory.
struct Menu {
    child: Child,
    pty: Pty,
    root: TempDir,
}

impl Menu {
    fn start(prepare: impl FnOnce(&std::path::Path)) -> Self {
        Self::start_in(tempfile::tempdir().expect("a directory"), prepare)
    }

    /// The same, of a machine in this directory.
    fn start_in(root: TempDir, prepare: impl FnOnce(&std::path::Path)) -> Self {
        for directory in
            ["media/settings", "media/stick", "run/workshop-machine", "var/lib", "sys/block", "dev/workshop"]
        {
            fs::create_dir_all(root.path().join(directory)).expect("made");
        }
        prepare(root.path());
        let pty = Pty::new(100, 37);
        let child = Command::new(env!("CARGO_BIN_EXE_workshop-edge"))
            .args(["machine", "menu", "--tty"])
            .arg(pty.path())
            .arg("--root")
            .arg(root.path())
            .env_clear()
            .env("LANG", "es")
            .env("PATH", machine_install::path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        pty.wait_for("menú del equipo");
        Self { child, pty, root }
    }

    fn press(&mut self, keys: &str, then: &str) {
        self.pty.press(keys);
        self.pty.wait_for(then);
    }

    fn notice(&self) -> Option<String> {
        fs::read_to_string(self.root.path().join("run/workshop-machine/notices/menu.json")).ok()
    }
}

impl Drop for Menu {
    fn drop(&mut self) {
        // Already gone is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn appliance(root: &std::path::Path) -> Edge {
    Setup::new("").data(&root.join("var/lib/workshop-edge")).start()
}

#[test]
fn it_speaks_both_languages_and_says_that_it_is_there() {
    let mut menu = Menu::start(|_| {});
    menu.pty.wait_for("1. Estado y dirección");
    assert!(menu.notice().expect("a notice").contains("Alt+F2"));
    menu.press("l", "1. State and address");
    menu.press("\x1b[[B", "Estado y dirección");
    menu.press("1", "el servicio no está en marcha");
    menu.press("\r", "1. Estado");
    assert!(!menu.pty.echoes());
    kill_process(Pid::from_child(&menu.child), Signal::TERM).expect("it is there");
    assert_eq!(menu.child.wait().expect("ended").code(), Some(0));
    assert_eq!(menu.notice(), None);
    eventually("the terminal as it was", || menu.pty.echoes());
}

#[test]
fn the_box_is_asked_and_restarted() {
    let mut edge = None;
    let mut menu = Menu::start(|root| edge = Some(appliance(root)));
    let edge = edge.expect("started");
    menu.press("1", "workshop-edge 0.");
    menu.press("\x1b", "Reiniciar el programa");
    menu.press("6", "¿Reiniciar el programa?");
    assert_eq!(edge.logged("ready").len(), 1);
    menu.press("s", "El programa se reinicia.");
    eventually("it is ready again", || edge.logged("ready").len() == 2);
    edge.stop();
}

/// Without a login, a version that a power cut took down can be tried again.
#[test]
fn a_version_of_the_system_that_has_failed_is_tried_again_when_somebody_says_so() {
    let quarantined = || Quarantined { version: "2.0.0".into(), sha256: "00".repeat(32), reason: "cut".into() };
    let mut menu = Menu::start(|root| {
        fs::create_dir_all(root.join("etc")).expect("made");
        fs::write(root.join("etc/os-release"), "IMAGE_ID=workshop-edge\nIMAGE_VERSION=1.0.0\n").expect("written");
    });
    menu.press("5", "no rechaza ninguna versión del sistema");
    let mut record = os::record(&Paths::below(menu.root.path()).data_os());
    record.change(|record| record.quarantined.push(quarantined())).expect("kept");
    for (key, then, expected) in [("n", "1. Estado", 1), ("s", "Se probarán otra vez", 0)] {
        menu.press("\x1b", "1. Estado");
        menu.press("5", "2.0.0: cut");
        menu.press(key, then);
        let record = os::record(&Paths::below(menu.root.path()).data_os());
        assert_eq!(record.value().quarantined.len(), expected, "{key}");
    }
}

#[test]
fn the_settings_of_a_stick_wait_for_a_yes() {
    let pending = "run/workshop-machine/pending.txt";
    let settings = "media/settings/workshop-edge.txt";
    let mut menu = Menu::start(|root| {
        fs::write(root.join(settings), "name = \"before\"\n").expect("written");
    });
    menu.press("3", "Ninguna memoria USB");
    let root = menu.root.path().to_owned();
    let now = || fs::read_to_string(root.join(settings)).expect("settings");
    for (key, then, expected) in [
        ("\x1b", "1. Estado", "name = \"before\"\n"),
        ("n", "no se han aceptado", "name = \"before\"\n"),
        ("s", "se han aceptado", "\u{FEFF}# hidden\nname = \"after\"\n"),
    ] {
        menu.press("\x1b", "1. Estado");
        fs::write(root.join(pending), "# hidden\nname = \"after\"\n").expect("written");
        menu.press("3", "name = \"after\"");
        assert!(!menu.pty.text().contains("hidden"));
        menu.press(key, then);
        assert_eq!(now().replace("\r\n", "\n"), expected, "{key:?}");
        assert_eq!(root.join(pending).exists(), key == "\x1b", "{key:?}");
    }
}

#[test]
fn a_bundle_needs_a_stick() {
    let mut edge = None;
    let mut menu = Menu::start(|root| edge = Some(appliance(root)));
    menu.press("4", "No hay ninguna memoria USB");
    fs::write(menu.root.path().join("run/workshop-machine/stick.device"), "/dev/sdb1").expect("a stick");
    menu.press("\x1b", "1. Estado");
    menu.press(&format!("{DOWN}{DOWN}{DOWN}\r"), "Informe de soporte escrito");
    let names: Vec<_> = fs::read_dir(menu.root.path().join("media/stick")).expect("listed").collect();
    assert_eq!(names.len(), 1);
    drop(edge);
}

#[test]
fn a_disk_is_described_and_needs_its_name_typed() {
    let mut menu = Menu::start(|root| {
        fs::write(root.join("stick.img"), "x").expect("written");
        std::os::unix::fs::symlink("../../stick.img", root.join("dev/workshop/disk")).expect("a link");
    });
    menu.press("2", "no hay ningún disco interno");
    let disk = menu.root.path().join("sys/block/nvme0n1");
    fs::create_dir_all(disk.join("device")).expect("made");
    fs::write(disk.join("size"), "1000215216\n").expect("written");
    fs::write(disk.join("device/model"), "Samsung 970\n").expect("written");
    fs::write(menu.root.path().join("dev/nvme0n1"), "untouched").expect("written");
    menu.press("\r", "1. Estado");
    menu.press("2", "Samsung 970, 512 GB");
    menu.press("1", "escriba e0n1");
    menu.press("no\r", "No se ha confirmado");
    assert_eq!(fs::read_to_string(menu.root.path().join("dev/nvme0n1")).expect("read"), "untouched");
}

/// The result is shown, however late the steps towards it were to be drawn.
#[test]
fn an_installation_ends_with_its_result() {
    let machine = machine_install::Machine::new();
    let mut menu = Menu::start_in(machine.root, |root| {
        let kernel = root.join("sys/block/nvme0n1");
        fs::create_dir_all(&kernel).expect("made");
        fs::write(kernel.join("size"), "4096000\n").expect("written");
        fs::rename(&machine.disk, root.join("dev/nvme0n1")).expect("moved");
    });
    let disk = fs::File::open(menu.root.path().join("dev/nvme0n1")).expect("open");
    menu.press("2", "2 GB");
    menu.press("1", "escriba e0n1");
    menu.pty.suspend();
    menu.pty.press("e0n1\r");
    eventually("a table, which is written last", || {
        let mut signature = [0; 8];
        disk.read_exact_at(&mut signature, 512).expect("read");
        signature == *b"EFI PART"
    });
    menu.pty.resume();
    menu.pty.wait_for("Instalado.");
}
