//! Whether the ERP can be read with an account, step by step: for a technician at the box.

use std::io::Read;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::lang::Text;
use crate::outbound::Outbound;

use super::answer::Answer;
use super::call::CallTracker;
use super::client::{Client, Fetched, Login, Parse};
use super::credentials::{Access, Password};
use super::extra_path;
use super::part::Part;
use super::reason::Reason;
use super::token::Token;
use super::words;

/// What is looked at, in this order. A step that fails ends the check, those of single paths aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepName {
    /// Address, user and password are there.
    Settings,
    /// The server's name has addresses.
    Name,
    /// Connection and TLS.
    Connection,
    /// The ERP is there under the prefix.
    Prefix,
    Login,
    Role,
    Workshop,
    /// One of the paths.
    Path(String),
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Ok,
    Warning,
    Failed,
}

/// One step's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    pub(crate) name: StepName,
    pub(crate) verdict: Verdict,
    /// What was found; for a failure, what to do, too.
    pub(crate) text: Text,
}

/// Asked for to know whether the ERP is there: it refuses those who are not signed in.
const GUARDED: &str = Part::MachineStats.path();

/// All paths together: each may take long, and a person waits.
const PATHS: Duration = Duration::from_secs(60);

/// Checks, `extra_paths` too, and tells each step as it is done. Whether nothing failed. It takes two minutes at most.
pub(crate) async fn check(
    access: &Access,
    extra_paths: &[String],
    outbound: &Outbound,
    tell: &mut (dyn FnMut(Step) + Send),
) -> bool {
    let mut report = Report { tell, has_failed: false };
    // A failed step has been told.
    let _ = run(access, extra_paths, outbound, &mut report).await;
    !report.has_failed
}

/// A step failed, and those after it depend on it.
struct Ended;

struct Report<'a> {
    tell: &'a mut (dyn FnMut(Step) + Send),
    has_failed: bool,
}

impl Report<'_> {
    fn add(&mut self, name: StepName, verdict: Verdict, text: Text) {
        self.has_failed |= verdict == Verdict::Failed;
        (self.tell)(Step { name, verdict, text });
    }

    fn ok(&mut self, name: StepName, text: Text) {
        self.add(name, Verdict::Ok, text);
    }

    /// What was understood of a path.
    fn path(&mut self, path: &str, verdict: Verdict, summary: Result<Text, Reason>) {
        let name = StepName::Path(path.to_owned());
        match summary {
            Ok(text) => self.add(name, verdict, text),
            Err(reason) => self.add(name, Verdict::Failed, reason.text()),
        }
    }

    /// The value of a step, which is told if it failed.
    fn take<T>(&mut self, name: StepName, result: Result<T, Text>) -> Result<T, Ended> {
        result.map_err(|text| {
            self.add(name, Verdict::Failed, text);
            Ended
        })
    }
}

async fn run(
    access: &Access,
    extra_paths: &[String],
    outbound: &Outbound,
    report: &mut Report<'_>,
) -> Result<(), Ended> {
    let (client, password) = report.take(StepName::Settings, settings(access, outbound))?;
    let address = client.address();
    match access.password.warning() {
        Some(warning) => report.add(StepName::Settings, Verdict::Warning, warning),
        None => report.ok(StepName::Settings, words::settings(&address)),
    }
    let found = client.find().await.map_err(|reason| reason.text());
    let found = report.take(StepName::Name, found)?;
    report.ok(StepName::Name, found);
    report.take(StepName::Connection, client.connect().await.map_err(|reason| reason.text()))?;
    report.ok(StepName::Connection, if client.is_encrypted() { words::ENCRYPTED } else { words::NOT_ENCRYPTED }.into());
    report.take(StepName::Prefix, client.knock(GUARDED).await.map_err(|reason| reason.text()))?;
    report.ok(StepName::Prefix, words::prefix(&address));
    let login = client.login(&access.user, &password, &mut CallTracker::default()).await;
    let Login { token, account, .. } = report.take(StepName::Login, login.map_err(|reason| reason.text()))?;
    report.ok(StepName::Login, words::SIGNED_IN.into());
    match words::role_warning(&account.role) {
        Some(warning) => report.add(StepName::Role, Verdict::Warning, warning),
        None => report.ok(StepName::Role, words::role(&account.role)),
    }
    if account.workshop.is_empty() {
        report.add(StepName::Workshop, Verdict::Warning, words::NO_WORKSHOP.into());
    } else {
        report.ok(StepName::Workshop, words::workshop(&account.workshop));
    }
    let until = Instant::now() + PATHS;
    for part in Part::ALL {
        let read = Box::new(move |body: &mut dyn Read| Answer::read(part, body));
        let answer = get(&client, &token, part.path(), read, until).await;
        report.path(part.path(), Verdict::Ok, answer.map(|answer| answer.summary()));
    }
    for path in extra_paths {
        let answer = get(&client, &token, path, Box::new(extra_path::read), until).await;
        // Nothing is taken out of it.
        let summary = answer.map(|answer| extra_path::summary(&answer)).map_err(extra_path::reason);
        report.path(path, Verdict::Warning, summary);
    }
    Ok(())
}

fn settings(access: &Access, outbound: &Outbound) -> Result<(Client, Password), Text> {
    let client = Client::new(&access.url, access.allow_http, outbound)?;
    if access.user.trim().is_empty() {
        return Err(words::NO_USER.into());
    }
    Ok((client, access.password.read()?))
}

async fn get<T: Send + 'static>(
    client: &Client,
    token: &Token,
    path: &str,
    read: Parse<T>,
    until: Instant,
) -> Result<T, Reason> {
    match timeout_at(until, client.get(path, token, None, read, &mut CallTracker::default()))
        .await
        .unwrap_or(Err(Reason::Timeout))?
    {
        Fetched::Answer { value, .. } => Ok(value),
        // It was not asked whether anything changed.
        Fetched::NotModified { .. } => Err(Reason::Status(304)),
    }
}

impl Client {
    /// Finds the server's name, as far as that is the box's business.
    async fn find(&self) -> Result<Text, Reason> {
        let (host, proxy) = self.place();
        if let Some(proxy) = proxy {
            return Ok(words::found_by_proxy(host, &proxy));
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(words::is_address(address));
        }
        let addresses = self.lookup().await?;
        Ok(words::found(host, &addresses))
    }
}
