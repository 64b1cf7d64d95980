//! The screens as people read them: what needs somebody comes first, and each thing has its words.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::device::Device;
use super::orders::OrderKind;
use super::report::OrderResult;
use super::state::ScreenState;
use super::summary::{ScreenSummary, Summary};
use super::words;
use crate::lang::{Text, duration};

impl ScreenState {
    /// How the screen is.
    #[must_use]
    pub(crate) const fn label(self) -> Text<&'static str> {
        match self {
            Self::Showing => Text::fixed("Muestra la página", "Shows the page"),
            Self::Stale => Text::fixed("Datos viejos", "Old data"),
            Self::Frozen => Text::fixed("Bloqueada", "Frozen"),
            Self::Blank => Text::fixed("En blanco", "Blank"),
            Self::Errors => Text::fixed("Con errores", "With errors"),
            Self::Hidden => Text::fixed("Página oculta", "Page hidden"),
            Self::Outdated => Text::fixed("Otra versión", "Other version"),
            Self::Offline => Text::fixed("No responde", "No answer"),
        }
    }

    /// Whether a person sees the page on it, be its data old or not.
    #[must_use]
    pub(crate) const fn is_lit(self) -> bool {
        matches!(self, Self::Showing | Self::Stale)
    }
}

impl OrderKind {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [Self::Reload, Self::Identify, Self::Go, Self::Message, Self::Picture];

    /// Its name in metrics.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Identify => "identify",
            Self::Go => "go",
            Self::Message => "message",
            Self::Picture => "picture",
        }
    }

    /// What is asked of the screen.
    #[must_use]
    pub(crate) const fn label(self) -> Text<&'static str> {
        match self {
            Self::Reload => Text::fixed("Recargar", "Reload"),
            Self::Identify => Text::fixed("Identificar", "Identify"),
            Self::Go => Text::fixed("Ir a una ruta", "Go to a path"),
            Self::Message => Text::fixed("Mensaje", "Message"),
            Self::Picture => Text::fixed("Captura", "Picture"),
        }
    }
}

impl OrderResult {
    /// Its name in metrics.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Impossible => "impossible",
            Self::Failed => "failed",
        }
    }

    /// How the order ended.
    #[must_use]
    pub(crate) const fn label(self) -> Text<&'static str> {
        match self {
            Self::Done => Text::fixed("hecho", "done"),
            Self::Impossible => Text::fixed("esta pantalla no puede", "this screen cannot"),
            Self::Failed => Text::fixed("ha fallado", "failed"),
        }
    }
}

impl Summary {
    /// All screens: first those that somebody is about to name, which show their code; then those with a name, the worst
    /// first; last those without one that are gone.
    #[must_use]
    pub(crate) fn by_need(&self) -> Vec<&ScreenSummary> {
        let mut screens: Vec<_> = self.screens.iter().collect();
        screens.sort_by_cached_key(|screen| {
            let group = match (&screen.name, screen.state) {
                (None, ScreenState::Offline) => 2,
                (None, _) => 0,
                (Some(_), _) => 1,
            };
            let name = screen.name.as_ref().map(|name| name.to_lowercase());
            (group, screen.state, name, Reverse(screen.last_seen), screen.id)
        });
        screens
    }
}

/// Characters of a user agent in a list.
const MAX_AGENT: usize = 60;
/// Names in one sentence.
const MAX_NAMED: usize = 8;

impl Summary {
    /// Which of the named screens do not show the page, and how they are; `None` where all do.
    #[must_use]
    pub(crate) fn missing(&self) -> Option<Text> {
        let missing = self.by_need().into_iter().filter(|screen| !screen.state.is_lit());
        let named = missing
            .filter_map(|screen| Some((screen.name.as_deref()?, screen.state.label())))
            .map(|(name, state)| state.map(|state| format!("{name} ({})", state.to_lowercase())));
        let Text { es, en } = list(named)?;
        Some(Text::new(format!("Faltan: {es}."), format!("Missing: {en}.")))
    }

    /// That named screens have been off for so long, and which; `None` where none has.
    #[must_use]
    pub(crate) fn off_for(&self, time: Duration) -> Option<Text> {
        let is_off = |screen: &&ScreenSummary| screen.state == ScreenState::Offline && screen.since_s >= time.as_secs();
        let names = self.screens.iter().filter(is_off).filter_map(|screen| screen.name.as_deref());
        list(names.map(Text::same)).map(|names| words::off(&names, time))
    }
}

/// The first of them, and how many more there are; `None` of nothing.
fn list(names: impl Iterator<Item = Text>) -> Option<Text> {
    let names: Vec<_> = names.collect();
    let rest = names.len().saturating_sub(MAX_NAMED);
    let Text { es, en } = Text::join(names.into_iter().take(MAX_NAMED), ", ");
    match (es.is_empty(), rest) {
        (true, _) => None,
        (false, 0) => Some(Text::new(es, en)),
        (false, rest) => Some(Text::new(format!("{es} y {rest} más"), format!("{en} and {rest} more"))),
    }
}

impl ScreenSummary {
    /// Its name, or the code by which it is found.
    #[must_use]
    pub(crate) fn title(&self) -> Text {
        match (&self.name, &self.code) {
            (Some(name), _) => Text::same(name),
            (None, code) => {
                let code = code.as_deref().unwrap_or("…");
                Text::new(format!("Sin nombre ({code})"), format!("Unnamed ({code})"))
            }
        }
    }

    /// For how long it has been as it is.
    #[must_use]
    pub(crate) fn since(&self) -> Text {
        let Text { es, en } = duration(self.since_s);
        Text::new(format!("desde hace {es}"), format!("for {en}"))
    }

    /// When it was heard of last, in the box's own zone; `None` where that is now, or not known.
    #[must_use]
    pub(crate) fn last_heard(&self) -> Option<String> {
        self.last_seen.filter(|_| self.state == ScreenState::Offline).map(minute)
    }
}

/// `2026-11-24 08:15`, in the box's own zone.
pub(crate) fn minute(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

impl Device {
    /// What a person knows a TV by; the beginning of the user agent where nothing of it is known.
    #[must_use]
    pub(crate) fn label(&self) -> String {
        let Self { brand, year, engine, user_agent } = self;
        let known: Vec<_> =
            [brand.clone(), year.map(|year| year.to_string()), engine.clone()].into_iter().flatten().collect();
        if !known.is_empty() {
            return known.join(" · ");
        }
        match user_agent.char_indices().nth(MAX_AGENT) {
            Some((end, _)) => format!("{}…", user_agent.get(..end).unwrap_or_default()),
            None => user_agent.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::summary;
    use super::*;

    #[test]
    fn every_state_order_and_result_has_words_of_its_own() {
        let states = ScreenState::ALL.map(ScreenState::label);
        let orders = OrderKind::ALL.map(OrderKind::label);
        let results = [OrderResult::Done, OrderResult::Impossible, OrderResult::Failed].map(OrderResult::label);
        let mut said = Vec::new();
        for text in states.into_iter().chain(orders).chain(results) {
            assert!(text.es != text.en && !said.contains(&text), "{text:?}");
            said.push(text);
        }
    }

    #[test]
    fn those_that_are_missing_are_named_the_worst_first_and_not_without_end() {
        let named = |name: String, state| {
            move |screen: &mut ScreenSummary| (screen.name, screen.state) = (Some(name.clone()), state)
        };
        let (torno, lit) = (named("Torno".into(), ScreenState::Frozen), named("Prensa".into(), ScreenState::Stale));
        let pintura = named("Pintura".into(), ScreenState::Offline);
        let few = summary(&[&torno, &lit, &pintura]).missing();
        assert_eq!(
            few,
            Some(Text::new(
                "Faltan: Pintura (no responde), Torno (bloqueada).",
                "Missing: Pintura (no answer), Torno (frozen)."
            ))
        );
        assert_eq!(summary(&[&lit]).missing(), None);
        let many: Vec<_> = (0..12).map(|number| named(format!("TV {number:02}"), ScreenState::Offline)).collect();
        let many: Vec<&dyn Fn(&mut ScreenSummary)> = many.iter().map(|change| change as _).collect();
        let text = summary(&many).missing().expect("some").es;
        assert!(text.contains("TV 07") && !text.contains("TV 08") && text.ends_with("y 4 más."), "{text}");
    }
}
