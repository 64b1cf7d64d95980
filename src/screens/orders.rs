//! What is asked of a screen, until it is done or no longer wanted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::report::{Done, OrderResult};

/// Seconds for which a screen shows who it is.
const IDENTIFY_S: u64 = 20;
/// Seconds for which a message may be shown.
pub(crate) const MAX_MESSAGE_S: u64 = 3600;
/// Characters of a message.
pub(crate) const MAX_MESSAGE: usize = 200;
/// What a screen shows at once is not wanted any more after so long.
const EXPIRES: Duration = Duration::from_secs(60);
/// What brings it back to where it should be, is.
const EXPIRES_LATE: Duration = Duration::from_secs(600);

/// What is asked of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Load the page again.
    Reload,
    /// Show name and code over the whole screen.
    Identify,
    /// Go to a path of the site.
    Go {
        /// As a view's: see [`super::ChangeError`].
        path: String,
    },
    /// Show a message over the page.
    Message {
        /// At most [`MAX_MESSAGE`] characters.
        text: String,
        /// In seconds: 1 to [`MAX_MESSAGE_S`].
        for_s: u64,
    },
    /// Send a picture of the page.
    Picture,
}

/// The kinds of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderKind {
    /// [`Order::Reload`]
    Reload,
    /// [`Order::Identify`]
    Identify,
    /// [`Order::Go`]
    Go,
    /// [`Order::Message`]
    Message,
    /// [`Order::Picture`]
    Picture,
}

/// How many orders have ended since the box started, by what was asked and how it ended.
pub(crate) type EndedOrders = BTreeMap<(&'static str, &'static str), u64>;

/// How the last order ended that a screen has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct LastOrder {
    /// Its number.
    pub(crate) order: u64,
    /// What was asked.
    #[serde(rename = "do")]
    pub(crate) kind: OrderKind,
    /// How it ended.
    pub(crate) result: OrderResult,
}

/// An order in an answer.
#[derive(Debug, Serialize)]
pub(super) struct WireOrder<'a> {
    order: u64,
    #[serde(rename = "do")]
    kind: OrderKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_s: Option<u64>,
}

/// The orders of a screen: one of each kind, since a later one takes the place of the one before.
#[derive(Debug, Default)]
pub(super) struct Orders {
    pending: Vec<Pending>,
    last: Option<LastOrder>,
    /// The last order for a picture that none has come for.
    picture: Option<(u64, Instant)>,
}

#[derive(Debug)]
struct Pending {
    number: u64,
    order: Order,
    expires: Instant,
}

impl Order {
    pub(super) const fn kind(&self) -> OrderKind {
        match self {
            Self::Reload => OrderKind::Reload,
            Self::Identify => OrderKind::Identify,
            Self::Go { .. } => OrderKind::Go,
            Self::Message { .. } => OrderKind::Message,
            Self::Picture => OrderKind::Picture,
        }
    }

    const fn expires(&self) -> Duration {
        match self {
            Self::Reload | Self::Go { .. } => EXPIRES_LATE,
            Self::Identify | Self::Message { .. } | Self::Picture => EXPIRES,
        }
    }
}

impl Orders {
    /// Adds one with a number that no order had before.
    pub(super) fn add(&mut self, number: u64, order: Order, now: Instant) {
        self.pending.retain(|pending| pending.order.kind() != order.kind());
        if order == Order::Picture {
            self.picture = Some((number, now));
        }
        let expires = now + order.expires();
        self.pending.push(Pending { number, order, expires });
    }

    /// Takes away what a page says that it has ended, and gives it.
    pub(super) fn end(&mut self, done: Done) -> Option<LastOrder> {
        let at = self.pending.iter().position(|pending| pending.number == done.order)?;
        let kind = self.pending.remove(at).order.kind();
        self.last = Some(LastOrder { order: done.order, kind, result: done.result });
        self.last
    }

    /// Whether a picture is what this order is for, once: it may come before and after its end is reported.
    pub(super) fn take_picture(&mut self, number: u64, now: Instant) -> bool {
        let is_asked = |(asked, at): &(u64, Instant)| *asked == number && now.saturating_duration_since(*at) < EXPIRES;
        self.picture.take_if(|asked| is_asked(asked)).is_some()
    }

    /// Takes away what is no longer wanted.
    pub(super) fn expire(&mut self, now: Instant) {
        self.pending.retain(|pending| now < pending.expires);
    }

    /// Whether one of this kind waits.
    pub(super) fn has(&self, kind: OrderKind) -> bool {
        self.pending.iter().any(|pending| pending.order.kind() == kind)
    }

    /// The kinds that wait.
    pub(super) fn pending(&self) -> Vec<OrderKind> {
        self.pending.iter().map(|pending| pending.order.kind()).collect()
    }

    pub(super) fn last(&self) -> Option<LastOrder> {
        self.last
    }

    /// As they are sent.
    pub(super) fn wire(&self) -> Vec<WireOrder<'_>> {
        let orders = self.pending.iter().map(|pending| {
            let (path, text, for_s) = match &pending.order {
                Order::Reload | Order::Picture => (None, None, None),
                Order::Identify => (None, None, Some(IDENTIFY_S)),
                Order::Go { path } => (Some(path.as_str()), None, None),
                Order::Message { text, for_s } => (None, Some(text.as_str()), Some(*for_s)),
            };
            WireOrder { order: pending.number, kind: pending.order.kind(), path, text, for_s }
        });
        orders.collect()
    }
}
