//! The table of what a wall reads: the whole allow-list, queries included.

/// One path of the ERP that the box polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Contains `/analytics/oee` and the daily throughput.
    Dashboard,
    WeeklyThroughput,
    MonthlyThroughput,
    MachineUtilization,
    Machines,
    MachineStats,
    Alerts,
    AlertSummary,
    OrderStats,
    QualityStats,
}

impl Part {
    pub(crate) const ALL: [Self; 10] = [
        Self::Dashboard,
        Self::WeeklyThroughput,
        Self::MonthlyThroughput,
        Self::MachineUtilization,
        Self::Machines,
        Self::MachineStats,
        Self::Alerts,
        Self::AlertSummary,
        Self::OrderStats,
        Self::QualityStats,
    ];

    /// The key in JSON, metrics and files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::WeeklyThroughput => "weekly_throughput",
            Self::MonthlyThroughput => "monthly_throughput",
            Self::MachineUtilization => "machine_utilization",
            Self::Machines => "machines",
            Self::MachineStats => "machine_stats",
            Self::Alerts => "alerts",
            Self::AlertSummary => "alert_summary",
            Self::OrderStats => "order_stats",
            Self::QualityStats => "quality_stats",
        }
    }

    /// The path and the query below the ERP's address.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Dashboard => "/analytics/dashboard",
            Self::WeeklyThroughput => "/analytics/throughput?period=weekly",
            Self::MonthlyThroughput => "/analytics/throughput?period=monthly",
            Self::MachineUtilization => "/analytics/machine-utilization",
            Self::Machines => "/machines",
            Self::MachineStats => "/machines/stats",
            Self::Alerts => "/alerts",
            Self::AlertSummary => "/alerts/summary",
            Self::OrderStats => "/production/orders/stats",
            Self::QualityStats => "/quality/stats",
        }
    }

    /// Whether it moves by the hour rather than by the second.
    pub(crate) const fn is_slow(self) -> bool {
        matches!(self, Self::WeeklyThroughput | Self::MonthlyThroughput | Self::MachineUtilization)
    }
}
