//! The status of a box, over the network.

use serde_json::Value;

use crate::lan::Lan;

/// The status, from when on it has its name.
pub(crate) fn status(lan: &Lan, address: &str) -> Option<Value> {
    lan.json(&format!("http://{address}/_edge/status.json")).filter(|status| status["name"].is_object())
}

/// All notices and faults of its machine in Spanish, good or bad; `None` when it does not answer.
pub(crate) fn machine_says(lan: &Lan, address: &str) -> Option<String> {
    let status = status(lan, address)?;
    let news = status["machine"]["es"].as_array()?.iter();
    let faults = status["health"]["faults"].as_array()?.iter();
    let faults = faults.filter(|fault| fault["check"] == "machine").map(|fault| &fault["es"]);
    Some(news.chain(faults).filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
}
