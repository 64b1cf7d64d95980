//! `workshop-edge version`: which binary this is.

use super::program::{NAME, subcommand};
use super::{output, shape};
use crate::lang::Lang;
use clap::{ArgMatches, Command};
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, PartialEq, Eq)]
pub struct VersionArgs {
    pub(super) json: bool,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("version", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick("Muestra qué binario es este", "Say which binary this is"))
        .arg(shape::json(lang))
}

impl VersionArgs {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        Self { json: matches.get_flag("json") }
    }
}

pub(super) fn run(args: &VersionArgs) -> ExitCode {
    output::answer(&version(args.json), 0)
}

fn version(json: bool) -> String {
    let version = crate::VERSION;
    let commit = option_env!("WORKSHOP_EDGE_COMMIT").unwrap_or("unknown");
    let target = option_env!("WORKSHOP_EDGE_TARGET").unwrap_or("unknown");
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    if json {
        let facts = json!({ "version": version, "commit": commit, "target": target, "profile": profile });
        format!("{facts:#}\n")
    } else {
        format!("{NAME} {version} ({commit}, {target}, {profile})\n")
    }
}
