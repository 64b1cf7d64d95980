//! The display's files, and what the rest of the box says of them.

use std::path::Path;
use std::sync::Arc;

use super::words::LAST_GOOD_SITE;
use crate::console;
use crate::health::{Health, Level};
use crate::http::{is_api, is_reserved};
use crate::lang::Text;
use crate::site::{Current, LeftOut, Publisher, PublisherInputs, Serving, Settings, SiteError, State};

/// The display and its updater; `open` bounds its files on the disk.
pub(super) fn publisher(
    settings: Settings,
    has_agent: bool,
    open: usize,
    data_dir: &Path,
    health: &Health,
) -> Result<(Publisher, Arc<Current>), SiteError> {
    let probe = health.probe("site");
    let retained = Some(data_dir.join("retained-assets"));
    let surroundings = PublisherInputs { open, is_reserved, is_of_erp: is_api, has_agent, retained };
    Publisher::start(settings, surroundings, move |state| {
        let (status, fault) = report(state);
        probe.set(status, fault);
    })
}

/// A file that is skipped leaves the display served, but somebody misses it: degraded, as every fault of that kind.
fn report(state: &State) -> (Level, Option<Text>) {
    let fault = state.fault.as_ref().map(|words| match state.serving {
        Serving::LastGood => words.and(&LAST_GOOD_SITE.into()),
        _ => words.clone(),
    });
    let words = [fault, state.left_out.words()].into_iter().flatten().reduce(|one, other| one.and(&other));
    let status = match (state.serving, &words) {
        (Serving::Nothing, _) => Level::Failing,
        (_, Some(_)) => Level::Degraded,
        (_, None) => Level::Ok,
    };
    (status, words)
}

/// The same for the status.
pub(super) fn status(state: &State) -> console::Site {
    console::Site {
        serving: match state.serving {
            Serving::Embedded => console::Serving::Embedded,
            Serving::Directory => console::Serving::Directory,
            Serving::LastGood => console::Serving::LastGood,
            Serving::Nothing => console::Serving::Nothing,
        },
        directory: state.directory.as_ref().map(|directory| directory.display().to_string()),
        files: state.files,
        bytes: state.bytes,
        left_out: state.left_out.total(),
        left_out_files: left_out(&state.left_out),
    }
}

fn left_out(left_out: &LeftOut) -> Vec<console::LeftOut> {
    let named = left_out.named().iter();
    named.map(|(path, reason)| console::LeftOut { path: path.clone(), reason: reason.words() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_display_that_is_not_served_is_failing() {
        let words = Text::new("Falta.", "Missing.");
        let of = |serving, fault: Option<&Text>| report(&State { serving, fault: fault.cloned(), ..State::default() });
        assert_eq!(of(Serving::Embedded, None), (Level::Ok, None));
        assert_eq!(of(Serving::Embedded, Some(&words)).0, Level::Degraded);
        assert_eq!(of(Serving::Nothing, Some(&words)), (Level::Failing, Some(Text::new("Falta.", "Missing."))));
        let (status, fault) = of(Serving::LastGood, Some(&words));
        assert_eq!(
            (status, fault.expect("words").en),
            (Level::Degraded, "Missing. What worked last is served.".into())
        );
    }
}
