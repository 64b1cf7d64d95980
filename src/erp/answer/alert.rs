//! What an alert is, as far as a wall may show it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::field::Moment;

/// An element of `/alerts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) kind: AlertType,
    pub(crate) severity: Severity,
    /// `None` where the message has no known pattern.
    pub(crate) about: Option<About>,
    pub(crate) entity_id: Option<String>,
    /// When it was first seen; see `Answer::carry_over`.
    pub(crate) created_at: Option<Moment>,
}

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// An order by its number, and the day that it is due, as the ERP's server has it in its zone.
    Order { number: String, due: Option<Date> },
    /// An inspection of an order, at a stage of its production: `WELDING`.
    Inspection { number: String, stage: String },
    /// A machine: name and code.
    Machine { machine: String },
    /// A material, how much of it there is, and how much there should be at least; `unit` is `METER`, `SHEET`, …
    Stock { material: String, left: String, unit: String, minimum: String },
}

/// What kind of alert it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AlertType {
    LowStock,
    Deadline,
    MachineDown,
    QualityIssue,
    OrderDelay,
    /// One that a newer ERP knows.
    #[serde(other)]
    Unknown,
}

/// How bad it is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Severity {
    Critical,
    Warning,
    /// And whatever else a newer ERP says.
    #[serde(other)]
    Info,
}

impl Alert {
    /// Which one it is: an order's number, a machine with its code, a material.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.about.as_ref().map(|about| match about {
            About::Order { number, .. } | About::Inspection { number, .. } => number.as_str(),
            About::Machine { machine } => machine,
            About::Stock { material, .. } => material,
        })
    }

    /// The day that an order is due.
    pub(crate) fn due(&self) -> Option<Date> {
        match self.about {
            Some(About::Order { due, .. }) => due,
            _ => None,
        }
    }
}
