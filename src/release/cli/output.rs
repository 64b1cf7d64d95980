//! What a command says of what it did.

use std::path::Path;

use serde_json::{Value, json};

use crate::lang::Text;
use crate::release::change::{Change, cache_control};
use crate::release::elsewhere::SignedFile;
use crate::release::fetch::Fetched;
use crate::release::sync::Uploaded;

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
    let notes: Vec<_> = notes.iter().map(|note| &note.en).collect();
    json!({ "changed": !change.is_empty(), "dry_run": dry_run, "notes": notes, "roles": roles, "uploads": uploads })
}

/// What was changed, for a person.
pub(super) fn text(change: &Change, notes: &[Text], dry_run: bool) -> Text {
    let mut lines: Vec<_> = notes.iter().map(|note| note.map(|note| format!("{note}\n"))).collect();
    if change.is_empty() {
        lines.push(Text::new("ya estaba así: no se ha cambiado nada\n", "already so: nothing was changed\n"));
        return Text::join(lines, "");
    }
    if dry_run {
        lines.push(Text::new("no se ha escrito nada; cambiaría:\n", "nothing was written; this would change:\n"));
    }
    lines.extend(change.roles.iter().map(|role| {
        let from = role.from.map_or_else(String::new, |from| format!("v{from} → "));
        let until = Text::fixed("hasta", "until");
        until.map(|until| format!("  {:<10} {from}v{}, {until} {}\n", role.role, role.to, role.expires))
    }));
    lines.push(Text::new("\nSuba, en este orden:\n", "\nUpload, in this order:\n"));
    lines.extend(change.files.iter().zip(1..).map(|(file, number)| {
        let (path, size, cache) = (file.path(), size(file.bytes().len()), file.cache_control());
        Text::same(format!("  {number:>2}. {path} ({size})\n      Cache-Control: {cache}\n"))
    }));
    if change.ends_with_timestamp() {
        lines.push(Text::new(
            "\nO todo: targets/, luego metadata/ sin timestamp.json, y al final metadata/timestamp.json (no-cache).\n",
            "\nOr all of it: targets/, then metadata/ without timestamp.json, and metadata/timestamp.json (no-cache) last.\n",
        ));
    }
    Text::join(lines, "")
}

/// A role that waits for signatures, as JSON.
pub(super) fn unsigned_json(role: &str, path: &Path) -> Value {
    json!({ "changed": false, "to_sign": { "role": role, "file": path.display().to_string() } })
}

/// The same, for a person.
pub(super) fn unsigned(role: &str, path: &Path) -> Text {
    let path = path.display();
    Text::new(
        format!(
            "al rol {role} le faltan firmas, y espera en {path}; no se ha cambiado nada\n\n\
             Donde está cada clave:\n  workshop-release sign {role} {path} --keys keys.toml\n\
             Y después, la misma orden con --signed {path} (una vez por cada copia) en lugar de --to-sign\n"
        ),
        format!(
            "the role {role} lacks signatures, and waits in {path}; nothing was changed\n\n\
             Where each key is:\n  workshop-release sign {role} {path} --keys keys.toml\n\
             Then the same command with --signed {path} (once for each copy) in place of --to-sign\n"
        ),
    )
}

/// What `sign` signed, for a person.
pub(super) fn signed(file: &SignedFile) -> Text {
    let SignedFile { role, version, expires, signatures, added, content } = file;
    let mut lines = vec![Text::fixed("hasta", "until").map(|until| format!("{role} v{version}, {until} {expires}\n"))];
    lines.extend(content.iter().map(|line| Text::same(format!("  {line}\n"))));
    lines.push(Text::new("Lo han firmado:\n", "Signed by:\n"));
    lines.extend(signatures.iter().map(|key| {
        let now = if added.contains(key) { Text::new("  (ahora)", "  (now)") } else { Text::default() };
        now.map(|now| format!("  {key}{now}\n"))
    }));
    if signatures.is_empty() {
        lines.push(Text::new("  nadie\n", "  nobody\n"));
    }
    Text::join(lines, "")
}

/// What was fetched, as JSON.
pub(super) fn fetched_json(fetched: &Fetched) -> Value {
    let Fetched { files, bytes, timestamp } = fetched;
    json!({ "files": files, "bytes": bytes, "timestamp": timestamp })
}

/// The same, for a person.
pub(super) fn fetched(fetched: &Fetched, directory: &Path) -> Text {
    let Fetched { files, bytes, timestamp } = fetched;
    let (directory, size) = (directory.display(), size(usize::try_from(*bytes).unwrap_or(usize::MAX)));
    Text::new(
        format!("{directory}: {files} archivos ({size}), timestamp v{timestamp}\n"),
        format!("{directory}: {files} files ({size}), timestamp v{timestamp}\n"),
    )
}

/// What was uploaded, as JSON.
pub(super) fn uploaded_json(uploaded: &Uploaded, dry_run: bool) -> Value {
    let files = uploaded.files.iter();
    let uploads: Vec<_> = files
        .map(|file| json!({ "path": file.path, "cache_control": cache_control(&file.path), "bytes": file.length }))
        .collect();
    json!({
        "changed": !uploads.is_empty(),
        "dry_run": dry_run,
        "uploads": uploads,
        "unchanged": uploaded.unchanged,
        "through": uploaded.through,
    })
}

/// What was uploaded, for a person.
pub(super) fn uploaded(uploaded: &Uploaded, dry_run: bool) -> Text {
    let Uploaded { files, unchanged, through } = uploaded;
    let mut lines = Vec::new();
    if dry_run {
        lines.push(Text::new("no se ha subido nada; subiría:\n", "nothing was uploaded; this would be:\n"));
    }
    lines.extend(files.iter().zip(1..).map(|(file, number)| {
        let size = size(usize::try_from(file.length).unwrap_or(usize::MAX));
        Text::same(format!("  {number:>2}. {} ({size})\n", file.path))
    }));
    let new = files.len();
    lines.push(Text::new(
        format!("{new} archivos nuevos, {unchanged} ya estaban"),
        format!("{new} files are new, {unchanged} were there"),
    ));
    lines.push(if dry_run {
        Text::same("\n".to_owned())
    } else {
        Text::new(format!("; {through} los da todos\n"), format!("; {through} gives them all\n"))
    });
    Text::join(lines, "")
}

fn size(bytes: usize) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1024 / 1024),
    }
}
