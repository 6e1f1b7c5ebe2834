//! Entries of `errors`, in GitHub's words.

use graphql_parser::Pos;
use serde_json::{Map, Value, json};

/// One entry. Errors of the query carry `extensions.code`; errors of its execution carry `type`.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    pub message: String,
    pub kind: Option<&'static str>,
    pub path: Vec<Value>,
    pub at: Option<Pos>,
    pub extensions: Option<Value>,
}

impl Error {
    pub fn plain(message: String) -> Self {
        Self { message, kind: None, path: Vec::new(), at: None, extensions: None }
    }

    pub fn typed(kind: &'static str, message: String) -> Self {
        Self { kind: Some(kind), ..Self::plain(message) }
    }

    /// An error found by reading the query; `extensions` names its code and the culprit.
    pub fn in_query(message: String, at: Pos, path: &[String], extensions: Value) -> Self {
        let path = path.iter().map(|step| json!(step)).collect();
        Self { path, at: Some(at), extensions: Some(extensions), ..Self::plain(message) }
    }

    pub fn to_json(&self) -> Value {
        let mut entry = Map::new();
        if let Some(kind) = self.kind {
            entry.insert("type".to_owned(), json!(kind));
        }
        if !self.path.is_empty() {
            entry.insert("path".to_owned(), json!(self.path));
        }
        if let Some(extensions) = &self.extensions {
            entry.insert("extensions".to_owned(), extensions.clone());
        }
        if let Some(at) = self.at {
            entry.insert("locations".to_owned(), json!([{"line": at.line, "column": at.column}]));
        }
        entry.insert("message".to_owned(), json!(self.message));
        Value::Object(entry)
    }
}
