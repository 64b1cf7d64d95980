//! `workshop-edge erp …`: whether the ERP can be read, before a display needs it.

use super::configuration::{configured, load_configuration, overrides};
use super::program::subcommand;
use super::shape::{json, parent};
use super::{EXIT_FAILURE, output};
use crate::config::{Config, Overrides};
use crate::erp::{AccountFile, Step, StepName, Verdict, check};
use crate::lang::{Lang, Text};
use crate::outbound::Outbound;
use clap::{ArgMatches, Command};
use std::process::ExitCode;

/// The subcommands.
#[derive(Debug, PartialEq, Eq)]
pub enum ErpArgs {
    /// Ask the ERP, step by step.
    Check { overrides: Overrides, json: bool },
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let root = subcommand("erp", lang.pick("<ORDEN>", "<COMMAND>"), lang)
        .about(lang.pick("Comprueba la conexión con el ERP", "Check the connection to the ERP"))
        .subcommand(
            configured(subcommand("erp check", lang.pick("[OPCIONES]", "[OPTIONS]"), lang), lang)
                .about(lang.pick(
                    "Pregunta al ERP paso a paso (nombre, conexión, prefijo, usuario y datos) y dice qué hacer si algo falla",
                    "Ask the ERP step by step (name, connection, prefix, user and data), and say what to do if one fails",
                ))
                .arg(json(lang)),
        );
    parent(root, lang)
}

impl ErpArgs {
    pub(super) fn of(matches: &ArgMatches) -> Option<Self> {
        Some(match matches.subcommand()? {
            ("check", of) => Self::Check { overrides: overrides(of), json: of.get_flag("json") },
            _ => return None,
        })
    }
}

/// Carries it out; `outbound` makes the client that the box would have.
pub(super) fn run(args: ErpArgs, lang: Lang, outbound: impl FnOnce(&Config) -> Result<Outbound, String>) -> ExitCode {
    let ErpArgs::Check { overrides, json } = args;
    let config = match load_configuration(overrides, lang) {
        Ok(loaded) => loaded.config,
        Err(code) => return code,
    };
    let Some(access) = config.erp.access(|| AccountFile::read(&config.data_dir)) else {
        return output::failure(NO_ERP.pick(lang));
    };
    let outbound = match outbound(&config) {
        Ok(outbound) => outbound,
        Err(error) => return output::failure(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failure(&error.to_string()),
    };
    // For a person each step as it is done; for a program all at once.
    let (mut steps, mut written) = (Vec::new(), Ok(()));
    let extra_paths = config.erp.extra_paths.clone().unwrap_or_default();
    let is_well = runtime.block_on(check(&access, &extra_paths, &outbound, &mut |step| {
        if json {
            steps.push(step_json(&step));
        } else if written.is_ok() {
            written = output::answer_more(line(&step).pick(lang));
        }
    }));
    let code = if is_well { 0 } else { EXIT_FAILURE };
    if json {
        return output::answer(&format!("{:#}\n", serde_json::json!({ "ok": is_well, "steps": steps })), code);
    }
    written.map_or_else(|code| code, |()| output::answer(conclusion(is_well).pick(lang), code))
}

fn step_json(Step { name, verdict, text }: &Step) -> serde_json::Value {
    let (name, path) = match name {
        StepName::Path(path) => (serde_json::json!("path"), Some(path)),
        name => (serde_json::json!(name), None),
    };
    let mut step = serde_json::json!({ "step": name, "verdict": verdict, "text": text });
    if let (Some(step), Some(path)) = (step.as_object_mut(), path) {
        step.insert("path".to_owned(), serde_json::json!(path));
    }
    step
}

const NO_ERP: Text<&'static str> = Text::fixed(
    "no hay ningún ERP configurado\n  ponga erp.url, erp.user y erp.password_file, o dé la cuenta en /_edge/admin/",
    "no ERP is configured\n  set erp.url, erp.user and erp.password_file, or give the account at /_edge/admin/",
);

fn line(Step { name, verdict, text }: &Step) -> Text {
    let mark = match verdict {
        Verdict::Ok => Text::fixed("bien ", "ok   "),
        Verdict::Warning => Text::fixed("aviso", "warn "),
        Verdict::Failed => Text::fixed("FALLO", "FAIL "),
    };
    let path = match name {
        StepName::Path(path) => format!("{path}: "),
        _ => String::new(),
    };
    mark.map(|mark| format!("{mark}  {path}")).then(&text.map(|text| format!("{text}\n")))
}

fn conclusion(is_well: bool) -> Text<&'static str> {
    if is_well {
        Text::fixed("\nEl equipo puede leer el ERP.\n", "\nThe box can read the ERP.\n")
    } else {
        Text::fixed(
            "\nEl equipo no puede leer el ERP, o no todo: corrija el primer fallo y repita el comando.\n",
            "\nThe box cannot read the ERP, or not all of it: mend the first failure and repeat the command.\n",
        )
    }
}
