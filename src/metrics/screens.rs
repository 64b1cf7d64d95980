//! The figures of the screens. What they send is counted with all requests, as `route="screen"`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OrderLabels {
    order: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VoteLabels {
    screen: String,
    vote: &'static str,
}

/// The figures themselves. Labels are words of the program, so that no screen can make new time series; but for the votes, whose
/// voters were known before the version changed.
#[derive(Default)]
pub(super) struct Screens {
    states: Family<StateLabels, Gauge>,
    expected: Gauge,
    within_hours: Gauge,
    orders: Family<OrderLabels, Counter>,
    votes: Family<VoteLabels, Gauge>,
}

impl Screens {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { states, expected, within_hours, orders, votes } = self;
        registry.register("screens", "Screens that the box knows, by how they are", states.clone());
        registry.register("screens_expected", "Screens that should show the page; 0 for any number", expected.clone());
        registry.register("screens_within_hours", "1 at the hours of screens.hours", within_hours.clone());
        registry.register("screen_orders", "Orders that screens have answered, by how they ended", orders.clone());
        registry.register("screen_votes", "What each screen said last of the version on trial", votes.clone());
    }
}

impl super::Metrics {
    /// How many screens are in each state now, how many should show the page, and whether now.
    pub(crate) fn screens(
        &self,
        states: impl IntoIterator<Item = (&'static str, usize)>,
        expected: usize,
        is_within_hours: bool,
    ) {
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, count) in states {
            self.screens.states.get_or_create(&StateLabels { state }).set(number(count));
        }
        self.screens.expected.set(number(expected));
        self.screens.within_hours.set(is_within_hours.into());
    }

    /// What each screen says of the version on trial: its name, and a word.
    pub(crate) fn votes<'a>(&self, votes: impl IntoIterator<Item = (&'a str, &'static str)>) {
        self.screens.votes.clear();
        for (screen, vote) in votes {
            self.screens.votes.get_or_create(&VoteLabels { screen: screen.to_owned(), vote }).set(1);
        }
    }

    /// How many orders have ended so until now.
    pub(crate) fn screen_orders(&self, order: &'static str, result: &'static str, total: u64) {
        let counter = self.screens.orders.get_or_create(&OrderLabels { order, result });
        counter.inc_by(total.saturating_sub(counter.get()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Metrics;

    #[test]
    fn a_state_that_no_screen_is_in_any_more_is_none() {
        let metrics = Metrics::default();
        metrics.screens([("showing", 3), ("offline", 1)], 4, false);
        metrics.screens([("showing", 4), ("offline", 0)], 4, true);
        metrics.screen_orders("reload", "done", 2);
        metrics.screen_orders("reload", "done", 5);
        metrics.votes([("Nave", "waiting"), ("Oficina \"2\"", "off")]);
        metrics.votes([("Nave", "yes")]);
        let text = metrics.exposition().expect("encoded");
        for line in [
            "workshop_edge_screens{state=\"showing\"} 4",
            "workshop_edge_screens{state=\"offline\"} 0",
            "workshop_edge_screens_expected 4",
            "workshop_edge_screens_within_hours 1",
            "workshop_edge_screen_orders_total{order=\"reload\",result=\"done\"} 5",
            "workshop_edge_screen_votes{screen=\"Nave\",vote=\"yes\"} 1",
        ] {
            assert!(text.lines().any(|candidate| candidate == line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("Oficina") && !text.contains("waiting"), "{text}");
    }
}
