//! `workshop-edge update …`: what the running box does about its versions.

mod follow;

use super::configuration::{configured, overrides};
use super::program::subcommand;
use super::shape::{json, parent};
use super::{EXIT_FAILURE, control, output};
use crate::control::{Client, ClientError, ControlCommand};
use crate::update::command::{Command, CommandOutcome, Reply, Report};
use crate::update::state::State;
use crate::update::words;
use crate::{
    config::Overrides,
    lang::{Lang, Text},
};
use clap::{Arg, ArgMatches, ValueHint, value_parser};
use semver::Version;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use follow::Screen;
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
        Request::Status => {
            report(&client).and_then(|report| shown(json, &report.state, || lines(&words::sentences(&report.state).0)))
        }
        Request::History => report(&client).and_then(|report| shown(json, &report.history, || history(&report))),
        Request::Do(command) => {
            return match carry_out(&client, &command, json, &mut Screen::new(lang)) {
                Ok((text, code)) => output::answer(text.pick(lang), code),
                Err(words) => output::failure(words.pick(lang)),
            };
        }
    };
    output::end(done, lang)
}

/// What to answer, with the exit code.
fn carry_out(client: &Client, command: &Command, json: bool, screen: &mut Screen) -> Result<(Text, u8), Text> {
    let reply = ask(client, command, screen)?;
    let mut sentences = words::sentences(&reply.state).0;
    let code = match &reply.outcome {
        CommandOutcome::Begun { version, is_system } => {
            let end = follow::follow(client, version, *is_system, screen);
            screen.clear();
            let (report, words) = end?;
            return Ok((shown(json, &report, || lines(&[words]))?, 0));
        }
        CommandOutcome::Done => {
            if let Command::Forgive { version } = command {
                let allowed = Text::new(
                    format!("La versión {version} se admite otra vez en este equipo."),
                    format!("Version {version} may be tried again on this box."),
                );
                sentences.insert(0, allowed);
            }
            0
        }
        CommandOutcome::Nothing { reason: Text { es, en } } => {
            let nothing = Text::new(format!("No hay nada que hacer: {es}."), format!("There is nothing to do: {en}."));
            sentences.insert(0, nothing);
            // To have asked for a change that does not come is a failure; to have asked whether there is one is not.
            if *command == Command::Check { 0 } else { EXIT_FAILURE }
        }
    };
    Ok((shown(json, &reply, || lines(&sentences))?, code))
}

fn ask(client: &Client, command: &Command, screen: &mut Screen) -> Result<Reply, Text> {
    let body = serde_json::to_vec(command).map_err(|error| Text::same(error.to_string()))?;
    let reply = client.send_with_progress(ControlCommand::Update, &body, |now| {
        if let Ok(state) = serde_json::from_slice::<State>(now) {
            screen.show(&words::phase(&state));
        }
    });
    screen.clear();
    let lost =
        matches!(reply, Err(ClientError::Silent { .. } | ClientError::Broken { .. } | ClientError::Malformed { .. }));
    control::answer(reply).map_err(|words| if lost { unknown(&words) } else { words })
}

/// The order has gone out, and no answer has come back.
fn unknown(Text { es, en }: &Text) -> Text {
    Text::new(
        format!("{es}\n  puede que la orden siga en marcha: «workshop-edge update status» dice en qué está"),
        format!("{en}\n  the order may be going on all the same: \"workshop-edge update status\" says what it is at"),
    )
}

fn report(client: &Client) -> Result<Report, Text> {
    control::answer(client.send(ControlCommand::UpdateReport, &[]))
}

/// For a program, or else for a person.
fn shown<T: serde::Serialize>(json: bool, value: &T, text: impl FnOnce() -> Text) -> Result<Text, Text> {
    if !json {
        return Ok(text());
    }
    let json = serde_json::to_string_pretty(value).map_err(|error| Text::same(error.to_string()))?;
    Ok(Text::same(json + "\n"))
}

fn lines(sentences: &[Text]) -> Text {
    Text::join(sentences.iter().map(|sentence| sentence.map(|sentence| format!("{sentence}\n"))), "")
}

fn history(report: &Report) -> Text {
    if report.history.is_empty() {
        return Text::new("Nunca se ha actualizado.\n", "Never updated.\n");
    }
    lines(&report.history.iter().rev().map(words::entry).collect::<Vec<_>>())
}
