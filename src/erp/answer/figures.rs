//! Answers that are figures alone.

use serde::{Deserialize, Serialize};

use super::field::{self, Count, Decimal, Moment};

/// `/analytics/dashboard`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dashboard {
    pub(crate) oee: Oee,
    /// The daily throughput.
    pub(crate) production: Throughput,
    pub(crate) inventory: Inventory,
    pub(crate) quality: Inspections,
}

/// `/analytics/oee`: percentages.
#[expect(clippy::struct_field_names, reason = "the ERP's own names")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Oee {
    pub(crate) oee: Decimal,
    pub(crate) availability: Decimal,
    pub(crate) performance: Decimal,
    pub(crate) quality: Decimal,
}

/// `/analytics/throughput`: orders, not pieces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Throughput {
    #[serde(deserialize_with = "field::named")]
    pub(crate) period: Period,
    pub(crate) completed: Count,
    pub(crate) in_progress: Count,
    /// The server's midnight, or a moment some days before the request.
    pub(crate) start_date: Moment,
}

/// What a throughput is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Period {
    Daily,
    Weekly,
    Monthly,
}

impl Throughput {
    /// With a beginning that does not move with every request.
    pub(super) fn by_the_day(mut self) -> Self {
        self.start_date = self.start_date.day();
        self
    }
}

/// Materials that run out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Inventory {
    pub(crate) low_stock: Count,
    pub(crate) critical: Count,
}

/// Inspections of the dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Inspections {
    pub(crate) pass_rate: Decimal,
    pub(crate) pending: Count,
}

/// `/machines/stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MachineStats {
    pub(crate) total: Count,
    pub(crate) available: Count,
    pub(crate) in_use: Count,
    pub(crate) maintenance: Count,
    pub(crate) broken: Count,
}

/// `/alerts/summary`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlertSummary {
    pub(crate) total: Count,
    pub(crate) critical: Count,
    pub(crate) warning: Count,
    pub(crate) info: Count,
    pub(crate) by_type: AlertTypes,
}

/// How many of each type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlertTypes {
    pub(crate) low_stock: Count,
    pub(crate) deadline: Count,
    pub(crate) machine_down: Count,
    pub(crate) quality_issue: Count,
    pub(crate) order_delay: Count,
}

/// `/production/orders/stats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderStats {
    pub(crate) total_orders: Count,
    pub(crate) in_progress: Count,
    pub(crate) completed: Count,
    pub(crate) cancelled: Count,
    pub(crate) completion_rate: Decimal,
}

/// `/quality/stats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QualityStats {
    pub(crate) total: Count,
    pub(crate) passed: Count,
    pub(crate) failed: Count,
    pub(crate) rework: Count,
    pub(crate) first_pass_yield: Decimal,
}
