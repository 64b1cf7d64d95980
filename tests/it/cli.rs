//! The command line as a person or a script meets it: through the binary.

#![allow(clippy::expect_used, reason = "a helper that fails is a test that fails")]

use std::{
    io::{Read as _, pipe},
    net::TcpListener,
    process::{Command, Stdio},
};

use crate::support::Pty;

/// What the binary said and how it ended.
#[derive(Debug)]
pub(crate) struct CliOutput {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary with these variables (and the least that its defaults need, but nothing of the test's own environment).
fn binary(env: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
    command.env_clear().env("HOME", "/nonexistent").envs(env.iter().copied()).args(arguments).stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn run(env: &[(&str, &str)], arguments: &[&str]) -> CliOutput {
    let output = binary(env, arguments).output().expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("the binary writes UTF-8");
    CliOutput { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn help_is_in_the_persons_language() {
    let spanish = run(&[("LANG", "es_ES.UTF-8")], &["--help"]);
    assert_eq!((spanish.code, spanish.stderr.as_str()), (Some(0), ""));
    for text in ["Uso: workshop-edge <ORDEN>", "Órdenes:", "Opciones:", "Códigos de salida:", "  78  la configuración"]
    {
        assert!(spanish.stdout.contains(text), "{text}\n{}", spanish.stdout);
    }
    let english = run(&[("LANG", "C.UTF-8")], &["serve", "--help"]);
    for text in ["Usage: workshop-edge serve [OPTIONS]", "Options:", "--set <KEY=VALUE>"] {
        assert!(english.stdout.contains(text), "{text}\n{}", english.stdout);
    }
}

#[test]
fn a_command_line_that_is_not_understood_ends_with_2() {
    for arguments in [&[][..], &["config"], &["serv"], &["serve", "--nope"], &["completions", "ksh"]] {
        let output = run(&[("LANG", "es")], arguments);
        assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(output.stderr.contains("Uso:") || output.stderr.contains("--help"), "{output:?}");
    }
    assert!(run(&[("LANG", "es")], &["serv"]).stderr.starts_with("error: no existe el comando «serv»"));
    assert!(run(&[], &["serv"]).stderr.starts_with("error: unrecognized subcommand 'serv'"));
}

#[test]
fn the_version_is_for_people_and_for_programs() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(run(&[], &["--version"]).stdout, format!("workshop-edge {version}\n"));
    assert!(run(&[], &["version"]).stdout.starts_with(&format!("workshop-edge {version} (")));
    let facts: serde_json::Value = serde_json::from_str(&run(&[], &["version", "--json"]).stdout).expect("JSON");
    assert_eq!(facts["version"], version);
    for fact in ["commit", "target", "profile"] {
        assert!(facts[fact].as_str().is_some_and(|text| !text.is_empty()), "{fact}: {facts}");
    }
}

#[test]
fn completions_and_the_manual_are_made() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&[], &["completions", shell]);
        assert_eq!(output.code, Some(0), "{shell}");
        assert!(output.stdout.contains("workshop-edge") && output.stdout.contains("data-dir"), "{shell}");
    }
    for (lang, heading) in [("es", ".SH NOMBRE"), ("en", ".SH NAME")] {
        let page = run(&[("LANG", lang)], &["man"]).stdout;
        assert!(page.contains(heading) && page.contains("WORKSHOP_EDGE_TLS_MODE"), "{lang}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    for arguments in [&["man"][..], &["config", "show"], &["config", "example"], &["completions", "bash"], &["--help"]]
    {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let mut command = binary(&[], arguments);
        let mut child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stderr = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("UTF-8");
        let status = child.wait().expect("it ends");
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let output = binary(&[], &["config", "show"]).stdout(full).stderr(Stdio::piped()).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("stdout: "));
}

#[test]
fn why_a_box_cannot_serve_is_said_in_the_persons_language_on_a_terminal() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let data = tempfile::tempdir().expect("a directory");
    let data = data.path().to_str().expect("text");
    for (lang, words) in [
        ("es", format!("error: otro programa usa ya la dirección {address}: párelo")),
        ("en", format!("error: another program uses the address {address}: stop it")),
    ] {
        let pty = Pty::new(160, 20);
        let ended = binary(&[("LANG", lang)], &["serve", "--data-dir", data, "--listen", &address])
            .stdout(pty.stdio())
            .stderr(pty.stdio())
            .status()
            .expect("the binary starts");
        assert_eq!(ended.code(), Some(1));
        pty.wait_for(&words);
    }
}
