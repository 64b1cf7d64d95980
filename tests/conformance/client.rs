//! `update::repository` behind the command line that the conformance suite of The Update Framework drives
//! (<https://github.com/theupdateframework/tuf-conformance>, CLIENT-CLI.md):
//!
//! ```text
//! tuf-client --metadata-dir DIR init ROOT
//! tuf-client --metadata-dir DIR --metadata-url URL refresh
//! tuf-client --metadata-dir DIR --metadata-url URL --target-name NAME --target-base-url URL --target-dir DIR download
//! ```
//!
//! It ends with 0 or 1. What it trusts it leaves in DIR under names without versions, as it came. The suite's
//! repositories delegate freely, so targets are searched for in all roles, where a box looks into its channel alone.

#![allow(clippy::disallowed_methods, reason = "the suite's directories do not have to survive a power cut")]
#![allow(clippy::print_stderr, reason = "a command")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::digest::{SHA256, SHA512, digest};
use workshop_edge::outbound::{self, Outbound};
use workshop_edge::update::repository::{Repository, Settings};
use workshop_edge::update::transport::{Source, Transport};

/// Where `init` puts the root that trust starts from; not one of the names that the suite looks at.
const BOOTSTRAP: &str = "bootstrap/root";

/// As python-tuf quotes names, for a file's name here.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Options, each with a value, and words.
#[derive(Debug, Default)]
struct Arguments {
    options: BTreeMap<String, Vec<String>>,
    words: Vec<String>,
}

impl Arguments {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut read = Self::default();
        while let Some(argument) = arguments.next() {
            let Some(option) = argument.strip_prefix("--") else {
                read.words.push(argument);
                continue;
            };
            let known = ["metadata-dir", "metadata-url", "target-name", "target-base-url", "target-dir"];
            if !known.contains(&option) {
                return Err(format!("--{option} is not an option").into());
            }
            let value = arguments.next().ok_or_else(|| format!("--{option} has no value"))?;
            read.options.entry(option.to_owned()).or_default().push(value);
        }
        Ok(read)
    }

    fn all(&self, option: &str) -> &[String] {
        self.options.get(option).map(Vec::as_slice).unwrap_or_default()
    }

    fn one(&self, option: &str) -> Result<&str, Box<dyn Error>> {
        Ok(self.all(option).last().ok_or_else(|| format!("--{option} is missing"))?)
    }
}

fn main() -> ExitCode {
    match Arguments::read(std::env::args().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tuf-client: {}", workshop_edge::error_chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    let download = match words.as_slice() {
        ["init", root] => return init(Path::new(arguments.one("metadata-dir")?), Path::new(root)),
        ["refresh"] => false,
        ["download"] => true,
        _ => return Err("expected one of: init ROOT, refresh, download".into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ask(arguments, download))
}

fn init(directory: &Path, root: &Path) -> Result<(), Box<dyn Error>> {
    let root = fs::read(root)?;
    let bootstrap = directory.join(BOOTSTRAP);
    fs::create_dir_all(bootstrap.parent().ok_or("no directory")?)?;
    fs::write(bootstrap, &root)?;
    fs::write(directory.join("root.json"), root)?;
    Ok(())
}

async fn ask(arguments: &Arguments, and_download: bool) -> Result<(), Box<dyn Error>> {
    let now = now()?;
    let outbound = Outbound::new(outbound::Settings::default())?;
    let source = |url: &str| Source::Web { url: url.to_owned(), allow_http: true, outbound: outbound.clone() };
    let metadata = arguments.one("metadata-url")?;
    let targets = if and_download { arguments.one("target-base-url")? } else { metadata };
    let transport = Transport::with_sources(source(metadata), source(targets))?;
    let directory = PathBuf::from(arguments.one("metadata-dir")?);
    let settings =
        Settings { root: fs::read(directory.join(BOOTSTRAP))?, floor: directory.join("floor"), metadata: directory };
    let mut repository = Repository::open(&settings, transport)?;
    repository.refresh(now).await?;
    if and_download {
        let directory = arguments.one("target-dir")?;
        arguments.one("target-name")?;
        for name in arguments.all("target-name") {
            download(&mut repository, name, Path::new(directory), now).await?;
        }
    }
    Ok(())
}

async fn download(
    repository: &mut Repository,
    name: &str,
    directory: &Path,
    now: SystemTime,
) -> Result<(), Box<dyn Error>> {
    let target = repository.search(name, now).await?.ok_or_else(|| format!("there is no target {name:?}"))?;
    let path = directory.join(utf8_percent_encode(name, QUOTED).to_string());
    if let Ok(bytes) = fs::read(&path) {
        let is = |kind: &str, algorithm| {
            target.hashes.get(kind).is_some_and(|hash| *hash == hex::encode(digest(algorithm, &bytes)))
        };
        if bytes.len() as u64 == target.length && (is("sha256", &SHA256) || is("sha512", &SHA512)) {
            return Ok(());
        }
    }
    fs::write(path, repository.content(name, &target).await?)?;
    Ok(())
}

/// The time, moved as `FAKETIME` says, in the forms that faketime(1) gives it: `+N`, `-N` with a unit or none, and a
/// date in the local time zone. That library may be loaded and have moved the clock already, so the time is that of
/// the kernel (`proc_stat(5)`, `proc_uptime(5)`).
fn now() -> Result<SystemTime, Box<dyn Error>> {
    let Ok(faked) = std::env::var("FAKETIME") else {
        return Ok(SystemTime::now());
    };
    let stat = fs::read_to_string("/proc/stat")?;
    let booted: f64 =
        stat.lines().find_map(|line| line.strip_prefix("btime ")).ok_or("no boot time")?.trim().parse()?;
    let up: f64 = fs::read_to_string("/proc/uptime")?.split(' ').next().ok_or("no uptime")?.parse()?;
    let real = UNIX_EPOCH + Duration::try_from_secs_f64(booted + up)?;
    moved(&faked, real).map_err(|error| format!("FAKETIME={faked}: {error}").into())
}

fn moved(faked: &str, real: SystemTime) -> Result<SystemTime, Box<dyn Error>> {
    let faked = faked.trim();
    if let Some(by) = faked.strip_prefix(['+', '-']) {
        // A speed may follow: `+1d x2`.
        let by = by.split_whitespace().next().unwrap_or_default();
        let (number, unit) = by.split_at(by.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(by.len()));
        let seconds = match unit {
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            "y" => 365.0 * 86400.0,
            unit => return Err(format!("the unit {unit:?} is none").into()),
        };
        let by = Duration::try_from_secs_f64(number.parse::<f64>()? * seconds)?;
        let moved = if faked.starts_with('-') { real.checked_sub(by) } else { real.checked_add(by) };
        return moved.ok_or_else(|| "no such time".into());
    }
    let date = faked.trim_start_matches('@').replace('T', " ");
    let zoned =
        jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S%.f", &date)?.to_zoned(jiff::tz::TimeZone::system())?;
    Ok(zoned.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_moved_as_faketime_moves_it() {
        let real = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let seconds = |faked| {
            let time: SystemTime = moved(faked, real).expect(faked);
            time.duration_since(UNIX_EPOCH).expect("after it").as_secs()
        };
        assert_eq!(seconds("+10"), 1_000_000_010);
        assert_eq!(seconds("-1.5d x2"), 1_000_000_000 - 129_600);
        assert_eq!(seconds("2026-11-24 12:00:00") - seconds("@2026-11-24 11:00:00.25"), 3600);
        assert!(moved("tomorrow", real).is_err());
    }
}
