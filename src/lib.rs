//! Streamgauge measures how work flows through value streams without damming it.
//!
//! It reads issues and their whole status history from Jira and GitHub, places them by rules that
//! the portfolio declares, and tells portfolio leaders what changed: where attention goes, where
//! flow breaks down, what the next funding decision could rest on. It is one program with three
//! modes: background sync, scheduled digests, and refresh on webhooks. This page is the map of its
//! code; `README.md` is for those who run it.
//!
//! # Bird's eye
//!
//! ```text
//! tracker -> page -> store -> placed timelines -> facts -> verdicts -> report -> page, JSON, digest
//!    ^                                                                                |
//!    +---- sync: scheduled pull, sweep, refresh of hinted keys <---- webhook: a key --+
//! ```
//!
//! Data walks one way. What comes from a tracker enters through [`sync`] and nowhere else; what a
//! reader sees is computed from the [`store`] and nothing else.
//!
//! # Floors
//!
//! A module imports only modules of lower floors, and siblings on a floor never meet. Cargo cannot
//! hold that inside one package; `tests/it/tidy.rs` does.
//!
//! | floor | modules | what they are |
//! |---|---|---|
//! | program | [`cli`], [`serve`], [`demo`] | commands, the daemon's loops, the demo |
//! | roots | [`settings`], [`telemetry`] | `streamgauge.toml`, composed from what each module needs; logs |
//! | faces | [`web`], [`digests`] | pages, API, webhooks; what is sent, when, and only once |
//! | work | [`sync`], [`gauge`] | from trackers to the store; from the store to a report |
//! | outside | [`trackers`], [`sources`], [`store`], [`channels`], [`registrar`] | Jira and GitHub; where outcomes are measured; SQLite and PostgreSQL; where digests go; what registers webhooks |
//! | judgement | [`portfolio`], [`signals`] | what the organisation declares; what the data says about it |
//! | ground | [`model`], [`clock`], [`entropy`], [`mutants`], [`plain`], [`spawn`], [`schedule`], [`secret`], [`spans`], [`transport`], [`trust`] | the words everyone uses, and the seams |
//!
//! [`sim`] stands beside the house: trackers and an organisation that never were, served over HTTP
//! in the trackers' own dialects, for the demo and the tests. It uses the ground and nothing of
//! [`trackers`], so that the two cannot share a mistake.
//!
//! # Invariants
//!
//! Most of what holds this together is something that does not exist.
//!
//! - **There is no second door for data.** A webhook is verified, and the key that it names is
//!   stored as a hint before the answer is sent. Its payload is then dropped, and the item is read
//!   again from the tracker. Lost, doubled, reordered and forged deliveries can make data late,
//!   never wrong.
//! - **There is no content from a search.** An index lags and truncates. It is asked for ids and
//!   stamps; content and the whole history are read by id, content first, so that a change in
//!   between shows as history newer than its content and is read again. Jira Data Center has no
//!   bulk read: there a search names the ids, and what it gives late is read one by one.
//! - **There is no conclusion from absence.** What a list leaves out is asked for by id, and only
//!   an answer to that makes a tombstone. A tombstone keeps its history and can be undone.
//! - **There is no cursor ahead of its data.** A batch and its resume point are one transaction.
//!   The cursor moves after a complete scan only, to the tracker's own clock at its start.
//! - **There is no network inside a transaction**, and no write without a
//!   [`Lease`](store::Lease), whose fencing number the same transaction checks.
//! - **There is no fact with one clock.** Each knows when it happened and when it was learned. A
//!   fact that is withdrawn keeps its row, so a digest of the past renders again byte for byte.
//! - **There is no guess.** An item that two teams' rules match alike is contested, one that none
//!   matches is unplaced; both lower coverage and neither is counted. A status name never decides
//!   a category. What cannot be read is a named gap.
//! - **There is no failure in the core.** [`signals`] and placement are pure and total: they give a
//!   value and what is missing for a better one. Errors live outside and name the next move.
//! - **There is no present in the core.** Only [`clock`] knows now. No random hasher and no order
//!   of a map reaches an output.
//! - **There is no person.** No type, table, field or log line can hold one; changelogs pass a
//!   list of fields that are let in. No assignee, no description, no comment is ever requested.
//! - **There is no due date, estimate, percentage of completion, utilisation or forecast**, and
//!   nothing is sorted by a metric.
//! - **There is no write to a tracker.** Clients send GETs, POSTs that only ask, and the one POST
//!   by which a GitHub App gets its token; [`transport`] refuses them anything else. Only
//!   [`registrar`] can change something, with a client and a credential of its own, when a person
//!   types `streamgauge webhooks register`.
//!
//! # A walk: an issue from Jira to the Monday digest
//!
//! 1. A card is dragged to "In review". Jira calls `/webhooks/jira`. [`web`] hands the raw body to
//!    the tracker, which checks the signature in constant time and names the issue's id. The id is
//!    stored as a hint; then Jira gets its 202, and the loop of the connection in [`serve`] wakes.
//!    Without webhooks the scheduled pull finds the same id some minutes later.
//! 2. [`sync::Engine::refresh`] takes the hint under the connection's lease.
//!    [`trackers::Tracker::read`] asks Jira for the issue and then for its whole changelog.
//!    `trackers::jira::convert` turns both into a [`model::Item`]: ids, labels, components, a list
//!    of dated changes. A row that it does not understand becomes a [`model::Gap`].
//! 3. [`store::Store::apply`] compares the item with what is stored, adds the facts that are new
//!    with the time they were learned, and raises the change sequence.
//! 4. Somebody opens the portfolio page, or the digest is due. [`gauge::Gauge`] sees the sequence
//!    and builds a [`gauge::World`]: [`portfolio::Portfolio`] folds the changes into a timeline,
//!    gives each segment a category, and finds the rule that was valid at each instant and with it
//!    the team, the stream and the epic. `streamgauge explain PAY-12` prints these reasons.
//!    A world of now places only what changed since the one before.
//! 5. [`signals::evaluate`] turns the timelines into attention, waits and throughput by complete
//!    weeks, compares them with their own past, and gives each signal a verdict: confirmed, new,
//!    usual, insufficient. The card's wait since Thursday is a few item-days in V5 of its stream.
//!    A report of now is made with a [`signals::Memo`]: [`signals::recall`] takes from sums of
//!    integers what went and adds what came, and makes anew only what rests on items that say
//!    something else. It is the report from scratch, byte for byte; `tests/it/incremental.rs` holds
//!    that over random lives.
//! 6. Monday, 07:00 in the portfolio's zone. [`digests`] claims the digest by its name, due time
//!    and channel, renders the [`signals::Report`] into three questions with at most three
//!    observations each, keeps the bytes, and hands them to the channel. A second process finds
//!    the claim and sends nothing. Had Jira not answered since Friday, the first lines would say
//!    so; `/status` and [`gauge::Status`] tell the rest.
//!
//! # Seams
//!
//! Five things come from outside, so that a test can own them: time ([`clock::Clock`]), the
//! network ([`transport::Wire`], one tower service that carries reqwest and octocrab alike),
//! transactions ([`store::Store::open_inline`] runs them on the caller's thread), randomness
//! ([`entropy::Entropy`]) and tasks ([`spawn::Spawner`]). `.clippy.toml` refuses the ways around
//! them.
//!
//! # Where to add what
//!
//! | to add | touch |
//! |---|---|
//! | a signal | a file in `src/signals/` with a [`signals::Signal`], and its line in [`signals::ALL`] |
//! | a change of a signal's figures | a version in its `history`, and its line in `tests/it/definitions.rs` |
//! | a tracker | a folder in `src/trackers/` that implements [`trackers::Tracker`], and its kind in [`trackers::settings`] |
//! | a source of outcomes | a file in `src/sources/`, its kind there, and in `src/portfolio/` the keys that declare it |
//! | a channel | a file in `src/channels/` with one `deliver`, its kind in [`channels::settings`], and its form of a digest in `src/digests/` |
//! | a criterion of rules | a variant in `src/portfolio/matcher.rs` |
//! | a key of a file | what reads it, and in `config/` the sample and its schema; `tests/it/file_schemas.rs` holds the three together |
//! | a table or column | a step in `src/store/migrations/`, and a line in the story of calls that the tests run on both databases |
//!
//! Pages, API, digest and `explain` pick up new signals from the list; settings, sync and webhooks
//! pick up new trackers from theirs.

pub mod model;

pub mod clock;
pub mod entropy;
pub mod mutants;
pub mod plain;
pub mod schedule;
pub mod secret;
pub mod spans;
pub mod spawn;
pub mod transport;
pub mod trust;

pub mod portfolio;
pub mod signals;

pub mod channels;
pub mod registrar;
pub mod sources;
pub mod store;
pub mod trackers;

pub mod gauge;
pub mod sync;

pub mod digests;
pub mod web;

pub mod settings;
pub mod telemetry;

pub mod cli;
pub mod demo;
pub mod serve;

pub mod sim;
