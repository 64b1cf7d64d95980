//! The appliance: logs, exit codes, dispatch.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use workshop_edge::app::{App, Ended, ProcessContext};
use workshop_edge::config::{self, Loaded, Overrides};
use workshop_edge::lang::Lang;
use workshop_edge::{app, cli, error_chain, log, panics};

fn main() -> ExitCode {
    let lang = Lang::from_env();
    match cli::parse(std::env::args_os(), lang) {
        Ok(command) => cli::run(command, lang, |overrides| serve(overrides, lang), app::outbound_client),
        Err(exit) => exit.emit(),
    }
}

fn serve(overrides: Overrides, lang: Lang) -> ExitCode {
    let Loaded { config, warnings, effective } = match cli::load_configuration(overrides.clone(), lang) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let recent = log::start(config.log());
    panics::keep_in(config.data_dir.join("panics"));
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let recheck = Box::new(move || match config::load(&config::Sources::of_process(overrides.clone())) {
        Ok(_) => Ok(()),
        Err(faults) => Err(format!("the configuration is not valid: {faults}")),
    });
    let context =
        ProcessContext { effective: format!("{:#}\n", config::effective_json(&effective)).into(), recent, recheck };
    let error = match App::build(config, context).and_then(App::run) {
        Ok(Ended::Stopped) => return ExitCode::SUCCESS,
        Ok(Ended::Restart(program, sockets)) => error_chain(&program.exec(sockets)),
        // The person who typed the command reads it there, in their language.
        Err(error) if io::stderr().is_terminal() => return cli::failure(&error.explain(lang)),
        Err(error) => error_chain(&error),
    };
    tracing::error!(%error, "the box cannot serve");
    ExitCode::from(cli::EXIT_FAILURE)
}
