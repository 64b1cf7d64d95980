//! The TVs in numbers, on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lang::Text;
use crate::screens::Summary;

/// How many screens there are, and how they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScreenCounts {
    /// Those on which a person sees the page.
    pub(crate) lit: usize,
    /// Those that the box knows.
    pub(crate) known: usize,
    /// Those of them that nobody has named.
    pub(crate) unnamed: usize,
    /// How many the configuration expects; 0 for any number.
    pub(crate) expected: usize,
    /// How many are in which state, by its name.
    pub(crate) states: BTreeMap<String, usize>,
}

impl ScreenCounts {
    /// Of these screens.
    #[must_use]
    pub(crate) fn of(summary: &Summary) -> Self {
        Self {
            lit: summary.lit(),
            known: summary.screens.len(),
            unnamed: summary.screens.iter().filter(|screen| screen.name.is_none()).count(),
            expected: summary.expected,
            states: summary.counts.iter().map(|(state, count)| (state.name().to_owned(), count)).collect(),
        }
    }

    /// How many should show the page: those that are known, or as many as are expected.
    #[must_use]
    pub(crate) fn due(&self) -> usize {
        self.known.max(self.expected)
    }

    /// Whether some that are known or expected do not show the page.
    pub(super) fn is_short(&self) -> bool {
        self.lit < self.due()
    }

    /// How many show the page, and how many wait for a name.
    pub(super) fn words(&self) -> Vec<Text> {
        let Self { lit, unnamed, .. } = self;
        let all = self.due();
        let first = if all == 0 {
            Text::new("Ninguna todavía", "None yet")
        } else {
            Text::new(format!("{lit} de {all} muestran la página"), format!("{lit} of {all} show the page"))
        };
        let unnamed =
            (*unnamed > 0).then(|| Text::new(format!("Sin nombre: {unnamed}"), format!("Unnamed: {unnamed}")));
        [first].into_iter().chain(unnamed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_of_those_that_are_known_and_of_those_that_are_expected() {
        let counts = |lit, known, expected| ScreenCounts { lit, known, expected, ..ScreenCounts::default() };
        for (counts, is_short, words) in [
            (counts(0, 0, 0), false, "Ninguna todavía"),
            (counts(11, 12, 0), true, "11 de 12 muestran la página"),
            (counts(11, 11, 12), true, "11 de 12 muestran la página"),
            (counts(13, 13, 12), false, "13 de 13 muestran la página"),
        ] {
            assert_eq!((counts.is_short(), counts.words()[0].es.as_str()), (is_short, words));
        }
        let unnamed = ScreenCounts { unnamed: 2, ..counts(2, 2, 0) };
        assert_eq!(unnamed.words()[1], Text::new("Sin nombre: 2", "Unnamed: 2"));
    }
}
