//! The configuration on the command line: its options, reading it, and telling a person what is wrong with it.

use super::{EXIT_CONFIG, output};
use crate::{
    config::{self, DEFAULT_FILE, Fault, Faults, Loaded, Overrides, Sources, Warning},
    lang::{Lang, Text},
};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

/// Adds the options that say something about the configuration.
pub(super) fn configured(command: Command, lang: Lang) -> Command {
    let option = |name: &'static str, hint: ValueHint, value: &'static str| {
        Arg::new(name).long(name).value_name(value).value_hint(hint).value_parser(value_parser!(OsString))
    };
    command
        .arg(option("config", ValueHint::FilePath, lang.pick("ARCHIVO", "FILE")).help(lang.pick(
            format!("Archivo de configuración [por defecto: {DEFAULT_FILE}]"),
            format!("Configuration file [default: {DEFAULT_FILE}]"),
        )))
        .arg(
            option("data-dir", ValueHint::DirPath, "DIR").help(
                lang.pick("Directorio de los datos del equipo (data_dir)", "Directory of the box's data (data_dir)"),
            ),
        )
        .arg(option("listen", ValueHint::Other, lang.pick("DIRECCIÓN", "ADDRESS")).action(ArgAction::Append).help(
            lang.pick(
                "Dirección con puerto para HTTP, en lugar de listen.http; se puede repetir",
                "Address with a port for HTTP, instead of listen.http; repeatable",
            ),
        ))
        .arg(option("site", ValueHint::DirPath, "DIR").help(lang.pick(
            "Directorio que se sirve en lugar de la pantalla incluida (site.dir)",
            "Directory to serve instead of the built-in display (site.dir)",
        )))
        .arg(option("set", ValueHint::Other, lang.pick("CLAVE=VALOR", "KEY=VALUE")).action(ArgAction::Append).help(
            lang.pick(
                "Valor de cualquier clave de la configuración; se puede repetir",
                "Value of any key of the configuration; repeatable",
            ),
        ))
}

/// What the arguments say about the configuration.
pub(super) fn overrides(matches: &ArgMatches) -> Overrides {
    let one = |id| matches.get_one::<OsString>(id).cloned();
    let all = |id| matches.get_many::<OsString>(id).unwrap_or_default().cloned().collect();
    Overrides {
        config: one("config").map(PathBuf::from),
        data_dir: one("data-dir"),
        listen: all("listen"),
        site: one("site"),
        set: all("set"),
    }
}

/// The configuration of this process, for `serve`: its faults are printed, and the exit code is the
/// error. Its warnings are left to the log.
///
/// # Errors
/// [`EXIT_CONFIG`], after everything that is wrong has been reported on standard error.
pub fn load_configuration(overrides: Overrides, lang: Lang) -> Result<Loaded, ExitCode> {
    config::load(&Sources::of_process(overrides)).map_err(|faults| {
        output::print_error(human_faults(&faults).pick(lang));
        ExitCode::from(EXIT_CONFIG)
    })
}

/// The result of a check for a machine.
pub(super) fn report(faults: &[Fault], warnings: &[Warning], lang: Lang) -> String {
    format!("{:#}\n", config::report_json(faults, warnings, lang))
}

/// Warnings for a person, one a line.
pub(super) fn human_warnings(warnings: &[Warning]) -> Text {
    let line = |Text { es, en }| Text::new(format!("aviso: {es}\n"), format!("warning: {en}\n"));
    Text::join(warnings.iter().map(|warning| line(warning.text())), "")
}

/// Warnings and faults for a person.
pub(super) fn human_faults(wrong: &Faults) -> Text {
    human_warnings(&wrong.warnings).then(&wrong.text().map(|faults| format!("error: {faults}\n")))
}
