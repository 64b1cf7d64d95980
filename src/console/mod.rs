//! What the box shows to people: the page `/_edge/`, the same as JSON, and the same in a terminal; and the screens, at
//! `/_edge/screens`.
//!
//! ```text
//! discovery, health, clock … ──app──> Sources ──1 s──> collector ──> Status ──> page | JSON | terminal
//!                                                          └──> changes (the live feed)
//! ```
//!
//! A thread of its own collects once a second; requests are answered from the latest status, so that neither a slow
//! disk nor a crowd of readers reaches the workers.

mod address;
mod big;
mod canvas;
mod collect;
mod disk;
mod erp;
mod facts;
mod menu;
mod no_site;
mod page;
mod qr;
mod screen;
mod screen_counts;
mod screens_page;
mod status;
mod summary;
mod trouble;
mod words;

use std::io;
use std::sync::Arc;
use std::sync::mpsc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use thiserror::Error;
use tokio::sync::watch;

pub(crate) use address::ListenAddress;
pub(crate) use canvas::Canvas;
use collect::Collected;
pub(crate) use collect::{Lan, ProcessInfo, Sources};
pub(crate) use erp::{Erp, ErpAccount, ErpState};
pub(crate) use menu::Menu;
pub(crate) use no_site::NoSite;
pub(crate) use screen::{Pin, Screen, View};
pub(crate) use screen_counts::ScreenCounts;
pub(crate) use status::{
    Build, Discovery, Disk, Doubt, Fault, Health, Https, LeftOut, Machine, Name, Network, Serving, Site, Status, Update,
};
pub(crate) use summary::{Summary, summary};
pub(crate) use trouble::NetworkTrouble;

use crate::lang::Lang;

/// The policy that the page needs, and no more than it needs.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'";

/// Why there is no console, or no answer of it.
#[derive(Debug, Error)]
pub enum ConsoleError {
    /// The page.
    #[error("cannot write the console's page")]
    Page(#[source] askama::Error),
    /// The JSON.
    #[error("cannot write the status as JSON")]
    Json(#[source] serde_json::Error),
    /// The collecting thread.
    #[error("cannot start the thread that collects the status")]
    Thread(#[source] io::Error),
}

/// The latest status, for all who ask.
pub(crate) struct Console {
    latest: Arc<ArcSwap<Collected>>,
    changes: watch::Receiver<u64>,
    language: Lang,
    /// Ends the collecting thread.
    _stop: mpsc::Sender<()>,
}

impl Console {
    /// Collects at once and once a second from then on, as long as this value lives. The page speaks `language` unless
    /// asked for another.
    pub(crate) fn start(sources: Sources, language: Lang) -> Result<Self, ConsoleError> {
        let latest = Arc::new(ArcSwap::from_pointee(sources.collect()));
        let (generation, changes) = watch::channel(0);
        let (stop, stopped) = mpsc::channel();
        let target = Arc::clone(&latest);
        std::thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || collect::run(&sources, &target, &generation, &stopped))
            .map_err(ConsoleError::Thread)?;
        Ok(Self { latest, changes, language, _stop: stop })
    }

    /// The status of this second.
    #[must_use]
    pub(crate) fn status(&self) -> Arc<Status> {
        Arc::clone(&self.latest.load().status)
    }

    /// A number that grows whenever the status shows something else, apart from the time that passes.
    #[must_use]
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// The language of the page where the reader asks for none.
    #[must_use]
    pub(crate) fn language(&self) -> Lang {
        self.language
    }

    /// The page in HTML, or only the part of it that changes.
    pub(crate) fn page(&self, lang: Lang, is_fragment: bool) -> Result<Bytes, ConsoleError> {
        page::render(&self.latest.load().status, lang, is_fragment).map(Bytes::from).map_err(ConsoleError::Page)
    }

    /// The status as JSON.
    pub(crate) fn status_json(&self) -> Result<Bytes, ConsoleError> {
        serde_json::to_vec(&*self.latest.load().status).map(Bytes::from).map_err(ConsoleError::Json)
    }

    /// The page of the screens in HTML, or only the part of it that changes.
    pub(crate) fn screens_page(&self, lang: Lang, is_fragment: bool) -> Result<Bytes, ConsoleError> {
        let Collected { status, screens } = &**self.latest.load();
        let page = screens_page::render(status, screens.as_deref(), lang, is_fragment);
        page.map(Bytes::from).map_err(ConsoleError::Page)
    }

    /// The screens as JSON, without what comes from their pages; `null` where the pages carry no agent.
    pub(crate) fn screens_json(&self) -> Result<Bytes, ConsoleError> {
        let screens = self.latest.load().screens.as_ref().map(|screens| screens.without_content());
        serde_json::to_vec(&screens).map(Bytes::from).map_err(ConsoleError::Json)
    }

    /// The script, the style sheet and the icon of the pages by their paths, with their media types.
    #[must_use]
    pub(crate) fn asset(path: &str) -> Option<(&'static str, Bytes)> {
        let (media, content): (_, &'static [u8]) = match path {
            "/_edge/icon.svg" => ("image/svg+xml", include_bytes!("../../assets/console/icon.svg")),
            "/_edge/console.css" => ("text/css; charset=utf-8", include_bytes!("../../assets/console/console.css")),
            "/_edge/console.js" => {
                ("text/javascript; charset=utf-8", include_bytes!("../../assets/console/console.js"))
            }
            _ => return None,
        };
        Some((media, Bytes::from_static(content)))
    }
}

#[cfg(test)]
mod tests;
