//! The project's documents lead where they say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A document: its headings as anchors, and where its links lead.
struct Document {
    anchors: BTreeSet<String>,
    links: Vec<String>,
}

/// The anchor of a heading, as Git hosts make it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

/// A line without its code spans, which are no links.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

fn parse(text: &str) -> Document {
    let (mut document, mut is_code) = (Document { anchors: BTreeSet::new(), links: Vec::new() }, false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        if let Some(heading) = line.strip_prefix('#') {
            document.anchors.insert(anchor(heading.trim_start_matches('#')));
        }
        let line = without_code(line);
        let links = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        document.links.extend(links.map(|(link, _)| link.to_owned()));
    }
    document
}

/// The documents below a directory, by their paths relative to `root`.
fn read(root: &Path, directory: &Path, documents: &mut BTreeMap<PathBuf, Document>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "dist"].contains(&name.as_str()) {
                read(root, &path, documents);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).expect("UTF-8");
            documents.insert(path.strip_prefix(root).expect("below the root").to_owned(), parse(&text));
        }
    }
}

/// Where a link of a document leads, relative to the root.
fn resolve(document: &Path, link: &str) -> PathBuf {
    let mut path = document.parent().expect("a directory").to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => _ = path.pop(),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

#[test]
fn every_link_leads_to_a_file_or_heading_and_every_document_is_led_to() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = BTreeMap::new();
    read(root, root, &mut documents);
    let (mut wrong, mut led_to) = (Vec::new(), BTreeSet::from([PathBuf::from("README.md")]));
    for (path, document) in &documents {
        for link in document.links.iter().filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').map_or((link.as_str(), None), |(file, to)| (file, Some(to)));
            let to = if file.is_empty() { path.clone() } else { resolve(path, file) };
            let is_heading = heading
                .is_none_or(|heading| documents.get(&to).is_some_and(|document| document.anchors.contains(heading)));
            if !root.join(&to).exists() || !is_heading {
                wrong.push(format!("{}: {link}", path.display()));
            }
            if to != *path {
                led_to.insert(to);
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere: {wrong:#?}");
    let lost: Vec<_> = documents.keys().filter(|path| !led_to.contains(*path)).collect();
    assert!(lost.is_empty(), "documents that no link leads to: {lost:?}");
}

#[test]
fn links_and_headings_are_distinguished_from_code() {
    let document =
        parse("# A heading: `x`, of 2\nto [there](a/b.md#c) and `[not](there)`\n```\n# no heading\n```\n![p](p.png)\n");
    assert_eq!(document.links, ["a/b.md#c", "p.png"]);
    assert_eq!(document.anchors.into_iter().collect::<Vec<_>>(), ["a-heading-x-of-2"]);
    assert_eq!(resolve(Path::new("src/x/README.md"), "../../LEEME.txt"), Path::new("LEEME.txt"));
}
