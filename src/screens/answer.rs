//! What the box answers to a report.

use std::time::Duration;

use serde::Serialize;

use super::identity::Credentials;
use super::orders::WireOrder;
use crate::lang::Lang;

/// Seconds between two reports of a page.
pub(super) const EVERY_S: u64 = 10;

/// An answer to a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The body; not to be stored.
    pub(crate) json: String,
    /// A `Set-Cookie` field.
    pub(crate) set_cookie: Option<String>,
}

#[derive(Serialize)]
pub(super) struct WireAnswer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) wait: bool,
    pub(super) name: Option<&'a str>,
    pub(super) code: Option<&'a str>,
    pub(super) site: Option<&'a str>,
    pub(super) view: Option<&'a str>,
    pub(super) keep_awake: bool,
    pub(super) every_s: u64,
    pub(super) reload_spread_s: u64,
    pub(super) language: &'static str,
    pub(super) orders: Vec<WireOrder<'a>>,
}

impl WireAnswer<'_> {
    /// One that says nothing of a screen.
    pub(super) fn new(lang: Lang, reload_spread: Duration) -> Self {
        Self {
            id: None,
            secret: None,
            wait: false,
            name: None,
            code: None,
            site: None,
            view: None,
            keep_awake: false,
            every_s: EVERY_S,
            reload_spread_s: reload_spread.as_secs(),
            language: lang.code(),
            orders: Vec::new(),
        }
    }

    /// The answer; `new` are credentials that the agent does not have.
    pub(super) fn render(mut self, new: Option<&Credentials>) -> Answer {
        if let Some(new) = new {
            self.id = Some(new.id.to_string());
            self.secret = Some(new.secret.as_str().to_owned());
        }
        // A struct of texts and numbers always has a form in JSON.
        let json = serde_json::to_string(&self).unwrap_or_default();
        Answer { json, set_cookie: new.map(Credentials::cookie) }
    }
}
