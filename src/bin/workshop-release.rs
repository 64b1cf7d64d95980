//! The publisher's program.

use std::io::Write as _;
use std::process::ExitCode;

use workshop_edge::cli;
use workshop_edge::lang::Lang;
use workshop_edge::release::cli as release;

fn main() -> ExitCode {
    let lang = Lang::from_env();
    let command = match release::parse(std::env::args_os(), lang) {
        Ok(command) => command,
        Err(error) => return cli::not_understood(&error, lang).emit(),
    };
    match release::run(command, lang) {
        Ok(answer) => cli::answer(&answer.text, answer.code),
        Err(error) => {
            // When even that is impossible there is nobody left to tell.
            let _ = writeln!(std::io::stderr().lock(), "error: {}", error.words(lang));
            ExitCode::from(cli::EXIT_FAILURE)
        }
    }
}
