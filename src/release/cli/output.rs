//! What a command says of what it did.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::lang::{Lang, Text};
use crate::release::change::Change;

/// What was changed, as JSON.
pub(super) fn json(change: &Change, notes: &[Text], dry_run: bool) -> Value {
    let roles: Vec<_> = change
        .roles
        .iter()
        .map(|role| json!({ "role": role.role, "from": role.from, "to": role.to, "expires": role.expires }))
        .collect();
    let uploads: Vec<_> = change
        .files
        .iter()
        .map(|file| json!({ "path": file.path(), "cache_control": file.cache_control(), "bytes": file.bytes().len() }))
        .collect();
    let notes: Vec<_> = notes.iter().map(|note| note.pick(Lang::En)).collect();
    json!({ "changed": !change.is_empty(), "dry_run": dry_run, "notes": notes, "roles": roles, "uploads": uploads })
}

/// What was changed, for a person.
pub(super) fn text(change: &Change, notes: &[Text], dry_run: bool, lang: Lang) -> String {
    let mut text = String::new();
    for note in notes {
        let _ = writeln!(text, "{}", note.pick(lang));
    }
    if change.is_empty() {
        text.push_str(lang.pick("ya estaba así: no se ha cambiado nada\n", "already so: nothing was changed\n"));
        return text;
    }
    if dry_run {
        text.push_str(lang.pick("no se ha escrito nada; cambiaría:\n", "nothing was written; this would change:\n"));
    }
    for role in &change.roles {
        let until = lang.pick("hasta", "until");
        let from = role.from.map_or_else(String::new, |from| format!("v{from} → "));
        let _ = writeln!(text, "  {:<10} {from}v{}, {until} {}", role.role, role.to, role.expires);
    }
    text.push_str(lang.pick("\nSuba, en este orden:\n", "\nUpload, in this order:\n"));
    for (number, file) in change.files.iter().enumerate() {
        let _ = writeln!(
            text,
            "  {:>2}. {} ({})\n      Cache-Control: {}",
            number + 1,
            file.path(),
            size(file.bytes().len()),
            file.cache_control()
        );
    }
    if change.ends_with_timestamp() {
        text.push_str(lang.pick(
            "\nO todo: targets/, luego metadata/ sin timestamp.json, y al final metadata/timestamp.json (no-cache).\n",
            "\nOr all of it: targets/, then metadata/ without timestamp.json, and metadata/timestamp.json (no-cache) last.\n",
        ));
    }
    text
}

fn size(bytes: usize) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1024 / 1024),
    }
}
