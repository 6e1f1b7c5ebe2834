//! What a read of a tracker brings.

use streamgauge::model::{ConnectionId, Item, Timestamp, TrackerKind};
use streamgauge::store::Batch;

/// Items of a connection and nothing that could not be read, none of them settled yet.
pub fn batch(connection: &str, tracker: TrackerKind, items: Vec<Item>, at: Timestamp) -> Batch {
    Batch {
        connection: ConnectionId(connection.to_owned()),
        tracker,
        items,
        gaps: Vec::new(),
        known_at: at,
        settled_before: None,
        resume: None,
    }
}
