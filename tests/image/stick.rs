//! A stick with the label `WORKSHOP` that somebody plugs into a box that runs.

use crate::box_status::{machine_says, status};
use crate::disk::Disk;
use crate::foreign_stick::ForeignStick;
use crate::lan::{LEASED_ADDRESS, Lan};
use crate::machine::{Machine, Setup};
use crate::support::run;

/// What a box says when it is done with a stick.
const OUT: &str = "Ya puede retirar la memoria USB.";

/// Every notice of a stick has this in it.
const SUBJECT: &str = "memoria USB";

/// Waits until the box's status says something, and its own screen too, and gives all that the status says.
fn says(machine: &mut Machine, lan: &Lan, what: &str, picture: &str) -> String {
    let told = machine.wait(what, |_| machine_says(lan, LEASED_ADDRESS).filter(|told| told.contains(what)));
    machine.reads(&[what], picture);
    told
}

/// Pulls it out, and waits until the box has no more to say of it.
fn pull(machine: &mut Machine, lan: &Lan) {
    machine.pull();
    machine
        .wait("silence about the stick", |_| machine_says(lan, LEASED_ADDRESS).filter(|told| !told.contains(SUBJECT)));
}

/// The new settings, with a PIN before them.
fn settings(pin: &str, name: &str) -> Vec<u8> {
    format!("pin = \"{pin}\"\nname = \"{name}\"\ndisplay.title = \"Pintura\"\n").into_bytes()
}

/// The files of a support bundle, by their names without the directory that they are in.
fn unpacked(bundle: &[u8]) -> (tempfile::TempDir, Vec<String>) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("bundle.tar.gz");
    std::fs::write(&file, bundle).expect("written");
    let (file, to) = (file.display().to_string(), directory.path().display().to_string());
    run("tar", &["--extract", "--strip-components=1", "--file", &file, "--directory", &to]);
    let listed = String::from_utf8(run("tar", &["--list", "--file", &file])).expect("text");
    let names = listed.lines().filter_map(|line| line.split_once('/')).map(|(_, name)| name.to_owned()).collect();
    (directory, names)
}

#[test]
fn a_stick_takes_a_support_bundle_away_and_brings_settings_for_the_pin_alone() {
    let (lan, own) = (Lan::new(), Disk::flashed());
    let mut machine = Setup::stick(&own).start(&lan, "stick");
    let before = machine.wait("the status", |_| status(&lan, LEASED_ADDRESS));
    let pin = machine.wait("a PIN", |_| own.data_file("/workshop-edge/admin/pin"));
    let pin = pin.trim();
    let flashed = own.settings("workshop-edge.txt");

    // The wish for a support bundle.
    let wish = ForeignStick::unpartitioned().with("SOPORTE", b"");
    machine.plug(&wish);
    let told = says(&mut machine, &lan, OUT, "stick-bundle");
    assert!(told.contains("Informe de soporte escrito en la memoria USB: soporte-"), "{told}");
    assert!(!told.contains("no responde"), "it has been collected by the box itself: {told}");
    // It may be pulled out now: everything is on it already.
    let names = wish.names();
    let id = before["id"].as_str().expect("an id");
    let name = names.iter().find(|name| name.starts_with(&format!("soporte-{id}-"))).expect("a bundle");
    assert!(told.contains(name), "{told}");
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(wish.fault(), None);
    let (bundle, files) = unpacked(&wish.read(name));
    for file in ["MANIFEST.txt", "status.json", "journal.txt"] {
        assert!(files.iter().any(|name| name == file), "{file} in {files:?}");
    }
    for file in &files {
        let content = std::fs::read(bundle.path().join(file)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&content).contains(pin), "the PIN is in {file}");
    }
    pull(&mut machine, &lan);

    // Settings of somebody who does not know the PIN wait for a key at the box.
    let wrong = pin.chars().rev().map(|digit| if digit == '0' { '1' } else { '0' }).collect::<String>();
    let stranger = ForeignStick::partitioned().with("workshop-edge.txt", &settings(&wrong, "ajena"));
    machine.plug(&stranger);
    let told = says(&mut machine, &lan, "Si retira la memoria USB, no se aceptan.", "stick-wrong-pin");
    assert!(told.contains("no es el de este equipo") && told.contains("Alt+F2"), "{told}");
    assert!(own.settings("workshop-edge.txt") == flashed, "settings without the PIN have been taken");
    machine.opens_menu(&["3. Ajustes que trae la memoria USB"], "stick-menu");
    machine.monitor().press(&["3"]);
    let wanted = ["¿Aceptar estos ajustes? El equipo se reinicia.", "name = \"ajena\"", "S: sí. N: no. Esc: volver."];
    let shown = machine.reads(&wanted, "stick-pending");
    assert!(!shown.contains(&wrong), "{shown}");
    // Nobody presses it, and with the stick they are gone.
    machine.monitor().press(&["esc"]);
    machine.reads(&["1. Estado"], "stick-menu-again");
    pull(&mut machine, &lan);
    machine.monitor().press(&["3"]);
    machine.reads(&["Ninguna memoria USB ha traído ajustes por aceptar."], "stick-nothing-pending");
    machine.monitor().press(&["ret"]);
    machine.reads(&["1. Estado"], "stick-menu-last");
    machine.monitor().press(&["alt", "f1"]);

    // A mistake is reported with its line, and the right PIN does not make it good.
    let mistaken = ForeignStick::partitioned().with("workshop-edge.txt", &settings(pin, "con espacios"));
    machine.plug(&mistaken);
    let told = says(&mut machine, &lan, OUT, "stick-mistake");
    assert!(told.contains("no se han aceptado") && told.contains("workshop-edge.txt:2"), "{told}");
    assert!(own.settings("workshop-edge.txt") == flashed, "settings with a mistake have been taken");
    pull(&mut machine, &lan);

    // The right PIN, and the machine starts again by itself, with the stick still in.
    let good = ForeignStick::partitioned().with("workshop-edge.txt", &settings(pin, "pintura"));
    machine.plug(&good);
    machine.wait_for_its_restart("the restart for the new settings");
    let kept = String::from_utf8(own.settings("workshop-edge.txt")).expect("text");
    assert!(kept.contains("name = \"pintura\"") && !kept.contains("pin ="), "{kept}");

    let mut machine = Setup::stick(&own).plugged(&good).start(&lan, "stick-after");
    let after = machine.wait("the status", |_| status(&lan, LEASED_ADDRESS));
    assert_eq!((&after["name"]["wanted"], &after["id"]), (&"pintura".into(), &before["id"]), "{after}");
    // They are not taken again, for which it would start again and again.
    let told = says(&mut machine, &lan, OUT, "stick-after");
    assert!(told.contains("ya son los de este equipo") && !told.contains("se reinicia"), "{told}");
}
