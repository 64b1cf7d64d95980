//! A fleet of boxes against one repository: the product's own policy, repository code and pace, in virtual time, and a
//! repository that `workshop-release` makes. Then what the fleet costs an object store and a CDN. See
//! `tests/benches/README.md`.
//!
//! ```text
//! fleet [--boxes N] [--interval S] [--json FILE] [wire|jitter|waves|rollback|outage|power|cost]...
//! ```

#![allow(
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures of a measurement are far from where it matters, and its files are its own"
)]

mod cost;
mod fleet;
mod jitter;
mod publisher;
mod report;
mod scenes;
mod wire;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, Command, value_parser};

use self::cost::Prices;
use self::fleet::Rules;
use self::publisher::Publisher;
use self::report::Table;
use self::wire::Wire;

type Failure = Box<dyn std::error::Error>;

const SCENES: [&str; 7] = ["wire", "jitter", "waves", "rollback", "outage", "power", "cost"];

fn command() -> Command {
    let number = |name: &'static str, usual: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_parser(value_parser!(u64)).default_value(usual).help(help)
    };
    Command::new("fleet")
        .about("Simulates a fleet of boxes against one repository")
        .arg(Arg::new("scene").action(ArgAction::Append).value_parser(SCENES).help("What to run; all without"))
        .arg(number("boxes", "1000", "Boxes of the fleet"))
        .arg(number("interval", "60", "update.check_interval_s"))
        .arg(number("rounds", "10", "Rollbacks that are measured"))
        .arg(number("delta", "150000", "Bytes of a delta, for downloads"))
        .arg(number("rate", "1024", "update.rate_limit_kib_s"))
        .arg(number("trial", "30", "update.trial_s"))
        .arg(
            Arg::new("price")
                .long("price")
                .action(ArgAction::Append)
                .value_name("NAME=DOLLARS")
                .help("Another list price: see the table of costs"),
        )
        .arg(Arg::new("publisher").long("publisher").value_parser(value_parser!(PathBuf)).help("workshop-release"))
        .arg(Arg::new("json").long("json").value_parser(value_parser!(PathBuf)).help("Write all figures there too"))
}

fn main() -> Result<(), Failure> {
    let given = command().get_matches();
    let number = |name: &str| given.get_one::<u64>(name).copied().unwrap_or_default();
    let rules = Rules {
        boxes: usize::try_from(number("boxes"))?.max(1),
        every: Duration::from_secs(number("interval").max(2)),
        download: Duration::from_secs_f64(number("delta") as f64 / (number("rate").max(1) as f64 * 1024.0)),
        trial: Duration::from_secs(number("trial")),
    };
    let mut prices = Prices::default();
    for price in given.get_many::<String>("price").unwrap_or_default() {
        prices.set(price)?;
    }
    let scenes: Vec<&str> = match given.get_many::<String>("scene") {
        Some(scenes) => scenes.map(String::as_str).collect(),
        None => SCENES.to_vec(),
    };
    let wants = |scene: &str| scenes.contains(&scene);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    let mut tables = Vec::new();
    let mut done = |found: Vec<Table>| -> Result<(), Failure> {
        for table in found {
            table.print()?;
            tables.push(table);
        }
        Ok(())
    };
    if wants("jitter") {
        done(vec![jitter::run(&rules)])?;
    }
    let publisher = given.get_one::<PathBuf>("publisher").cloned();
    let publisher = || Publisher::new(publisher.clone());
    let wire = if wants("wire") || wants("cost") {
        let wire = runtime.block_on(Wire::measure(&publisher()?))?;
        done(vec![wire.table()])?;
        wire
    } else {
        Wire::assumed()
    };
    for scene in ["waves", "rollback", "outage", "power"] {
        if wants(scene) {
            let publisher = publisher()?;
            let run = async {
                match scene {
                    "waves" => scenes::waves(&rules, &publisher, &wire).await,
                    "rollback" => scenes::rollback(&rules, &publisher, &wire, number("rounds")).await,
                    "outage" => scenes::outage(&rules, &publisher, &wire).await,
                    _ => scenes::power(&rules, &publisher, &wire).await,
                }
            };
            done(runtime.block_on(run)?)?;
        }
    }
    if wants("cost") {
        done(cost::tables(&wire, &prices))?;
    }
    if let Some(path) = given.get_one::<PathBuf>("json") {
        let all: serde_json::Map<String, serde_json::Value> =
            tables.iter().map(|table| (table.title.clone(), table.json())).collect();
        std::fs::File::create(path)?.write_all(serde_json::to_string_pretty(&all)?.as_bytes())?;
    }
    io::stdout().flush()?;
    Ok(())
}
