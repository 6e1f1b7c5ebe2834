//! Who is who at Northwind.
//!
//! A *line* is a lasting strand of investment: it keeps its stream, theme and horizon while epics
//! succeed one another in it. Teams divide their attention over lines, so that the shares of
//! streams, themes and horizons do not move when an epic ends.

use crate::model::{Direction, StreamKind, ValueArea};

pub(super) struct StreamCast {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: StreamKind,
}

pub(super) const STREAMS: &[StreamCast] = &[
    StreamCast { id: "booking", name: "Booking", kind: StreamKind::Customer },
    StreamCast { id: "fleet", name: "Fleet", kind: StreamKind::Customer },
    StreamCast { id: "identity", name: "Identity", kind: StreamKind::Enabling },
    StreamCast { id: "payments", name: "Payments", kind: StreamKind::Customer },
];

/// Where a team keeps its cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// A Jira project, and the component that marks the team's cards in it.
    Jira(&'static str, &'static str),
    /// A repository of the organisation `northwind`.
    GitHub(&'static str),
}

pub(super) struct TeamCast {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) stream: &'static str,
    pub(super) home: Home,
    /// Cards that the team keeps in progress.
    pub(super) slots: usize,
    /// Share of attention per line; what is missing to one goes to upkeep without an epic.
    pub(super) lines: &'static [(&'static str, f64)],
}

const fn team(
    id: &'static str,
    name: &'static str,
    stream: &'static str,
    home: Home,
    slots: usize,
    lines: &'static [(&'static str, f64)],
) -> TeamCast {
    TeamCast { id, name, stream, home, slots, lines }
}

/// Sorted by stream. Names are birds, so that they cannot be mistaken for an epic.
pub(super) const TEAMS: &[TeamCast] = &[
    team(
        "albatross",
        "Albatross",
        "booking",
        Home::Jira("BOOK", "Search"),
        3,
        &[("discovery", 0.55), ("loyalty", 0.30)],
    ),
    team(
        "bittern",
        "Bittern",
        "booking",
        Home::Jira("BOOK", "Itinerary"),
        3,
        &[("loyalty", 0.45), ("wallet", 0.40)],
    ),
    team("curlew", "Curlew", "booking", Home::GitHub("offers"), 2, &[("business", 0.85)]),
    team(
        "dunlin",
        "Dunlin",
        "booking",
        Home::GitHub("storefront"),
        3,
        &[("access", 0.45), ("business", 0.40)],
    ),
    team(
        "egret",
        "Egret",
        "fleet",
        Home::Jira("FLEET", "Depots"),
        3,
        &[("workshop", 0.60), ("depot", 0.10), ("entry", 0.15)],
    ),
    team(
        "falcon",
        "Falcon",
        "fleet",
        Home::Jira("FLEET", "Vehicles"),
        3,
        &[("workshop", 0.35), ("depot", 0.10), ("vehicles", 0.40)],
    ),
    team("gannet", "Gannet", "fleet", Home::GitHub("charging"), 2, &[("charging", 0.85)]),
    team(
        "heron",
        "Heron",
        "identity",
        Home::Jira("ID", "Login"),
        3,
        &[("entry", 0.30), ("wallet", 0.40), ("vehicles", 0.15)],
    ),
    team("ibis", "Ibis", "identity", Home::Jira("ID", "Accounts"), 2, &[("accounts", 0.85)]),
    team("jackdaw", "Jackdaw", "identity", Home::GitHub("consent"), 2, &[("consent", 0.85)]),
    team(
        "kestrel",
        "Kestrel",
        "payments",
        Home::Jira("PAY", "Checkout"),
        3,
        &[("purchase", 0.50), ("wallet", 0.35)],
    ),
    team("lapwing", "Lapwing", "payments", Home::Jira("PAY", "Refunds"), 3, &[("refund", 0.85)]),
    team(
        "merlin",
        "Merlin",
        "payments",
        Home::Jira("PAY", "Ledger"),
        3,
        &[("books", 0.50), ("wallet", 0.35)],
    ),
    team("nuthatch", "Nuthatch", "payments", Home::GitHub("screening"), 2, &[("screening", 0.85)]),
];

pub(super) const THEMES: &[(&str, &str)] = &[
    ("reach", "Reach new customers"),
    ("resilience", "Run without surprises"),
    ("retention", "Keep the customers we have"),
    ("trust", "Deserve trust"),
];

pub(super) struct LineCast {
    pub(super) id: &'static str,
    pub(super) stream: &'static str,
    pub(super) theme: &'static str,
    pub(super) horizon: &'static str,
    /// The Jira project of its epics; `None`: they are issues of `northwind/roadmap`.
    pub(super) project: Option<&'static str>,
}

const fn line(
    id: &'static str,
    stream: &'static str,
    theme: &'static str,
    horizon: &'static str,
    project: Option<&'static str>,
) -> LineCast {
    LineCast { id, stream, theme, horizon, project }
}

const LINES: &[LineCast] = &[
    line("discovery", "booking", "reach", "near", Some("BOOK")),
    line("loyalty", "booking", "retention", "near", Some("BOOK")),
    line("business", "booking", "reach", "mid", None),
    line("access", "booking", "retention", "near", None),
    line("workshop", "fleet", "resilience", "near", Some("FLEET")),
    line("depot", "fleet", "resilience", "near", Some("FLEET")),
    line("vehicles", "fleet", "resilience", "far", Some("FLEET")),
    line("charging", "fleet", "reach", "mid", None),
    line("entry", "identity", "resilience", "mid", Some("ID")),
    line("accounts", "identity", "trust", "near", Some("ID")),
    line("consent", "identity", "trust", "far", None),
    line("wallet", "payments", "reach", "near", Some("PAY")),
    line("purchase", "payments", "reach", "mid", Some("PAY")),
    line("refund", "payments", "retention", "near", Some("PAY")),
    line("books", "payments", "resilience", "mid", Some("PAY")),
    line("screening", "payments", "trust", "near", None),
];

pub(super) struct EpicCast {
    line: &'static str,
    pub(super) title: &'static str,
    /// Weeks ago at which work on it began; beyond the story: from its start.
    pub(super) from: i64,
    /// Weeks ago at which work on it ended; 0: it goes on.
    pub(super) to: i64,
    pub(super) outcome: Option<&'static str>,
    pub(super) hypothesis: &'static str,
}

impl EpicCast {
    pub(super) fn line(&self) -> &'static LineCast {
        LINES.iter().find(|line| line.id == self.line).expect("every epic names a line above")
    }

    /// Someone began it while the story lasts.
    pub(super) fn exists_in(&self, weeks: i64) -> bool {
        self.to < weeks
    }
}

const ALWAYS: i64 = 200;

const fn epic(
    line: &'static str,
    title: &'static str,
    span: (i64, i64),
    outcome: Option<&'static str>,
    hypothesis: &'static str,
) -> EpicCast {
    EpicCast { line, title, from: span.0, to: span.1, outcome, hypothesis }
}

/// In each line the epics follow one another without a gap.
#[rustfmt::skip]
pub(super) const EPICS: &[EpicCast] = &[
    epic("discovery", "Flexible dates", (ALWAYS, 36), Some("look-to-book"), "Travellers who can shift a day book more often"),
    epic("discovery", "Map search", (36, 0), Some("look-to-book"), "Travellers who see places on a map book more often"),
    epic("loyalty", "Loyalty tiers", (ALWAYS, 30), Some("repeat-bookings"), "Tiers bring members back within a quarter"),
    epic("loyalty", "Trip changes online", (30, 0), Some("change-calls"), "Changing a trip online replaces most calls about it"),
    epic("business", "Corporate rates", (ALWAYS, 0), Some("corporate-bookings"), "Companies with their own rates move their travel to us"),
    epic("access", "Accessible storefront", (ALWAYS, 0), Some("assisted-tasks"), "Customers who use a screen reader finish a booking alone"),
    epic("workshop", "Workshop slots", (ALWAYS, 0), Some("on-time-returns"), "Vehicles with a booked workshop slot come back on the day"),
    epic("depot", "Depot scheduling", (33, 0), Some("on-time-returns"), "Depots that see arrivals in advance return vehicles on the day"),
    epic("vehicles", "Vehicle passports", (ALWAYS, 44), None, "One record per vehicle ends the search for papers"),
    epic("vehicles", "Fleet telemetry", (44, 0), None, "Live data from vehicles prevents breakdowns on the road"),
    epic("charging", "Charging partners", (ALWAYS, 0), Some("charging-sessions"), "Drivers with more charging points take electric cars further"),
    epic("entry", "Passkeys", (ALWAYS, 40), None, "Passkeys end most password resets"),
    epic("entry", "Single sign-on 2", (40, 0), None, "One session across products halves repeated sign-ins"),
    epic("accounts", "Profile basics", (ALWAYS, 31), None, "Fewer fields at registration bring more complete profiles"),
    epic("accounts", "Account merge", (31, 9), Some("duplicate-accounts"), "Customers with two accounts merge them when offered"),
    epic("accounts", "Household accounts", (9, 0), Some("duplicate-accounts"), "Families who share an account stop opening second ones"),
    epic("consent", "Cookie choices", (ALWAYS, 34), Some("consent-answers"), "Plain choices are answered more often"),
    epic("consent", "Consent centre", (34, 0), Some("consent-answers"), "Customers who can see their choices leave them on"),
    epic("wallet", "Guest checkout", (ALWAYS, 52), None, "Guests who skip registration finish more orders"),
    epic("wallet", "Wallet", (52, 0), Some("wallet-orders"), "A stored balance makes the second order easier than the first"),
    epic("purchase", "Local payment methods", (ALWAYS, 0), Some("payment-completion"), "Customers finish payment when their own method is offered"),
    epic("refund", "Refund status page", (ALWAYS, 45), None, "Customers who see the status of a refund stop asking for it"),
    epic("refund", "Partial refunds", (45, 10), Some("chargebacks"), "Refunding one leg online replaces disputes at the bank"),
    epic("refund", "Instant refund", (10, 0), Some("refund-contacts"), "Instant refunds cut refund contacts by a quarter"),
    epic("books", "Ledger audit trail", (ALWAYS, 48), None, "A trail per posting shortens the monthly close"),
    epic("books", "Ledger split", (48, 0), None, "Separate ledgers per country make closing independent"),
    epic("screening", "Screening rules engine", (ALWAYS, 38), Some("chargebacks"), "Rules that analysts edit themselves stop new patterns sooner"),
    epic("screening", "Chargeback alerts", (38, 0), Some("chargebacks"), "Alerts before a chargeback let us refund first"),
];

/// The epic that a line works on, `ago` weeks before now.
pub(super) fn epic_of(line: &str, ago: f64) -> Option<usize> {
    EPICS.iter().position(|epic| {
        epic.line == line && (epic.from as f64) >= ago && (epic.to == 0 || ago > epic.to as f64)
    })
}

/// The place of an epic in [`EPICS`].
pub(super) fn epic_named(title: &str) -> usize {
    EPICS.iter().position(|epic| epic.title == title).expect("the title is one of the list")
}

pub(super) struct OutcomeCast {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) stream: &'static str,
    pub(super) unit: &'static str,
    pub(super) direction: Direction,
    pub(super) area: ValueArea,
    /// Usual level, and how far readings swing around it.
    pub(super) level: f64,
    pub(super) swing: f64,
}

const fn outcome(
    id: &'static str,
    name: &'static str,
    stream: &'static str,
    unit: &'static str,
    direction: Direction,
    area: ValueArea,
    usual: (f64, f64),
) -> OutcomeCast {
    OutcomeCast { id, name, stream, unit, direction, area, level: usual.0, swing: usual.1 }
}

#[rustfmt::skip]
pub(super) const OUTCOMES: &[OutcomeCast] = &[
    outcome("assisted-tasks", "Bookings finished with a screen reader", "booking", "of 100 begun", Direction::Up, ValueArea::Unrealised, (61.0, 2.0)),
    outcome("change-calls", "Calls about trip changes", "booking", "per 1000 trips", Direction::Down, ValueArea::Current, (38.0, 1.6)),
    outcome("chargebacks", "Chargebacks", "payments", "per 10000 orders", Direction::Down, ValueArea::Current, (21.0, 1.1)),
    outcome("charging-sessions", "Charging sessions", "fleet", "per 100 electric rentals", Direction::Up, ValueArea::Unrealised, (140.0, 5.0)),
    outcome("consent-answers", "Consent questions answered", "identity", "of 100 shown", Direction::Up, ValueArea::AbilityToInnovate, (72.0, 1.5)),
    outcome("corporate-bookings", "Corporate bookings", "booking", "per week", Direction::Up, ValueArea::Unrealised, (310.0, 12.0)),
    outcome("duplicate-accounts", "Duplicate accounts", "identity", "per 1000 customers", Direction::Down, ValueArea::Current, (27.0, 0.9)),
    outcome("look-to-book", "Bookings per search session", "booking", "per 1000 sessions", Direction::Up, ValueArea::Current, (34.0, 1.2)),
    outcome("on-time-returns", "On-time returns", "fleet", "of 100 rentals", Direction::Up, ValueArea::Current, (88.0, 1.3)),
    outcome("payment-completion", "Payments completed", "payments", "of 100 begun", Direction::Up, ValueArea::Current, (81.0, 1.0)),
    outcome("refund-contacts", "Refund contacts", "payments", "per 1000 orders", Direction::Down, ValueArea::Current, (43.0, 1.3)),
    outcome("repeat-bookings", "Repeat bookings within a quarter", "booking", "of 100 customers", Direction::Up, ValueArea::Current, (29.0, 0.9)),
    outcome("wallet-orders", "Orders paid from the wallet", "payments", "of 100 orders", Direction::Up, ValueArea::Unrealised, (6.0, 0.5)),
];

/// The component that one team handed to the other, and when.
pub(super) const VOUCHERS: &str = "Vouchers";
pub(super) const VOUCHERS_FROM: &str = "kestrel";
pub(super) const VOUCHERS_TO: &str = "lapwing";
/// Weeks ago.
pub(super) const VOUCHERS_MOVED: i64 = 34;

/// The decision to do more for one epic, and when the teams followed; weeks ago.
pub(super) const DECIDED: i64 = 11;
pub(super) const FOLLOWED: i64 = 7;
/// The review queue of one stream begins to grow; weeks ago.
pub(super) const QUEUE_STREAM: &str = "booking";
pub(super) const QUEUE_GROWS: i64 = 9;
/// The intent of the last funding review; weeks ago.
pub(super) const INTENT: i64 = 16;
