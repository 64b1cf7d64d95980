//! How an alert is read. What is wrong is only in the ERP's message, and a customer's name may be there too: what a message
//! says is taken out by the pattern of its type, and the message itself is never kept.

use std::collections::VecDeque;

use jiff::civil::Date;
use serde::Deserialize as Read;
use serde::de::{Deserialize, Deserializer};

use super::alert::{About, Alert, AlertType, Severity};
use super::alert_text;
use super::field::{self, Moment};
use super::list::{self, Collect};

/// Alerts that are kept of an answer.
const MAX: usize = 200;
/// Characters of an order's number.
const MAX_NUMBER: usize = 32;
/// Characters of an amount: a number as JavaScript writes it.
const MAX_AMOUNT: usize = 24;

impl About {
    /// By the ERP's own message.
    fn of_message(kind: AlertType, message: &str) -> Option<Self> {
        match kind {
            // Number - customer - Vence: month/day/year. The customer may be called anything.
            AlertType::Deadline | AlertType::OrderDelay => {
                let (number, rest) = message.split_once(" - ")?;
                let due = rest.rsplit_once(" - Vence: ").and_then(|(_, due)| american_date(due));
                Some(Self::Order { number: order_number(number)?, due })
            }
            AlertType::QualityIssue => {
                let about = message.strip_prefix("Orden ")?.strip_suffix(" requiere atención")?;
                let (number, stage) = about.split_once(" - ")?;
                Some(Self::Inspection { number: order_number(number)?, stage: word(stage)? })
            }
            AlertType::MachineDown => {
                let machine = message.strip_suffix(" está fuera de servicio")?;
                let (name, code) = machine.strip_suffix(')')?.rsplit_once(" (")?;
                let is_named = !name.trim().is_empty() && !code.trim().is_empty();
                is_named.then(|| Self::Machine { machine: field::clean(machine) })
            }
            AlertType::LowStock => {
                let (material, level) = message.rsplit_once(" tiene ")?;
                let (left, minimum) = level.strip_suffix(')')?.split_once(" (mínimo: ")?;
                let (left, unit) = left.split_once(' ')?;
                Some(Self::Stock {
                    material: Some(field::clean(material)).filter(|material| !material.is_empty())?,
                    left: amount(left)?,
                    // Its plural is always made with an `s`.
                    unit: word(unit.strip_suffix('s').unwrap_or(unit))?,
                    minimum: amount(minimum)?,
                })
            }
            AlertType::Unknown => None,
        }
    }

    /// By what the box itself has written. The ERP has no such fields, and should it get them, its message is not one of the
    /// box's: it has to be the very one that these fields give.
    fn of_written(given: &Given) -> Option<Self> {
        let subject = given.subject.as_str();
        let about = match given.kind {
            AlertType::Deadline | AlertType::OrderDelay => {
                Self::Order { number: order_number(subject)?, due: given.due.parse().ok() }
            }
            AlertType::QualityIssue => Self::Inspection { number: order_number(subject)?, stage: word(&given.stage)? },
            AlertType::MachineDown => Self::Machine { machine: field::clean(subject) },
            AlertType::LowStock => Self::Stock {
                material: field::clean(subject),
                left: amount(&given.left)?,
                unit: word(&given.unit)?,
                minimum: amount(&given.minimum)?,
            },
            AlertType::Unknown => return None,
        };
        let text = alert_text::message(&about, given.kind, given.severity);
        (!subject.is_empty() && (given.message == text.es || given.message == text.en)).then_some(about)
    }
}

/// What is looked at of an element: the ERP's fields, and those of the box.
#[derive(Read)]
#[serde(rename_all = "camelCase")]
struct Given {
    #[serde(deserialize_with = "field::id")]
    id: String,
    #[serde(rename = "type", deserialize_with = "field::named")]
    kind: AlertType,
    #[serde(deserialize_with = "field::named")]
    severity: Severity,
    #[serde(default, deserialize_with = "field::text_or_nothing")]
    message: String,
    #[serde(default, deserialize_with = "field::id_or_nothing")]
    entity_id: Option<String>,
    #[serde(default, deserialize_with = "field::moment")]
    created_at: Option<Moment>,
    #[serde(default, deserialize_with = "field::text_or_nothing")]
    subject: String,
    #[serde(default, deserialize_with = "field::text_or_nothing")]
    due: String,
    #[serde(default, deserialize_with = "field::text_or_nothing")]
    stage: String,
    #[serde(default, deserialize_with = "field::text_or_nothing")]
    left: String,
    #[serde(default, deserialize_with = "field::text_or_nothing")]
    unit: String,
    #[serde(default, deserialize_with = "field::text_or_nothing")]
    minimum: String,
}

impl<'de> Deserialize<'de> for Alert {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = <Given as Deserialize>::deserialize(deserializer)?;
        let about = About::of_message(given.kind, &given.message).or_else(|| About::of_written(&given));
        let Given { id, kind, severity, entity_id, created_at, .. } = given;
        Ok(Self { id, kind, severity, about, entity_id, created_at })
    }
}

/// The worst alerts of a list, in the list's order among those that are equally bad; never more of them than are kept.
pub(super) fn worst<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Alert>, D::Error> {
    list::into(deserializer, Worst::default())
        .map(|Worst([critical, warning, info])| critical.into_iter().chain(warning).chain(info).collect())
}

/// By severity.
#[derive(Default)]
struct Worst([VecDeque<Alert>; 3]);

impl Collect for Worst {
    type Element = Alert;

    fn is_full(&self) -> bool {
        let Self([critical, ..]) = self;
        critical.len() >= MAX
    }

    fn add(&mut self, alert: Alert) {
        let Self([critical, warning, info]) = self;
        if critical.len() + warning.len() + info.len() >= MAX {
            let less_bad = match alert.severity {
                Severity::Critical => info.pop_back().or_else(|| warning.pop_back()),
                Severity::Warning => info.pop_back(),
                Severity::Info => None,
            };
            if less_bad.is_none() {
                return;
            }
        }
        match alert.severity {
            Severity::Critical => critical.push_back(alert),
            Severity::Warning => warning.push_back(alert),
            Severity::Info => info.push_back(alert),
        }
    }
}

/// `ORD-2611-0001`: capital letters, digits and hyphens, with a digit, which no name is made of.
fn order_number(text: &str) -> Option<String> {
    let rest = text.strip_prefix("ORD-")?;
    let is_one = text.len() <= MAX_NUMBER
        && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
        && rest.bytes().any(|byte| byte.is_ascii_digit());
    is_one.then(|| text.to_owned())
}

/// `11/27/2026`, as JavaScript writes a date in American English.
fn american_date(text: &str) -> Option<Date> {
    let mut numbers = text.split('/');
    let (month, day, year) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    if numbers.next().is_some() || !is_year {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn word(text: &str) -> Option<String> {
    field::is_word(text).then(|| text.to_owned())
}

/// A number with two digits after the point at most.
fn amount(text: &str) -> Option<String> {
    let is_number = text.len() <= MAX_AMOUNT
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = if is_number { text.parse().ok()? } else { return None };
    Some(((number * 100.0).round() / 100.0).to_string())
}
