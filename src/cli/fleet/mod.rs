//! `workshop-edge fleet`: the boxes of the network, from any machine on it.
//!
//! ```text
//! discovery::boxes ─> ask (HTTP, some at a time) ─> ListedBox ─> table | JSON
//! ```
//!
//! Anybody on the network can announce a box and answer as one: what comes from there is cleaned and cut in `ask`, before
//! anything shows it.

mod ask;
mod list;

use super::program::subcommand;
use super::shape::json;
use super::{EXIT_FAILURE, output};
use crate::lang::{Lang, Text};
use crate::outbound::{Limits, Outbound, Settings};
use crate::{discovery, error_chain};
use ask::{ListedBox, ask_all};
use clap::{Arg, ArgMatches, Command, value_parser};
use std::process::ExitCode;
use std::time::Duration;

/// How long boxes are searched for, in seconds: nearly all answer within the first one.
const WAIT: &str = "3";
const MAX_WAIT: u64 = 60;
/// A neighbour that is there accepts at once; its next address may.
const CONNECT: Duration = Duration::from_secs(2);

#[derive(Debug, PartialEq, Eq)]
pub struct FleetArgs {
    pub(super) wait: Duration,
    pub(super) json: bool,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("fleet", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick(
            "Busca los equipos de la red local y muestra cómo está cada uno",
            "Find the boxes of the local network, and say how each of them is",
        ))
        .arg(
            Arg::new("wait")
                .long("wait")
                .value_name(lang.pick("SEGUNDOS", "SECONDS"))
                .value_parser(value_parser!(u64).range(1..=MAX_WAIT))
                .default_value(WAIT)
                .hide_default_value(true)
                .help(lang.pick(
                    format!("Cuánto tiempo los busca, de 1 a {MAX_WAIT} s; {WAIT} si no se dice otra cosa"),
                    format!("How long to search for them, from 1 to {MAX_WAIT} s; {WAIT} unless said otherwise"),
                )),
        )
        .arg(json(lang))
}

impl FleetArgs {
    pub(super) fn of(matches: &ArgMatches) -> Option<Self> {
        let wait = Duration::from_secs(*matches.get_one::<u64>("wait")?);
        Some(Self { wait, json: matches.get_flag("json") })
    }
}

/// Lists the boxes. It ends well when there are some, and all of them answer.
pub(super) fn run(args: &FleetArgs, lang: Lang) -> ExitCode {
    let boxes = match found(args.wait) {
        Ok(boxes) => boxes,
        Err(error) => return output::failure(&error),
    };
    let is_well = !boxes.is_empty() && boxes.iter().all(|one| one.answer.is_ok());
    let code = if is_well { 0 } else { EXIT_FAILURE };
    let text = if args.json { list::json(&boxes) } else { list::table(&boxes, lang) };
    let ended = output::answer(&text, code);
    if boxes.is_empty() {
        return output::failure(nothing(args.wait).pick(lang));
    }
    if boxes.len() >= discovery::MAX_BOXES {
        output::print_error(too_many().pick(lang));
    }
    ended
}

fn found(wait: Duration) -> Result<Vec<ListedBox>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error_chain(&error))?;
    // Neighbours are never reached through a proxy.
    let settings = Settings { limits: Limits { connect: CONNECT, ..Limits::default() }, ..Settings::default() };
    let outbound = Outbound::new(settings).map_err(|error| error_chain(&error))?;
    runtime.block_on(async {
        let announced = discovery::boxes(wait).await.map_err(|error| error_chain(&error))?;
        Ok(ask_all(announced, &outbound).await)
    })
}

fn nothing(wait: Duration) -> Text {
    let seconds = wait.as_secs();
    Text::new(
        format!(
            "no se ha encontrado ningún equipo en {seconds} s; compruebe que\n  \
             - este ordenador está en la misma red que los equipos, y no en la de invitados\n  \
             - la red y sus puntos de acceso dejan pasar multicast (mDNS, 224.0.0.251)\n  \
             - el cortafuegos de este ordenador deja entrar UDP 5353\n  \
             con --wait se busca más tiempo"
        ),
        format!(
            "no box was found within {seconds} s; check that\n  \
             - this computer is on the same network as the boxes, and not on the one for guests\n  \
             - the network and its access points pass multicast (mDNS, 224.0.0.251)\n  \
             - this computer's firewall lets UDP 5353 in\n  \
             --wait searches for longer"
        ),
    )
}

fn too_many() -> Text {
    let most = discovery::MAX_BOXES;
    Text::new(
        format!("aviso: se anuncian {most} equipos o más; los demás no se muestran\n"),
        format!("warning: {most} boxes or more are announced; the others are not shown\n"),
    )
}
