//! What the organisation declares: streams, teams, workflow, themes, intents, cadences; and the rules
//! that place items.
