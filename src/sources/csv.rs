//! Readings in a CSV file (RFC 4180): a header line, one column of the time, one of the value.
//!
//! A message names file, line and column and never what stands there: the file may be another one
//! than was meant, and messages are read by many.

use std::path::Path;

use chrono_tz::Tz;
use tokio::io::AsyncReadExt;

use super::{LARGEST, Sample, SourceError, Told, instant};

/// The columns to read, by their names in the header.
pub(super) struct Columns {
    pub time: String,
    pub value: String,
}

/// One cell and its place, both counted from 1.
#[derive(Debug, PartialEq, Eq)]
struct Cell {
    text: String,
    line: usize,
    column: usize,
}

/// Reads a file that is one: a pipe would never end.
pub(super) async fn file(path: &Path, shown: &str) -> Result<Vec<u8>, SourceError> {
    let cannot = |error: std::io::Error| {
        let why = format!("cannot be read ({error}); put the file there, or correct `csv`");
        SourceError::unusable(shown, why)
    };
    let about = tokio::fs::metadata(path).await.map_err(cannot)?;
    if !about.is_file() {
        return Err(SourceError::unusable(shown, "is not a file; correct `csv`"));
    }
    let file = tokio::fs::File::open(path).await.map_err(cannot)?;
    let mut bytes = Vec::new();
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).await.map_err(cannot)?;
    if bytes.len() > LARGEST {
        let why = format!("is larger than {} MiB; keep the newest years in it", LARGEST >> 20);
        return Err(SourceError::unusable(shown, why));
    }
    Ok(bytes)
}

/// Every row that holds an instant and a number. Of the others the first is named.
///
/// # Errors
/// The text is no UTF-8, a quote is left open, a column is missing, or no row is usable.
pub(super) fn samples(
    place: &str,
    bytes: &[u8],
    columns: &Columns,
    zone: Tz,
) -> Result<Told, SourceError> {
    let at = |line: usize, column: usize| format!("{place}:{line}:{column}");
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = end_of(&bytes[..error.valid_up_to()]);
        SourceError::unusable(&at(line, column), "is not UTF-8; save the file as UTF-8")
    })?;
    let mut rows = rows(text)
        .map_err(|(line, column)| {
            let why = "this quotation mark is never closed";
            SourceError::unusable(&at(line, column), why)
        })?
        .into_iter();
    let header = rows.next().unwrap_or_default();
    let find = |name: &str| {
        header.iter().position(|cell| cell.text.trim() == name).ok_or_else(|| {
            let why = format!(
                "the header line names no column `{name}`; correct it, or the portfolio file"
            );
            SourceError::unusable(&at(1, 1), why)
        })
    };
    let (time, value) = (find(&columns.time)?, find(&columns.value)?);
    let (mut samples, mut wrong) = (Vec::new(), Vec::new());
    for row in rows {
        match sample(&row, time, value, zone) {
            Ok(sample) => samples.push(sample),
            Err((line, column, why)) => wrong.push(format!("{}: {why}", at(line, column))),
        }
    }
    let problem = wrong.first().map(|first| match wrong.len() {
        1 => first.clone(),
        n => format!("{first} (and {} more rows)", n - 1),
    });
    if samples.is_empty() {
        let why =
            problem.unwrap_or_else(|| format!("{}: there is no row below the header", at(1, 1)));
        let (place, problem) = why.split_once(": ").unwrap_or((place, &why));
        return Err(SourceError::unusable(place, problem));
    }
    Ok(Told { samples, problem })
}

type Wrong = (usize, usize, &'static str);

fn sample(row: &[Cell], time: usize, value: usize, zone: Tz) -> Result<Sample, Wrong> {
    let cell = |place: usize| {
        row.get(place).ok_or_else(|| {
            let last = row.last();
            let line = last.map_or(1, |cell| cell.line);
            let column = last.map_or(1, |cell| cell.column + cell.text.chars().count());
            (line, column, "the row is too short")
        })
    };
    let (time, value) = (cell(time)?, cell(value)?);
    let at = instant(&time.text, zone).ok_or((
        time.line,
        time.column,
        "this is not a time; write 2026-06-15 or 2026-06-15T06:00:00Z",
    ))?;
    let number = value.text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let number = number.ok_or((
        value.line,
        value.column,
        "this is not a number; write it with a point, as 12.5",
    ))?;
    Ok(Sample { at, value: number })
}

/// The cells of every row; empty lines are none. Fails with the place of a quote left open.
fn rows(text: &str) -> Result<Vec<Vec<Cell>>, (usize, usize)> {
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let (mut line, mut column) = (1, 1);
    let fresh = |line, column| Cell { text: String::new(), line, column };
    let mut cell = fresh(1, 1);
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        column += 1;
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                column += 1;
                cell.text.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.text.is_empty() => quoted = true,
            ',' if !quoted => row.push(std::mem::replace(&mut cell, fresh(line, column))),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {}
            '\n' => {
                (line, column) = (line + 1, 1);
                if quoted {
                    cell.text.push('\n');
                    continue;
                }
                row.push(std::mem::replace(&mut cell, fresh(line, column)));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.text.push(other),
        }
    }
    if quoted {
        return Err((cell.line, cell.column));
    }
    row.push(cell);
    rows.push(row);
    rows.retain(|row| row.iter().any(|cell| !cell.text.is_empty()));
    Ok(rows)
}

/// Line and column just behind a text.
fn end_of(bytes: &[u8]) -> (usize, usize) {
    let text = String::from_utf8_lossy(bytes);
    let last = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() + 1, last.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Told, String> {
        let columns = Columns { time: "day".into(), value: "failures".into() };
        samples("sign-in.csv", text.as_bytes(), &columns, Tz::UTC).map_err(|e| e.to_string())
    }

    fn numbers(text: &str) -> Vec<(String, f64)> {
        let told = read(text).unwrap();
        told.samples.iter().map(|sample| (sample.at.to_string(), sample.value)).collect()
    }

    #[test]
    fn rows_are_read_as_spreadsheets_write_them() {
        let plain = "day,failures\n2026-06-08,12.5\n2026-06-15T06:00:00Z,-3\n";
        let expected =
            [("2026-06-08T00:00:00Z".to_owned(), 12.5), ("2026-06-15T06:00:00Z".to_owned(), -3.0)];
        assert_eq!(numbers(plain), expected);
        assert_eq!(read(plain).unwrap().problem, None);
        let odd = "\u{feff}note,\"failures\", day \r\n\"a \"\"quoted\"\",\r\nnote\",12.5,2026-06-08\r\n\r\n,-3,\"2026-06-15T06:00:00Z\"";
        assert_eq!(numbers(odd), expected);
    }

    #[test]
    fn a_bad_row_is_named_by_file_line_and_column_and_the_others_count() {
        let told =
            read("day,note,failures\n2026-06-08,x,1\n2026-06-09,\"two\nlines\",n/a\n2026-06-10,,3")
                .unwrap();
        assert_eq!(told.samples.len(), 2);
        assert_eq!(
            told.problem.unwrap(),
            "sign-in.csv:4:8: this is not a number; write it with a point, as 12.5"
        );
        let told = read("day,failures\n2026-06-08,1\n08.06.2026,2\n2026-06-09,1,5\n2026-06-10\n,4")
            .unwrap();
        assert_eq!(told.samples.len(), 2);
        assert_eq!(
            told.problem.unwrap(),
            "sign-in.csv:3:1: this is not a time; write 2026-06-15 or 2026-06-15T06:00:00Z (and 2 \
             more rows)"
        );
        let short = read("day,failures\n2026-06-10").unwrap_err();
        assert_eq!(short, "sign-in.csv:2:11: the row is too short");
        for odd in ["NaN", "inf", "1,5", "1e999", ""] {
            assert!(read(&format!("day,failures\n2026-06-10,\"{odd}\"")).is_err(), "{odd}");
        }
    }

    #[test]
    fn what_is_no_table_is_refused_without_being_repeated() {
        let told = read("root:x:0:0:root:/root:/bin/bash\n").unwrap_err();
        assert!(
            told.starts_with("sign-in.csv:1:1: the header line names no column `day`"),
            "{told}"
        );
        assert!(!told.contains("root"), "{told}");
        assert!(read("").unwrap_err().contains("names no column"));
        assert!(read("day,failures\n").unwrap_err().contains("no row below the header"));
        let told = read("day,failures\n2026-06-08,\"1\n2026-06-09,2").unwrap_err();
        assert_eq!(told, "sign-in.csv:2:12: this quotation mark is never closed");
        let columns = Columns { time: "day".into(), value: "failures".into() };
        let told =
            samples("x.csv", b"day,failures\n2026-06-08,\xff", &columns, Tz::UTC).unwrap_err();
        assert_eq!(told.to_string(), "x.csv:2:12: is not UTF-8; save the file as UTF-8");
    }

    #[tokio::test]
    async fn only_files_of_a_sane_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let told = file(folder.path(), "readings").await.unwrap_err().to_string();
        assert_eq!(told, "readings: is not a file; correct `csv`");
        let told = file(&folder.path().join("gone.csv"), "gone.csv").await.unwrap_err().to_string();
        assert!(told.starts_with("gone.csv: cannot be read ("), "{told}");
        let large = folder.path().join("large.csv");
        std::fs::File::create(&large).unwrap().set_len(LARGEST as u64 + 1).unwrap();
        let told = file(&large, "large.csv").await.unwrap_err().to_string();
        assert!(told.contains("larger than 8 MiB"), "{told}");
    }
}
