//! The box's account at the ERP, of the two files.

use super::Machine;
use std::os::unix::fs::PermissionsExt as _;

const SECRETS: &str = "media/settings/secrets.txt";
const PASSWORD: &str = "run/workshop-machine/erp-password";
const ACCOUNT: &str = "erp.url = \"https://erp.example/v1\"\nerp.user = \"tv@erp.example\"\n";

/// What the appliance is told, without its table.
fn told(machine: &Machine) -> Vec<String> {
    let config = machine.text("run/workshop-machine/config.toml");
    config.lines().filter(|line| line.starts_with("erp.")).map(str::to_owned).collect()
}

#[test]
fn the_appliance_gets_the_account_and_its_password_in_a_file() {
    let machine = Machine::new().settings(ACCOUNT);
    machine.put(SECRETS, "erp.password = \"muy secreta ñ\"\n");
    machine.started();
    assert_eq!(machine.notice("settings-remarks"), None);
    assert_eq!(machine.text(PASSWORD), "muy secreta ñ");
    let mode = std::fs::metadata(machine.path(PASSWORD)).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let file = machine.path(PASSWORD);
    assert_eq!(
        told(&machine),
        [
            format!("erp.password_file = \"{}\"", file.display()),
            "erp.url = \"https://erp.example/v1\"".to_owned(),
            "erp.user = \"tv@erp.example\"".to_owned(),
        ]
    );
    let said = format!("{:?}", machine.notice("secrets"));
    assert!(said.contains("se han guardado") && !said.contains("muy secreta"), "{said}");

    // Without the account there is no file with its password either, which is still kept.
    let machine = machine.settings("");
    machine.started();
    assert!(told(&machine).is_empty() && !machine.has(PASSWORD));
    assert!(machine.text("data/machine/settings/secrets.toml").contains("muy secreta"));
}

#[test]
fn files_of_an_earlier_version_hold_as_before() {
    let machine = Machine::new().settings("erp.url = \"https://erp.example\"\nname = \"nave\"\n");
    machine.put(SECRETS, "erp.user = \"old@erp.example\"\nerp.password = \"p\"\n");
    machine.started();
    assert_eq!(machine.notice("settings"), None);
    assert!(told(&machine).contains(&"erp.user = \"old@erp.example\"".to_owned()), "{:?}", told(&machine));
    let machine = machine.settings(ACCOUNT);
    machine.started();
    assert!(told(&machine).contains(&"erp.user = \"tv@erp.example\"".to_owned()), "{:?}", told(&machine));
}

/// A file that held before, when none of it was used, holds still.
#[test]
fn an_account_that_cannot_be_used_is_reported_and_costs_no_other_setting() {
    for (settings, words) in [
        ("erp.url = \"https://erp.example\"\n", "Falta erp.user"),
        ("erp.user = \"tv@erp.example\"\n", "Falta erp.url"),
        ("erp.url = \"http://erp.example\"\nerp.user = \"u\"\n", "iría sin cifrar"),
    ] {
        let machine = Machine::new().settings(format!("name = \"nave\"\n{settings}"));
        machine.put(SECRETS, "erp.password = \"p\"\n");
        machine.started();
        let (level, es, en) = machine.notice("settings-remarks").expect("said");
        assert!(level == "warning" && es.contains(words), "{es}");
        assert_eq!(es.lines().count(), en.lines().count());
        assert!(machine.notice("settings").is_none() && told(&machine).is_empty() && !machine.has(PASSWORD));
        assert_eq!(machine.text("etc/hostname"), "nave\n");
        assert_eq!(machine.configuration()["erp.url"], serde_json::Value::Null);
    }
    let machine = Machine::new().settings(ACCOUNT);
    machine.started();
    assert!(machine.notice("settings-remarks").is_some_and(|(_, es, _)| es.contains("Falta la contraseña del ERP")));
    assert_eq!(told(&machine).len(), 2, "{:?}", told(&machine));

    let machine =
        Machine::new().settings("erp.url = \"http://erp.example\"\nerp.user = \"u\"\nerp.allow_http = true\n");
    machine.started();
    assert_eq!(told(&machine).len(), 3, "{:?}", told(&machine));
}

#[test]
fn where_the_password_is_is_for_the_image_to_say() {
    let machine = Machine::new().settings(format!("{ACCOUNT}erp.password_file = \"/etc/shadow\"\n"));
    machine.started();
    let (_, es, _) = machine.notice("settings").expect("said");
    assert!(es.contains("erp.password_file: lo decide la imagen"), "{es}");
    let machine = Machine::new().settings(format!("{ACCOUNT}erp.password = \"s3creta\"\n"));
    machine.started();
    let (_, es, en) = machine.notice("settings").expect("said");
    assert!(es.contains("erp.password: va en secrets.txt") && !(es + &en).contains("s3creta"));
}
