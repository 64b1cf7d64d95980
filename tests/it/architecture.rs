//! The rooms know each other only as the crate's documentation says, and the files of a room know each other one way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may use. `app` is the composition root and uses all; the crate's root
/// belongs to nobody.
const ALLOWED: &[(&str, &[&str])] = &[
    // Of the updates it knows the commands, which browsers send as the command line does.
    ("admin", &["bounded_read", "durable", "lang", "screens", "update"]),
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
            "log",
            "machine",
            "metrics",
            "outbound",
            "panics",
            "restart",
            "screens",
            "sensors",
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
            "discovery",
            "disk_space",
            "durable",
            "erp",
            "factory_reset",
            "lang",
            "launch",
            "log",
            "machine",
            "outbound",
            "screens",
            "slots",
            "support_bundle",
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
            "log",
            "outbound",
            "schema",
            "screens",
            "site",
            "telemetry",
            "update",
            "window",
        ],
    ),
    ("console", &["health", "lang", "screens"]),
    ("control", &["lang"]),
    ("digest", &[]),
    ("discovery", &["bounded_read", "durable", "schema"]),
    ("disk_space", &[]),
    ("display", &["lang", "schema"]),
    ("durable", &["bounded_read"]),
    // Of the other rooms it knows those that carry and keep its answers; what it is to show it leaves to others.
    (
        "erp",
        &[
            "bounded_read",
            "clock",
            "digest",
            "durable",
            "gzip",
            "lang",
            "outbound",
            "schema",
            "trace_context",
            "window",
        ],
    ),
    ("factory_reset", &["durable"]),
    ("gzip", &[]),
    ("health", &["lang"]),
    (
        "http",
        &[
            "admin",
            "bounded_read",
            "console",
            "durable",
            "erp",
            "gzip",
            "health",
            "lang",
            "metrics",
            "schema",
            "screens",
            "site",
        ],
    ),
    ("identity", &["bounded_read", "durable"]),
    ("lang", &[]),
    ("launch", &["digest", "slots"]),
    ("log", &["schema"]),
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
    ("screens", &["digest", "durable", "lang", "schema", "window"]),
    ("sensors", &["bounded_read", "lang"]),
    ("site", &["bounded_read", "durable", "lang", "schema"]),
    ("slots", &["bounded_read", "durable"]),
    ("storage", &["disk_space", "lang"]),
    ("support_bundle", &["bounded_read", "disk_space", "lang", "panics"]),
    (
        "telemetry",
        &[
            "bounded_read",
            "clock",
            "digest",
            "durable",
            "gzip",
            "health",
            "lang",
            "outbound",
            "schema",
            "trace_context",
        ],
    ),
    ("trace_context", &[]),
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

/// The paths of a text behind a word such as `crate::`; each name of a group in braces has its own.
fn paths(text: &str, before: &str) -> Vec<Vec<String>> {
    let begins = text.match_indices(before).filter(|(at, _)| !text[..*at].ends_with("::"));
    let mut found: Vec<_> = begins.flat_map(|(at, _)| expanded(&text[at + before.len()..])).collect();
    for path in &mut found {
        path.retain(|name| !name.is_empty());
    }
    found
}

fn expanded(text: &str) -> Vec<Vec<String>> {
    let (mut found, mut groups, mut path) = (Vec::new(), Vec::new(), vec![String::new()]);
    // Of `one as other`, the first counts.
    let mut is_whole = false;
    for character in text.chars() {
        let word = path.last_mut().expect("never empty");
        match character {
            ':' if word.is_empty() => {}
            ':' => path.push(String::new()),
            '{' => groups.push(path.len()),
            ',' | '}' if !groups.is_empty() => {
                found.push(path.clone());
                path.truncate(groups.last().expect("a group") - 1);
                path.push(String::new());
                is_whole = false;
                if character == '}' {
                    groups.pop();
                }
            }
            _ if character.is_whitespace() && !groups.is_empty() => is_whole |= !word.is_empty(),
            _ if !character.is_alphanumeric() && character != '_' => break,
            _ if is_whole => {}
            _ => word.push(character),
        }
    }
    found.push(path);
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
        for path in paths(&fs::read_to_string(&file).expect("text"), "crate::") {
            let Some(used) = path.into_iter().next().filter(|used| rooms.contains(used.as_str())) else { continue };
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

/// The code of a module by its path, such as `/slots/table`, without comments and tests.
fn modules() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let module = |file: PathBuf| {
        let path = format!("/{}", file.strip_prefix(&root).expect("inside").with_extension("").display());
        let text = fs::read_to_string(&file).expect("text");
        let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: Vec<_> = shipped.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (path.trim_end_matches("/mod").to_owned(), code.join("\n"))
    };
    files.into_iter().map(module).filter(|(path, _)| !path.split('/').any(|name| name == "tests")).collect()
}

/// Each file can then be read after those that it uses. What a folder's `mod.rs` defines is the folder's, and may be used by
/// all in it; what it passes on is that of the file that has it.
#[test]
fn the_files_of_a_room_form_no_circle() {
    let modules = modules();
    let passed_on: BTreeMap<String, String> = modules
        .iter()
        .flat_map(|(module, text)| paths(text, "use ").into_iter().map(move |path| (module, path)))
        .filter_map(|(module, path)| {
            let inner = path.iter().find(|name| *name != "self")?;
            let inner = format!("{module}/{inner}");
            modules.contains_key(&inner).then(|| (format!("{module}/{}", path.last().expect("a name")), inner))
        })
        .collect();
    let parent = |module: &str| module.rsplit_once('/').map_or_else(String::new, |(parent, _)| parent.to_owned());
    let leads_to = |from: String, path: Vec<String>| {
        path.iter().fold(from, |module, name| {
            let inner = format!("{module}/{name}");
            match passed_on.get(&inner) {
                _ if name == "super" => parent(&module),
                _ if modules.contains_key(&inner) => inner,
                Some(file) => file.clone(),
                None => module,
            }
        })
    };
    let mut edges = BTreeSet::new();
    for (module, text) in &modules {
        let near = paths(text, "super::").into_iter().map(|path| leads_to(parent(module), path));
        for used in near.chain(paths(text, "crate::").into_iter().map(|path| leads_to(String::new(), path))) {
            let (one, other): (Vec<_>, Vec<_>) = (module.split('/').collect(), used.split('/').collect());
            // Where they part is the folder in which one leads to the other; none is that of another room.
            let common = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
            if common > 1 && common < one.len().min(other.len()) {
                edges.insert((one[..=common].join("/"), other[..=common].join("/")));
            }
        }
    }
    assert!(edges.contains(&("/slots/record".to_owned(), "/slots/table".to_owned())), "{edges:?}");
    loop {
        let count = edges.len();
        let (from, to): (BTreeSet<_>, BTreeSet<_>) = edges.iter().cloned().unzip();
        edges.retain(|(one, other)| to.contains(one) && from.contains(other));
        if edges.len() == count {
            break;
        }
    }
    assert!(edges.is_empty(), "files that use each other in a circle: {edges:#?}");
}
