//! What is read from the daemon's state at each scrape: lag, hints, budgets, gates, memory.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::ConnectionLabel;
use crate::gauge::Status;
use crate::signals::Report;

/// A real number; a counted one is a plain [`Gauge`].
type Ratio = Gauge<f64, std::sync::atomic::AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabel {
    host: String,
    /// Empty where the host has one budget and no name for it.
    resource: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GateLabel {
    gate: &'static str,
}

/// Gauges of the present. What is there no more is told no more.
#[derive(Default)]
pub(super) struct Standing {
    lag: Family<ConnectionLabel, Gauge>,
    problem: Family<ConnectionLabel, Gauge>,
    hints: Family<ConnectionLabel, Gauge>,
    retries: Family<ConnectionLabel, Gauge>,
    remaining: Family<BudgetLabel, Gauge>,
    limit: Family<BudgetLabel, Gauge>,
    gates: Family<GateLabel, Ratio>,
    memory: Gauge,
}

impl Standing {
    pub fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "lag",
            "Age of the data of a connection",
            Unit::Seconds,
            Family::clone(&self.lag),
        );
        let problem = "1 while the newest pass of a connection had a problem; /status tells it";
        registry.register("problem", problem, Family::clone(&self.problem));
        let hints = "Items that webhooks named and nobody has read yet";
        registry.register("hints", hints, Family::clone(&self.hints));
        let retries = "Items that could not be read and will be tried again";
        registry.register("retries", retries, Family::clone(&self.retries));
        let remaining = "Requests or points that a tracker still grants";
        registry.register("budget_remaining", remaining, Family::clone(&self.remaining));
        let limit = "Requests or points that a tracker grants in one window";
        registry.register("budget_limit", limit, Family::clone(&self.limit));
        let gate = "Value of a gate of data confidence (H2) for the portfolio; \
                    mapped is the coverage of the rules";
        registry.register("gate_ratio", gate, Family::clone(&self.gates));
        registry.register_with_unit(
            "resident_memory",
            "Memory that the process holds",
            Unit::Bytes,
            Gauge::clone(&self.memory),
        );
    }

    /// How connections and hosts stand.
    pub fn note(&self, status: &Status) {
        for family in [&self.lag, &self.problem, &self.hints, &self.retries] {
            family.clear();
        }
        for one in &status.connections {
            let label = ConnectionLabel { connection: one.connection.clone() };
            if let Some(lag) = one.lag_seconds {
                self.lag.get_or_create(&label).set(lag);
            }
            self.problem.get_or_create(&label).set(i64::from(one.problem.is_some()));
            self.hints.get_or_create(&label).set(counted(one.hints));
            self.retries.get_or_create(&label).set(counted(one.retries));
        }
        self.remaining.clear();
        self.limit.clear();
        for host in &status.hosts {
            for budget in &host.budgets {
                let resource = budget.resource.clone().unwrap_or_default();
                let label = BudgetLabel { host: host.host.clone(), resource };
                if let Some(remaining) = budget.remaining {
                    self.remaining.get_or_create(&label).set(counted(remaining));
                }
                if let Some(limit) = budget.limit {
                    self.limit.get_or_create(&label).set(counted(limit));
                }
            }
        }
    }

    /// How far the data can be trusted. A gate that has nothing to divide by is not told.
    pub fn note_gates(&self, report: &Report) {
        self.gates.clear();
        for gate in report.confidence.first().into_iter().flat_map(|whole| &whole.gates) {
            if let Some(value) = gate.value {
                self.gates.get_or_create(&GateLabel { gate: gate.name }).set(value);
            }
        }
    }

    /// What the system says of this process; nothing where it is not Linux.
    pub fn note_memory(&self) {
        let told = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<i64>().ok());
        if let Some(kilobytes) = kilobytes {
            self.memory.set(kilobytes * 1024);
        }
    }
}

fn counted(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
