//! What the portfolio records: decisions, and every accepted version of its file.
//! Nothing is changed or deleted; a correction supersedes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::driver::{Row, Tx};
use super::{Store, StoreError, bump, next_numbers};
use crate::model::{DAY_MS, Decision, Expectation, Timestamp};

const PLACE: &str = "the record of decisions and integration events";

/// Records that correct each other: their ids begin with `prefix`, `known` finds one by its number,
/// and `command` enters one.
pub(super) struct Records {
    pub prefix: &'static str,
    pub known: &'static str,
    pub called: &'static str,
    pub command: &'static str,
}

const DECISIONS: Records = Records {
    prefix: "D-",
    known: "SELECT number FROM decisions WHERE number = $1",
    called: "decision",
    command: "decide",
};

/// A question for rows of `decisions d` that [`decision`] reads.
macro_rules! decisions {
    ($which:literal) => {
        concat!(
            "SELECT number, made_at, effective_at, altitude, subject, verb, target_low,
                target_high, measure, direction, review_at, cites, why, known_at
             FROM decisions d ",
            $which
        )
    };
}

impl Store {
    /// Appends a decision and assigns its id; `supersedes` names the one it corrects. One that is
    /// entered again, because nobody heard that it was taken, is not appended: the answer is what
    /// is stored of it. It is the same when every word is, it is in force, and it was made at the
    /// same instant, or, where it was made when it was entered, within the last day.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when `supersedes` names no decision.
    pub async fn add_decision(
        &self,
        mut decision: Decision,
        supersedes: Option<&str>,
    ) -> Result<Decision, StoreError> {
        let supersedes = supersedes.map(str::to_owned);
        self.driver
            .write("add decision", move |tx| {
                let corrected = superseded(tx, &DECISIONS, supersedes.as_deref())?;
                // Taking no number makes two processes wait for each other all the same.
                next_numbers(tx, "decisions", 0)?;
                if let Some(known) = entered_before(tx, &decision, corrected)? {
                    return Ok(known);
                }
                let number = next_numbers(tx, "decisions", 1)?;
                decision.id = format!("D-{number}");
                insert_decision(tx, &decision, number, corrected)?;
                bump(tx)?;
                Ok(decision)
            })
            .await
    }

    /// Decisions known at `known` that none known then supersedes, by made-at, then id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn decisions(&self, known: Option<Timestamp>) -> Result<Vec<Decision>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver
            .read("decisions", move |tx| {
                let rows = tx.query(
                    decisions!(
                        "WHERE known_at <= $1 AND NOT EXISTS
                            (SELECT 1 FROM decisions n
                             WHERE n.supersedes = d.number AND n.known_at <= $1)
                         ORDER BY made_at, number"
                    ),
                    &[known.into()],
                )?;
                rows.iter().map(decision).collect()
            })
            .await
    }

    /// Keeps a version of the portfolio file; false when it equals the newest one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn accept_portfolio(
        &self,
        text: &str,
        known_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (text, hash) = (text.to_owned(), hex::encode(Sha256::digest(text)));
        self.driver
            .write("accept portfolio", move |tx| {
                // The number is taken first: it makes two processes wait for each other.
                let number = next_numbers(tx, "portfolios", 1)?;
                let newest = "SELECT hash FROM portfolios ORDER BY number DESC LIMIT 1";
                if tx.first(newest, &[])?.is_some_and(|row| row.text(0) == Ok(hash.as_str())) {
                    return Ok(false);
                }
                tx.execute(
                    "INSERT INTO portfolios (number, known_at, hash, text)
                     VALUES ($1, $2, $3, $4)",
                    &[number.into(), known_at.into(), (&hash).into(), (&text).into()],
                )?;
                bump(tx).map(|_| true)
            })
            .await
    }

    /// The portfolio file that was in force at `known` (`None`: the newest).
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn portfolio_at(
        &self,
        known: Option<Timestamp>,
    ) -> Result<Option<String>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver
            .read("portfolio", move |tx| {
                let row = tx.first(
                    "SELECT text FROM portfolios WHERE known_at <= $1
                     ORDER BY number DESC LIMIT 1",
                    &[known.into()],
                )?;
                row.map(|row| row.string(0)).transpose()
            })
            .await
    }
}

/// The number of the record that a new one corrects, if it corrects one.
pub(super) fn superseded(
    tx: &mut Tx<'_>,
    records: &Records,
    id: Option<&str>,
) -> Result<Option<i64>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    let number = id.strip_prefix(records.prefix).and_then(|n| n.parse::<i64>().ok());
    let row = number.map(|n| tx.first(records.known, &[n.into()])).transpose()?.flatten();
    row.map(|row| row.int(0)).transpose()?.map(Some).ok_or_else(|| {
        let Records { called, command, .. } = records;
        StoreError::Missing(format!(
            "supersedes: there is no {called} {id:?}; take an id that `streamgauge {command}` \
             printed"
        ))
    })
}

fn entered_before(
    tx: &mut Tx<'_>,
    new: &Decision,
    supersedes: Option<i64>,
) -> Result<Option<Decision>, StoreError> {
    let rows = tx.query(
        decisions!(
            "WHERE why = $1 AND COALESCE(supersedes, 0) = $2 AND NOT EXISTS
                (SELECT 1 FROM decisions n WHERE n.supersedes = d.number)
             ORDER BY number"
        ),
        &[(&new.why).into(), supersedes.unwrap_or(0).into()],
    )?;
    let known = rows.iter().map(decision).collect::<Result<Vec<_>, _>>()?;
    Ok(known.into_iter().find(|known| is_same(known, new)))
}

fn is_same(known: &Decision, new: &Decision) -> bool {
    let at_entry = |one: &Decision| one.made_at == one.known_at;
    let day = new.known_at.millis().saturating_sub(known.known_at.millis()) < DAY_MS;
    let moved = at_entry(known) && at_entry(new) && day;
    let shift = if moved { new.made_at.millis() - known.made_at.millis() } else { 0 };
    // From when it counts moves with the instant of entry, unless it was given.
    let effective = [known.effective_at, known.effective_at.plus_millis(shift)];
    let told = Decision {
        id: new.id.clone(),
        made_at: known.made_at.plus_millis(shift),
        effective_at: if effective.contains(&new.effective_at) {
            new.effective_at
        } else {
            known.effective_at
        },
        known_at: new.known_at,
        ..known.clone()
    };
    told == *new
}

fn insert_decision(
    tx: &mut Tx<'_>,
    decision: &Decision,
    number: u64,
    supersedes: Option<i64>,
) -> Result<(), StoreError> {
    let expects = decision.expects.as_ref();
    let (altitude, subject) = (word(&decision.altitude)?, word(&decision.subject)?);
    let (verb, cites) = (word(&decision.verb)?, word(&decision.cites)?);
    let direction = expects.map(|e| word(&e.direction)).transpose()?;
    tx.execute(
        "INSERT INTO decisions (number, supersedes, made_at, effective_at, altitude, subject, verb,
            target_low, target_high, measure, direction, review_at, cites, why, known_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &[
            number.into(),
            supersedes.into(),
            decision.made_at.into(),
            decision.effective_at.into(),
            (&altitude).into(),
            (&subject).into(),
            (&verb).into(),
            decision.target.map(|t| t.0).into(),
            decision.target.map(|t| t.1).into(),
            expects.map(|e| &e.measure).into(),
            direction.as_ref().into(),
            expects.map(|e| e.review_at).into(),
            (&cites).into(),
            (&decision.why).into(),
            decision.known_at.into(),
        ],
    )?;
    Ok(())
}

fn decision(row: &Row) -> Result<Decision, StoreError> {
    let expects = match row.maybe(8, Row::string)? {
        Some(measure) => Some(Expectation {
            measure,
            direction: unword(row.text(9)?)?,
            review_at: row.time(10)?,
        }),
        None => None,
    };
    Ok(Decision {
        id: format!("D-{}", row.int(0)?),
        made_at: row.time(1)?,
        effective_at: row.time(2)?,
        altitude: unword(row.text(3)?)?,
        subject: unword(row.text(4)?)?,
        verb: unword(row.text(5)?)?,
        target: row.maybe(6, Row::real)?.zip(row.maybe(7, Row::real)?),
        expects,
        cites: unword(row.text(11)?)?,
        why: row.string(12)?,
        known_at: row.time(13)?,
    })
}

/// The model's own words for its closed lists, as JSON text.
pub(super) fn word(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|e| StoreError::Corrupt { place: PLACE, detail: e.to_string() })
}

pub(super) fn unword<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|e| StoreError::Corrupt { place: PLACE, detail: e.to_string() })
}
