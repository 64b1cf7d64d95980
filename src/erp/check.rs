//! Whether the ERP can be read with an account, step by step: for a technician at the box.

use std::net::IpAddr;

use serde::Serialize;

use crate::lang::Text;
use crate::outbound::Outbound;

use super::answer::Answer;
use super::client::{Client, Fetched, Login};
use super::credentials::{Access, Password};
use super::part::Part;
use super::reason::Reason;
use super::token::Token;
use super::words;

/// What is looked at, in this order. A step that fails ends the check, those of single paths aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    Path(&'static str),
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

/// Checks, and tells each step as it is done. Whether nothing failed.
pub(crate) async fn check(access: &Access, outbound: &Outbound, tell: &mut (dyn FnMut(Step) + Send)) -> bool {
    let mut report = Report { tell, has_failed: false };
    // A failed step has been told.
    let _ = run(access, outbound, &mut report).await;
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

    /// The value of a step, which is told if it failed.
    fn take<T>(&mut self, name: StepName, result: Result<T, Text>) -> Result<T, Ended> {
        result.map_err(|text| {
            self.add(name, Verdict::Failed, text);
            Ended
        })
    }
}

async fn run(access: &Access, outbound: &Outbound, report: &mut Report<'_>) -> Result<(), Ended> {
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
    let login = client.login(&access.user, &password).await;
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
    for part in Part::ALL {
        let name = StepName::Path(part.path());
        match understood(&client, &token, part).await {
            Ok(text) => report.ok(name, text),
            Err(reason) => report.add(name, Verdict::Failed, reason.text()),
        }
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

async fn understood(client: &Client, token: &Token, part: Part) -> Result<Text, Reason> {
    let read = Box::new(move |body: &mut dyn std::io::Read| Answer::read(part, body));
    match client.get(part.path(), token, None, read).await? {
        Fetched::Answer { value, .. } => Ok(value.summary()),
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
