//! Carrying a command out.

use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::{Action, Command, Common, output};
use crate::durable;
use crate::lang::{Lang, Text};
use crate::release::draft::Signing;
use crate::release::elsewhere::{self, SignedElsewhere};
use crate::release::keys::{Keys, generate};
use crate::release::lifetime::Lifetimes;
use crate::release::lock::Lock;
use crate::release::published::Address;
use crate::release::repository::Repository;
use crate::release::{
    ReleaseError, fetch, fleet_check, init, os, promote, publish, refresh, rollback, rotate, status, sync, verify,
};

/// What a command answers.
#[derive(Debug)]
pub struct Answer {
    /// For standard output.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

/// Carries a command out.
pub fn run(command: Command, lang: Lang) -> Result<Answer, ReleaseError> {
    let now = Timestamp::now();
    let Command { what, common } = command;
    let (text, code) = match what {
        Action::Status => {
            let status = status::status(&Repository::read(&common.repository)?, now)?;
            (if common.json { pretty(&json(&status)) } else { status.text(now) }, 0)
        }
        Action::Verify(request) => {
            let report = verify::verify(&request, now)?;
            let text = if common.json { pretty(&json(&report)) } else { report.text(now) };
            (text, u8::from(!report.is_good()))
        }
        Action::FleetCheck(request) => {
            let report = fleet_check::fleet_check(&request, now)?;
            (if common.json { pretty(&json(&report)) } else { report.text() }, u8::from(!report.is_good()))
        }
        Action::Sync(request) => {
            let _lock = Lock::take(&common.repository)?;
            let repository = Repository::read(&common.repository)?;
            let mut say = |words: Text| progress(words.pick(lang), common.json);
            let uploaded = sync::sync(&repository, &request, &mut say)?;
            let text = output::uploaded(&uploaded, request.dry_run);
            (if common.json { pretty(&output::uploaded_json(&uploaded, request.dry_run)) } else { text }, 0)
        }
        Action::Fetch(request) => {
            let mut say = |words: Text| progress(words.pick(lang), common.json);
            let fetched = fetch::fetch(&request, &common.repository, &mut say)?;
            let directory = &common.repository;
            (
                if common.json {
                    pretty(&output::fetched_json(&fetched))
                } else {
                    output::fetched(&fetched, directory)
                },
                0,
            )
        }
        Action::Sign { role, file } => {
            let signed = elsewhere::sign(&file, &role, &keys(&common)?, common.dry_run)?;
            (if common.json { pretty(&json(&signed)) } else { output::signed(&signed) }, 0)
        }
        what => {
            let changed = change(what, &common, now, &mut |words| progress(words.pick(lang), common.json));
            (changed.or_else(|error| keep_unsigned(error, &common))?, 0)
        }
    };
    Ok(Answer { text: text.pick(lang).to_owned(), code })
}

fn change(
    what: Action,
    common: &Common,
    now: Timestamp,
    progress: publish::Progress<'_>,
) -> Result<Text, ReleaseError> {
    if let Action::Init { .. } = what
        && !common.dry_run
    {
        durable::create_dir(&common.repository)?;
    }
    let keys = match &what {
        Action::Init { new_keys: Some(directory) } => new_keys(directory, common.dry_run)?,
        _ => keys(common)?,
    };
    let lifetimes = Lifetimes::parse(common.expires.iter().map(String::as_str))?;
    let elsewhere = SignedElsewhere::read(&common.signed)?;
    let signing = Signing { keys: &keys, elsewhere: &elsewhere, lifetimes: &lifetimes, now, dry: common.dry_run };
    let _lock = if common.repository.is_dir() { Some(Lock::take(&common.repository)?) } else { None };
    let repository = || Repository::read(&common.repository);
    compare(&what, common)?;
    let mut notes = Vec::new();
    let change = match what {
        Action::Init { .. } => init::init(&common.repository, &signing)?,
        Action::Publish(request) => {
            let (change, said) = publish::publish(repository()?, &request, &signing, progress)?;
            notes = said;
            change
        }
        Action::PublishOs(request) => os::publish(repository()?, &request, &signing)?,
        Action::Promote(request) => promote::promote(repository()?, &request, &signing, progress)?,
        Action::Rollback { what, channel, to } => rollback::rollback(repository()?, &channel, (what, &to), &signing)?,
        Action::Yank { what, channel, version, desired } => {
            rollback::yank(repository()?, &channel, (what, &version), desired.as_ref(), &signing)?
        }
        Action::Refresh { roles } => {
            let usual = ["snapshot".to_owned(), "timestamp".to_owned()];
            refresh::refresh(repository()?, if roles.is_empty() { &usual } else { &roles }, &signing)?
        }
        Action::Rotate { role } => rotate::rotate(repository()?, &role, &signing)?,
        Action::Status
        | Action::Sign { .. }
        | Action::Fetch(_)
        | Action::Sync(_)
        | Action::Verify(_)
        | Action::FleetCheck(_) => {
            return Ok(Text::default());
        }
    };
    if !common.dry_run {
        if !change.is_empty() {
            change.write()?;
        }
        // Read back, and held to its signatures.
        notes.extend(status::status(&repository()?, now)?.warnings(now));
    }
    notes.extend(change.why_nothing().iter().cloned());
    if change.is_seen_half_done() {
        notes.push(Text::new(
            "aviso: las claves anteriores no han firmado, así que entre la subida del root y la de timestamp.json los equipos no toman nada y vuelven a preguntar al minuto; si se tienen, póngalas en retired",
            "warning: the keys before have not signed, so between the uploads of the root and of timestamp.json boxes take nothing, and ask again a minute later; if they are at hand, put them into retired",
        ));
    }
    Ok(if common.json {
        pretty(&output::json(&change, &notes, common.dry_run))
    } else {
        output::text(&change, &notes, common.dry_run)
    })
}

/// Holds the repository to what is published, unless nobody has said where that is.
fn compare(what: &Action, common: &Common) -> Result<(), ReleaseError> {
    let address = match common.published.as_deref() {
        Some("none") => return Ok(()),
        Some(url) => Some(Address { url: url.to_owned(), ca_file: None }),
        None => Address::read(&common.repository)?,
    };
    let Some(address) = address.filter(|_| !matches!(what, Action::Init { .. })) else { return Ok(()) };
    address.check(&Repository::read(&common.repository)?)?;
    if common.published.is_some() && !common.dry_run { address.keep(&common.repository) } else { Ok(()) }
}

/// Puts a role that lacks signatures where it was asked for, to be signed on other machines.
fn keep_unsigned(error: ReleaseError, common: &Common) -> Result<Text, ReleaseError> {
    let (role, metadata, path) = match (error, &common.to_sign) {
        (ReleaseError::LacksSignatures { role, metadata, .. }, Some(path)) => (role, metadata, path),
        (error, _) => return Err(error),
    };
    durable::write(path, &metadata, 0o644)?;
    Ok(if common.json { pretty(&output::unsigned_json(&role, path)) } else { output::unsigned(&role, path) })
}

fn new_keys(directory: &Path, dry_run: bool) -> Result<Keys, ReleaseError> {
    // Keys that were not kept would have signed nothing.
    if !dry_run {
        generate(directory)?;
    }
    Keys::read(&directory.join("keys.toml"))
}

fn keys(common: &Common) -> Result<Keys, ReleaseError> {
    common
        .keys
        .as_ref()
        .map_or_else(|| Ok(Keys::default()), |path| Keys::read(path))?
        .with_options(common.key.iter().map(String::as_str))
}

/// Says on a terminal what takes long.
fn progress(words: &str, json: bool) {
    let mut stderr = std::io::stderr().lock();
    if !json && rustix::termios::isatty(&stderr) {
        // Without it the work goes on just as well.
        let _ = writeln!(stderr, "{words} …");
    }
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn pretty(value: &Value) -> Text {
    Text::same(format!("{value:#}\n"))
}
