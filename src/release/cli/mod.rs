//! The command line of `workshop-release`.

mod definition;
mod output;
mod run;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use semver::Version;

pub use run::{Answer, run};

use super::fetch::Fetch;
use super::fleet_check::FleetCheck;
use super::os::{OsPublication as PublishOs, Part};
use super::promote::Promotion as Promote;
use super::publish::{Publication as Publish, Rollout};
use super::sync::Synchronisation as Sync;
use super::verify::Verification as Verify;
use crate::lang::Lang;
use crate::update::STATE_SCHEMA;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    what: Action,
    common: Common,
}

/// What every command has.
#[derive(Debug, PartialEq, Eq)]
struct Common {
    repository: PathBuf,
    keys: Option<PathBuf>,
    key: Vec<String>,
    expires: Vec<String>,
    /// Where a role goes whose keys at hand are too few.
    to_sign: Option<PathBuf>,
    /// What came back of that.
    signed: Vec<PathBuf>,
    /// Where what is published is compared with; `none` for nothing.
    published: Option<String>,
    dry_run: bool,
    json: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Action {
    Init { new_keys: Option<PathBuf> },
    Publish(Publish),
    PublishOs(PublishOs),
    Promote(Promote),
    Rollback { what: Part, channel: String, to: Version },
    Yank { what: Part, channel: String, version: Version, desired: Option<Version> },
    Refresh { roles: Vec<String> },
    Rotate { role: String },
    Sign { role: String, file: PathBuf },
    Fetch(Fetch),
    Sync(Sync),
    Verify(Verify),
    FleetCheck(FleetCheck),
    Status,
}

/// Understands a command line; the first argument is the name of the program.
///
/// # Errors
/// The help or version that was asked for, or what is not understood.
pub fn parse(args: impl IntoIterator<Item = OsString>, lang: Lang) -> Result<Command, clap::Error> {
    let definition = definition::command(lang);
    let matches = definition.clone().try_get_matches_from(args)?;
    command(&matches).ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingSubcommand).with_cmd(&definition))
}

/// The command that the arguments name. `None` cannot happen as long as this and the definition agree.
fn command(matches: &ArgMatches) -> Option<Command> {
    let (name, of) = matches.subcommand()?;
    let text = |id: &str| of.get_one::<String>(id).cloned();
    let version = |id: &str| of.get_one::<Version>(id).cloned();
    let what = match name {
        "init" => Action::Init { new_keys: of.get_one::<PathBuf>("new-keys").cloned() },
        "publish" => Action::Publish(Publish {
            channel: text("channel")?,
            version: version("version")?,
            binaries: texts(of, "binary"),
            state_schema: of.get_one::<u32>("state-schema").copied().unwrap_or(STATE_SCHEMA),
            version_unchecked: of.get_flag("version-unchecked"),
            rollout: rollout(of)?,
        }),
        "publish-os" => Action::PublishOs(PublishOs {
            channel: text("channel")?,
            version: version("version")?,
            files: of.get_many("file").unwrap_or_default().cloned().collect(),
            rollout: rollout(of)?,
        }),
        "promote" => Action::Promote(Promote {
            from: text("from")?,
            to: text("to")?,
            what: part(of),
            version: version("version"),
            rollout: rollout(of)?,
        }),
        "rollback" => Action::Rollback { what: part(of), channel: text("channel")?, to: version("to")? },
        "yank" => Action::Yank {
            what: part(of),
            channel: text("channel")?,
            version: version("version")?,
            desired: version("desired"),
        },
        "refresh" => Action::Refresh { roles: texts(of, "role") },
        "rotate" => Action::Rotate { role: text("role")? },
        "sign" => Action::Sign { role: text("role")?, file: of.get_one::<PathBuf>("file")?.clone() },
        "fetch" => Action::Fetch(Fetch {
            from: text("from")?,
            root: of.get_one::<PathBuf>("root")?.clone(),
            ca_file: of.get_one::<PathBuf>("ca-file").cloned(),
            metadata_only: of.get_flag("metadata-only"),
        }),
        "sync" => Action::Sync(Sync {
            to: text("to")?,
            through: text("through"),
            ca_file: of.get_one::<PathBuf>("ca-file").cloned(),
            invalidate: text("invalidate"),
            patience: Duration::from_secs(u64::from(*of.get_one::<u16>("patience")?)),
            dry_run: of.get_flag("dry-run"),
        }),
        "verify" => Action::Verify(verification(of)?),
        "fleet-check" => {
            Action::FleetCheck(FleetCheck { of: verification(of)?, days: of.get_one::<u16>("days").copied() })
        }
        "status" => Action::Status,
        _ => return None,
    };
    let option = |id: &str| of.try_get_one::<PathBuf>(id).ok().flatten().cloned();
    let list = |id: &str| -> Vec<String> {
        of.try_get_many::<String>(id).ok().flatten().map(|values| values.cloned().collect()).unwrap_or_default()
    };
    let flag = |id: &str| of.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or(false);
    let common = Common {
        repository: option("repository").unwrap_or_default(),
        keys: option("keys"),
        key: list("key"),
        expires: list("expires"),
        to_sign: option("to-sign"),
        signed: of.try_get_many("signed").ok().flatten().unwrap_or_default().cloned().collect(),
        published: of.try_get_one::<String>("published").ok().flatten().cloned(),
        dry_run: flag("dry-run"),
        json: flag("json"),
    };
    Some(Command { what, common })
}

fn verification(of: &ArgMatches) -> Option<Verify> {
    Some(Verify {
        from: of.get_one::<String>("from")?.clone(),
        root: of.get_one::<PathBuf>("root").cloned(),
        allow_http: of.get_flag("allow-http"),
        ca_file: of.get_one::<PathBuf>("ca-file").cloned(),
    })
}

fn texts(matches: &ArgMatches, id: &str) -> Vec<String> {
    matches.get_many::<String>(id).map(|values| values.cloned().collect()).unwrap_or_default()
}

fn part(of: &ArgMatches) -> Part {
    if of.get_flag("os") { Part::Os } else { Part::Program }
}

fn rollout(of: &ArgMatches) -> Option<Rollout> {
    let waves = texts(of, "wave");
    Some(Rollout {
        waves: (!waves.is_empty()).then_some(waves),
        urgent: of.get_flag("urgent"),
        requires_from: of.get_one::<Version>("requires-from").cloned(),
        requires_os: of.get_one::<Version>("requires-os").cloned(),
        min_version: of.get_one::<Version>("min-version").cloned(),
        deltas: usize::from(*of.get_one::<u8>("deltas")?),
        keep_desired: of.get_flag("keep-desired"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Command, clap::Error> {
        parse(std::iter::once("workshop-release").chain(line.split_whitespace()).map(OsString::from), Lang::En)
    }

    #[test]
    fn the_definition_holds_in_both_languages() {
        definition::command(Lang::Es).debug_assert();
        definition::command(Lang::En).debug_assert();
    }

    #[test]
    fn every_command_is_understood() {
        for line in [
            "init --repository r --new-keys k",
            "init -r r --keys k/keys.toml --key root=a.pem --key root=b.pem --expires root=900d",
            "publish -r r --keys k --channel staging --version 1.2.3 --wave 2026-11-24T20:00Z=10 --wave +24h=1000 a b",
            "publish-os -r r --keys k --channel staging --version 1.2.3 --wave +0h=1000 a.efi b.efi",
            "rollback -r r --keys k --channel stable --os --to 1.2.2",
            "promote -r r --keys k --os",
            "promote -r r --keys k --version 1.2.3 --urgent --json",
            "rollback -r r --keys k --channel stable --to 1.2.2 --dry-run",
            "yank -r r --keys k --channel stable --version 1.2.2 --desired 1.2.1",
            "refresh -r r --keys k --role stable --role timestamp",
            "rotate -r r --keys k root",
            "rotate -r r --keys k root --to-sign root.json",
            "sign root root.json --keys k --key root=a.pem --dry-run --json",
            "refresh -r r --keys k --role root --signed a.json --signed b.json",
            "verify https://example.com/edge --root r/metadata/1.root.json --json",
            "fleet-check https://example.com/edge --root r/metadata/1.root.json --days 14 --allow-http --ca-file c --json",
            "sync r s3://bucket/edge --through https://updates.example.com/edge --invalidate hook --patience 5 --json",
            "fetch https://updates.example.com/edge r --root root.json --metadata-only --ca-file c --json",
            "refresh -r r --keys k --published none",
            "status -r r",
        ] {
            assert!(typed(line).is_ok(), "{line}: {}", typed(line).unwrap_err());
        }
        for line in [
            "",
            "publish -r r --version 1 x",
            "publish -r r --channel c --version 1.0.0",
            "rotate -r r",
            "sync r",
            "fetch https://updates.example.com/edge r",
            "sign root",
        ] {
            assert!(typed(line).is_err(), "{line}");
        }
    }
}
