//! `MANIFEST.txt`: what is in the bundle and what is not, in both languages.

use std::fmt::Write as _;

use super::bounds::Cut;
use super::{Kind, Part};
use crate::lang::Lang;

pub(super) fn of(parts: &[Part]) -> String {
    let mut text = String::new();
    for lang in [Lang::Es, Lang::En] {
        write(parts, lang, &mut text);
    }
    text
}

/// Writing to a String cannot fail.
fn write(parts: &[Part], lang: Lang, text: &mut String) {
    let version = crate::VERSION;
    let heading = lang.pick("Paquete de soporte de workshop-edge", "Support bundle of workshop-edge");
    let promise = lang.pick(
        "Nunca contiene el PIN, claves privadas ni contraseñas.",
        "It never contains the PIN, private keys or passwords.",
    );
    let _ = writeln!(text, "{heading} {version}\n{promise}\n");
    for kind in Kind::ALL {
        let of_kind = || parts.iter().filter(move |part| part.kind == kind);
        if of_kind().next().is_none() {
            continue;
        }
        let _ = writeln!(text, "* {}", kind.describe(lang));
        for part in of_kind() {
            let _ = match (&part.content, part.cut) {
                (Ok(content), None) => writeln!(text, "    {}  {} bytes", part.name, content.len()),
                (Ok(content), Some(cut)) => {
                    writeln!(text, "    {}  {} bytes; {}", part.name, content.len(), words(cut, lang))
                }
                (Err(reason), _) => {
                    writeln!(text, "    {}  {}: {reason}", part.name, lang.pick("no está", "not there"))
                }
            };
        }
    }
    text.push('\n');
}

fn words(cut: Cut, lang: Lang) -> String {
    let Cut { bytes, at_start } = cut;
    if at_start {
        lang.pick(format!("faltan los {bytes} primeros"), format!("the first {bytes} are left out"))
    } else {
        lang.pick(format!("faltan los {bytes} últimos"), format!("the last {bytes} are left out"))
    }
}
