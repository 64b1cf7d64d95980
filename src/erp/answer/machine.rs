//! Machines: what they are called, and what they do.

use serde::{Deserialize, Serialize};

use super::field::{self, Count, Decimal};

/// Machines that are kept of an answer.
pub(super) const MAX: usize = 500;

/// An element of `/machines`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    #[serde(deserialize_with = "field::id")]
    pub(crate) id: String,
    #[serde(default, deserialize_with = "field::shown")]
    pub(crate) code: String,
    #[serde(deserialize_with = "field::shown")]
    pub(crate) name: String,
    #[serde(rename = "type", default = "unknown", deserialize_with = "field::word")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "field::named")]
    pub(crate) status: MachineStatus,
}

/// An element of `/analytics/machine-utilization`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Utilization {
    #[serde(deserialize_with = "field::id")]
    pub(crate) machine_id: String,
    #[serde(deserialize_with = "field::shown")]
    pub(crate) name: String,
    #[serde(rename = "type", default = "unknown", deserialize_with = "field::word")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "field::named")]
    pub(crate) status: MachineStatus,
    pub(crate) total_hours_used: Decimal,
    pub(crate) jobs_completed: Count,
}

/// What a machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum MachineStatus {
    Available,
    InUse,
    Maintenance,
    Broken,
    /// One that a newer ERP knows.
    #[serde(other)]
    Unknown,
}

fn unknown() -> String {
    "UNKNOWN".to_owned()
}
