//! The section of the ERP's account: what it shows, and what can be asked for there.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::pages::Page;
use super::sessions::Token;
use super::{respond, words};
use crate::lang::{Lang, Text};

/// A command about the ERP's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ErpCommand {
    /// To try an account, and to keep nothing. Answered by [`super::AdminOutcome::ErpChecked`].
    Check(ErpAccount),
    /// To keep an account that was checked and confirmed, and to use it from now on.
    Keep(ErpAccount),
    /// To forget the account that is kept, and to end the link.
    Forget,
}

/// An account, as a person has typed it. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ErpAccount {
    pub(crate) url: String,
    pub(crate) user: String,
    pub(crate) password: Password,
}

impl fmt::Debug for ErpAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErpAccount").finish_non_exhaustive()
    }
}

/// A password. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

impl Password {
    /// The password in clear.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// How a check went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErpCheck {
    /// In order; after one that failed, none that depends on it. Without those of `owner`.
    pub(crate) steps: Vec<ErpStep>,
    /// Whose figures the wall would show, for a person to confirm: role and workshop. `None` where the login did not
    /// succeed, and the account is not kept then.
    pub(crate) owner: Option<Vec<ErpStep>>,
}

/// One step of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErpStep {
    pub(crate) verdict: ErpVerdict,
    /// What was found and, where it failed, what to do.
    pub(crate) text: Text,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErpVerdict {
    Ok,
    /// It works, and could be better.
    Warning,
    Failed,
}

impl ErpStep {
    /// The class of its line.
    pub(super) fn class(&self) -> &'static str {
        match self.verdict {
            ErpVerdict::Ok => "ok",
            ErpVerdict::Warning => "warning",
            ErpVerdict::Failed => "bad",
        }
    }

    /// What its line begins with.
    pub(super) fn label(&self) -> &'static words::Fixed {
        match self.verdict {
            ErpVerdict::Ok => &words::ERP_STEP_OK,
            ErpVerdict::Warning => &words::ERP_STEP_WARNING,
            ErpVerdict::Failed => &words::ERP_STEP_FAILED,
        }
    }
}

/// What the section shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ErpSection {
    /// The state of the link, the most important first.
    pub(crate) sentences: Vec<Text>,
    pub(crate) origin: ErpOrigin,
}

/// Who has set the account that is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum ErpOrigin {
    /// Nobody: there is none.
    #[default]
    Nobody,
    /// The administration.
    Administration { url: String, user: String },
    /// The configuration (`erp.url`), which the administration cannot change. `is_another_kept`: an account of the
    /// administration is kept too, and not used.
    Configuration { url: String, user: String, is_another_kept: bool },
}

impl ErpOrigin {
    /// Whether it can be changed and forgotten here.
    pub(super) fn is_administration(&self) -> bool {
        matches!(self, Self::Administration { .. })
    }
}

/// Where the section gets it from.
pub(crate) type ErpSource = std::sync::Arc<dyn Fn() -> ErpSection + Send + Sync>;

/// Most bytes of each field: with three bytes for each of them, a form has less than [`super::MAX_BODY`].
const MAX_URL: usize = 1024;
const MAX_USER: usize = 254;
const MAX_PASSWORD: usize = 512;

/// The most that a check may take; the box's own bounds are below it.
pub(super) const CHECK_WITHIN: Duration = Duration::from_secs(150);

/// A checked account waits that long to be confirmed.
const DRAFT: Duration = Duration::from_secs(10 * 60);

/// The fields of the form but for the password, which is never sent back.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) url: String,
    pub(super) user: String,
}

impl Typed {
    /// What the form begins with.
    pub(super) fn of(section: &ErpSection) -> Self {
        match &section.origin {
            ErpOrigin::Administration { url, user } => Self { url: url.clone(), user: user.clone() },
            ErpOrigin::Nobody | ErpOrigin::Configuration { .. } => Self::default(),
        }
    }
}

/// What a form says: always the two fields to show again, and the account or what is wrong.
pub(super) fn typed(form: &HashMap<String, String>) -> (Typed, Result<ErpAccount, words::Fixed>) {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let (url, user, password) = (field("url").trim(), field("user").trim(), field("password"));
    // People type what they see elsewhere: a name.
    let url = if url.is_empty() || url.contains("://") { url.to_owned() } else { format!("https://{url}") };
    let is_odd = |text: &str| text.chars().any(char::is_control);
    let typed = Typed { url, user: user.to_owned() };
    let account = if typed.url.is_empty() || typed.user.is_empty() || password.is_empty() {
        Err(words::ERP_INCOMPLETE)
    } else if typed.url.len() > MAX_URL || typed.user.len() > MAX_USER || password.len() > MAX_PASSWORD {
        Err(words::ERP_TOO_LONG)
    } else if [typed.url.as_str(), &typed.user, password].into_iter().any(is_odd) {
        Err(words::ERP_CONTROL)
    } else {
        let Typed { url, user } = typed.clone();
        Ok(ErpAccount { url, user, password: Password(password.to_owned()) })
    };
    (typed, account)
}

/// An account that was checked and waits for the person who asked to confirm it.
pub(super) struct Draft {
    account: ErpAccount,
    /// What the form of the confirmation shows: with another check there is another.
    token: Token,
    /// Of the session that asked.
    csrf: Token,
    since: Instant,
}

/// The newest one: the box has one account.
#[derive(Default)]
pub(super) struct Drafts(Option<Draft>);

impl Drafts {
    /// Holds an account, and gives what its confirmation has to show.
    pub(super) fn hold(&mut self, account: ErpAccount, csrf: &Token, now: Instant) -> Result<Token, getrandom::Error> {
        let token = Token::random()?;
        self.0 = Some(Draft { account, token: token.clone(), csrf: csrf.clone(), since: now });
        Ok(token)
    }

    /// Gives the account up, to the session that asked for its check alone.
    pub(super) fn take(&mut self, shown: &str, csrf: &Token, now: Instant) -> Option<ErpAccount> {
        let draft = self.0.take_if(|draft| draft.token.is(shown) && draft.csrf == *csrf)?;
        (now.saturating_duration_since(draft.since) < DRAFT).then_some(draft.account)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Forgets it.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}

#[derive(Template)]
#[template(path = "admin/erp.html", config = "assets/console/askama.toml")]
struct ErpPage<'a> {
    page: Page<'a>,
    section: &'a ErpSection,
    typed: &'a Typed,
    notice: Option<&'a str>,
    fault: Option<&'a str>,
    /// Of a check that failed.
    steps: &'a [ErpStep],
}

#[derive(Template)]
#[template(path = "admin/erp-confirm.html", config = "assets/console/askama.toml")]
struct ConfirmPage<'a> {
    page: Page<'a>,
    typed: &'a Typed,
    steps: &'a [ErpStep],
    owner: &'a [ErpStep],
    /// What the confirmation shows of the account, which stays in the box.
    draft: &'a str,
}

/// The section.
pub(super) fn page(
    page: Page<'_>,
    section: &ErpSection,
    typed: &Typed,
    status: StatusCode,
    (notice, fault): (Option<&str>, Option<&str>),
    check: Option<&ErpCheck>,
) -> Response<Bytes> {
    let steps = check.map_or(&[][..], |check| &check.steps);
    respond::page(status, &ErpPage { page, section, typed, notice, fault, steps })
}

/// The outcome of a check that succeeded, to be confirmed.
pub(super) fn confirmation(
    page: Page<'_>,
    typed: &Typed,
    check: &ErpCheck,
    owner: &[ErpStep],
    draft: &str,
) -> Response<Bytes> {
    respond::page(StatusCode::OK, &ConfirmPage { page, typed, steps: &check.steps, owner, draft })
}

/// The host of an address, for the log: the rest may hold more than an address should.
pub(super) fn host(url: &str) -> String {
    let uri = url.parse::<http::Uri>().ok();
    uri.as_ref().and_then(http::Uri::host).unwrap_or("?").to_owned()
}
