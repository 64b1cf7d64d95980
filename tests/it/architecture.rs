//! The rooms know each other only as the crate's documentation says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may use. `app` is the composition root and uses all; the crate's root
/// belongs to nobody.
const ALLOWED: &[(&str, &[&str])] = &[
    // Of the updates it knows the commands, which browsers send as the command line does.
    ("admin", &["bounded_read", "durable", "lang", "update"]),
    (
        "app",
        &[
            "admin",
            "bounded_read",
            "clock",
            "config",
            "console",
            "control",
            "discovery",
            "disk_space",
            "display",
            "durable",
            "erp",
            "factory_reset",
            "health",
            "http",
            "identity",
            "lang",
            "launch",
            "machine",
            "metrics",
            "outbound",
            "panics",
            "restart",
            "service_manager",
            "site",
            "slots",
            "storage",
            "support_bundle",
            "telemetry",
            "update",
            "window",
        ],
    ),
    ("bounded_read", &[]),
    (
        "cli",
        &[
            "bounded_read",
            "config",
            "console",
            "control",
            "disk_space",
            "durable",
            "erp",
            "factory_reset",
            "lang",
            "launch",
            "machine",
            "outbound",
            "slots",
            "support_bundle",
            "telemetry",
            "update",
        ],
    ),
    ("clock", &[]),
    // The rooms that bring settings, which it reads; none of them uses it.
    (
        "config",
        &[
            "bounded_read",
            "discovery",
            "display",
            "erp",
            "http",
            "lang",
            "outbound",
            "schema",
            "site",
            "telemetry",
            "update",
            "window",
        ],
    ),
    ("console", &["health", "lang"]),
    ("control", &["lang"]),
    ("digest", &[]),
    ("discovery", &["bounded_read", "durable", "schema"]),
    ("disk_space", &[]),
    ("display", &["lang", "schema"]),
    ("durable", &["bounded_read"]),
    // Of the other rooms it knows those that carry and keep its answers; what it is to show it leaves to others.
    ("erp", &["bounded_read", "clock", "digest", "durable", "gzip", "lang", "outbound", "schema", "window"]),
    ("factory_reset", &["durable"]),
    ("gzip", &[]),
    ("health", &["lang"]),
    (
        "http",
        &["admin", "bounded_read", "console", "durable", "erp", "gzip", "health", "lang", "metrics", "schema", "site"],
    ),
    ("identity", &["bounded_read", "durable"]),
    ("lang", &[]),
    ("launch", &["digest", "slots"]),
    // Its settings are read as the configuration is, and become one: it names the keys that rooms declare.
    (
        "machine",
        &[
            "bounded_read",
            "config",
            "digest",
            "discovery",
            "disk_space",
            "display",
            "durable",
            "erp",
            "http",
            "lang",
            "outbound",
            "schema",
            "update",
            "window",
        ],
    ),
    ("metrics", &["bounded_read"]),
    ("outbound", &["schema"]),
    ("panics", &["bounded_read", "durable"]),
    ("release", &["bounded_read", "cli", "digest", "durable", "lang", "outbound", "update"]),
    ("restart", &[]),
    ("service_manager", &[]),
    // The words in which rooms declare their settings.
    ("schema", &["lang", "window"]),
    ("site", &["bounded_read", "durable", "lang", "schema"]),
    ("slots", &["bounded_read", "durable"]),
    ("storage", &["disk_space", "lang"]),
    ("support_bundle", &["bounded_read", "disk_space", "lang", "panics"]),
    ("telemetry", &["schema"]),
    (
        "update",
        &["bounded_read", "clock", "digest", "disk_space", "durable", "lang", "outbound", "schema", "slots", "window"],
    ),
    ("window", &[]),
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a text names behind `crate::`, in braces too.
fn used(text: &str, rooms: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let names = if let Some(group) = rest.strip_prefix('{') {
            // Only the first level counts: names in inner braces belong to a room.
            let mut depth = 0;
            let mut names = vec![String::new()];
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(String::new()),
                    other if depth == 0 => names.last_mut().expect("never empty").push(other),
                    _ => {}
                }
            }
            names
        } else {
            vec![rest.to_owned()]
        };
        for name in names {
            let word: String =
                name.trim().chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
            if rooms.contains(word.as_str()) {
                found.insert(word);
            }
        }
    }
    found
}

#[test]
fn rooms_use_only_what_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms: BTreeSet<&str> = ALLOWED.iter().map(|(room, _)| *room).collect();
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = BTreeSet::new();
    for file in files {
        let relative = file.strip_prefix(&root).expect("inside");
        let first = relative.components().next().expect("a name").as_os_str().to_string_lossy();
        let name = first.trim_end_matches(".rs").to_owned();
        let Some((_, allowed)) = ALLOWED.iter().find(|(candidate, _)| *candidate == name) else {
            assert!(["main", "lib", "build", "bin"].contains(&name.as_str()), "the room {name} is not in the table");
            continue;
        };
        for used in used(&fs::read_to_string(&file).expect("text"), &rooms) {
            assert!(
                used == name || allowed.contains(&used.as_str()),
                "{} uses crate::{used}, which {name} may not",
                relative.display()
            );
        }
        seen.insert(name);
    }
    assert_eq!(seen.len(), ALLOWED.len(), "the table names rooms that are not there: {ALLOWED:?}");
}
