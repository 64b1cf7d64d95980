//! What a fleet costs that has nothing new to fetch: assumed list prices of November 2026 in dollars, as those of AWS in
//! Europe before any discount, as an example of an object store and a CDN that count requests.

use crate::Failure;
use crate::report::Table;
use crate::wire::{Mean, Wire};

const BOXES: f64 = 100_000.0;
/// Days of a month.
const MONTH: f64 = 30.0;
const INTERVALS: [u64; 5] = [60, 300, 900, 3600, 86_400];
const GB: f64 = 1e9;

/// List prices.
pub(crate) struct Prices(Vec<(&'static str, f64)>);

impl Default for Prices {
    fn default() -> Self {
        Self(vec![
            // Amazon S3 Standard, GET and all other requests, and data to the internet, first 10 TB.
            ("store-per-1000-requests", 0.000_4),
            ("store-per-gb", 0.09),
            // Amazon CloudFront, Europe, HTTPS, and data to the internet, first 10 TB; what is free of charge.
            ("cdn-per-10000-requests", 0.012),
            ("cdn-per-gb", 0.085),
            ("cdn-free-requests", 10e6),
            ("cdn-free-gb", 1000.0),
            // Of the requests to the CDN, those that it puts to the store: all for the timestamp, which is not cached.
            ("cdn-misses", 0.5),
            // A rented server with traffic included, per 1000 requests/s with TLS that it is given to do.
            ("server-per-1000-requests-s", 20.0),
        ])
    }
}

impl Prices {
    /// `name=dollars`
    pub(crate) fn set(&mut self, text: &str) -> Result<(), Failure> {
        let (name, price) = text.split_once('=').ok_or("a price is NAME=DOLLARS")?;
        let known: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        let kept = self.0.iter_mut().find(|(known, _)| *known == name);
        kept.ok_or_else(|| format!("{name}: no such price; there are {}", known.join(", ")))?.1 = price.parse()?;
        Ok(())
    }

    fn of(&self, name: &str) -> f64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(f64::NAN, |(_, price)| *price)
    }
}

/// Tables of a box and of all of them.
pub(crate) fn tables(wire: &Wire, prices: &Prices) -> Vec<Table> {
    let idle = &wire.cdn_idle;
    let mut one = Table::new("cost: a box a day, nothing new", &["requests", "connections", "sent kB", "received kB"]);
    for interval in INTERVALS {
        let checks = 86_400.0 / interval as f64;
        let Mean { requests, connections, sent, received } = idle;
        let kb = |bytes: &f64| bytes * checks / 1000.0;
        let figures = [requests * checks, connections * checks, kb(sent), kb(received)];
        one.row(format!("a check every {interval} s"), &figures);
    }
    one.note("bytes at the socket, TLS and heads as long as a CDN's included; without the headers of TCP and IP");

    let mut all = Table::new(
        format!("cost: {BOXES} boxes a month, nothing new, in dollars"),
        &["M requests", "GB", "req/s", "store", "CDN + store", "server"],
    );
    for interval in INTERVALS {
        let checks = BOXES * MONTH * 86_400.0 / interval as f64;
        let requests = checks * idle.requests;
        // With the handshakes, which a bill may leave out.
        let gb = checks * idle.received / GB;
        let store = requests / 1000.0 * prices.of("store-per-1000-requests") + gb * prices.of("store-per-gb");
        let paid = (requests - prices.of("cdn-free-requests")).max(0.0);
        let cdn = paid / 10_000.0 * prices.of("cdn-per-10000-requests")
            + (gb - prices.of("cdn-free-gb")).max(0.0) * prices.of("cdn-per-gb")
            + requests * prices.of("cdn-misses") / 1000.0 * prices.of("store-per-1000-requests");
        let rate = requests / MONTH / 86_400.0;
        let servers = (rate / 1000.0).ceil() * prices.of("server-per-1000-requests-s");
        all.row(format!("a check every {interval} s"), &[requests / 1e6, gb, rate, store, cdn, servers]);
    }
    for (name, price) in &prices.0 {
        all.note(format!("--price {name}={price}"));
    }
    all.note("store: boxes ask it themselves; the prices are assumptions of November 2026, before any discount");
    let mut release = Table::new(format!("cost: one release to {BOXES} boxes, in dollars"), &["GB", "CDN"]);
    for (name, bytes) in [
        ("by delta, a line of code (52 kB)", 52e3),
        ("by delta, two dependencies (428 kB)", 428e3),
        ("by full file (4.0 MB)", 4.0e6),
    ] {
        let gb = BOXES * bytes / GB;
        release.row(name, &[gb, gb * prices.of("cdn-per-gb")]);
    }
    vec![one, all, release]
}
