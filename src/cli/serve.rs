//! `workshop-edge serve`: the appliance itself, which `main` runs.

use super::configuration::configured;
use super::program::subcommand;
use crate::lang::Lang;
use clap::Command;

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let command = subcommand("serve", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick("Sirve la pantalla hasta que se le pide parar", "Serve the display until asked to stop"));
    configured(command, lang)
}
