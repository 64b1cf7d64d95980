//! Carrying a command out.

use std::io::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

use super::{Action, Command, Common, output};
use crate::durable;
use crate::lang::{Lang, Text};
use crate::release::draft::Signing;
use crate::release::keys::{Keys, generate};
use crate::release::lifetime::Lifetimes;
use crate::release::lock::Lock;
use crate::release::published::Address;
use crate::release::repository::Repository;
use crate::release::{
    ReleaseError, fleet_check, init, os, promote, publish, refresh, rollback, rotate, status, sync, verify,
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
        what => (change(what, &common, now, &mut |words| progress(words.pick(lang), common.json))?, 0),
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
    let keys = keys(&what, common)?;
    let lifetimes = Lifetimes::parse(common.expires.iter().map(String::as_str))?;
    let signing = Signing { keys: &keys, lifetimes: &lifetimes, now, dry: common.dry_run };
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
        Action::Status | Action::Sync(_) | Action::Verify(_) | Action::FleetCheck(_) => return Ok(Text::default()),
    };
    if !common.dry_run {
        if !change.is_empty() {
            change.write()?;
        }
        // Read back, and held to its signatures.
        notes.extend(status::status(&repository()?, now)?.warnings(now));
    }
    notes.extend(change.why_nothing().iter().cloned());
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

fn keys(what: &Action, common: &Common) -> Result<Keys, ReleaseError> {
    if let Action::Init { new_keys: Some(directory) } = what {
        // Keys that were not kept would have signed nothing.
        if !common.dry_run {
            generate(directory)?;
        }
        return Keys::read(&directory.join("keys.toml"));
    }
    let keys: Option<&PathBuf> = common.keys.as_ref();
    keys.map_or_else(|| Ok(Keys::default()), |path| Keys::read(path))?
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
