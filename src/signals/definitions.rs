//! Versions of the definitions, and what each changed in the figures: the notes for an upgrade.
//!
//! A report of the past is computed by the definitions of today. So whoever compares it with what
//! was told then has to know by which versions that was told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{ALL, Signal};

/// One version of the definition of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    pub version: u32,
    /// The release that brought it.
    pub since: &'static str,
    /// What it changed in the figures, in one sentence.
    pub changed: &'static str,
}

/// The history of a definition that was never changed.
pub const FIRST: &[Definition] =
    &[Definition { version: 1, since: "0.1.0", changed: "The first definition." }];

/// Versions by signal.
pub type Versions = BTreeMap<String, u32>;

impl Signal {
    /// The version by which the figures are computed.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.history.last().map_or(0, |newest| newest.version)
    }

    /// "Version 2 of this definition, since Streamgauge 0.2.0."
    #[must_use]
    pub fn edition(&self) -> String {
        let since = self.history.last().map_or("", |newest| newest.since);
        format!("Version {} of this definition, since Streamgauge {since}.", self.version())
    }
}

/// By which version the figures of a signal are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SignalVersion {
    pub signal: &'static str,
    pub version: u32,
}

/// The same as a list, in the order of the catalogue.
#[must_use]
pub fn listed() -> Vec<SignalVersion> {
    ALL.iter().map(|s| SignalVersion { signal: s.id, version: s.version() }).collect()
}

/// The version of every signal of the catalogue.
#[must_use]
pub fn versions() -> Versions {
    ALL.iter().map(|signal| (signal.id.to_owned(), signal.version())).collect()
}

/// What every signal was told by before versions were kept.
#[must_use]
pub fn first_versions() -> Versions {
    ALL.iter().map(|signal| (signal.id.to_owned(), FIRST[0].version)).collect()
}

/// A signal that was told by another version of its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redefined {
    pub signal: &'static str,
    pub name: &'static str,
    /// What came since, the oldest first; nothing where the other version is newer than this program.
    pub steps: &'static [Definition],
}

/// The signals that `told` had by another version, in the order of the catalogue. A signal that
/// `told` did not have is none.
#[must_use]
pub fn redefined(signals: &[Signal], told: &Versions) -> Vec<Redefined> {
    let changed = |signal: &&Signal| told.get(signal.id).is_some_and(|v| *v != signal.version());
    let since = |signal: &Signal| {
        let known = told.get(signal.id).copied().unwrap_or_default();
        let kept = signal.history.iter().take_while(|one| one.version <= known).count();
        Redefined { signal: signal.id, name: signal.name, steps: &signal.history[kept..] }
    };
    signals.iter().filter(changed).map(since).collect()
}

impl Redefined {
    /// "The definition of Flow time (V1) changed with 0.2.0. Parked time no longer counts. Its
    /// figures in earlier digests are not comparable, and this page does not compare them."
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { signal, name, steps } = self;
        let of = format!("The definition of {name} ({signal})");
        let (began, told) = match steps {
            [] => (format!("{of} is older here than in the digest before."), String::new()),
            [.., newest] => {
                let told: Vec<&str> = steps.iter().map(|step| step.changed).collect();
                (format!("{of} changed with {}.", newest.since), format!(" {}", told.join(" ")))
            }
        };
        format!(
            "{began}{told} Its figures in earlier digests are not comparable, and this page does \
             not compare them."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::v1_flow_time;

    const SECOND: &[Definition] = &[
        FIRST[0],
        Definition { version: 2, since: "0.2.0", changed: "Parked time no longer counts." },
        Definition { version: 3, since: "0.3.0", changed: "Medians are about a tenth longer." },
    ];

    #[test]
    fn histories_count_from_one_and_say_something() {
        for signal in ALL {
            for (at, one) in signal.history.iter().enumerate() {
                assert_eq!(one.version as usize, at + 1, "{}", signal.id);
                assert!(one.changed.ends_with('.') && !one.since.is_empty(), "{}", signal.id);
            }
            assert!(signal.version() >= 1, "{}", signal.id);
        }
    }

    #[test]
    fn what_was_told_by_another_version_is_named_with_what_changed() {
        let now = [Signal { history: SECOND, ..v1_flow_time::SIGNAL }];
        let told = |version| Versions::from([("V1".to_owned(), version), ("X9".to_owned(), 1)]);
        assert_eq!(redefined(&now, &told(3)), []);
        assert_eq!(redefined(&now, &Versions::new()), [], "a signal that is new is not redefined");
        assert_eq!(redefined(ALL, &first_versions()).len(), {
            ALL.iter().filter(|signal| signal.version() > 1).count()
        });
        let rest = "Its figures in earlier digests are not comparable, and this page does not \
                    compare them.";
        let sentence = |version| redefined(&now, &told(version))[0].sentence();
        assert_eq!(
            sentence(1),
            format!(
                "The definition of Flow time (V1) changed with 0.3.0. Parked time no longer \
                 counts. Medians are about a tenth longer. {rest}"
            )
        );
        assert!(sentence(2).contains("with 0.3.0. Medians"), "{}", sentence(2));
        assert_eq!(
            sentence(4),
            format!(
                "The definition of Flow time (V1) is older here than in the digest before. {rest}"
            )
        );
    }
}
