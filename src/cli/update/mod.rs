//! `workshop-edge update …`: what the running box does about its versions.

mod follow;

use super::configuration::{configured, overrides};
use super::program::subcommand;
use super::shape::{json, parent};
use super::{EXIT_FAILURE, control, output};
use crate::control::{Client, ClientError, ControlCommand, Reply as Answer};
use crate::update::command::{Command, CommandOutcome, Reply, Report};
use crate::update::state::State;
use crate::update::words;
use crate::{config::Overrides, lang::Lang};
use clap::{Arg, ArgMatches, ValueHint, value_parser};
use semver::Version;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

/// A change of version that somebody else has asked for, as those who only watch see it.
pub(super) use follow::{Ended, Patience, ended, system_ended};

#[derive(Debug, PartialEq, Eq)]
pub struct UpdateArgs {
    pub(super) overrides: Overrides,
    pub(super) request: Request,
    pub(super) json: bool,
}

/// The options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// The state of the updates.
    Status,
    /// What there was.
    History,
    /// Something to be done.
    Do(Command),
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> clap::Command {
    let of_version = lang.pick("<VERSIÓN> [OPCIONES]", "<VERSION> [OPTIONS]");
    let options = lang.pick("[OPCIONES]", "[OPTIONS]");
    let below = |typed: &'static str, arguments: &str, es: &'static str, en: &'static str| {
        configured(subcommand(typed, arguments, lang), lang).about(lang.pick(es, en)).arg(json(lang))
    };
    let root = subcommand("update", lang.pick("<ORDEN>", "<COMMAND>"), lang)
        .about(lang.pick(
            "Actualiza el programa del equipo, o vuelve a una versión anterior",
            "Update the box's program, or take it back",
        ))
        .subcommand(below(
            "update status",
            options,
            "Muestra qué versión está en marcha y cuál viene",
            "Say which version runs and what is awaited",
        ))
        .subcommand(below(
            "update check",
            options,
            "Busca ahora si hay otra versión",
            "Ask now whether there is another version",
        ))
        .subcommand(
            below(
                "update apply",
                options,
                "Instala ahora la versión del canal, sin esperar turno ni horario",
                "Take the channel's version now, without waiting for turn or hour",
            )
            .arg(
                Arg::new("from")
                    .long("from")
                    .value_name("DIR")
                    .value_hint(ValueHint::DirPath)
                    .value_parser(value_parser!(OsString))
                    .help(lang.pick(
                        "Directorio con un repositorio de versiones, como el de una memoria USB",
                        "Directory with a release bucket, as on a USB stick",
                    )),
            ),
        )
        .subcommand(below(
            "update rollback",
            options,
            "Vuelve a la versión anterior y se queda en ella",
            "Go back to the version before, and stay there",
        ))
        .subcommand(
            below("update pin", of_version, "Se queda en una versión, o va a ella", "Stay on a version, or go to it")
                .arg(version(
                    lang.pick("Una de las del canal, como 1.2.3", "One of the channel's, such as 1.2.3"),
                    lang,
                )),
        )
        .subcommand(below("update unpin", options, "Vuelve a seguir el canal", "Follow the channel again"))
        .subcommand(below(
            "update hold",
            options,
            "No cambia nada hasta que alguien lo pida («unpin» lo anula)",
            "Change nothing until somebody asks for it (\"unpin\" lifts it)",
        ))
        .subcommand(
            below(
                "update forgive",
                of_version,
                "Admite otra vez una versión que falló en este equipo",
                "Allow a version again that has failed on this box",
            )
            .arg(version(lang.pick("La que nombra «update status»", "The one that \"update status\" names"), lang)),
        )
        .subcommand(below(
            "update history",
            options,
            "Muestra qué se actualizó y cómo fue",
            "Say what was updated and how it went",
        ));
    parent(root, lang)
}

/// The version that a subcommand is about.
fn version(help: &'static str, lang: Lang) -> Arg {
    Arg::new("version")
        .value_name(lang.pick("VERSIÓN", "VERSION"))
        .help_heading(lang.pick("Argumentos", "Arguments"))
        .help(help)
        .required(true)
        .value_parser(value_parser!(Version))
}

impl UpdateArgs {
    pub(super) fn of(matches: &ArgMatches) -> Option<Self> {
        let (name, of) = matches.subcommand()?;
        Some(Self { overrides: overrides(of), request: Request::of(name, of)?, json: of.get_flag("json") })
    }
}

impl Request {
    /// What the arguments of the subcommand with this name want.
    fn of(name: &str, arguments: &ArgMatches) -> Option<Self> {
        Some(match name {
            "status" => Self::Status,
            "history" => Self::History,
            "check" => Self::Do(Command::Check),
            "apply" => {
                let from = arguments.get_one::<OsString>("from").map(PathBuf::from);
                // The box has a working directory of its own.
                let from = from.map(|from| std::path::absolute(&from).unwrap_or(from));
                Self::Do(Command::Apply { from })
            }
            "rollback" => Self::Do(Command::Rollback),
            "pin" => Self::Do(Command::Pin { version: arguments.get_one::<Version>("version")?.clone() }),
            "unpin" => Self::Do(Command::Unpin),
            "hold" => Self::Do(Command::Hold),
            "forgive" => Self::Do(Command::Forgive { version: arguments.get_one::<Version>("version")?.clone() }),
            _ => return None,
        })
    }
}

/// Asks the running box, and follows what it begins.
pub(super) fn run(args: UpdateArgs, lang: Lang) -> ExitCode {
    let UpdateArgs { overrides, request, json } = args;
    let client = match control::client(overrides, lang) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let done = match request {
        Request::Status => report(client.send(ControlCommand::UpdateReport, &[]), lang)
            .and_then(|report| shown(json, &report.state, || lines(&words::sentences(&report.state).pick(lang)))),
        Request::History => report(client.send(ControlCommand::UpdateReport, &[]), lang)
            .and_then(|report| shown(json, &report.history, || history(&report, lang))),
        Request::Do(command) => return carry_out(&client, &command, json, lang),
    };
    match done {
        Ok(text) => output::answer(&text, 0),
        Err(words) => output::failure(&words),
    }
}

fn carry_out(client: &Client, command: &Command, json: bool, lang: Lang) -> ExitCode {
    let reply = match ask(client, command, lang) {
        Ok(reply) => reply,
        Err(words) => return output::failure(&words),
    };
    match &reply.outcome {
        CommandOutcome::Begun { version, is_system } => follow::follow(client, version, *is_system, json, lang),
        CommandOutcome::Done => {
            let mut sentences = words::sentences(&reply.state).pick(lang);
            if let Command::Forgive { version } = command {
                sentences.insert(
                    0,
                    lang.pick(
                        format!("La versión {version} se admite otra vez en este equipo."),
                        format!("Version {version} may be tried again on this box."),
                    ),
                );
            }
            finish(json, &reply, &sentences, 0)
        }
        CommandOutcome::Nothing { reason } => {
            let reason = reason.pick(lang);
            let nothing =
                lang.pick(format!("No hay nada que hacer: {reason}."), format!("There is nothing to do: {reason}."));
            // To have asked for a change that does not come is a failure; to have asked whether there is one is not.
            let code = if *command == Command::Check { 0 } else { EXIT_FAILURE };
            let mut sentences = vec![nothing];
            sentences.extend(words::sentences(&reply.state).pick(lang));
            finish(json, &reply, &sentences, code)
        }
    }
}

fn finish(json: bool, reply: &Reply, sentences: &[String], code: u8) -> ExitCode {
    match shown(json, reply, || lines(sentences)) {
        Ok(text) => output::answer(&text, code),
        Err(words) => output::failure(&words),
    }
}

fn ask(client: &Client, command: &Command, lang: Lang) -> Result<Reply, String> {
    let body = serde_json::to_vec(command).map_err(|error| error.to_string())?;
    let mut screen = follow::Screen::new();
    let reply = client.send_with_progress(ControlCommand::Update, &body, |now| {
        if let Ok(state) = serde_json::from_slice::<State>(now) {
            screen.show(words::phase(&state).pick(lang));
        }
    });
    screen.clear();
    let lost =
        matches!(reply, Err(ClientError::Silent { .. } | ClientError::Broken { .. } | ClientError::Malformed { .. }));
    let value = control::value(reply, lang).map_err(|words| if lost { unknown(&words, lang) } else { words })?;
    serde_json::from_value(value).map_err(|error| control::not_understood(&error.to_string(), lang))
}

/// The order has gone out, and no answer has come back.
fn unknown(words: &str, lang: Lang) -> String {
    lang.pick(
        format!("{words}\n  puede que la orden siga en marcha: «workshop-edge update status» dice en qué está"),
        format!(
            "{words}\n  the order may be going on all the same: \"workshop-edge update status\" says what it is at"
        ),
    )
}

fn report(reply: Result<Answer, ClientError>, lang: Lang) -> Result<Report, String> {
    let value = control::value(reply, lang)?;
    serde_json::from_value(value).map_err(|error| control::not_understood(&error.to_string(), lang))
}

/// For a program, or else for a person.
fn shown<T: serde::Serialize>(json: bool, value: &T, text: impl FnOnce() -> String) -> Result<String, String> {
    if !json {
        return Ok(text());
    }
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| error.to_string())
}

fn lines(sentences: &[String]) -> String {
    sentences.iter().fold(String::new(), |text, sentence| text + sentence + "\n")
}

fn history(report: &Report, lang: Lang) -> String {
    if report.history.is_empty() {
        return lang.pick("Nunca se ha actualizado.\n", "Never updated.\n").to_owned();
    }
    lines(&report.history.iter().rev().map(|entry| words::entry(entry).pick(lang).to_owned()).collect::<Vec<_>>())
}
