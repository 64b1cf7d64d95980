//! The list of boxes, for a person and for a program.

use super::ask::ListedBox;
use crate::lang::{Lang, Text};
use std::fmt::Write as _;

const COLUMNS: [Text<&str>; 5] = [
    Text::fixed("NOMBRE", "NAME"),
    Text::fixed("VERSIÓN", "VERSION"),
    Text::fixed("PANTALLAS", "SCREENS"),
    Text::fixed("DIRECCIÓN", "ADDRESS"),
    Text::fixed("ESTADO", "STATE"),
];
const NO_ANSWER: Text<&str> = Text::fixed("No responde", "Does not answer");
/// Instead of what is not known.
const NOTHING: &str = "-";

/// A line for each box, and below it what is wrong with it; nothing without boxes.
pub(super) fn table(boxes: &[ListedBox], lang: Lang) -> String {
    if boxes.is_empty() {
        return String::new();
    }
    let heading = COLUMNS.map(|column| column.pick(lang).to_owned());
    let rows: Vec<_> = boxes.iter().map(|one| (row(one, lang), wrong(one, lang))).collect();
    let mut widths = [0; COLUMNS.len()];
    for row in rows.iter().map(|(row, _)| row).chain([&heading]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = line(&heading, &widths);
    for (row, wrong) in &rows {
        text += &line(row, &widths);
        for wrong in wrong {
            let _ = writeln!(text, "  - {wrong}");
        }
    }
    text
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
}

fn row(one: &ListedBox, lang: Lang) -> [String; COLUMNS.len()] {
    let shown = |text: &str| if text.is_empty() { NOTHING.to_owned() } else { text.to_owned() };
    let answer = one.answer.as_ref();
    let screens = answer.ok().and_then(|answer| answer.screens.as_ref());
    [
        shown(&one.name),
        shown(&one.version),
        screens.map_or_else(|| NOTHING.to_owned(), |screens| format!("{}/{}", screens.lit, screens.due())),
        shown(one.url.as_deref().unwrap_or_default()),
        answer.map_or(NO_ANSWER, |answer| answer.health.status.words()).pick(lang).to_owned(),
    ]
}

fn wrong(one: &ListedBox, lang: Lang) -> Vec<&str> {
    match &one.answer {
        Ok(answer) => answer.health.faults.iter().map(|fault| fault.text.pick(lang)).collect(),
        Err(why) => vec![why.pick(lang)],
    }
}

/// The names are those of `/_edge/status.json`.
pub(super) fn json(boxes: &[ListedBox]) -> String {
    let boxes: Vec<_> = boxes
        .iter()
        .map(|one| {
            let (answer, error) = (one.answer.as_ref().ok(), one.answer.as_ref().err());
            serde_json::json!({
                "name": one.name,
                "id": one.id,
                "version": one.version,
                "url": one.url,
                "health": answer.map(|answer| &answer.health),
                "screens": answer.and_then(|answer| answer.screens.as_ref()),
                "error": error,
            })
        })
        .collect();
    format!("{:#}\n", serde_json::json!({ "boxes": boxes }))
}

#[cfg(test)]
mod tests {
    use super::super::ask::BoxAnswer;
    use super::*;
    use crate::console::{Health, ScreenCounts};

    fn boxes() -> Vec<ListedBox> {
        let health = |status: &str, faults: serde_json::Value| -> Health {
            serde_json::from_value(serde_json::json!({ "status": status, "faults": faults })).expect("its health")
        };
        let fault = serde_json::json!({
            "check": "clock", "status": "degraded", "es": "La hora está mal.", "en": "The time is wrong."
        });
        let answered = |health, screens| Ok(BoxAnswer { health, screens });
        let listed = |name: &str, url: &str, answer| ListedBox {
            name: name.into(),
            id: "0123456789abcdef".into(),
            version: "1.2.3".into(),
            url: Some(url.into()),
            answer,
        };
        vec![
            listed(
                "norte.local",
                "http://10.9.0.1",
                answered(
                    health("ok", serde_json::json!([])),
                    Some(ScreenCounts { lit: 11, known: 12, ..ScreenCounts::default() }),
                ),
            ),
            listed("sur.local", "http://10.9.0.2:8080", answered(health("degraded", serde_json::json!([fault])), None)),
            ListedBox {
                version: String::new(),
                url: None,
                ..listed("mudo.local", "", Err(Text::new("conexión rechazada", "connection refused")))
            },
        ]
    }

    #[test]
    fn people_get_a_table_in_their_language() {
        assert_eq!(
            table(&boxes(), Lang::Es),
            "NOMBRE       VERSIÓN  PANTALLAS  DIRECCIÓN             ESTADO\n\
             norte.local  1.2.3    11/12      http://10.9.0.1       Todo bien\n\
             sur.local    1.2.3    -          http://10.9.0.2:8080  Funciona, pero conviene revisarlo\n\
             \x20 - La hora está mal.\n\
             mudo.local   -        -          -                     No responde\n\
             \x20 - conexión rechazada\n"
        );
        let english = table(&boxes(), Lang::En);
        assert!(english.starts_with("NAME         VERSION  SCREENS  ADDRESS               STATE\n"), "{english}");
        assert!(english.ends_with("Does not answer\n  - connection refused\n"), "{english}");
    }

    #[test]
    fn programs_get_json() {
        let json: serde_json::Value = serde_json::from_str(&json(&boxes())).expect("JSON");
        assert_eq!(
            json["boxes"][0],
            serde_json::json!({
                "name": "norte.local",
                "id": "0123456789abcdef",
                "version": "1.2.3",
                "url": "http://10.9.0.1",
                "health": { "status": "ok", "faults": [] },
                "screens": { "lit": 11, "known": 12, "unnamed": 0, "expected": 0, "states": {} },
                "error": null
            })
        );
        assert_eq!(json["boxes"][1]["health"]["faults"][0]["en"], "The time is wrong.");
        assert_eq!(json["boxes"][2]["health"], serde_json::Value::Null);
        assert_eq!(json["boxes"][2]["error"]["es"], "conexión rechazada");
    }
}
