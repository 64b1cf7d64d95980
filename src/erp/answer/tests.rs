//! The projection on the captured answers of a running ERP, as they came and with personal data put everywhere.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// The captured answers: file name, path, body.
fn captures() -> Vec<(String, String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/erp/captures");
    let mut captures: Vec<_> = fs::read_dir(directory)
        .expect("the captures")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let capture: Value = serde_json::from_str(&fs::read_to_string(&path).expect("a capture")).expect("JSON");
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, capture["request"]["path"].as_str().unwrap_or_default().to_owned(), capture["body"].clone())
        })
        .collect();
    captures.sort_by(|one, other| one.0.cmp(&other.0));
    captures
}

fn captured(part: Part) -> Value {
    let name = part.path().trim_start_matches('/').replace(['/', '?', '='], "-");
    let (_, _, body) =
        captures().into_iter().find(|(file, ..)| *file == format!("200-{name}.json")).expect("a capture of it");
    body
}

fn read(part: Part, body: &Value) -> Result<Answer, ShapeError> {
    Answer::read(part, &mut body.to_string().as_bytes())
}

fn written_in(lang: Lang, answer: &Answer) -> Value {
    serde_json::from_str(&answer.json(lang)).expect("JSON")
}

fn alerts(body: &Value) -> Value {
    written_in(Lang::Es, &read(Part::Alerts, body).expect("alerts"))
}

/// What a wall shows of one alert, in both languages: subject and message.
fn shown(kind: &str, severity: &str, message: &str) -> [String; 2] {
    let body = json!([{ "id": "a-1", "type": kind, "severity": severity, "title": "X", "message": message }]);
    let answer = read(Part::Alerts, &body).expect("alerts");
    [Lang::Es, Lang::En].map(|lang| {
        let alert = &written_in(lang, &answer)[0];
        let text = |key: &str| alert[key].as_str().unwrap_or_default().to_owned();
        assert!(text("subject").is_empty() || text("title") == text("subject"));
        format!("{} | {}", text("subject"), text("message"))
    })
}

#[test]
fn figures_are_written_as_the_erp_writes_them() {
    for part in Part::ALL {
        let mut body = captured(part);
        match part {
            Part::Alerts => continue,
            Part::WeeklyThroughput => body["startDate"] = "2026-11-21T00:00:00.000Z".into(),
            Part::MonthlyThroughput => body["startDate"] = "2026-10-28T00:00:00.000Z".into(),
            Part::Machines => {
                for machine in body.as_array_mut().expect("a list") {
                    machine
                        .as_object_mut()
                        .expect("an object")
                        .retain(|key, _| ["id", "code", "name", "type", "status"].contains(&key.as_str()));
                }
            }
            _ => {}
        }
        let answer = read(part, &captured(part)).expect("an answer");
        for lang in [Lang::Es, Lang::En] {
            assert_eq!(written_in(lang, &answer), body, "{}", part.name());
        }
    }
}

#[test]
fn an_empty_workshop_has_numbers_for_texts() {
    for (part, name) in
        [(Part::OrderStats, "200-orders-stats-empty.json"), (Part::QualityStats, "200-quality-stats-empty.json")]
    {
        let (_, _, body) = captures().into_iter().find(|(file, ..)| file == name).expect("a capture");
        assert_eq!(written_in(Lang::Es, &read(part, &body).expect("an answer")), body);
    }
}

#[test]
fn what_was_written_reads_as_the_same_in_both_languages() {
    for part in Part::ALL {
        let answer = read(part, &captured(part)).expect("an answer");
        for lang in [Lang::Es, Lang::En] {
            assert_eq!(Answer::read(part, &mut answer.json(lang).as_bytes()), Ok(answer.clone()), "{}", part.name());
        }
    }
}

#[test]
fn views_of_the_dashboard_are_what_their_paths_answer() {
    let dashboard = read(Part::Dashboard, &captured(Part::Dashboard)).expect("a dashboard");
    for (view, name) in
        [(View::Oee, "200-analytics-oee.json"), (View::DailyThroughput, "200-analytics-throughput-period-daily.json")]
    {
        let (_, _, body) = captures().into_iter().find(|(file, ..)| file == name).expect("a capture");
        let view = dashboard.view(view, Lang::Es).expect("a view");
        assert_eq!(serde_json::from_str::<Value>(&view).expect("JSON"), body);
    }
    let machines = read(Part::Machines, &captured(Part::Machines)).expect("machines");
    assert_eq!(machines.view(View::Oee, Lang::Es), None);
    assert_eq!(machines.view(View::Whole, Lang::Es), Some(machines.json(Lang::Es)));
}

#[test]
fn the_captured_alerts_say_which_and_what_without_a_customer() {
    let answer = read(Part::Alerts, &captured(Part::Alerts)).expect("alerts");
    let lines = |lang| -> Vec<String> {
        let alerts = written_in(lang, &answer);
        let alerts = alerts.as_array().expect("a list").iter();
        alerts
            .map(|alert| {
                format!("{}: {}", alert["subject"].as_str().expect("one"), alert["message"].as_str().expect("one"))
            })
            .collect()
    };
    assert_eq!(
        lines(Lang::Es),
        [
            "Tubo Aluminio 7075: Stock: 4 m (mínimo: 10)",
            "ORD-2611-0001: Atrasada: venció el 27/11/2026",
            "ORD-2611-0002: Atrasada: venció el 28/11/2026",
            "Dobladora CNC (MCH-002): Averiada",
            "Plancha Aluminio 6061: Stock: 6 planchas (mínimo: 10)",
            "ORD-2611-0003: Vence el 28/11/2026",
            "ORD-2611-0004: Vence el 28/11/2026",
            "ORD-2611-0006: Problema de calidad: soldadura",
            "ORD-2611-0007: Problema de calidad: soldadura",
            "Maquina Soldar TIG (MCH-003): En mantenimiento",
        ]
    );
    assert_eq!(
        lines(Lang::En)[..4],
        [
            "Tubo Aluminio 7075: Stock: 4 m (minimum: 10)",
            "ORD-2611-0001: Late: was due 11/27/2026",
            "ORD-2611-0002: Late: was due 11/28/2026",
            "Dobladora CNC (MCH-002): Broken",
        ]
    );
    assert!(!answer.json(Lang::Es).contains("Cliente"));
    assert_eq!(
        written_in(Lang::Es, &answer)[1],
        json!({
            "id": "deadline-c000000000000000000000006", "type": "ORDER_DELAY", "severity": "CRITICAL",
            "title": "ORD-2611-0001", "message": "Atrasada: venció el 27/11/2026",
            "entityId": "c000000000000000000000006", "entityType": "ProductionOrder",
            "createdAt": "2026-11-28T08:03:27.139Z", "subject": "ORD-2611-0001", "due": "2026-11-27",
        })
    );
}

#[test]
fn a_customer_may_be_called_anything() {
    for customer in [
        "",
        "Acme - Norte - Sur",
        "Vence: 1/1/2020",
        " - Vence: 1/1/2020",
        "ORD-9999-9999 - Vence: 1/1/2020",
        "Dobladora (X) está fuera de servicio",
        "\u{202e}oveR\n\t",
    ] {
        let message = format!("ORD-2611-0001 - {customer} - Vence: 12/5/2026");
        assert_eq!(
            shown("DEADLINE", "WARNING", &message),
            ["ORD-2611-0001 | Vence el 5/12/2026", "ORD-2611-0001 | Due 12/5/2026"]
        );
    }
}

#[test]
fn what_has_no_pattern_says_nothing() {
    for (kind, message) in [
        ("DEADLINE", "Acme - ORD-2611-0001 - Vence: 1/1/2020"),
        ("DEADLINE", "ord-2611-0001 - Acme - Vence: 1/1/2020"),
        ("DEADLINE", "ORD-ACME - Acme - Vence: 1/1/2020"),
        ("ORDER_DELAY", "ORD-2611-0001"),
        ("ORDER_DELAY", ""),
        ("QUALITY_ISSUE", "Orden ORD-2611-0006 - Acme requiere atención"),
        ("QUALITY_ISSUE", "Orden Acme - WELDING requiere atención"),
        ("MACHINE_DOWN", "Acme llamó por la Dobladora (X)"),
        ("MACHINE_DOWN", "Dobladora está fuera de servicio"),
        ("LOW_STOCK", "Acme espera Tubo"),
        ("LOW_STOCK", "Tubo tiene 4 de Acme (mínimo: 10)"),
        ("LOW_STOCK", "Tubo tiene 4 METERs (mínimo: 10) para Acme"),
        ("NEW_CUSTOMER", "ORD-2611-0001 - Acme - Vence: 1/1/2020"),
    ] {
        assert_eq!(shown(kind, "WARNING", message), [" | ", " | "], "{kind}: {message}");
    }
    // Without a date that can be read, the order is still known.
    for message in
        ["ORD-2611-0001 - Acme - Vence: 27/11/2026", "ORD-2611-0001 - Acme", "ORD-2611-0001 - Acme - Vence: mañana"]
    {
        assert_eq!(shown("ORDER_DELAY", "CRITICAL", message), ["ORD-2611-0001 | Atrasada", "ORD-2611-0001 | Late"]);
        assert_eq!(shown("DEADLINE", "WARNING", message), ["ORD-2611-0001 | Vence pronto", "ORD-2611-0001 | Due soon"]);
    }
}

#[test]
fn other_patterns_are_taken_from_the_end() {
    assert_eq!(
        shown(
            "LOW_STOCK",
            "CRITICAL",
            "Tubo que tiene 2 m (mínimo: 3) tiene 0.30000000000000004 KILOGRAMs (mínimo: 10.5)"
        ),
        [
            "Tubo que tiene 2 m (mínimo: 3) | Stock: 0,3 kg (mínimo: 10,5)",
            "Tubo que tiene 2 m (mínimo: 3) | Stock: 0.3 kg (minimum: 10.5)"
        ]
    );
    assert_eq!(
        shown("MACHINE_DOWN", "CRITICAL", "Torno (viejo) (MCH-9) está fuera de servicio")[0],
        "Torno (viejo) (MCH-9) | Averiada"
    );
    assert_eq!(
        shown("QUALITY_ISSUE", "WARNING", "Orden ORD-2611-0006 - HEAT_TREATMENT requiere atención")[1],
        "ORD-2611-0006 | Quality issue: HEAT_TREATMENT"
    );
}

#[test]
fn an_alert_without_a_pattern_has_the_title_of_its_type() {
    let body = json!([
        { "id": "a1", "type": "MACHINE_DOWN", "severity": "CRITICAL", "title": "Acme", "message": "Acme" },
        { "id": "a2", "type": "VISIT", "severity": "URGENT", "title": "Acme", "message": "Acme", "entityType": "Acme" },
    ]);
    assert_eq!(
        alerts(&body),
        json!([
            { "id": "a1", "type": "MACHINE_DOWN", "severity": "CRITICAL", "title": "Máquina Averiada", "message": "", "entityType": "Machine" },
            { "id": "a2", "type": "UNKNOWN", "severity": "INFO", "title": "Aviso", "message": "" },
        ])
    );
}

#[test]
fn fields_of_the_box_count_only_with_a_message_of_the_box() {
    let alert = |kind: &str, subject: &str, message: &str| {
        json!([{ "id": "a1", "type": kind, "severity": "CRITICAL", "message": message, "subject": subject,
            "due": "2026-11-27", "stage": "WELDING", "left": "4", "unit": "METER", "minimum": "10" }])
    };
    for (kind, subject, message) in [
        ("MACHINE_DOWN", "Acme", "Acme"),
        ("LOW_STOCK", "Acme", "Acme tiene algo"),
        ("ORDER_DELAY", "Acme", "Atrasada: venció el 27/11/2026"),
        ("QUALITY_ISSUE", "Acme", "Problema de calidad: soldadura"),
    ] {
        assert_eq!(alerts(&alert(kind, subject, message))[0]["subject"], Value::Null, "{kind}");
    }
    assert_eq!(alerts(&alert("MACHINE_DOWN", "Torno (T-1)", "Averiada"))[0]["subject"], "Torno (T-1)");
    // Whatever their type is.
    for other in [json!(null), json!({ "a": ["Acme"] }), json!([["Acme"]]), json!(-1), json!(0.5), json!(true)] {
        let mut body = alert("MACHINE_DOWN", "", "Torno (T-1) está fuera de servicio");
        for key in ["subject", "due", "stage", "left", "unit", "minimum", "createdAt", "entityId"] {
            body[0][key] = other.clone();
        }
        assert_eq!(alerts(&body)[0]["subject"], "Torno (T-1)", "{other}");
    }
}

#[test]
fn the_worst_two_hundred_in_the_order_of_the_erp() {
    let of = |severity: &str, from: usize, to: usize| -> Vec<Value> {
        (from..to)
            .map(|n| json!({ "id": format!("{severity}-{n}"), "type": "DEADLINE", "severity": severity }))
            .collect()
    };
    let ids = |body: Vec<Value>| -> Vec<String> {
        let written = alerts(&body.into());
        written
            .as_array()
            .expect("a list")
            .iter()
            .map(|alert| alert["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let named =
        |severity: &str, from: usize, to: usize| (from..to).map(move |n| format!("{severity}-{n}")).collect::<Vec<_>>();
    let worst =
        ids([of("INFO", 0, 300), of("WARNING", 0, 150), of("CRITICAL", 0, 20), of("WARNING", 150, 160)].concat());
    assert_eq!(worst, [named("CRITICAL", 0, 20), named("WARNING", 0, 160), named("INFO", 0, 20)].concat());
    let worst = ids([of("WARNING", 0, 250), of("CRITICAL", 0, 250), of("INFO", 0, 9)].concat());
    assert_eq!(worst, named("CRITICAL", 0, 200));
}

#[test]
fn many_machines_are_cut() {
    let machines: Vec<Value> = (0..600)
        .map(|n| json!({ "id": format!("m{n}"), "code": "", "name": "M", "type": "X", "status": "FLYING" }))
        .collect();
    let Ok(Answer::Machines(machines)) = read(Part::Machines, &machines.into()) else { panic!("machines") };
    assert_eq!(machines.len(), 500);
    assert_eq!(machines[499].id, "m499");
    assert_eq!(machines[0].status, MachineStatus::Unknown);
}

#[test]
fn texts_are_cleaned_and_ids_are_ids() {
    let body = json!([
        { "id": "juan@example.com", "code": null, "name": format!("  A\u{202e}\u{7}b\u{200b}\n{} ", "ñ".repeat(200)), "type": "juan", "status": "IN_USE" },
        { "id": "juan", "name": "B", "status": "BROKEN" },
    ]);
    let Ok(Answer::Machines(machines)) = read(Part::Machines, &body) else { panic!("machines") };
    assert_eq!(machines[0].name.chars().count(), 120);
    assert!(machines[0].name.starts_with("A b ñ"), "{}", machines[0].name);
    assert_eq!((machines[0].code.as_str(), machines[0].kind.as_str()), ("", "UNKNOWN"));
    assert_eq!(machines[1].kind, "UNKNOWN");
    assert_ne!(machines[0].id, machines[1].id);
    assert!(machines.iter().all(|machine| machine.id.len() == 26 && !machine.id.contains("juan")));
}

#[test]
fn what_is_not_json_or_of_another_shape() {
    for part in Part::ALL {
        for text in ["", "<html><body>503</body></html>", "\u{0}", "nonsense"] {
            assert_eq!(Answer::read(part, &mut text.as_bytes()), Err(ShapeError::NotJson), "{text}");
        }
        let whole = captured(part).to_string();
        for end in 0..whole.len() {
            assert_eq!(Answer::read(part, &mut &whole.as_bytes()[..end]), Err(ShapeError::NotJson), "{end} bytes");
        }
        assert_eq!(Answer::read(part, &mut format!("{whole} {whole}").as_bytes()), Err(ShapeError::NotJson));
        for other in [json!(null), json!(7), json!("text"), json!({ "message": "x", "statusCode": 200 })] {
            assert!(matches!(read(part, &other), Err(ShapeError::Other { .. })), "{}: {other}", part.name());
        }
        assert!(read(part, &json!([7])).is_err(), "{}", part.name());
    }
}

#[test]
fn figures_that_are_none() {
    for (key, wrong) in [
        ("total", json!(-1)),
        ("total", json!(1.5)),
        ("total", json!("")),
        ("total", json!("1e3")),
        ("total", json!("Acme")),
        ("total", json!(null)),
        ("total", json!(u64::MAX)),
        ("total", json!("99999999999999999999999")),
        ("firstPassYield", json!("NaN")),
        ("firstPassYield", json!("")),
        ("firstPassYield", json!(".5")),
        ("firstPassYield", json!("5.")),
        ("firstPassYield", json!("1e3")),
        ("firstPassYield", json!("1.2.3")),
        ("firstPassYield", json!("25.0 Acme")),
        ("firstPassYield", json!(1e300)),
        ("firstPassYield", json!(null)),
    ] {
        let mut body = captured(Part::QualityStats);
        body[key] = wrong.clone();
        assert!(matches!(read(Part::QualityStats, &body), Err(ShapeError::Other { .. })), "{key}: {wrong}");
    }
    for (key, right, written) in [
        ("total", json!("12"), json!(12)),
        ("firstPassYield", json!("100.0"), json!("100.0")),
        ("firstPassYield", json!("-0.0"), json!("-0.0")),
        ("firstPassYield", json!(61), json!(61)),
        ("firstPassYield", json!(61.23), json!(61.23)),
        ("firstPassYield", json!(1.0 / 3.0), json!(0.3333)),
        ("firstPassYield", json!(-0.000_01), json!(0.0)),
    ] {
        let mut body = captured(Part::QualityStats);
        body[key] = right;
        assert_eq!(written_in(Lang::Es, &read(Part::QualityStats, &body).expect("an answer"))[key], written);
    }
}

#[test]
fn a_throughput_of_another_period_is_none() {
    let weekly = captured(Part::WeeklyThroughput);
    assert!(matches!(read(Part::MonthlyThroughput, &weekly), Err(ShapeError::Other { .. })));
    let mut dashboard = captured(Part::Dashboard);
    dashboard["production"]["period"] = "weekly".into();
    assert!(matches!(read(Part::Dashboard, &dashboard), Err(ShapeError::Other { .. })));
}

#[test]
fn a_request_later_is_no_change() {
    for part in [Part::WeeklyThroughput, Part::Alerts] {
        let mut later = captured(part);
        match &mut later {
            Value::Array(alerts) => {
                for alert in alerts {
                    alert["createdAt"] = "2026-11-28T08:04:00.001Z".into();
                }
            }
            throughput => throughput["startDate"] = "2026-11-21T08:04:00.001Z".into(),
        }
        let before = read(part, &captured(part)).expect("an answer");
        let mut after = read(part, &later).expect("an answer");
        after.carry_over(&before);
        assert_eq!(after, before);
    }
    // One that was not there keeps its own moment.
    let mut body = captured(Part::Alerts);
    body[0]["id"] = "stock-new1".into();
    body[0]["createdAt"] = "2026-11-28T08:04:00.001Z".into();
    let mut after = read(Part::Alerts, &body).expect("alerts");
    after.carry_over(&read(Part::Alerts, &captured(Part::Alerts)).expect("alerts"));
    assert_eq!(written_in(Lang::Es, &after)[0]["createdAt"], "2026-11-28T08:04:00.001Z");
}

#[test]
fn the_count_of_the_day_and_the_hint() {
    let mut body = captured(Part::Dashboard);
    body["production"]["completed"] = 3.into();
    let dashboard = read(Part::Dashboard, &body).expect("a dashboard");
    assert_eq!(dashboard.completed_today(), Some((3, "2026-11-28T00:00:00.000Z")));
    let stats = |total: u64, in_use: u64| {
        let body = json!({ "total": total, "available": 0, "inUse": in_use, "maintenance": 0, "broken": 0 });
        read(Part::MachineStats, &body).expect("stats")
    };
    assert_eq!(stats(3, 3).completed_today(), None);
    let mut working = body.clone();
    working["oee"]["oee"] = "0.1".into();
    let working = read(Part::Dashboard, &working).expect("a dashboard");
    assert!(Answer::is_oee_zero_with_all_in_use(&dashboard, &stats(3, 3)));
    assert!(!Answer::is_oee_zero_with_all_in_use(&dashboard, &stats(3, 2)));
    assert!(!Answer::is_oee_zero_with_all_in_use(&dashboard, &stats(0, 0)));
    assert!(!Answer::is_oee_zero_with_all_in_use(&working, &stats(3, 3)));
}

#[test]
fn every_part_can_be_summed_up() {
    let summary = |part| read(part, &captured(part)).expect("an answer").summary();
    for part in Part::ALL {
        assert_ne!(summary(part).es, summary(part).en);
    }
    assert_eq!(summary(Part::Machines).es, "máquinas: 3, en uso: 1, disponibles: 0, en mantenimiento: 1, averiadas: 1");
}

/// Personal data, each with the mark.
const MARKED: [&str; 9] = [
    "Zoila Marca",
    "zoilamarca",
    "zoila.marca@example.com",
    "$2b$10$marcamarcamarcamarcama",
    "Calle Marca 12",
    "Marca - Hijos - Vence: 1/1/2020",
    "ORD-2611-0001 - Zoila Marca - Vence: 11/27/2026",
    "Marca (zoilamarca)",
    "\u{202e}Zoila\u{7}Marca",
];

/// Keys that may carry it: those of the ERP's other answers, those that the box writes itself, and any.
const KEYS: [&str; 16] = [
    "customer",
    "email",
    "phone",
    "address",
    "password",
    "notes",
    "inspector",
    "workshop",
    "subject",
    "due",
    "stage",
    "left",
    "unit",
    "minimum",
    "entityType",
    "zzz",
];

fn is_marked(text: &str) -> bool {
    text.to_lowercase().contains("marca")
}

fn debug(value: &dyn std::fmt::Debug) -> String {
    format!("{value:?}")
}

/// Puts marks into a captured answer: in place of texts, and as further fields. What machines and materials are called is
/// the wall's own, and stays.
fn mark(value: &mut Value, key: &str, next: &mut dyn FnMut() -> usize) {
    match value {
        // One in four, so that an answer often stays one.
        Value::String(text) if !["name", "code", "message"].contains(&key) && next().is_multiple_of(4) => {
            *text = MARKED[next() % MARKED.len()].to_owned();
        }
        Value::Array(list) => {
            for element in list.iter_mut() {
                mark(element, key, next);
            }
        }
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                mark(value, key, next);
            }
            mark_message(object, next);
            for _ in 0..next() % 6 {
                let marked = MARKED[next() % MARKED.len()];
                let value = match next() % 4 {
                    0 => json!({ "name": marked, "email": [marked], marked: marked }),
                    1 => json!([marked, { "id": marked }]),
                    _ => json!(marked),
                };
                let key = KEYS[next() % KEYS.len()];
                object.entry(if next().is_multiple_of(8) { marked } else { key }).or_insert(value);
            }
        }
        _ => {}
    }
}

/// In messages about orders, whatever a customer is called; in others, instead of the message.
fn mark_message(alert: &mut Map<String, Value>, next: &mut dyn FnMut() -> usize) {
    let Some(Value::String(message)) = alert.get("message") else { return };
    let marked = MARKED[next() % MARKED.len()];
    let message = match (next() % 3, message.split_once(" - Cliente Uno - ")) {
        (0, _) => marked.to_owned(),
        (_, Some((number, due))) if next().is_multiple_of(2) => format!("{number} - {marked} - {marked} - {due}"),
        (_, Some((number, due))) => format!("{number} - {marked} - {due}"),
        _ => return,
    };
    alert.insert("message".to_owned(), message.into());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    /// The proof that no personal data passes: whatever part the answer is read as.
    #[test]
    fn no_mark_passes(capture in any::<prop::sample::Index>(), numbers in prop::collection::vec(any::<usize>(), 64)) {
        let captures = captures();
        let (name, path, mut body) = capture.get(&captures).clone();
        let mut numbers = numbers.iter().copied().cycle();
        let mut turn = 0_usize;
        mark(&mut body, "", &mut || {
            turn = turn.wrapping_add(1);
            numbers.next().unwrap_or_default().wrapping_add(turn / 64)
        });
        let mut lasts = None;
        for part in Part::ALL {
            match read(part, &body) {
                Ok(answer) => {
                    for lang in [Lang::Es, Lang::En] {
                        let json = answer.json(lang);
                        prop_assert!(!is_marked(&json), "{name}: {json}");
                        prop_assert_eq!(Answer::read(part, &mut json.as_bytes()), Ok(answer.clone()));
                    }
                    for view in [View::Oee, View::DailyThroughput] {
                        prop_assert!(!answer.view(view, Lang::Es).is_some_and(|json| is_marked(&json)));
                    }
                    prop_assert!(!is_marked(&debug(&answer)));
                    let summary = answer.summary();
                    prop_assert!(!is_marked(&summary.es) && !is_marked(&summary.en));
                    lasts = Some(part);
                }
                Err(error) => prop_assert!(!is_marked(&error.to_string()) && !is_marked(&debug(&error))),
            }
        }
        // Lists are read whatever they carry.
        if path == "/alerts" {
            prop_assert_eq!(lasts, Some(Part::Alerts));
        }
    }
}
