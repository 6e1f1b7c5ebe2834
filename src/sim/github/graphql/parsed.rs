//! Clients ask the same few queries again and again: each is parsed and checked once.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use graphql_parser::query::{Document, parse_query};

use super::error::Error;
use super::schema::Schema;

/// Texts kept; more of them come from tests of the parser only.
const MOST: usize = 64;

/// A query as it was written.
pub struct Parsed {
    pub document: Document<'static, String>,
    /// Its only operation fits the schema.
    pub sound: AtomicBool,
}

/// A text, and the place of the schema that it is for.
type Key = (usize, String);

static KNOWN: Mutex<BTreeMap<Key, Arc<Parsed>>> = Mutex::new(BTreeMap::new());

/// The query behind a text.
pub fn parsed(schema: &'static Schema, text: &str) -> Result<Arc<Parsed>, Vec<Error>> {
    let key = (std::ptr::from_ref(schema).addr(), text.to_owned());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(parsed) = known.get(&key) {
        return Ok(Arc::clone(parsed));
    }
    let document = parse_query::<String>(text)
        .map_err(|error| vec![Error::plain(format!("Parse error: {error}"))])?
        .into_static();
    let parsed = Arc::new(Parsed { document, sound: AtomicBool::new(false) });
    if known.len() >= MOST {
        known.clear();
    }
    known.insert(key, Arc::clone(&parsed));
    Ok(parsed)
}
