//! The answers of the query API of Prometheus, `/api/v1/query` and `/api/v1/query_range`.

use serde::Deserialize;
use serde_json::Value;

use super::{Sample, SourceError, Told, of_seconds, shortened};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status: String,
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Value,
}

/// A point: unix seconds and the value as text.
type Point = (f64, String);

#[derive(Deserialize)]
struct Series {
    value: Option<Point>,
    values: Option<Vec<Point>>,
}

/// What a refusal says of itself.
pub(super) fn words(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Answer>(body).ok()?.error
}

/// The samples of the one series that a query gives. A scalar is a series too.
///
/// # Errors
/// The answer is none of this API, tells an error, holds no series or several, or no number.
pub(super) fn samples(host: &str, body: &[u8]) -> Result<Told, SourceError> {
    let fail = |problem: String| Err(SourceError::unusable(host, problem));
    let foreign = "the answer is not one of the query API of Prometheus; write an address that ends \
                   in /api/v1/query or /api/v1/query_range";
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else { return fail(foreign.into()) };
    let data = match (answer.status.as_str(), answer.data) {
        ("success", Some(data)) => data,
        ("error", _) => {
            let said = answer.error.map_or_else(String::new, |said| shortened(&said));
            return fail(format!("the query failed: \"{said}\"; correct it in the portfolio file"));
        }
        _ => return fail(foreign.into()),
    };
    let points: Vec<Point> = match data.result_type.as_str() {
        "scalar" => match serde_json::from_value::<Point>(data.result) {
            Ok(point) => vec![point],
            Err(_) => return fail(foreign.into()),
        },
        "vector" | "matrix" => {
            let Ok(mut series) = serde_json::from_value::<Vec<Series>>(data.result) else {
                return fail(foreign.into());
            };
            match series.len() {
                0 => {
                    let why = "the query gives no series at that time; check its names and labels, \
                               and how long the server keeps its data";
                    return fail(why.into());
                }
                1 => {}
                n => {
                    return fail(format!(
                        "the query gives {n} series and none of them is chosen; make it one, for \
                         example with sum(...)"
                    ));
                }
            }
            let one = series.remove(0);
            one.value.into_iter().chain(one.values.into_iter().flatten()).collect()
        }
        other => return fail(format!("the query gives a {}, not a number", shortened(other))),
    };
    numbers(host, points)
}

/// `NaN` and the infinities are no readings: a division by nothing gives them.
fn numbers(host: &str, points: Vec<Point>) -> Result<Told, SourceError> {
    let given = points.len();
    let sample = |(at, text): Point| {
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
        Some(Sample { at: of_seconds(at)?, value })
    };
    let samples: Vec<Sample> = points.into_iter().filter_map(sample).collect();
    let odd = given - samples.len();
    if samples.is_empty() {
        let why = "the query gives no number, only values such as NaN; check what it divides by";
        return Err(SourceError::unusable(host, why));
    }
    let problem = (odd > 0).then(|| {
        format!("{host}: {odd} of {given} points are no numbers (such as NaN) and were left out")
    });
    Ok(Told { samples, problem })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn read(body: &str) -> Result<Vec<(String, f64)>, String> {
        let told =
            samples("metrics.example", body.as_bytes()).map_err(|error| error.to_string())?;
        Ok(told.samples.iter().map(|sample| (sample.at.to_string(), sample.value)).collect())
    }

    /// As the server of its documentation answers.
    #[test]
    fn recorded_answers() {
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"up","job":"prometheus"},"value":[1435781451.781,"1"]}]}}"#;
        assert_eq!(read(vector).unwrap(), [("2015-07-01T20:10:51.781Z".to_owned(), 1.0)]);
        let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"job":"prometheus"},"values":[[1435781430.781,"1"],[1435781445.781,"2.5e-3"]]}]}}"#;
        assert_eq!(read(matrix).unwrap()[1].1, 0.0025);
        let scalar =
            r#"{"status":"success","data":{"resultType":"scalar","result":[1435781451,"42"]}}"#;
        assert_eq!(read(scalar).unwrap(), [("2015-07-01T20:10:51Z".to_owned(), 42.0)]);
        let error = r#"{"status":"error","errorType":"bad_data","error":"1:5: parse error: unexpected end of input"}"#;
        assert!(read(error).unwrap_err().contains("parse error: unexpected end of input"));
        assert_eq!(words(error.as_bytes()).unwrap(), "1:5: parse error: unexpected end of input");
        assert_eq!(
            Timestamp::parse("2015-07-01T20:10:51.781Z").unwrap().millis(),
            1_435_781_451_781
        );
    }

    #[test]
    fn no_series_several_and_no_number_are_problems_and_never_zero() {
        let of = |result: &str| {
            let body = format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}"#
            );
            read(&body).unwrap_err()
        };
        assert!(of("[]").contains("gives no series"));
        let one = r#"{"metric":{},"value":[1,"1"]}"#;
        assert!(of(&format!("[{one},{one}]")).contains("2 series"));
        for odd in ["NaN", "+Inf", "-Inf", "", "one"] {
            assert!(
                of(&format!(r#"[{{"metric":{{}},"value":[1,"{odd}"]}}]"#)).contains("no number")
            );
        }
        assert!(of(r#"[{"metric":{},"value":[1e300,"1"]}]"#).contains("no number"), "no instant");
        for foreign in ["", "<html>", "[]", "{}", r#"{"status":"success"}"#, r#"{"status":7}"#] {
            assert!(read(foreign).unwrap_err().contains("not one of the query API"), "{foreign}");
        }
        assert!(of(r#"[{"value":["1","1"]}]"#).contains("not one of the query API"));
        let text = r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#;
        assert!(read(text).unwrap_err().contains("gives a string"));
    }
}
