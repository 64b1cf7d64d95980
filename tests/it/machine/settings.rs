//! `workshop-edge.txt`, good and bad.

use super::super::cli::run;
use super::Machine;
use serde_json::json;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

const GOOD: &str = "name = \"nave-2\"\nlanguage = \"en\"\ndisplay.title = \"Nave \\\"2\\\"\"\ntime_zone = \"Europe/Madrid\"\n\
    network.address = \"192.168.1.50/24\"\nnetwork.gateway = \"192.168.1.1\"\nnetwork.dns = [\"192.168.1.1\"]\n\
    network.ntp = [\"192.168.1.2\"]\nupdate.window = \"22:00-05:00\"\nupdate.days = [\"mon\"]\nupdate.channel = \"staging\"\n";

const WIRED: &str = "run/systemd/network/10-workshop-wired.network";

#[test]
fn the_image_has_the_template_that_the_program_prints() {
    let told = run(&[], &["machine", "settings", "--template"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/settings/workshop-edge.txt");
    let text = std::fs::read_to_string(file).expect("the template");
    assert!(text == told.stdout, "write it anew: workshop-edge machine settings --template > {file}");
}

#[test]
fn good_settings_become_the_machines() {
    let machine = Machine::new().settings(GOOD);
    machine.started();
    let unit = machine.text(WIRED);
    for line in ["Type=ether", "Address=192.168.1.50/24", "Gateway=192.168.1.1", "DNS=192.168.1.1", "DHCP=no"] {
        assert!(unit.lines().any(|found| found == line), "{line}: {unit}");
    }
    assert_eq!(machine.text("etc/hostname"), "nave-2\n");
    // Written into the name that was there, as into the kernel's.
    assert_eq!(machine.text("proc/sys/kernel/hostname"), "nave-2ost");
    let zone = std::fs::read_link(machine.path("etc/localtime")).expect("a link");
    assert_eq!(zone, std::path::Path::new("../usr/share/zoneinfo/Europe/Madrid"));
    assert_eq!(machine.text("etc/localtime"), "TZif");
    assert_eq!(machine.text("run/systemd/timesyncd.conf.d/50-workshop.conf"), "[Time]\nNTP=192.168.1.2\n");
    assert!(machine.has("run/workshop-machine/https") && !machine.has("run/workshop-machine/authorized_keys"));
    assert_eq!(machine.notice("settings"), None);
    assert!(!machine.has("media/settings/ERRORES.txt"));

    let configuration = machine.configuration();
    for (key, value) in [
        ("discovery.name", json!("nave-2")),
        ("display.title", json!("Nave \"2\"")),
        ("display.language", json!("en")),
        ("tls.mode", json!("self-signed")),
        ("tls.names", json!(["nave-2.local", "192.168.1.50"])),
        ("update.window", json!("22:00-05:00")),
        ("update.days", json!(["mon"])),
        ("update.channel", json!("staging")),
        ("update.time_zone", json!("Europe/Madrid")),
        ("machine.dir", json!(machine.path("run/workshop-machine"))),
        ("update.usb_dir", json!(machine.path("run/workshop-machine/stick"))),
    ] {
        assert_eq!(configuration[key], value, "{key}");
    }
    let metadata = std::fs::metadata(machine.path("run/workshop-machine/config.toml")).expect("there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    if metadata.uid() == 0 {
        assert_eq!(metadata.gid(), 910);
    }
    for directory in ["data/machine", "data/machine/settings"] {
        let mode = std::fs::metadata(machine.path(directory)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{directory}");
    }
}

#[test]
fn what_editors_of_windows_save_is_read() {
    let utf16 = |big: bool| {
        let text = format!("\u{FEFF}{}", GOOD.replace('\n', "\r\n"));
        let unit: fn(u16) -> [u8; 2] = if big { u16::to_be_bytes } else { u16::to_le_bytes };
        text.encode_utf16().flat_map(unit).collect::<Vec<u8>>()
    };
    let crlf = GOOD.replace('\n', "\r\n").into_bytes();
    let bom = [b"\xEF\xBB\xBF".as_slice(), &crlf].concat();
    for content in [crlf, bom, utf16(false), utf16(true)] {
        let machine = Machine::new().settings(&content);
        machine.started();
        assert!(machine.text(WIRED).contains("Address=192.168.1.50/24"), "{:?}", machine.notice("settings"));
        assert_eq!(machine.notice("settings"), None);
    }
    let machine = Machine::new().settings(b"name = \"taller\"\r\ndisplay.line = \"L\xEDnea\"\r\n");
    machine.started();
    let (_, es, _) = machine.notice("settings").expect("said");
    assert!(es.contains("línea 2: ") && es.contains("guardar como UTF-8"), "{es}");
}

#[test]
fn every_line_that_is_wrong_is_reported_and_the_last_good_settings_hold() {
    let machine = Machine::new().settings(GOOD);
    machine.started();
    let good = (machine.text(WIRED), machine.text("run/workshop-machine/config.toml"));
    let machine = machine.settings(
        "name = \"mi taller\"\r\nnetwork.adress = \"dhcp\"\r\nnetwork.gateway = \"192.168.7.1\"\r\n\
         network.address = \"192.168.1.50/24\"\r\nscreens = 0\r\n",
    );
    machine.started();
    assert_eq!((machine.text(WIRED), machine.text("run/workshop-machine/config.toml")), good);
    let (level, es, en) = machine.notice("settings").expect("said");
    assert_eq!(level, "warning");
    let lines: Vec<_> = es.lines().collect();
    assert!(lines[0].starts_with("workshop-edge.txt tiene 3 errores. Valen los últimos ajustes buenos, del 2"), "{es}");
    for (line, begin, example) in [
        (1, "línea 1: name: debe ser un nombre de equipo", "(ejemplo: name = \"taller\")"),
        (2, "línea 2: network.adress: no se conoce", "¿quería decir network.address?"),
        (3, "línea 3: network.gateway: no está en la red", "(ejemplo: network.gateway = \"192.168.1.1\")"),
        (4, "línea 5: screens: debe ser un número entero de 1 a 1000, no 0", "(ejemplo: screens = 4)"),
    ] {
        assert!(lines[line].starts_with(&format!("workshop-edge.txt, {begin}")), "{begin}: {es}");
        assert!(lines[line].ends_with(example), "{example}: {es}");
    }
    assert_eq!(en.lines().count(), 5, "{en}");
    assert!(en.contains("workshop-edge.txt has 3 faults. The last good settings hold"), "{en}");

    let report = machine.text("media/settings/ERRORES.txt");
    assert!(report.starts_with('\u{FEFF}') && !report.replace("\r\n", "").contains('\n'), "{report:?}");
    assert!(report.contains("\r\n    network.gateway = \"192.168.7.1\"\r\n"), "{report}");
    assert!(machine.text("media/settings/ERRORS.txt").contains("line 1: name: must be a host name"));

    let machine = machine.settings(GOOD);
    machine.started();
    assert_eq!(machine.notice("settings"), None);
    assert!(!machine.has("media/settings/ERRORES.txt") && !machine.has("media/settings/ERRORS.txt"));
}

#[test]
fn a_bad_file_on_a_new_box_leaves_it_with_dhcp() {
    let huge = "# x\n".repeat(20_000);
    for (content, es) in [
        (b"[network\n".to_vec(), "línea 1: "),
        (b"network.address = 192.168.1.50\n".to_vec(), "línea 1: "),
        (b"\x00\x01\x02\xFF\xFE binary".to_vec(), "UTF-8"),
        (huge.into_bytes(), "más de 24576 bytes"),
        (b"network.gateway = \"192.168.1.1\"\n".to_vec(), "solo vale con una dirección fija"),
        (b"erp.url = \"file:///x\"\nupdate.url = \"http://x\"\n".to_vec(), "debe empezar por https://"),
    ] {
        let machine = Machine::new().settings(content);
        machine.started();
        assert!(machine.text(WIRED).contains("DHCP=yes"));
        let (level, said, _) = machine.notice("settings").expect("said");
        assert_eq!(level, "warning");
        assert!(said.contains(es) && said.contains("con DHCP"), "{es}: {said}");
        // A mistake in the settings never puts invented figures on the wall.
        assert_eq!(machine.configuration()["display.demo"], false);
    }
    let machine = Machine::new().settings("");
    machine.started();
    assert_eq!(machine.notice("settings"), None);
    assert!(machine.text(WIRED).contains("DHCP=yes"));
}

#[test]
fn a_missing_file_is_written_again() {
    let machine = Machine::new();
    machine.started();
    let template = run(&[], &["machine", "settings", "--template"]).stdout;
    assert_eq!(machine.text("media/settings/workshop-edge.txt"), format!("\u{FEFF}{}", template.replace('\n', "\r\n")));
    assert!(machine.notice("settings").is_some_and(|(level, es, _)| level == "info" && es.contains("uno nuevo")));
    machine.started();
    assert_eq!(machine.notice("settings"), None);

    let machine = machine.settings(GOOD);
    machine.started();
    std::fs::remove_file(machine.path("media/settings/workshop-edge.txt")).expect("removed");
    machine.started();
    assert_eq!(machine.text("media/settings/workshop-edge.txt"), format!("\u{FEFF}{}", GOOD.replace('\n', "\r\n")));
    assert!(machine.text(WIRED).contains("Address=192.168.1.50/24"));
    assert!(machine.notice("settings").is_some_and(|(level, es, _)| level == "info" && es.contains("último bueno")));
}

#[test]
fn a_torn_copy_of_the_last_good_settings_is_none() {
    let machine = Machine::new().settings(GOOD);
    machine.started();
    machine.started();
    let kept: Vec<_> = std::fs::read_dir(machine.path("data/machine/settings"))
        .expect("there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    // Nothing new was written the second time.
    assert_eq!(kept.len(), 1, "{kept:?}");
    let whole = std::fs::read(&kept[0]).expect("there");
    assert!(String::from_utf8_lossy(&whole).contains("\"version\": \"") && whole.len() > 100);
    std::fs::write(&kept[0], &whole[..whole.len() - 20]).expect("torn");
    let machine = machine.settings("name = 5\n");
    machine.started();
    assert!(machine.text(WIRED).contains("DHCP=yes"));
    std::fs::write(&kept[0], &whole).expect("whole again");
    machine.started();
    assert!(machine.text(WIRED).contains("Address=192.168.1.50/24"));
}

#[test]
fn without_its_partitions_the_machine_has_settings_all_the_same() {
    let machine = Machine::new().settings(GOOD);
    std::fs::remove_dir(machine.path("data")).expect("removed");
    machine.started();
    assert!(machine.text(WIRED).contains("Address=192.168.1.50/24"));
    assert!(!machine.has("data"));
    std::fs::remove_dir_all(machine.path("media")).expect("removed");
    machine.started();
    assert!(machine.text(WIRED).contains("DHCP=yes"));
    assert!(machine.notice("settings").is_some_and(|(level, es, _)| level == "warning" && es.contains("TALLER")));
}

#[test]
fn what_cannot_be_written_is_reported_and_the_rest_holds() {
    let machine = Machine::new().settings(GOOD);
    std::fs::remove_dir_all(machine.path("usr")).expect("removed");
    // Nobody can make a file in the place of a directory with something in it, nor below a file.
    machine.put("run", "");
    std::fs::remove_file(machine.path("run")).expect("removed");
    std::fs::create_dir_all(machine.path("run/systemd")).expect("made");
    machine.put("run/systemd/network", "in the way");
    machine.started();
    let (level, es, _) = machine.notice("settings").expect("said");
    assert_eq!(level, "fault");
    assert!(es.contains("no se ha podido aplicar: la red.") && es.contains("la zona horaria"), "{es}");
    machine.configuration();

    for directory in ["run", "etc"] {
        std::fs::remove_dir_all(machine.path(directory)).expect("removed");
        machine.put(directory, "in the way");
    }
    std::fs::remove_dir_all(machine.path("proc")).expect("removed");
    let told = machine.start();
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.starts_with("error: the settings could not be applied: nothing of the settings"), "{told:?}");
}

#[test]
fn what_this_version_does_not_use_is_said() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f tecnico";
    let machine =
        Machine::new().settings(format!("screens = 4\nhttps = false\nssh.key = \"{key}\"\nwifi.ssid = \"Nave\"\n"));
    machine.started();
    let (level, es, en) = machine.notice("settings-remarks").expect("said");
    assert_eq!(level, "warning", "since it has no Wi-Fi");
    assert!(es.contains("no usa screens") && es.contains("no tiene Wi-Fi"), "{es}");
    assert_eq!(es.lines().count(), en.lines().count());
    assert_eq!(machine.text("run/workshop-machine/authorized_keys"), format!("{key}\n"));
    assert!(!machine.has("run/workshop-machine/https"));
    assert_eq!(machine.configuration()["tls.mode"], "off");
    let machine = machine.settings("ssh.key = \"ssh-ed25519 AAAA\"");
    machine.started();
    assert!(machine.notice("settings").is_some_and(|(_, es, _)| es.contains("una clave pública de SSH")));
}

#[test]
fn a_file_can_be_checked_at_a_desk() {
    let machine = Machine::new().settings("name = 5\nnam = \"x\"\n");
    let file = machine.path("media/settings/workshop-edge.txt");
    let file = file.to_str().expect("text");
    let told = run(&[("LANG", "es")], &["machine", "settings", "--check", file]);
    assert_eq!(told.code, Some(78));
    assert!(told.stdout.contains("workshop-edge.txt:1: name: debe ser"), "{told:?}");
    assert!(told.stdout.contains("ejemplo: name = \"taller\""), "{told:?}");
    let told = run(&[], &["machine", "settings", "--check", file, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!((report["ok"].as_bool(), report["faults"][0]["line"].as_u64()), (Some(false), Some(1)), "{report}");
    assert!(report["warnings"][0]["problem"].as_str().is_some_and(|text| text.contains("did you mean name?")));
    assert!(!machine.has("run"), "nothing is applied");
    let machine = machine.settings(GOOD);
    assert_eq!(run(&[], &["machine", "settings", "--check", file]).stdout, "ok\n");
    drop(machine);
}

/// What the notice says of each line of these settings, in Spanish; a box that had good ones before keeps them.
fn messages(content: &str) -> Vec<String> {
    let machine = Machine::new().settings(content);
    machine.started();
    let (_, es, en) = machine.notice("settings").unwrap_or_default();
    assert_eq!(es.lines().count(), en.lines().count(), "{es}\n{en}");
    es.lines().filter(|line| line.contains("línea ")).map(str::to_owned).collect()
}

#[test]
fn a_text_without_quotation_marks_is_reported_with_the_line_as_it_is_meant() {
    for (line, meant) in [
        ("name = taller", "name = \"taller\""),
        ("network.address = 192.168.1.50/24", "network.address = \"192.168.1.50/24\""),
        ("network.address = 192.168.1.50", "network.address: falta la longitud"),
        ("network.dns = 192.168.1.1, 9.9.9.9", "network.dns = [\"192.168.1.1\",\"9.9.9.9\"]"),
        ("time_zone = Europe/Madrid # la nuestra", "time_zone = \"Europe/Madrid\""),
        ("display.title = “Nave Norte”", "display.title = \"Nave Norte\""),
        ("display.title = \"Nave Norte", "display.title = \"Nave Norte\""),
        ("update.window = 22:00-05:00", "update.window = \"22:00-05:00\""),
        ("nombre = nave2", "name = \"nave2\""),
        ("línea = L1", "display.line = \"L1\""),
        ("name: nave2", "name = \"nave2\""),
    ] {
        let told = messages(&format!("# x\r\n{line}\r\n"));
        let [only] = &told[..] else { panic!("{line}: {told:?}") };
        if meant.contains(" = ") {
            assert!(only.contains("línea 2: ") && only.ends_with(&format!("→ escriba: {meant}")), "{line}: {only}");
        }
    }
    let told = messages("name = taller");
    assert!(told[0].contains("los textos se escriben entre comillas"), "{told:?}");
}

#[test]
fn an_address_is_understood_as_people_write_it_or_refused_with_the_reason() {
    for (written, line) in [("\"DHCP\"", "DHCP=yes"), ("\"192.168.1.50/255.255.255.0\"", "Address=192.168.1.50/24")] {
        let machine = Machine::new().settings(format!("network.address = {written}\n"));
        machine.started();
        assert_eq!(machine.notice("settings"), None);
        assert!(machine.text(WIRED).lines().any(|found| found == line), "{written}");
    }
    for (written, reason) in [
        ("192.168.1.0/24", "es la red entera"),
        ("192.168.1.255/24", "(broadcast)"),
        ("192.168.1.50", "falta la longitud de la red"),
    ] {
        let told = messages(&format!("network.address = \"{written}\"\n"));
        assert!(told[0].contains(reason), "{told:?}");
    }
}

#[test]
fn a_password_in_the_wrong_file_is_reported_where_it_belongs_and_is_not_repeated() {
    for line in [
        "wifi.passphrase = \"s3creta-1\"",
        "wifi.passphrase = s3creta-1",
        "contraseña = \"s3creta-1\"",
        "clave: s3creta-1",
    ] {
        let machine = Machine::new().settings(format!("wifi.ssid = \"Taller\"\n{line}\n"));
        machine.started();
        let (_, es, en) = machine.notice("settings").expect("said");
        assert!(es.contains("línea 2") && es.contains("va en secrets.txt, como wifi.passphrase"), "{line}: {es}");
        let all =
            [es, en, machine.text("media/settings/ERRORES.txt"), machine.text("media/settings/ERRORS.txt")].concat();
        assert!(all.contains("secrets.txt") && !all.contains("s3creta"), "{line}: {all}");
    }
    // The other way round.
    let machine = Machine::new().settings("");
    machine.put("media/settings/secrets.txt", "erp.url = \"https://erp.example\"\n");
    machine.started();
    let (_, es, _) = machine.notice("secrets").expect("said");
    assert!(es.contains("erp.url: va en workshop-edge.txt"), "{es}");
}

#[test]
fn spanish_names_are_answered_with_the_right_ones() {
    for (line, meant) in
        [("nombre = \"nave2\"", "name"), ("pantallas = 4", "screens"), ("ip = \"dhcp\"", "network.address")]
    {
        let told = messages(line);
        assert!(told[0].ends_with(&format!("¿quería decir {meant}?")), "{told:?}");
    }
}

#[test]
fn invisible_characters_are_named() {
    let message = |line: &str| messages(line).concat();
    let es = message("name\u{A0}=\u{A0}\"nave2\"\n");
    assert!(es.contains("línea 1: hay un carácter invisible (espacio duro, U+00A0)"), "{es}");
    let es = message("name = \"nave2\u{200B}\"\n");
    assert!(es.contains("(espacio de ancho cero, U+200B)"), "{es}");
    // A good value with one is taken, and told: nobody would find out why the Wi-Fi does not answer.
    let machine = Machine::new().settings("wifi.ssid = \"Taller\u{A0}Norte\"\nname = \"nave2\"\n");
    machine.started();
    assert_eq!(machine.text("etc/hostname"), "nave2\n");
    assert!(machine.notice("settings").is_some_and(|(_, es, _)| es.contains("U+00A0")));
}

#[test]
fn every_other_key_of_the_program_is_taken_as_it_is_and_checked_alike() {
    let machine = Machine::new().settings(
        "display.title = \"Nave\"\ndisplay.demo = false\nsite.content_security_policy = \"default-src 'self'\"\n\
         limits.connections = 200\nupdate.allow_http = true\nupdate.url = \"http://10.0.0.1/edge\"\n\
         [display.shift]\nstart_hour = 22\nend_hour = 6\n[display.targets]\ndaily = 200\n",
    );
    machine.started();
    assert_eq!(machine.notice("settings"), None);
    let configuration = machine.configuration();
    for (key, value) in [
        ("display.title", json!("Nave")),
        ("display.demo", json!(false)),
        ("display.shift.start_hour", json!(22)),
        ("display.targets.daily", json!(200)),
        ("site.content_security_policy", json!("default-src 'self'")),
        ("limits.connections", json!(200)),
        ("update.url", json!("http://10.0.0.1/edge")),
    ] {
        assert_eq!(configuration[key], value, "{key}");
    }
    for (line, es) in [
        (
            "display.targets.oee_percent = 175",
            "debe ser un número de 0 a 100, no 175 (ejemplo: display.targets.oee_percent = 75.0)",
        ),
        ("display.demo = no", "→ escriba: display.demo = false"),
        ("limits.connections = 8\nlimits.connections_per_peer = 9", "no puede ser mayor que limits.connections (8)"),
        ("update.url = \"http://10.0.0.1/edge\"", "debe empezar por https://"),
        ("discovery.name = \"x\"", "aquí se llama name"),
        ("data_dir = \"/x\"", "lo decide la imagen"),
        ("display.demos = false", "¿quería decir display.demo?"),
        ("display = 5", "es una sección"),
    ] {
        let told = messages(line).concat();
        assert!(told.contains(es), "{line}: {told}");
    }
}
