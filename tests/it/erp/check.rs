//! `workshop-edge erp check`: what a technician reads before a display needs the ERP.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::{Disk, PARTS};
use crate::support::Erp;
use crate::support::erp::{PASSWORD, USER};

fn check(disk: &Disk, config: &str, arguments: &[&str]) -> Output {
    let file = disk.path("config.toml");
    std::fs::write(&file, config).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_workshop-edge"))
        .args(["erp", "check"])
        .args(arguments)
        .arg("--config")
        .arg(&file)
        .arg("--data-dir")
        .arg(disk.data())
        .env_clear()
        .env("LANG", "es_ES.UTF-8")
        .output()
        .expect("started");
    for bytes in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(PASSWORD) && !text.contains("eyJhbGci"), "{text}");
    }
    output
}

/// The steps, and whether all went well.
fn steps(disk: &Disk, config: &str) -> (Vec<Value>, bool) {
    let output = check(disk, config, &["--json"]);
    let mut told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    });
    let is_well = told["ok"].as_bool().expect("whether it is well");
    assert_eq!(output.status.code(), Some(i32::from(!is_well)), "{told}");
    (serde_json::from_value(told["steps"].take()).expect("steps"), is_well)
}

/// The ERP for tests speaks HTTP without TLS, of which a box warns.
fn is_well_enough(step: &Value) -> bool {
    step["verdict"] == "ok" || step["step"] == "connection" && step["verdict"] == "warning"
}

fn names(steps: &[Value]) -> Vec<&str> {
    steps.iter().map(|step| step["path"].as_str().or(step["step"].as_str()).expect("a name")).collect()
}

#[test]
fn a_box_that_can_read_the_erp_says_what_it_understood() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let config = disk.config(erp.url(), USER, "");
    let (told, is_well) = steps(&disk, &config);
    let before = ["settings", "name", "connection", "prefix", "login", "role", "workshop"];
    let paths = PARTS.map(|(_, path)| path);
    assert_eq!(names(&told), [&before[..], &paths[..]].concat());
    assert!(is_well && told.iter().all(is_well_enough), "{told:?}");
    let of = |name: &str| {
        let step = told.iter().find(|step| step["path"] == name || step["step"] == name).expect("a step");
        step["text"]["es"].as_str().expect("Spanish").to_owned()
    };
    assert!(of("workshop").contains("Taller Uno"), "{}", of("workshop"));
    assert!(of("/machines").contains('3'), "{}", of("/machines"));

    let output = check(&disk, &config, &[]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("Taller Uno") && text.contains("/quality/stats") && !text.contains("FALLO"), "{text}");
    // It reads, and does nothing else.
    assert!(erp.requests().iter().all(|request| request["method"] == "GET" || request["path"] == "/auth/login"));
}

#[test]
fn extra_paths_are_asked_for_and_said_to_be_served_whole() {
    let (disk, erp) = (Disk::new(), Erp::start());
    erp.set(&json!({"extra": {"/suppliers/stats": {"total": 12}, "/large": "x".repeat(256 * 1024)}}));
    let config = disk.config(erp.url(), USER, "extra_paths = [\"/suppliers/stats\", \"/large\", \"/missing\"]\n");
    let (told, is_well) = steps(&disk, &config);
    let (of_table, extra) = told.split_at(7 + PARTS.len());
    assert!(!is_well && of_table.iter().all(is_well_enough), "{told:?}");
    let [served, too_large, missing] = extra else { panic!("{told:?}") };
    assert_eq!(names(extra), ["/suppliers/stats", "/large", "/missing"]);
    let es = |step: &Value| step["text"]["es"].as_str().expect("Spanish").to_owned();
    assert_eq!(served["verdict"], "warning");
    assert!(es(served).starts_with("12 bytes de JSON, un objeto; se sirve tal cual"), "{}", es(served));
    assert_eq!((&too_large["verdict"], &missing["verdict"]), (&json!("failed"), &json!("failed")));
    assert!(es(too_large).contains("256 KiB de una ruta de erp.extra_paths"), "{}", es(too_large));
    assert!(es(missing).contains("compruebe erp.url y erp.extra_paths"), "{}", es(missing));

    let output = check(&disk, &config, &[]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("aviso  /suppliers/stats: 12 bytes de JSON") && text.contains("FALLO  /missing: "), "{text}");
}

#[test]
fn an_account_that_may_do_more_is_accepted_with_a_warning() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (told, is_well) = steps(&disk, &disk.config(erp.url(), "admin@example.com", ""));
    let role = told.iter().find(|step| step["step"] == "role").expect("a role");
    assert!(
        is_well
            && role["verdict"] == "warning"
            && role["text"]["es"].as_str().is_some_and(|text| text.contains("ADMIN"))
    );
}

/// The step at which a check fails, which is its last.
fn fails_at(disk: &Disk, config: &str) -> String {
    let (told, is_well) = steps(disk, config);
    let (last, before) = told.split_last().expect("a step");
    assert!(!is_well && last["verdict"] == "failed", "{told:?}");
    assert!(before.iter().all(is_well_enough), "{told:?}");
    let es = last["text"]["es"].as_str().expect("Spanish");
    let output = check(disk, config, &[]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("FALLO") && text.contains(es), "{es} is not in {text}");
    // What it looks like is to be read by whoever changes it: `--nocapture`.
    eprintln!("{text}");
    last["step"].as_str().expect("a name").to_owned()
}

#[test]
fn each_wrong_setting_fails_at_its_own_step() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let config = |url: &str| disk.config(url, USER, "");
    assert_eq!(fails_at(&disk, &config("http://erp.invalid")), "name");
    assert_eq!(fails_at(&disk, &config(&format!("{}/v1", erp.url()))), "prefix");
    let encrypted = disk.config(&erp.url().replace("http://", "https://"), USER, "");
    assert_eq!(fails_at(&disk, &encrypted), "connection");
    assert!(failure(&disk, &encrypted).contains("el puerto de erp.url es el de https://"));
    disk.give("otra");
    assert_eq!(fails_at(&disk, &config(erp.url())), "login");
    std::fs::remove_file(disk.path("password")).expect("removed");
    assert_eq!(fails_at(&disk, &config(erp.url())), "settings");
    disk.give(PASSWORD);
    erp.fail(json!("down"));
    assert_eq!(fails_at(&disk, &config(erp.url())), "connection");
    for page in [json!({"name": "html", "status": 403}), json!({"name": "html", "status": 200}), json!("redirect")] {
        erp.fail(page);
        assert_eq!(fails_at(&disk, &config(erp.url())), "prefix");
    }
}

#[test]
fn a_certificate_that_is_over_fails_the_connection() {
    let (disk, erp) = (Disk::new(), Erp::with(&["--tls"]));
    let authority = format!("[outbound]\nca_file = \"{}\"\n", erp.ca().display());
    assert!(steps(&disk, &disk.config(erp.url(), USER, &authority)).1);
    erp.set(&json!({"certificate": "expired"}));
    assert_eq!(fails_at(&disk, &disk.config(erp.url(), USER, &authority)), "connection");
}

#[test]
fn one_path_that_fails_does_not_end_the_check() {
    let (disk, erp) = (Disk::new(), Erp::start());
    erp.fail(json!({"name": "status", "paths": ["/machines"]}));
    let (told, is_well) = steps(&disk, &disk.config(erp.url(), USER, ""));
    let failed: Vec<&Value> = told.iter().filter(|step| step["verdict"] == "failed").collect();
    assert!(!is_well && failed.len() == 1 && failed[0]["path"] == "/machines", "{told:?}");
    assert_eq!(told.len(), 7 + PARTS.len());
}

/// What the one step that fails says.
fn failure(disk: &Disk, config: &str) -> String {
    let (told, _) = steps(disk, config);
    let mut failed = told.iter().filter(|step| step["verdict"] == "failed");
    let text = failed.next().and_then(|step| step["text"]["es"].as_str()).expect("a failure").to_owned();
    assert_eq!(failed.next(), None, "{told:?}");
    text
}

#[test]
fn an_erp_in_trouble_is_named_by_its_trouble() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let config = disk.config(erp.url(), USER, "");
    for (fault, words) in [
        (json!({"name": "html", "status": 403}), "Un cortafuegos que protege al ERP rechaza a este equipo"),
        (json!({"name": "html", "status": 200}), "Llega una página web en lugar de datos"),
        (json!({"name": "html", "status": 502}), "El ERP está caído"),
        (json!({"name": "status", "paths": ["/auth/login"]}), "El ERP falla por dentro (HTTP 500)"),
        (json!("redirect"), "El servidor remite a otra dirección"),
        (json!("garbage"), "no son datos del ERP"),
        (json!("overloaded"), "El ERP pide menos preguntas"),
        (json!("wrong_prefix"), "compruebe la ruta de erp.url"),
        (json!("login_refused"), "El ERP no acepta el usuario o la contraseña"),
        (json!({"name": "other_shape", "login": true}), "en una forma que este equipo no conoce"),
        (json!({"name": "other_shape", "paths": ["/alerts"]}), "en una forma que este equipo no conoce"),
        (json!({"name": "truncated", "paths": ["/alerts"]}), "La respuesta del ERP se corta"),
        (json!({"name": "forbidden", "paths": ["/alerts"]}), "no puede leer estos datos"),
    ] {
        erp.fail(fault.clone());
        let text = failure(&disk, &config);
        assert!(text.contains(words), "{fault}: {text}");
    }
    assert_eq!(erp.count("/_elsewhere"), 0);
}

#[test]
fn each_certificate_that_is_not_believed_has_its_remedy() {
    let (disk, erp) = (Disk::new(), Erp::with(&["--tls"]));
    let authority = format!("[outbound]\nca_file = \"{}\"\n", erp.ca().display());
    let trusting = disk.config(erp.url(), USER, &authority);
    assert!(failure(&disk, &disk.config(erp.url(), USER, "")).contains("outbound.ca_file"));
    for (certificate, words) in [
        ("expired", "compruebe la hora de este equipo"),
        ("other_name", "compruebe la hora de este equipo y que erp.url es correcta"),
        ("self_signed", "outbound.ca_file"),
    ] {
        erp.set(&json!({ "certificate": certificate }));
        let text = failure(&disk, &trusting);
        assert!(text.contains(words), "{certificate}: {text}");
    }
}

#[test]
fn cleartext_that_is_not_allowed_is_a_fault_of_the_configuration() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let config = disk.config(erp.url(), USER, "").replace("allow_http = true", "allow_http = false");
    let output = check(&disk, &config, &[]);
    let text = String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(text.contains("erp.allow_http"), "{text}");
    assert_eq!(erp.requests(), Vec::<Value>::new());
}
