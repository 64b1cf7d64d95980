//! The configuration as a technician meets it: through the binary, its files, its variables and its flags.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a helper that fails is a test that fails, and its file need not survive a power cut"
)]

use super::cli::{CliOutput, run};
use crate::support::Setup;
use serde_json::Value as Json;
use std::path::PathBuf;

/// A configuration file in a directory of its own.
struct ConfigFile {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl ConfigFile {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).expect("a writable temporary directory");
        Self { path, _dir: dir }
    }

    fn name(&self) -> &str {
        self.path.to_str().expect("a path in UTF-8")
    }
}

/// The answer of the binary as JSON.
fn json(output: &CliOutput) -> Json {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

const WRONG: &str = "[limits]
connections = 0
conections = 5

[display]
title = \"\"
refresh_s = \"15\"

[display.shift]
start_hour = 24

[tls]
mode = \"files\"
";

#[test]
fn everything_that_is_wrong_is_reported_at_once_with_its_place() {
    let file = ConfigFile::new(WRONG);
    let arguments = ["config", "check", "--config", file.name(), "--set", "log.format=xml", "--json"];
    let output = run(&[("WORKSHOP_EDGE_LOG_LEVEL", "loud")], &arguments);
    assert_eq!(output.code, Some(78));
    let report = json(&output);
    assert_eq!(report["ok"], false);
    let place = |fault: &Json| {
        let origin = fault["origin"].as_str().unwrap_or_default().replace(file.name(), "file");
        format!("{origin} {} {}", fault["line"], fault["key"].as_str().unwrap_or_default())
    };
    let faults: Vec<_> = report["faults"].as_array().expect("a list").iter().map(place).collect();
    assert_eq!(
        faults,
        [
            "file 2 limits.connections",
            "file 6 display.title",
            "file 7 display.refresh_s",
            "file 10 display.shift.start_hour",
            "file 13 tls.cert_file",
            "file 13 tls.key_file",
            "WORKSHOP_EDGE_LOG_LEVEL null log.level",
            "--set null log.format",
        ]
    );
    assert_eq!(report["faults"][0]["example"], "connections = 1024");
    assert_eq!(report["faults"][0]["problem"], "must be a whole number from 1 to 65536, not 0");
    assert_eq!(report["warnings"][0]["line"], 3);
    assert_eq!(report["warnings"][0]["key"], "limits.conections");
    assert!(report["warnings"][0]["problem"].as_str().expect("a text").ends_with("did you mean limits.connections?"));
}

#[test]
fn a_person_reads_it_in_their_language() {
    let file = ConfigFile::new(WRONG);
    let check = ["config", "check", "--config", file.name()];
    let spanish = run(&[("LANG", "es_ES.UTF-8")], &check);
    assert_eq!(spanish.code, Some(78));
    for text in [
        "error: la configuración tiene 6 errores:\n",
        ":2: limits.connections: debe ser un número entero de 1 a 65536, no 0\n      ejemplo: connections = 1024\n",
        ":3: limits.conections: no se conoce y se ignora; ¿quería decir limits.connections?\n",
    ] {
        assert!(spanish.stdout.contains(text), "{text}\n{}", spanish.stdout);
    }
    let english = run(&[("LANG", "en_GB.UTF-8")], &check);
    assert!(english.stdout.contains("error: the configuration has 6 faults:\n"), "{}", english.stdout);
    // The first variable of POSIX's order decides.
    assert_eq!(run(&[("LC_ALL", "es_MX"), ("LANG", "en_GB")], &check).stdout, spanish.stdout);
}

#[test]
fn a_configuration_without_faults_is_said_to_be_so() {
    let file = ConfigFile::new("\u{FEFF}[display]\r\ntitle = \"Montaje\"\r\n[plc]\r\nbase_url = \"x\"\r\n");
    let check = ["config", "check", "--config", file.name()];
    let spanish = run(&[("LANG", "es")], &check);
    assert_eq!((spanish.code, spanish.stderr.as_str()), (Some(0), ""));
    assert!(spanish.stdout.ends_with(":3: plc: no se conoce y se ignora\ncorrecta\n"), "{}", spanish.stdout);
    assert!(run(&[], &check).stdout.ends_with("ok\n"));
    let report = json(&run(&[], &["config", "check", "--json", "--config", file.name()]));
    assert_eq!((&report["ok"], report["faults"].as_array().map(Vec::len)), (&Json::Bool(true), Some(0)));
}

#[test]
fn flags_count_more_than_variables_and_variables_more_than_the_file() {
    let file = ConfigFile::new("[display]\ntitle = \"file\"\nline = \"file\"\nrefresh_s = 20\n");
    let env = [("WORKSHOP_EDGE_DISPLAY_LINE", "env"), ("WORKSHOP_EDGE_DISPLAY_REFRESH_S", "30")];
    let show = ["config", "show", "--json", "--config", file.name()];
    let flags = ["--set", "display.refresh_s=40", "--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--data-dir", "/d"];
    let output = run(&env, &[&show[..], &flags[..]].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
    let values = json(&output);
    let of = |key: &str| {
        let one = values.as_array().expect("a list").iter().find(|one| one["key"] == key).expect("every key");
        (one["value"].clone(), one["origin"].as_str().expect("a text").to_owned(), one["line"].clone())
    };
    assert_eq!(of("display.title"), ("file".into(), file.name().to_owned(), 2.into()));
    assert_eq!(of("display.line"), ("env".into(), "WORKSHOP_EDGE_DISPLAY_LINE".to_owned(), Json::Null));
    assert_eq!(of("display.refresh_s"), (40.into(), "--set".to_owned(), Json::Null));
    assert_eq!(of("listen.http"), (serde_json::json!(["127.0.0.1:0", "[::1]:0"]), "--listen".to_owned(), Json::Null));
    assert_eq!(of("data_dir"), ("/d".into(), "--data-dir".to_owned(), Json::Null));
    assert_eq!(of("display.demo"), (Json::Null, "default".to_owned(), Json::Null));
    assert_eq!(of("site.dir").0, Json::Null);
}

#[test]
fn a_person_reads_the_values_in_a_table() {
    let output = run(&[("LANG", "es_ES"), ("HOME", "/h")], &["config", "show", "--set", "display.line=Línea 2"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let row = |key| output.stdout.lines().find(|line| line.starts_with(key)).expect("every key").to_owned();
    assert!(row("CLAVE").ends_with("ORIGEN"), "{}", output.stdout);
    assert!(row("display.line ").contains("\"Línea 2\"") && row("display.line ").ends_with("  --set"));
    assert!(row("log.level ").ends_with("  por defecto"));
    let column = |row: String, text: &str| row.find(text).map(|at| row.get(..at).map(|before| before.chars().count()));
    assert_eq!(column(row("display.line "), "--set"), column(row("log.level "), "por defecto"));
}

#[test]
fn values_that_do_not_hold_are_not_shown() {
    let show = ["config", "show", "--set", "log.level=loud"];
    let output = run(&[], &show);
    assert_eq!((output.code, output.stdout.as_str()), (Some(78), ""));
    assert!(output.stderr.contains("--set: log.level: must be one of: error, warn, info, debug, trace, not \"loud\""));
    let output = run(&[], &[&show[..], &["--json"]].concat());
    assert_eq!((output.code, &json(&output)["ok"]), (Some(78), &Json::Bool(false)));
}

#[test]
fn a_named_file_must_exist_and_be_text() {
    for (name, output) in [
        ("/nonexistent/config.toml", "no se puede leer: no existe"),
        ("/", "no se puede leer: es un directorio"),
        ("/dev/zero", "ocupa más de 1048576 bytes"),
    ] {
        let check = run(&[("LANG", "es")], &["config", "check", "--config", name]);
        assert_eq!(check.code, Some(78), "{check:?}");
        assert!(check.stdout.contains(&format!("  {name}: {output}")), "{check:?}");
    }
}

#[test]
fn mistakes_of_syntax_are_reported_by_line_and_column() {
    let file = ConfigFile::new("[display]\r\ntitle = Montaje\r\nline = \"Línea\r\n");
    let output = run(&[("LANG", "es")], &["config", "check", "--config", file.name()]);
    assert_eq!(output.code, Some(78));
    for text in [
        ":2: columna 9: los textos se escriben entre comillas\n      title = Montaje   → escriba: title = \"Montaje\"\n",
        ":3: columna 14: faltan las comillas que cierran el texto\n      line = \"Línea   → escriba: line = \"Línea\"\n",
    ] {
        assert!(output.stdout.contains(text), "{text}\n{}", output.stdout);
    }
}

#[test]
fn the_example_file_is_valid() {
    for (lang, example) in [
        ("es", &["config", "example"][..]),
        ("en", &["config", "example"]),
        ("en", &["config", "example", "--bilingual"]),
    ] {
        let file = ConfigFile::new(run(&[("LANG", lang)], example).stdout);
        let output = run(&[], &["config", "check", "--config", file.name()]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(0), "ok\n"));
    }
}

#[test]
fn the_display_of_a_box_with_an_erp_shows_no_invented_figures() {
    const ERP: &str = "[erp]\nurl = \"http://127.0.0.1:9\"\nuser = \"tv@erp.example\"\nallow_http = true\n";
    let shown = |settings: &str| {
        let edge = Setup::new(settings).start();
        let body: Json = serde_json::from_slice(&edge.get("/_edge/display.json", &[]).body).expect("JSON");
        (body["erp"].clone(), body["demo"].clone())
    };
    assert_eq!(shown(""), (false.into(), true.into()));
    assert_eq!(shown(ERP), (true.into(), false.into()));
    assert_eq!(shown(&format!("{ERP}[display]\ndemo = true\n")), (true.into(), true.into()));
}

#[test]
fn serve_refuses_a_configuration_that_does_not_hold() {
    let output = run(&[], &["serve", "--set", "limits.connections=0"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(78), ""));
    assert!(output.stderr.contains("--set: limits.connections: must be a whole number from 1 to 65536"), "{output:?}");
}
