//! What somebody probably meant who wrote a name that there is not.

use super::schema::{CONFIG, ENV_PREFIX, Schema};

/// How alike two names must be, from 0 to 1, for one to be suggested for the other.
const ALIKE: f64 = 0.7;

/// The key or table that someone who wrote `path` probably meant.
pub(super) fn key(schema: &Schema, path: &str) -> Option<String> {
    if let Some(meant) = schema.guess(path) {
        return Some(meant.to_owned());
    }
    // A key in the wrong table, or outside all of them, is found by its name.
    let same_name = || schema.all_keys().find(|key| key.name() == path.rsplit('.').next().unwrap_or(path));
    let paths = schema.all_keys().map(|key| key.path).chain(schema.tables());
    closest(path, paths.map(str::to_owned)).or_else(|| same_name().map(|key| key.path.to_owned()))
}

/// The environment variable that someone who wrote `name` probably meant.
pub(super) fn variable(name: &str) -> Option<String> {
    // The prefix is the same in all of them, and would make everything look alike.
    let bare = |name: &str| name.trim_start_matches(ENV_PREFIX).to_owned();
    closest(&bare(name), CONFIG.keys.iter().map(|key| bare(&key.env_name()))).map(|name| format!("{ENV_PREFIX}{name}"))
}

/// The candidate that is most like a name, if any is alike enough.
fn closest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    // Beyond any name in the table; bounds the quadratic comparison.
    if name.len() > 200 {
        return None;
    }
    let name = name.to_lowercase();
    candidates
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_suggested() {
        for (written, meant) in [
            ("limits.conections", Some("limits.connections")),
            ("limit.connections", Some("limits.connections")),
            ("connections", Some("limits.connections")),
            ("display.refresh_s", Some("display.refresh_s")),
            ("Display.Title", Some("display.title")),
            ("displai", Some("display")),
            ("display.target", Some("display.targets")),
            ("log.levle", Some("log.level")),
            ("plc", None),
            ("plc.base_url", None),
            ("limits.foo", None),
            ("", None),
        ] {
            assert_eq!(key(&CONFIG, written).as_deref(), meant, "{written}");
        }
        assert_eq!(variable("WORKSHOP_EDGE_LISTEN_HTPP").as_deref(), Some("WORKSHOP_EDGE_LISTEN_HTTP"));
        assert_eq!(variable("WORKSHOP_EDGE_PLC_BASE_URL"), None);
        assert_eq!(key(&CONFIG, &"x".repeat(10_000)), None);
    }
}
