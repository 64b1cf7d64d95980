//! What the machine does with a USB stick, here a directory: the real order, and a real box behind its control socket.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Disk, Edge, Setup, eventually, run};

/// A machine in a directory, whose appliance runs.
struct Machine {
    root: TempDir,
    edge: Edge,
    stick: TempDir,
}

impl Machine {
    fn start() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        for directory in ["media/settings", "run/workshop-machine", "var/lib"] {
            fs::create_dir_all(root.path().join(directory)).expect("made");
        }
        fs::write(root.path().join("media/settings/workshop-edge.txt"), "name = \"before\"\r\n").expect("settings");
        fs::write(root.path().join("run/workshop-machine/config.toml"), "").expect("a configuration");
        let edge = Setup::new("").data(&root.path().join("var/lib/workshop-edge")).start();
        Self { root, edge, stick: tempfile::tempdir().expect("a directory") }
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.stick.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn order(&self, more: &[&str]) -> Output {
        self.order_at(self.stick.path(), more)
    }

    fn order_at(&self, stick: &Path, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
        command.args(["machine", "stick", "--directory"]).arg(stick).args(more);
        command.arg("--root").arg(self.root.path()).stdin(Stdio::null());
        command.env_clear().env("LANG", "es").env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.output().expect("started")
    }

    fn plug_in(&self) -> Notice {
        let output = self.order(&[]);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        self.notice().expect("a notice")
    }

    fn notice(&self) -> Option<Notice> {
        let text = fs::read(self.root.path().join("run/workshop-machine/notices/stick.json")).ok()?;
        let value: Value = serde_json::from_slice(&text).expect("JSON");
        let text = |name: &str| value[name].as_str().expect("text").to_owned();
        Some(Notice { level: text("level"), es: text("es"), en: text("en") })
    }

    fn settings(&self) -> String {
        fs::read_to_string(self.root.path().join("media/settings/workshop-edge.txt")).expect("settings")
    }

    fn pending(&self) -> Option<String> {
        fs::read_to_string(self.root.path().join("run/workshop-machine/pending.txt")).ok()
    }

    fn pin(&self) -> String {
        fs::read_to_string(self.edge.data().join("admin/pin")).expect("a PIN")
    }
}

#[derive(Debug)]
struct Notice {
    level: String,
    es: String,
    en: String,
}

impl Notice {
    fn says(&self, es: &str, en: &str) {
        assert!(self.es.contains(es) && self.en.contains(en), "{es} · {en}: {self:?}");
    }
}

#[test]
fn a_stick_that_brings_nothing_gets_a_notice_of_what_it_may_bring() {
    let machine = Machine::start();
    machine.put("photo.jpg", "x");
    let notice = machine.plug_in();
    assert_eq!(notice.level, "warning");
    notice.says("un archivo SOPORTE", "no file SUPPORT");
    notice.says("Ya puede retirar", "may be pulled out");
    assert!(machine.order(&["--removed"]).status.success());
    assert!(machine.notice().is_none(), "it went with the stick");
}

#[test]
fn a_support_bundle_is_written_back_and_nothing_else_changes() {
    let machine = Machine::start();
    machine.put("Soporte.txt", "");
    let notice = machine.plug_in();
    assert_eq!(notice.level, "info", "{notice:?}");
    notice.says("Informe de soporte escrito", "Support bundle written");
    let mut names: Vec<_> = fs::read_dir(machine.stick.path())
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    let [wish, bundle] = &names[..] else { panic!("{names:?}") };
    let id = fs::read_to_string(machine.edge.data().join("box-id")).expect("an id");
    assert_eq!(wish, "Soporte.txt");
    assert!(bundle.starts_with(&format!("soporte-{}-20", id.trim())) && bundle.ends_with(".tar.gz"), "{bundle}");
    let path = machine.stick.path().join(bundle);
    let listed = String::from_utf8(run("tar", &["-tzf", path.to_str().expect("text")])).expect("text");
    assert!(listed.contains("status.json") && listed.contains("health.json"), "{listed}");
    assert!(fs::metadata(path).expect("there").len() <= 5_000_000);
}

#[test]
fn a_stick_without_room_for_the_bundle_is_reported_and_left_alone() {
    let machine = Machine::start();
    let stick = Disk::new(1);
    fs::write(stick.path.join("SOPORTE"), "").expect("written");
    let names = || fs::read_dir(&stick.path).expect("listed").count();
    // Some room, and less than what stays free beside a bundle.
    stick.fill(8192);
    machine.order_at(&stick.path, &[]);
    let notice = machine.notice().expect("a notice");
    assert_ne!(notice.level, "info", "{notice:?}");
    notice.says("El informe de soporte no cabe en la memoria USB", "The support bundle does not fit on the USB stick");
    assert_eq!(names(), 2, "nothing but what was there");
    stick.empty();
    machine.order_at(&stick.path, &[]);
    let notice = machine.notice().expect("a notice");
    notice.says("Informe de soporte escrito", "Support bundle written");
    assert_eq!(names(), 2, "the bundle is beside the wish");
}

#[test]
fn settings_are_taken_for_the_pin_alone_and_without_it() {
    let machine = Machine::start();
    let pin = machine.pin();
    machine.put("workshop-edge.txt", format!("# new\r\npin = \"{pin}\"\r\nname = \"after\"\r\n"));
    let notice = machine.plug_in();
    assert_eq!(notice.level, "info", "{notice:?}");
    notice.says("se han aceptado", "are in place");
    assert_eq!(machine.settings(), "\u{FEFF}# new\r\n\r\nname = \"after\"\r\n", "the PIN stays on the stick");
    assert_eq!(machine.pending(), None);
    machine.plug_in().says("ya son los de este equipo", "hold already");
}

/// As some editors save "Unicode".
#[test]
fn settings_in_utf_16_are_taken_too() {
    let machine = Machine::start();
    let text = format!("\u{feff}pin = \"{}\"\r\nname = \"after\"\r\n", machine.pin());
    machine.put("workshop-edge.txt", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    machine.plug_in().says("se han aceptado", "are in place");
    assert_eq!(machine.settings(), "\u{FEFF}\r\nname = \"after\"\r\n");
    let settings = machine.root.path().join("media/settings/workshop-edge.txt");
    let utf_16 = machine.settings().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    fs::write(settings, utf_16).expect("written");
    machine.plug_in().says("ya son los de este equipo", "hold already");
}

/// They would be taken into memory, and again after the restart, and again.
#[test]
fn settings_are_not_taken_where_they_cannot_be_kept() {
    let machine = Machine::start();
    let pin = machine.pin();
    fs::remove_dir_all(machine.root.path().join("media")).expect("removed");
    machine.put("workshop-edge.txt", format!("pin = \"{pin}\"\nname = \"after\"\n"));
    let notice = machine.plug_in();
    assert_eq!(notice.level, "warning");
    notice.says("no se encuentra la unidad TALLER", "drive TALLER");
    assert!(!notice.es.contains("se reinicia"), "{notice:?}");
}

#[test]
fn files_that_are_not_read_are_reported() {
    let machine = Machine::start();
    machine.put("workshop-edge.txt.txt", "name = \"after\"\n");
    machine.put("secrets.txt", "erp.user = \"u\"\n");
    let notice = machine.plug_in();
    assert_eq!(notice.level, "warning");
    notice.says("¿debe llamarse workshop-edge.txt?", "is it to be called workshop-edge.txt?");
    notice.says("la unidad TALLER del equipo", "the box's own drive TALLER");
    assert!(!notice.es.contains("no trae nada"), "{notice:?}");
}

#[test]
fn settings_that_are_wrong_are_reported_by_their_line_and_not_taken() {
    let machine = Machine::start();
    let pin = machine.pin();
    machine.put("workshop-edge.txt", format!("pin = \"{pin}\"\nname = \"after\"\nnetwork.vlan = 9999\n"));
    let notice = machine.plug_in();
    assert_eq!(notice.level, "warning");
    notice.says("están mal", "are wrong");
    notice.says("network.vlan", "workshop-edge.txt:3");
    assert_eq!(machine.settings(), "name = \"before\"\r\n");
    assert_eq!(machine.pending(), None);
}

#[test]
fn settings_without_the_pin_wait_for_somebody_at_the_keyboard() {
    let machine = Machine::start();
    let pin = machine.pin();
    let wrong = if pin == "00000000" { "11111111" } else { "00000000" };
    let wrong = format!("pin = \"{wrong}\"\n");
    for (head, es, en) in
        [("", "sin el PIN", "without this box's PIN"), (wrong.as_str(), "no es el de este equipo", "is not this box's")]
    {
        machine.put("workshop-edge.txt", format!("{head}name = \"after\"\n"));
        let notice = machine.plug_in();
        assert_eq!(notice.level, "warning");
        notice.says(es, en);
        notice.says("Alt+F2", "Alt+F2");
        notice.says("Si retira la memoria USB, no se aceptan.", "If the USB stick is pulled out, they are not taken.");
        assert!(!notice.en.contains("may be pulled out"), "it must not, yet: {notice:?}");
        assert_eq!(machine.settings(), "name = \"before\"\r\n");
        assert!(machine.pending().expect("they wait").ends_with("name = \"after\"\n"));
    }
    // Guessing goes slower and slower.
    eventually("the throttle", || machine.plug_in().en.contains("Too many wrong PINs"));
    assert!(machine.order(&["--removed"]).status.success());
    assert_eq!(machine.pending(), None, "they went with the stick");
}

#[test]
fn nothing_on_a_stick_is_followed() {
    let machine = Machine::start();
    let secret = machine.root.path().join("secret");
    fs::write(&secret, "name = \"secret\"\n").expect("written");
    symlink(&secret, machine.stick.path().join("workshop-edge.txt")).expect("a link");
    symlink("/", machine.stick.path().join("metadata")).expect("a link");
    let notice = machine.plug_in();
    notice.says("No se puede leer workshop-edge.txt", "Cannot read the stick's workshop-edge.txt");
    assert!(!notice.en.contains("Versions on the USB stick"), "{notice:?}");
    assert_eq!(machine.pending(), None);
    assert_eq!(machine.settings(), "name = \"before\"\r\n");
}

/// A box whose updates are off says so; one that trusts no such repository would too.
#[test]
fn a_bucket_goes_to_the_box_and_its_answer_is_shown() {
    let machine = Machine::start();
    machine.put("workshop-edge/metadata/timestamp.json", "{}");
    let notice = machine.plug_in();
    assert_eq!(notice.level, "warning");
    notice.says("No se ha actualizado desde la memoria USB:", "Not updated from the USB stick:");
    let link = machine.root.path().join("run/workshop-machine/stick");
    assert_eq!(fs::read_link(&link).expect("a link"), machine.stick.path().join("workshop-edge"));
    assert!(machine.order(&["--removed"]).status.success());
    assert!(fs::symlink_metadata(&link).is_err());
}

#[test]
fn a_second_stick_waits_for_the_first_to_go() {
    let machine = Machine::start();
    machine.put("SUPPORT", "");
    let first = machine.plug_in();
    let second = tempfile::tempdir().expect("a directory");
    let other = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
        command.args(["machine", "stick", "--directory"]).arg(second.path()).args(more);
        command.arg("--root").arg(machine.root.path()).env_clear().output().expect("started")
    };
    assert_eq!(other(&[]).status.code(), Some(1));
    assert!(other(&["--removed"]).status.success());
    assert_eq!(machine.notice().expect("the first's").en, first.en);
    assert!(Path::new(&machine.stick.path()).exists());
    assert!(machine.order(&["--removed"]).status.success());
    assert!(String::from_utf8_lossy(&other(&[]).stdout).contains("brings nothing"));
}
