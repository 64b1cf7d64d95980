//! The Spanish that technicians read: one word for each thing, and "usted" throughout.

use std::fs;
use std::path::{Path, PathBuf};

/// Words of "tú", and words for things that have another one here.
const FORBIDDEN: &[(&str, &str)] = &[
    ("caja", "equipo"),
    ("depósito", "repositorio de versiones"),
    ("octeto", "byte"),
    ("octetos", "bytes"),
    ("tu", "su"),
    ("tus", "sus"),
    ("contigo", "con usted"),
    ("puedes", "puede"),
    ("debes", "debe"),
    ("quieres", "quiere"),
    ("tienes", "tiene"),
    ("haz", "haga"),
    ("pon", "ponga"),
    ("hazlo", "hágalo"),
];

/// Where texts for people stand, and which files.
const TEXTS: &[(&str, &str)] = &[
    ("src", "rs"),
    ("assets/workshop-monitor/src", "ts"),
    ("assets/workshop-monitor/src", "tsx"),
    ("assets/console", "js"),
    ("usb-image/settings", "txt"),
    ("packaging", "sh"),
];

#[test]
fn one_word_for_each_thing_and_no_familiar_forms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let mut lines = 0;
    for (directory, extension) in TEXTS {
        for file in files(&root.join(directory), extension) {
            let text = fs::read_to_string(&file).expect("text");
            for (number, line) in product(&text).enumerate() {
                lines += 1;
                let place = || format!("{}:{}", file.strip_prefix(root).expect("below").display(), number + 1);
                wrong.extend(forbidden(line).map(|(word, better)| format!("{}: {word}, not {better}", place())));
            }
        }
    }
    assert!(lines > 20_000, "{lines} lines are not all");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lines before the tests of a file, without comments.
fn product(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
}

fn forbidden(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_lowercase).collect();
    FORBIDDEN.iter().copied().filter(move |(word, _)| words.iter().any(|one| one == word))
}

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_test = |path: &Path| path.file_name().is_some_and(|name| name == "tests.rs");
    paths
        .filter(|path| !is_test(path))
        .flat_map(|path| if path.is_dir() { files(&path, extension) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect()
}
