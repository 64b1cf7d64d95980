//! Whatever the ERP answers, what is kept of it is JSON that reads as the same again, and of an alert about an order nothing
//! is kept but the number and the date.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use workshop_edge::erp::pure::{ALERTS, project};

const TYPES: [&str; 6] = ["LOW_STOCK", "DEADLINE", "MACHINE_DOWN", "QUALITY_ISSUE", "ORDER_DELAY", "VISIT"];

/// What is kept, in both languages.
fn kept(part: u8, body: &[u8]) -> Option<[Value; 2]> {
    let written = project(part, body)?;
    for json in &written {
        assert_eq!(project(part, json.as_bytes()).as_ref(), Some(&written));
    }
    Some(written.map(|json| serde_json::from_str(&json).expect("JSON")))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    kept(*first, rest);
    // It is seldom JSON by chance: as the texts of an alert, it is.
    let text = String::from_utf8_lossy(rest);
    let kind = TYPES[usize::from(*first) % TYPES.len()];
    for message in [text.to_string(), format!("ORD-2611-0001 - {text} - Vence: 11/27/2026"), format!("Orden {text} requiere atención")] {
        let alert = json!([{
            "id": text, "type": kind, "severity": text, "title": text, "message": message, "entityId": text,
            "entityType": text, "createdAt": text, "subject": text, "due": text, "stage": text, "left": text, "unit": text,
            "minimum": text, "customer": text,
        }]);
        for alerts in kept(ALERTS, alert.to_string().as_bytes()).expect("a list of alerts") {
            let of_order = !["LOW_STOCK", "MACHINE_DOWN"].contains(&kind);
            let is_number = |subject: &str| {
                subject.starts_with("ORD-")
                    && subject.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-'))
            };
            if of_order && let Some(subject) = alerts[0]["subject"].as_str() {
                assert!(is_number(subject));
            }
        }
    }
});
