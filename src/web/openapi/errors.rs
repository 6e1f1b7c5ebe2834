//! The errors of the API: one sentence of plain text each.

use serde_json::{Map, Value, json};

use super::operations::Operation;

/// Status, name of the response, what it means, an example.
const ERRORS: [(u16, &str, &str, &str); 11] = [
    (
        400,
        "Wrong",
        "A parameter or the body cannot be read, or a reference in it is not known: the sentence names it and the mend.",
        "as_of=monday: write it as 2026-06-15T06:00:00Z\n",
    ),
    (401, "Unknown", "No credential, or a wrong one.", "a credential is needed\n"),
    (
        403,
        "Forbidden",
        "The credential's role does not open this, a browser writes from another site, or nobody but this machine is served.",
        "this credential does not open that page\n",
    ),
    (404, "NotFound", "Nothing is known by that name.", "no item is known by the key PAY-9\n"),
    (408, "TooSlow", "The body took longer than ten seconds.", "the body came too slowly\n"),
    (413, "TooLarge", "The body is larger than 64 KiB.", "the body is too large\n"),
    (
        415,
        "Encoded",
        "The body is not `application/json`, or is compressed.",
        "Expected request with `Content-Type: application/json`",
    ),
    (
        422,
        "Unreadable",
        "The body is JSON, and not what is asked for: the sentence names the field.",
        "Failed to deserialize the JSON body into the target type: missing field `why` at line 1 column 40",
    ),
    (
        429,
        "TooMany",
        "Too many questions about the past, or wrong credentials, came from this address within a minute.",
        "too many questions about the past came from this address\n",
    ),
    (
        503,
        "Unavailable",
        "The database does not answer, or there is no room for another body.",
        "the store does not answer; see /status and the log of the daemon\n",
    ),
    (504, "TimedOut", "The answer took longer than thirty seconds; it has no body.", ""),
];

/// The errors of an operation, in order.
pub(super) fn of(one: &Operation, writes: bool) -> Vec<u16> {
    let mut all = vec![400, 401, 403, 429, 503, 504];
    if writes {
        all.extend([408, 413, 415, 422]);
    }
    if one.may_miss {
        all.push(404);
    }
    all.sort_unstable();
    all
}

/// A pointer to the response.
pub(super) fn reference(status: u16) -> Value {
    let name = ERRORS.iter().find(|(own, ..)| *own == status).map_or("", |(_, name, ..)| name);
    json!({ "$ref": format!("#/components/responses/{name}") })
}

/// The response itself.
pub(super) fn response(status: u16) -> Value {
    let found = ERRORS.iter().find(|(own, ..)| *own == status);
    let Some((_, _, says, example)) = found else { return Value::Null };
    let mut told = json!({ "description": says });
    if !example.is_empty() {
        let schema = json!({ "type": "string", "minLength": 2 });
        told["content"] = json!({ "text/plain": { "schema": schema, "example": example } });
    }
    if status == 429 {
        let wait = json!({ "type": "integer", "minimum": 1 });
        told["headers"] =
            json!({ "Retry-After": { "description": "Seconds to wait.", "schema": wait } });
    }
    told
}

/// Every response, by name.
pub(super) fn responses() -> Map<String, Value> {
    ERRORS.iter().map(|(status, name, ..)| ((*name).to_owned(), response(*status))).collect()
}
