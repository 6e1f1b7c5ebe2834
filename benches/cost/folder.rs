//! The folder that is filled once and read by processes of their own.

use std::path::Path;
use std::sync::Arc;

use streamgauge::portfolio::Portfolio;

/// What the folder declares, and where its store is.
pub fn open(folder: &str) -> (Arc<Portfolio>, String) {
    let text = std::fs::read_to_string(Path::new(folder).join("portfolio.toml")).unwrap();
    let portfolio = Portfolio::parse(&text, "portfolio.toml").unwrap();
    (Arc::new(portfolio), format!("sqlite:{folder}/streamgauge.db"))
}
