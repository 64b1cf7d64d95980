//! Asking the boxes that were found how they are.

use crate::console::{Health, ScreenCounts, Status};
use crate::discovery::AnnouncedBox;
use crate::error_chain;
use crate::lang::Text;
use crate::outbound::{KeptConnection, Outbound, OutboundError, OutboundRequest, Server, Traffic};
use crate::screens::text::cut;
use http::{StatusCode, Uri};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Boxes that are asked at a time.
const AT_ONCE: usize = 16;
/// For all of a box's answer, at whichever of its addresses.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer; a box's has a few thousand.
const MAX_ANSWER: usize = 256 * 1024;
const PATH: &str = "/_edge/status.json";

/// Characters of a name, an id or a version, and of a sentence; faults of a box, and states of its screens.
const MAX_NAME: usize = 64;
const MAX_TEXT: usize = 300;
const MAX_ITEMS: usize = 16;

/// A box of the list; its texts are fit to be shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListedBox {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) version: String,
    /// What to open in a browser; where it answered, or else may.
    pub(super) url: Option<String>,
    /// How it is, or why that is not known.
    pub(super) answer: Result<BoxAnswer, Text>,
}

/// What a box says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BoxAnswer {
    pub(super) health: Health,
    /// `None` where its pages carry no agent.
    pub(super) screens: Option<ScreenCounts>,
}

/// Asks them all, some at a time; the list has their order.
pub(super) async fn ask_all(announced: Vec<AnnouncedBox>, outbound: &Outbound) -> Vec<ListedBox> {
    let mut listed: Vec<(usize, ListedBox)> = Vec::with_capacity(announced.len());
    let mut asking = JoinSet::new();
    for (place, one) in announced.into_iter().enumerate() {
        if asking.len() >= AT_ONCE {
            listed.extend(asking.join_next().await.and_then(Result::ok));
        }
        let outbound = outbound.clone();
        asking.spawn(async move { (place, ask(&one, &outbound).await) });
    }
    while let Some(done) = asking.join_next().await {
        listed.extend(done.ok());
    }
    listed.sort_by_key(|(place, _)| *place);
    listed.into_iter().map(|(_, one)| one).collect()
}

/// Asks one, at one address after another until there is an answer.
async fn ask(announced: &AnnouncedBox, outbound: &Outbound) -> ListedBox {
    let mut asked = announced.addresses.first().copied();
    let exchange = async {
        let mut answer = Err(Text::new(
            "no anuncia ninguna dirección que sirva desde aquí",
            "it announces no address that is of use from here",
        ));
        for address in &announced.addresses {
            asked = Some(*address);
            answer = status(*address, outbound).await;
            if answer.is_ok() {
                break;
            }
        }
        answer
    };
    let late = Text::new(
        format!("no ha respondido en {} s", PATIENCE.as_secs()),
        format!("it has not answered within {} s", PATIENCE.as_secs()),
    );
    let answer = timeout(PATIENCE, exchange).await.unwrap_or(Err(late));
    let said = |text: Option<&str>| cut(text.unwrap_or_default(), MAX_NAME);
    let (id, version) = match &answer {
        Ok(status) => (Some(status.id.as_str()), Some(status.version.as_str())),
        Err(_) => (announced.id.as_deref(), announced.version.as_deref()),
    };
    ListedBox {
        name: cut(&announced.host, MAX_NAME),
        id: said(id),
        version: said(version),
        url: asked.map(url),
        answer: answer.map(BoxAnswer::of).map_err(|why| why.map(|why| cut(why, MAX_TEXT))),
    }
}

impl BoxAnswer {
    fn of(Status { mut health, screens, .. }: Status) -> Self {
        health.faults.truncate(MAX_ITEMS);
        for fault in &mut health.faults {
            fault.check = cut(&fault.check, MAX_NAME);
            fault.text = fault.text.map(|text| cut(text, MAX_TEXT));
        }
        let screens = screens.map(|counts| {
            let states = counts.states.into_iter().take(MAX_ITEMS);
            let states = states.map(|(state, count)| (cut(&state, MAX_NAME), count)).collect();
            ScreenCounts { states, ..counts }
        });
        Self { health, screens }
    }
}

/// As people type it: with a port only where it is not HTTP's.
fn url(address: SocketAddr) -> String {
    match (address, address.port()) {
        (SocketAddr::V4(address), 80) => format!("http://{}", address.ip()),
        (SocketAddr::V6(address), 80) => format!("http://[{}]", address.ip()),
        _ => format!("http://{address}"),
    }
}

async fn status(address: SocketAddr, outbound: &Outbound) -> Result<Status, Text> {
    let silent = |error: OutboundError| Text::same(error_chain(&error));
    let not_understood =
        |detail: &str| Text::about("no responde como un equipo:", "it does not answer as a box does:", detail);
    let (traffic, kept) = (Arc::<Traffic>::default(), Arc::<KeptConnection>::default());
    let (server, _) = Server::new(&url(address), true, outbound, traffic, kept).map_err(silent)?;
    let request = OutboundRequest::get(Uri::from_static(PATH), Vec::new());
    let (connection, answer) = server.request(&request, server.origin()).await.map_err(silent)?;
    let code = answer.status();
    if code != StatusCode::OK {
        return Err(not_understood(&format!("HTTP {}", code.as_u16())));
    }
    let mut content = server.stream(connection, answer, server.origin().to_owned());
    let mut body = Vec::new();
    while let Some(piece) = content.next().await.map_err(silent)? {
        if body.len() + piece.len() > MAX_ANSWER {
            return Err(not_understood(&format!("> {MAX_ANSWER} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    serde_json::from_slice(&body).map_err(|error| not_understood(&error.to_string()))
}

#[cfg(test)]
mod tests;
