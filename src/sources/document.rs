//! One number in a JSON document.

use chrono_tz::Tz;
use serde_json::Value;

use super::{Sample, SourceError, instant, of_seconds};
use crate::model::Timestamp;

/// The number at `pointer`, read now, or at the instant at `time` where one is named: RFC 3339, a
/// day, or unix seconds.
///
/// # Errors
/// The body is not JSON, or a pointer leads to nothing of its kind.
pub(super) fn sample(
    host: &str,
    body: &[u8],
    pointer: &str,
    time: Option<&str>,
    now: Timestamp,
    zone: Tz,
) -> Result<Sample, SourceError> {
    let fail = |problem: String| SourceError::unusable(host, problem);
    let document: Value = serde_json::from_slice(body).map_err(|error| {
        fail(format!("the answer is not JSON (line {}, column {})", error.line(), error.column()))
    })?;
    let at = |pointer: &str| {
        let found = document.pointer(pointer);
        found.ok_or_else(|| fail(format!("`{pointer}` leads to nothing; correct the pointer")))
    };
    let value = at(pointer)?;
    let number = value
        .as_f64()
        .filter(|number| number.is_finite())
        .ok_or_else(|| fail(format!("`{pointer}` leads to {}, not to a number", kind(value))))?;
    let Some(time) = time else { return Ok(Sample { at: now, value: number }) };
    let when = at(time)?;
    let when = match when {
        Value::String(text) => instant(text, zone),
        Value::Number(seconds) => seconds.as_f64().and_then(of_seconds),
        _ => None,
    };
    let when = when.ok_or_else(|| {
        fail(format!(
            "`{time}` does not lead to an instant; it is written as 2026-06-15T06:00:00Z, \
             2026-06-15, or seconds since 1970"
        ))
    })?;
    Ok(Sample { at: when, value: number })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, pointer: &str, time: Option<&str>) -> Result<Sample, String> {
        let now = Timestamp::parse("2026-06-15T06:00:00Z").unwrap();
        sample("kpi.example", body.as_bytes(), pointer, time, now, Tz::UTC)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_pointer_names_the_number_and_its_time() {
        let body =
            r#"{"repeat":{"share":0.41,"a/b":2},"at":"2026-06-12","n":1781481600,"t":"0.4"}"#;
        let told = read(body, "/repeat/share", None).unwrap();
        assert_eq!((told.value, told.at.to_string()), (0.41, "2026-06-15T06:00:00Z".to_owned()));
        assert_eq!(read(body, "/repeat/a~1b", None).unwrap().value, 2.0);
        let at = |time| read(body, "/repeat/share", Some(time)).map(|told| told.at.to_string());
        assert_eq!(at("/at").unwrap(), "2026-06-12T00:00:00Z");
        assert_eq!(at("/n").unwrap(), "2026-06-15T00:00:00Z");
        assert!(at("/t").unwrap_err().contains("`/t` does not lead to an instant"));
        assert!(at("/repeat").unwrap_err().contains("does not lead to an instant"));
        // A text is no number, whatever stands in it.
        assert!(read(body, "/t", None).unwrap_err().ends_with("leads to a text, not to a number"));
        assert!(read(body, "/gone", None).unwrap_err().contains("`/gone` leads to nothing"));
        let told = read("{\n nonsense", "/t", None).unwrap_err();
        assert_eq!(told, "kpi.example: the answer is not JSON (line 2, column 2)");
        assert!(read("[1e999]", "/0", None).is_err());
    }
}
