//! Nothing that no wall may show leaves the box, or stays in it.

use std::process::Command;

use serde_json::json;

use super::live::Live;
use super::{Disk, break_machine, files, in_time, is_whole};
use crate::support::erp::{API, PASSWORD};
use crate::support::{Edge, Erp, run};

/// In every piece of personal data that the ERP sends.
const MARK: &str = "QXMARKQX";

/// What must be nowhere: the mark, the password, the beginnings of tokens and of hashes of passwords.
const SECRETS: [&str; 5] = [MARK, PASSWORD, "eyJhbGci", "Bearer ", "$2b$10$"];

fn clean(what: &str, bytes: &[u8]) {
    for secret in SECRETS {
        // In any case, since some write names in another one.
        let found = bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
        assert!(!found, "{secret} is in {what}: {}", String::from_utf8_lossy(bytes));
    }
}

/// Everything that the box answers.
fn answers(edge: &Edge) {
    let api = API.into_iter().chain(["/production/orders/due-today", "/quality/inspections"]);
    let api: Vec<_> = api.map(|path| format!("/api{path}")).collect();
    let others = [
        "/",
        "/_edge/",
        "/_edge/status.json",
        "/_edge/display.json",
        "/_edge/live.json",
        "/_edge/admin/",
        "/health",
        "/metrics",
    ];
    for path in api.iter().map(String::as_str).chain(others) {
        let reply = edge.get(path, &[("accept-language", "es")]);
        clean(path, format!("{:?}", reply.fields).as_bytes());
        clean(path, &reply.body);
    }
}

/// What the commands say, and what the bundle holds.
fn commands(disk: &Disk, config: &std::path::Path) {
    let bundle = disk.path("bundle.tar.gz");
    let bundle = bundle.to_str().expect("text");
    for arguments in
        [&["status"] as &[&str], &["status", "--json"], &["config", "show"], &["support-bundle", "--output", bundle]]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_workshop-edge"))
            .args(arguments)
            .arg("--config")
            .arg(config)
            .args(["--data-dir".as_ref(), disk.data().as_os_str()])
            .env_clear()
            .env("LANG", "es_ES.UTF-8")
            .output()
            .expect("started");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        clean(&arguments.join(" "), &output.stdout);
        clean(&arguments.join(" "), &output.stderr);
    }
    clean("the bundle", &run("sh", &["-c", &format!("gzip -dc '{bundle}'")]));
}

#[test]
fn no_personal_data_is_in_any_answer_line_or_file() {
    let (disk, erp) = (Disk::new(), Erp::start());
    erp.set(&json!({"mark": MARK}));
    let trace = "[log]\nlevel = \"trace\"\naccess = \"all\"\n";
    let file = disk.path("config.toml");
    std::fs::write(&file, disk.config(erp.url(), "admin@example.com", trace)).expect("written");
    let edge = disk.setup_as(&erp, "admin@example.com", trace).start();
    let mut live = Live::open(&edge);
    live.until("everything is shown", is_whole);
    clean("the live channel", live.wall().to_string().as_bytes());
    // The alerts are there, without those whom they name.
    let alerts = live.wall()["parts"]["alerts"]["value"].as_array().expect("alerts");
    assert!(alerts.iter().any(|alert| alert["subject"] == "ORD-2611-0001"), "{alerts:?}");
    answers(&edge);

    // Every way to fail has its words, too.
    for fault in [json!("other_shape"), json!("garbage"), json!("truncated"), json!({"name": "html", "status": 403})] {
        erp.fail(fault.clone());
        live.until_link("away");
        clean(&fault.to_string(), live.wall().to_string().as_bytes());
        answers(&edge);
        erp.recover();
        live.until_link("up");
    }
    break_machine(&erp, &mut live);
    in_time("a write", || edge.metric("workshop_edge_erp_snapshot_writes_total") >= 1.0);
    commands(&disk, &file);
    let log = edge.log();
    edge.stop();
    clean("the log", log.as_bytes());
    let kept = files(&disk.data());
    assert!(
        kept.iter().any(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("erp."))),
        "{kept:?}"
    );
    for path in kept {
        clean(&path.display().to_string(), &std::fs::read(&path).expect("read"));
    }
}
