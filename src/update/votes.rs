//! What the screens said of a version on trial, where `update.gate_screens` asks them.

use serde::{Deserialize, Serialize};

use crate::lang::Text;

/// Names kept: of a wall of more screens, the first.
const MAX_NAMES: usize = 32;

/// What they said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenVotes {
    /// `update.gate_screens`.
    pub(crate) needed: usize,
    /// How many have shown it.
    pub(crate) yes: usize,
    /// Which: the names of the first of them.
    pub(crate) voted: Vec<String>,
    /// Whether too few were on, so that the trial went on without them.
    pub(crate) too_few: bool,
}

impl ScreenVotes {
    /// Of these that have shown it.
    pub(crate) fn new(needed: usize, yes: &[&str], too_few: bool) -> Self {
        let voted = yes.iter().take(MAX_NAMES).map(|name| (*name).to_owned()).collect();
        Self { needed, yes: yes.len(), voted, too_few }
    }

    /// In words that may follow others.
    pub(super) fn text(&self) -> Text {
        let Self { needed, yes, voted, too_few } = self;
        if *too_few {
            return Text::new(
                format!("sin contar con las pantallas: no estaban encendidas las {needed} con nombre necesarias"),
                format!("without the screens: not as many as the {needed} named ones needed were on"),
            );
        }
        let more = if *yes > voted.len() { ", …" } else { "" };
        let names = voted.join(", ");
        match yes {
            0 => Text::new(
                format!("aún no la ha mostrado bien ninguna pantalla de las {needed} necesarias"),
                format!("none of the {needed} screens needed has shown it well yet"),
            ),
            _ => Text::new(
                format!("la han mostrado bien {yes} pantallas ({needed} necesarias): {names}{more}"),
                format!("{yes} screens have shown it well ({needed} needed): {names}{more}"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_of_many_screens_fits_and_is_counted() {
        let names: Vec<String> = (0..100).map(|number| format!("TV {number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let votes = ScreenVotes::new(2, &names, false);
        assert_eq!((votes.yes, votes.voted.len()), (100, MAX_NAMES));
        assert!(votes.text().en.starts_with("100 screens have shown it well (2 needed): TV 0, TV 1, "), "{votes:?}");
        assert!(votes.text().es.ends_with("TV 31, …"), "{votes:?}");
        let few = ScreenVotes::new(2, &["Nave"], true);
        assert!(few.text().es.contains("no estaban encendidas las 2 con nombre"), "{few:?}");
        assert!(ScreenVotes::new(2, &[], false).text().en.contains("none of the 2"));
    }
}
