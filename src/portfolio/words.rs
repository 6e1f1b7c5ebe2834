//! The words that frameworks use for the same levels. Display only: no number, verdict or order
//! may depend on them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Vocabulary;

/// One word (or short phrase) per level. `None`: the framework has no such level, so it is hidden
/// and never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Words {
    pub portfolio: Option<&'static str>,
    pub stream: &'static str,
    pub enabling_stream: Option<&'static str>,
    pub team: &'static str,
    pub epic: Option<&'static str>,
    pub item: &'static str,
    pub theme: Option<&'static str>,
    pub cadence: Option<&'static str>,
    pub integration_point: Option<&'static str>,
    pub portfolio_steward: Option<&'static str>,
    pub technical_steward: Option<&'static str>,
    pub lean_pmo: Option<&'static str>,
    pub stream_steward: &'static str,
    pub product_voice: &'static str,
}

/// The words of a vocabulary.
#[must_use]
pub fn words(vocabulary: Vocabulary) -> &'static Words {
    match vocabulary {
        Vocabulary::Generic => &GENERIC,
        Vocabulary::Safe => &SAFE,
        Vocabulary::Less => &LESS,
        Vocabulary::ScrumAtScale => &SCRUM_AT_SCALE,
        Vocabulary::Spotify => &SPOTIFY,
    }
}

static GENERIC: Words = Words {
    portfolio: Some("Portfolio"),
    stream: "Value stream",
    enabling_stream: Some("Enabling stream"),
    team: "Product team",
    epic: Some("Bet"),
    item: "Work item",
    theme: Some("Strategic theme"),
    cadence: Some("Cadence"),
    integration_point: Some("Integration point"),
    portfolio_steward: Some("Portfolio lead"),
    technical_steward: Some("Architect"),
    lean_pmo: Some("Lean PMO"),
    stream_steward: "Value stream lead",
    product_voice: "Product owner",
};

static SAFE: Words = Words {
    portfolio: Some("Portfolio"),
    stream: "Development value stream",
    enabling_stream: Some("Shared services"),
    team: "Agile team",
    epic: Some("Portfolio epic"),
    item: "Story, feature or enabler",
    theme: Some("Strategic theme"),
    cadence: Some("PI"),
    integration_point: Some("System demo"),
    portfolio_steward: Some("Lean Portfolio Management"),
    technical_steward: Some("Enterprise Architect"),
    lean_pmo: Some("APMO / VMO"),
    stream_steward: "RTE / STE",
    product_voice: "Product Owner",
};

static LESS: Words = Words {
    portfolio: None,
    stream: "Requirement area",
    enabling_stream: None,
    team: "Feature team",
    epic: None,
    item: "Product Backlog item",
    theme: None,
    cadence: Some("Sprint"),
    integration_point: Some("Sprint Review"),
    portfolio_steward: Some("Product Owner"),
    technical_steward: None,
    lean_pmo: None,
    stream_steward: "Area Product Owner",
    product_voice: "Product Owner",
};

static SCRUM_AT_SCALE: Words = Words {
    portfolio: Some("Executive MetaScrum"),
    stream: "Scrum of Scrums",
    enabling_stream: Some("Supporting teams"),
    team: "Scrum team",
    epic: Some("Common backlog item"),
    item: "Product Backlog item",
    theme: Some("Strategic priority"),
    cadence: Some("Sprint"),
    integration_point: Some("Integrated increment"),
    portfolio_steward: Some("Chief Product Owner"),
    technical_steward: Some("Executive Action Team"),
    lean_pmo: Some("Executive Action Team"),
    stream_steward: "Chief Product Owner",
    product_voice: "Product Owner",
};

static SPOTIFY: Words = Words {
    portfolio: None,
    stream: "Tribe",
    enabling_stream: Some("Infrastructure tribe"),
    team: "Squad",
    epic: Some("Mission-level bet"),
    item: "Work item",
    theme: Some("Mission"),
    cadence: None,
    integration_point: None,
    portfolio_steward: None,
    technical_steward: Some("System owner"),
    lean_pmo: None,
    stream_steward: "Tribe lead",
    product_voice: "Product Owner",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_that_a_framework_lacks_are_hidden() {
        assert!(words(Vocabulary::Generic).portfolio.is_some());
        let less = words(Vocabulary::Less);
        assert_eq!((less.portfolio, less.epic, less.theme), (None, None, None));
        let spotify = words(Vocabulary::Spotify);
        assert_eq!((spotify.portfolio, spotify.cadence), (None, None));
        assert_eq!(words(Vocabulary::ScrumAtScale).portfolio, Some("Executive MetaScrum"));
    }
}
