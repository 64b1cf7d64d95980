//! From the stick to the disk that is built in, by somebody with a keyboard.

use crate::box_status::status;
use crate::disk::Disk;
use crate::lan::Lan;
use crate::machine::{MODEL, Machine, Setup};
use crate::technician::Technician;

/// The address of the settings; the router would lend another.
const FIXED: &str = "10.9.0.61";

const SETTINGS: &str = "name = \"pintura\"\nnetwork.address = \"10.9.0.61/24\"\nnetwork.gateway = \"10.9.0.1\"\n";

/// The last line of the menu and of the list of disks.
const KEYS: &str = "Flechas e Intro, o una cifra. L: English. Esc: volver. Alt+F1: pantalla del equipo.";

/// Opens the menu, and asks for an installation.
fn ask(machine: &mut Machine) {
    machine.opens_menu(&["2. Instalar en el disco interno", KEYS], "install-1-menu");
    machine.monitor().press(&["2"]);
}

/// Types a word.
fn type_in(machine: &mut Machine, word: &str) {
    for letter in word.chars() {
        machine.monitor().press(&[&letter.to_string()]);
    }
}

/// Chooses the only disk, and gives the word that is asked for.
fn choose(machine: &mut Machine) -> String {
    let disk = format!(": {MODEL}, 2 GB [vfat \"VIEJO\", 409 MB]");
    let disks = machine.reads(&["¿En qué disco?", &disk, KEYS], "install-2-disks");
    assert!(!disks.contains("2. "), "the stick that it runs from is no choice: {disks}");
    machine.monitor().press(&["1"]);
    let wanted = [&disk, "Se borra TODO lo que hay en ese disco.", "Esc: volver sin hacer nada."];
    let asked = machine.reads(&wanted, "install-3-word");
    let (_, rest) = asked.split_once("Para seguir, escriba ").expect("a word");
    rest.split(' ').next().expect("a word").to_owned()
}

#[test]
fn an_installed_box_is_the_same_box_without_its_stick() {
    let (lan, stick, disk) = (Lan::new(), Disk::flashed(), Disk::used());
    stick.write_settings("workshop-edge.txt", SETTINGS.as_bytes());
    stick.write_settings("secrets.txt", b"erp.user = \"pantalla\"\nerp.password = \"secreta\"\n");
    let mut machine = Setup::stick(&stick).built_in(&disk).start(&lan, "install");
    let before = machine.wait("the status", |_| status(&lan, FIXED));
    let pin = machine.wait("a PIN", |_| stick.data_file("/workshop-edge/admin/pin"));

    // A word that is not the disk's is a no.
    ask(&mut machine);
    let word = choose(&mut machine);
    type_in(&mut machine, "no");
    machine.reads(&[&format!("escriba {word} y pulse Intro: no_")], "install-4-wrong");
    machine.monitor().press(&["ret"]);
    machine.reads(&["No se ha confirmado: no se ha hecho nada."], "install-5-nothing");
    assert_eq!(disk.partitions(), ["Basic data"]);
    machine.monitor().press(&["ret"]);

    // The disk's word is a yes.
    ask(&mut machine);
    assert_eq!(choose(&mut machine), word);
    type_in(&mut machine, &word);
    machine.reads(&[&format!("pulse Intro: {word}_")], "install-6-sure");
    machine.monitor().press(&["ret"]);
    machine.wait("the end of the installation", |machine| {
        // On a fast computer these go by before they are seen.
        for (step, picture) in [("Copiando", "install-7-copying"), ("Comprobando", "install-8-verifying")] {
            if machine.words().contains(step) {
                machine.screenshot(picture);
            }
        }
        machine.words().contains("Instalado.").then_some(())
    });
    machine.reads(&["Retire la memoria USB y pulse Intro: el equipo arranca de su disco."], "install-9-done");
    assert_eq!(disk.partitions(), ["workshop-settings", "workshop-esp", "workshop-data"]);
    assert!(disk.system() == stick.system(), "the system is another than the stick's");
    assert_eq!(disk.settings("workshop-edge.txt"), SETTINGS.as_bytes());
    let secrets = disk.data_file("/machine/settings/secrets.toml");
    assert!(secrets.is_some_and(|secrets| secrets.contains("secreta")));
    assert_eq!(disk.data_beyond_repair(), None);

    // As the menu asks: the stick is out before it starts again.
    machine.pull_own();
    machine.monitor().press(&["ret"]);
    machine.wait_for_its_restart("the restart after the installation");

    let mut machine = Setup::installed(&disk).start(&lan, "installed");
    machine.wait("the display", |_| lan.get(&format!("http://{FIXED}/")));
    let after = machine.wait("the status", |_| status(&lan, FIXED));
    assert_eq!((&after["id"], &after["name"]["wanted"]), (&before["id"], &"pintura".into()), "{after}");
    let bytes = after["disk"]["total_bytes"].as_u64().expect("a size");
    assert!(bytes > 1_500_000_000, "its data have the rest of the disk: {after}");
    machine.wait("the PIN of before", |_| Technician::log_in(&lan, FIXED, pin.trim()));
    // It is where it belongs.
    ask(&mut machine);
    machine.reads(&["ya está instalada"], "install-installed");
}
