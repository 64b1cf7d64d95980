//! The paths of the ERP's API that the box answers itself, as a display that knows the ERP asks for them.

use super::part::Part;

/// What of a part's answer a path answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// All of it.
    Whole,
    /// The dashboard's `oee`.
    Oee,
    /// The dashboard's `production`.
    DailyThroughput,
}

/// What answers this path with its query, as it is written below the ERP's address: exact to the byte, so that no spelling
/// makes another entry.
pub(crate) fn lookup(path: &str) -> Option<(Part, View)> {
    match path {
        "/analytics/oee" => Some((Part::Dashboard, View::Oee)),
        "/analytics/throughput?period=daily" => Some((Part::Dashboard, View::DailyThroughput)),
        path => Part::ALL.into_iter().find(|part| part.path() == path).map(|part| (part, View::Whole)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_table() {
        for part in Part::ALL {
            assert_eq!(lookup(part.path()), Some((part, View::Whole)));
        }
        assert_eq!(lookup("/analytics/oee"), Some((Part::Dashboard, View::Oee)));
        assert_eq!(lookup("/analytics/throughput?period=daily"), Some((Part::Dashboard, View::DailyThroughput)));
    }

    #[test]
    fn nothing_but_the_table() {
        for path in [
            "",
            "/",
            "/analytics/throughput",
            "/analytics/throughput?period=yearly",
            "/analytics/throughput?period=daily&x=1",
            "/analytics/oee?",
            "/Machines",
            "/machines/",
            "/machines?x=1",
            "//machines",
            "/%6dachines",
            "/production/orders",
            "/auth/login",
            "/health",
        ] {
            assert_eq!(lookup(path), None, "{path}");
        }
    }
}
