//! What a screen says of a version of the program that is on trial: a pure function of what was heard of it since the start.

/// Frames that a page of the new version draws before it counts.
const MIN_FRAMES: u64 = 60;

/// A named screen that was showing the page before the version changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Voter {
    pub(crate) name: String,
    pub(crate) vote: Vote,
}

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Vote {
    /// It shows the page of the new version, and that draws without an error.
    Yes,
    /// It is on, and has not shown that yet.
    Waiting,
    /// The new version's page has had a script error, or a rejection that nothing caught.
    Errors,
    /// Nothing was heard of it, or another app is in front.
    Off,
}

/// What is known of such a screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    /// Whether a report of it came since the start. One that is silent since is on all the same: its page may hang.
    pub(super) was_heard: bool,
    pub(super) is_hidden: bool,
    /// Its page of the version that the box serves. Of several, as of several tabs, an error of any counts.
    pub(super) page: Option<PageEvidence>,
}

/// What is known of its page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageEvidence {
    /// Drawn since the start, as far as its engine says.
    pub(super) frames: u64,
    pub(super) has_thrown: bool,
}

/// What it says.
pub(super) fn vote(evidence: &Evidence) -> Vote {
    match evidence.page {
        _ if !evidence.was_heard || evidence.is_hidden => Vote::Off,
        Some(page) if page.has_thrown => Vote::Errors,
        Some(page) if page.frames >= MIN_FRAMES => Vote::Yes,
        _ => Vote::Waiting,
    }
}

impl Vote {
    /// Its name in metrics.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Waiting => "waiting",
            Self::Errors => "errors",
            Self::Off => "off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_votes_when_the_new_page_has_drawn_without_an_error() {
        let well = PageEvidence { frames: MIN_FRAMES, has_thrown: false };
        let of = |was_heard, is_hidden, page| vote(&Evidence { was_heard, is_hidden, page });
        assert_eq!(of(true, false, Some(well)), Vote::Yes);
        assert_eq!(of(true, false, Some(PageEvidence { frames: MIN_FRAMES - 1, ..well })), Vote::Waiting);
        assert_eq!(of(true, false, Some(PageEvidence { has_thrown: true, ..well })), Vote::Errors);
        assert_eq!(of(true, false, Some(PageEvidence { frames: 0, has_thrown: true })), Vote::Errors);
        assert_eq!(of(true, false, None), Vote::Waiting, "a page of the version before");
        assert_eq!(of(true, true, Some(well)), Vote::Off, "nobody sees it");
        assert_eq!(of(false, false, None), Vote::Off);
    }
}
