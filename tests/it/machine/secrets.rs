//! `secrets.txt`: moved, wiped, and never repeated.

use super::Machine;
use std::os::unix::fs::PermissionsExt as _;

const FILE: &str = "media/settings/secrets.txt";
/// Nothing but comments.
const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/settings/secrets.txt");
const CREDENTIALS: &str = "run/workshop-machine/proxy-credentials";
const KEPT: &str = "data/machine/settings/secrets.toml";

fn with_wifi() -> Machine {
    let machine = Machine::new().settings("wifi.ssid = \"Nave\"\n");
    std::fs::create_dir_all(machine.path("usr/sbin")).expect("made");
    machine.put("usr/sbin/wpa_supplicant", "");
    machine
}

#[test]
fn they_are_kept_and_wiped_and_used() {
    let machine = with_wifi();
    machine.put(FILE, "\u{FEFF}wifi.passphrase = \"muy secreta\"\r\n");
    // What is overwritten, and not only removed, is so under its other name.
    std::fs::hard_link(machine.path(FILE), machine.path("other")).expect("a second name");
    machine.started();
    // In its place is one without any, so that nobody has to make one with the right name.
    let empty = format!("\u{FEFF}{}", std::fs::read_to_string(TEMPLATE).expect("the template").replace('\n', "\r\n"));
    assert_eq!(machine.text(FILE), empty);
    let other = std::fs::read(machine.path("other")).expect("there");
    assert!(!other.is_empty() && other.iter().all(|byte| *byte == 0), "{other:?}");
    assert_eq!(machine.text(KEPT), "wifi.passphrase = \"muy secreta\"\n");
    let mode = |path| std::fs::metadata(machine.path(path)).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(KEPT), mode("etc/wpa_supplicant/wpa_supplicant.conf")), (0o600, 0o600));
    assert!(machine.text("etc/wpa_supplicant/wpa_supplicant.conf").contains("sae_password=P\"muy\\x20secreta\""));
    assert!(machine.text("run/systemd/network/10-workshop-wifi.network").contains("Type=wlan"));
    let (level, es, _) = machine.notice("secrets").expect("said");
    assert!(level == "info" && es.contains("se han guardado") && !es.contains("muy secreta"), "{es}");

    // Used again, and not said again; newer ones are put beside them.
    machine.started();
    assert_eq!(machine.notice("secrets"), None);
    assert_eq!(machine.text(FILE), empty);
    assert!(machine.text("etc/wpa_supplicant/wpa_supplicant.conf").contains("muy\\x20secreta"));
    machine.put(FILE, "erp.user = \"u\"\nerp.password = \"p\"\n");
    machine.started();
    assert_eq!(machine.text(KEPT), "wifi.passphrase = \"muy secreta\"\nerp.user = \"u\"\nerp.password = \"p\"\n");

    let machine = machine.settings("");
    machine.started();
    assert!(!machine.has("etc/wpa_supplicant/wpa_supplicant.conf"));
    assert!(!machine.has("run/systemd/network/10-workshop-wifi.network"));
}

#[test]
fn the_proxy_s_account_is_given_to_the_appliance_in_a_file() {
    let machine = Machine::new().settings("proxy.url = \"http://proxy.example:3128\"\n");
    machine.put(FILE, "proxy.user = \"ana\"\n");
    machine.started();
    let (level, es, _) = machine.notice("settings-remarks").expect("said");
    assert!(level == "warning" && es.contains("La cuenta del proxy está a medias"), "{es}");
    assert!(!machine.has(CREDENTIALS));

    machine.put(FILE, "proxy.password = \"muy secreta\"\n");
    machine.started();
    assert_eq!(machine.notice("settings-remarks"), None);
    assert_eq!(machine.text(CREDENTIALS), "ana:muy secreta");
    let mode = std::fs::metadata(machine.path(CREDENTIALS)).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let config = machine.text("run/workshop-machine/config.toml");
    assert!(config.contains("proxy-credentials\"\n") && !config.contains("secreta"), "{config}");

    machine.put(FILE, "proxy.user = \"a:b\"\n");
    machine.started();
    let (level, es, _) = machine.notice("secrets").expect("said");
    assert!(level == "warning" && es.contains("no puede llevar dos puntos"), "{es}");
}

#[test]
fn what_is_wrong_with_them_is_reported_without_them() {
    for content in
        ["wifi.passphrase = \"corta\"\n", "wifi.passphrase = corta larga\n", "wifi.pasphrase = \"corta larga\"\n"]
    {
        let machine = with_wifi();
        machine.put(FILE, content);
        let output = machine.start();
        assert_eq!(output.code, Some(0), "{output:?}");
        let (level, es, en) = machine.notice("secrets").expect("said");
        let beside = machine.text("media/settings/ERRORES.txt");
        assert!(level == "warning" && es.contains("línea 1: ") && beside.contains("línea 1: "), "{es}");
        for text in [es, en, beside, output.stdout, output.stderr] {
            assert!(!text.contains("corta"), "{text}");
        }
        assert_eq!(machine.text(FILE), content);
        assert!(!machine.has(KEPT));
    }
}

#[test]
fn what_cannot_be_kept_is_not_wiped() {
    let machine = with_wifi();
    machine.put(FILE, "wifi.passphrase = \"muy secreta\"\n");
    std::fs::remove_dir(machine.path("data")).expect("removed");
    machine.started();
    assert!(machine.has(FILE));
    assert!(machine.text("etc/wpa_supplicant/wpa_supplicant.conf").contains("muy\\x20secreta"), "used all the same");
    assert!(machine.notice("secrets").is_some_and(|(level, es, _)| level == "warning" && es.contains("se queda")));
    // There, but not to be written to.
    std::fs::create_dir(machine.path("data")).expect("made");
    machine.put("data/machine", "in the way");
    machine.started();
    assert!(machine.has(FILE));
    assert!(machine.notice("secrets").is_some_and(|(level, es, _)| level == "warning" && es.contains("se queda")));
}

/// A power cut after they were overwritten, and before the file was removed.
#[test]
fn a_wipe_that_was_cut_off_is_ended_without_a_word() {
    let machine = with_wifi();
    machine.put(FILE, "wifi.passphrase = \"muy secreta\"\n");
    machine.started();
    machine.put(FILE, [0; 31]);
    machine.started();
    assert!(machine.text(FILE).starts_with("\u{FEFF}# secrets.txt: ") && !machine.has("media/settings/ERRORES.txt"));
    assert_eq!(machine.notice("secrets"), None);
    assert_eq!(machine.text(KEPT), "wifi.passphrase = \"muy secreta\"\n");
}

#[test]
fn a_line_of_the_image_s_own_file_needs_no_more_than_its_mark_taken_away() {
    let machine = with_wifi();
    let file = std::fs::read_to_string(TEMPLATE).expect("the template");
    machine.put(FILE, file.replace("#wifi.passphrase", "wifi.passphrase"));
    machine.started();
    assert!(machine.text(KEPT).starts_with("wifi.passphrase = "));
    assert!(!machine.text(FILE).lines().any(|line| line.starts_with("wifi")));
}

/// Windows hides how names end.
#[test]
fn a_file_with_nearly_the_right_name_is_reported() {
    let machine = Machine::new().settings("name = \"nave\"\n");
    machine.put("media/settings/Secrets.txt.txt", "erp.user = \"u\"\n");
    machine.started();
    let (level, es, en) = machine.notice("secrets").expect("said");
    assert!(level == "warning" && es.contains("Secrets.txt.txt") && es.contains("cualquiera las lee"), "{es}");
    assert!(en.contains("Secrets.txt.txt") && en.contains("anybody reads them"), "{en}");
    assert!(machine.text("media/settings/ERRORES.txt").contains("Secrets.txt.txt"));
    assert!(!machine.has(KEPT) && machine.has("media/settings/Secrets.txt.txt"), "it may be another's");

    std::fs::remove_file(machine.path("media/settings/Secrets.txt.txt")).expect("removed");
    machine.put("media/settings/workshop-edge.txt.txt", "name = \"otra\"\n");
    machine.started();
    assert_eq!(machine.notice("secrets"), None);
    let (level, es, _) = machine.notice("settings").expect("said");
    assert!(level == "info" && es.contains("workshop-edge.txt.txt"), "{es}");
}
