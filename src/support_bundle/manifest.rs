//! `MANIFEST.txt`: what is in the bundle and what is not, in both languages.

use super::bounds::Cut;
use super::{Kind, Part};
use crate::lang::Text;

pub(super) fn of(parts: &[Part]) -> String {
    let Text { es, en } = text(parts);
    es + &en
}

fn text(parts: &[Part]) -> Text {
    let version = crate::VERSION;
    let mut lines = vec![
        Text::new(
            format!("Paquete de soporte de workshop-edge {version}"),
            format!("Support bundle of workshop-edge {version}"),
        ),
        Text::new(
            "Nunca contiene el PIN, claves privadas ni contraseñas.\n",
            "It never contains the PIN, private keys or passwords.\n",
        ),
    ];
    for kind in Kind::ALL {
        let mut of_kind = parts.iter().filter(|part| part.kind == kind).peekable();
        if of_kind.peek().is_some() {
            lines.push(kind.describe().map(|kind| format!("* {kind}")));
        }
        lines.extend(of_kind.map(|part| words(part).map(|words| format!("    {}  {words}", part.name))));
    }
    Text::join(lines, "\n").map(|text| format!("{text}\n\n"))
}

/// How much of a part there is, or why there is none.
fn words(part: &Part) -> Text {
    match &part.content {
        Ok(content) => {
            let left_out = part.cut.map(left_out).unwrap_or_default();
            Text::same(format!("{} bytes", content.len())).then(&left_out)
        }
        Err(reason) => Text::new(format!("no está: {reason}"), format!("not there: {reason}")),
    }
}

fn left_out(Cut { bytes, at_start }: Cut) -> Text {
    if at_start {
        Text::new(format!("; faltan los {bytes} primeros"), format!("; the first {bytes} are left out"))
    } else {
        Text::new(format!("; faltan los {bytes} últimos"), format!("; the last {bytes} are left out"))
    }
}
