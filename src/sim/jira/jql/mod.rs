//! The part of JQL that the simulated site understands; everything else is refused with a
//! sentence, as Jira does for what it cannot parse.

mod issues;
mod words;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

pub use words::{Clause, Op, Order, OrderField, Query, TimeField, TimeValue};

/// Reads a query.
///
/// # Errors
/// A sentence in Jira's style: what was expected, or which field or operator is not known.
pub fn parse(jql: &str) -> Result<Query, String> {
    let mut parser = Parser { tokens: tokens(jql)?, at: 0 };
    let mut query = Query::default();
    if !parser.at_order() && parser.peek().is_some() {
        query.clauses.push(parser.clause()?);
        while parser.take_word("and") {
            query.clauses.push(parser.clause()?);
        }
    }
    if parser.take_word("order") {
        parser.expect_word("by")?;
        query.order.push(parser.order()?);
        while parser.take(&Token::Comma) {
            query.order.push(parser.order()?);
        }
        if query.order.len() > 7 {
            return Err("A query can be ordered by at most 7 fields.".to_owned());
        }
    }
    match parser.peek() {
        None => Ok(query),
        Some(token) => Err(format!("Error in the JQL Query: unexpected {}.", token.show())),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Op(&'static str),
    Open,
    Close,
    Comma,
}

impl Token {
    fn show(&self) -> String {
        match self {
            Self::Word(text) | Self::Quoted(text) => format!("'{text}'"),
            Self::Op(op) => format!("'{op}'"),
            Self::Open => "'('".to_owned(),
            Self::Close => "')'".to_owned(),
            Self::Comma => "','".to_owned(),
        }
    }
}

const OPERATORS: [&str; 8] = [">=", "<=", "!=", "!~", "=", ">", "<", "~"];

fn tokens(jql: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = jql.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '"' | '\'' => quoted(rest, first)?,
            _ => match OPERATORS.iter().find(|op| rest.starts_with(**op)) {
                Some(op) => (Token::Op(op), op.len()),
                None => {
                    let end = rest.find(|c: char| c.is_whitespace() || "(),\"'=<>!~".contains(c));
                    let end = end.unwrap_or(rest.len());
                    if end == 0 {
                        return Err(format!("Error in the JQL Query: '{first}' is reserved."));
                    }
                    (Token::Word(rest[..end].to_owned()), end)
                }
            },
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str, quote: char) -> Result<(Token, usize), String> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c if c == quote => return Ok((Token::Quoted(value), at + 1)),
            c => value.push(c),
        }
    }
    Err(format!("Error in the JQL Query: the quoted string '{value}' has not been completed."))
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self, expected: &str) -> Result<Token, String> {
        let token = self.peek().cloned();
        self.at += 1;
        token.ok_or_else(|| {
            format!("Error in the JQL Query: expecting {expected} before the end of the query.")
        })
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(text)) if text.eq_ignore_ascii_case(word))
    }

    fn at_order(&self) -> bool {
        self.is_word("order")
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<(), String> {
        if self.take_word(word) {
            return Ok(());
        }
        let found = self.next(&format!("'{word}'"))?;
        Err(format!("Error in the JQL Query: expecting '{word}' but got {}.", found.show()))
    }

    fn clause(&mut self) -> Result<Clause, String> {
        let field = match self.next("a field")? {
            Token::Word(field) | Token::Quoted(field) => field,
            other => {
                let shown = other.show();
                return Err(format!("Error in the JQL Query: expecting a field but got {shown}."));
            }
        };
        match field.to_ascii_lowercase().as_str() {
            "project" => Ok(Clause::Projects(self.values(&field)?)),
            "id" | "key" | "issue" | "issuekey" => self.issues(&field),
            "issuetype" | "type" => Ok(Clause::Types(self.values(&field)?)),
            "statuscategory" => self.undone(),
            custom if custom.starts_with("cf[") && custom.ends_with(']') => {
                self.filled(&custom[3..custom.len() - 1])
            }
            "updated" | "updateddate" => self.time(TimeField::Updated),
            "created" | "createddate" => self.time(TimeField::Created),
            _ => Err(format!(
                "Field '{field}' does not exist or you do not have permission to view it."
            )),
        }
    }

    /// `= x` or `in (x, y)`.
    fn values(&mut self, field: &str) -> Result<Vec<String>, String> {
        if self.take_word("in") {
            let opened = self.next("'('")?;
            if opened != Token::Open {
                let shown = opened.show();
                return Err(format!("Error in the JQL Query: expecting '(' but got {shown}."));
            }
            let mut values = vec![self.value()?];
            while self.take(&Token::Comma) {
                values.push(self.value()?);
            }
            return match self.next("')'")? {
                Token::Close => Ok(values),
                other => {
                    let shown = other.show();
                    Err(format!("Error in the JQL Query: expecting ')' but got {shown}."))
                }
            };
        }
        match self.next("an operator")? {
            Token::Op("=") => Ok(vec![self.value()?]),
            other => Err(format!(
                "The operator {} is not supported by the '{field}' field.",
                other.show()
            )),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        match self.next("a value")? {
            Token::Word(value) | Token::Quoted(value) => Ok(value),
            other => {
                let shown = other.show();
                Err(format!("Error in the JQL Query: expecting a value but got {shown}."))
            }
        }
    }

    fn time(&mut self, field: TimeField) -> Result<Clause, String> {
        let op = match self.next("an operator")? {
            Token::Op("=") => Op::Equal,
            Token::Op(">=") => Op::AtLeast,
            Token::Op(">") => Op::More,
            Token::Op("<=") => Op::AtMost,
            Token::Op("<") => Op::Less,
            other => {
                let shown = other.show();
                return Err(format!("The operator {shown} is not supported by a date field."));
            }
        };
        let (text, bare) = match self.next("a date")? {
            Token::Word(text) => (text, true),
            Token::Quoted(text) => (text, false),
            other => {
                let shown = other.show();
                return Err(format!("Error in the JQL Query: expecting a date but got {shown}."));
            }
        };
        let value = time_value(&text, bare).ok_or_else(|| {
            format!(
                "Date value '{text}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', \
                 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', \
                 '4w 2d'."
            )
        })?;
        Ok(Clause::Time { field, op, value })
    }

    fn order(&mut self) -> Result<Order, String> {
        let by = match self.value()?.to_ascii_lowercase().as_str() {
            "created" => OrderField::Created,
            "updated" => OrderField::Updated,
            "key" | "issuekey" | "issue" => OrderField::Key,
            "id" => OrderField::Id,
            other => return Err(format!("Not able to sort using field '{other}'.")),
        };
        let descending = self.take_word("desc");
        if !descending {
            self.take_word("asc");
        }
        Ok(Order { by, descending })
    }
}

/// A bare integer is an instant; a quoted one is a period in minutes, which is Jira's trap.
fn time_value(text: &str, bare: bool) -> Option<TimeValue> {
    if let Ok(number) = text.parse::<i64>() {
        let minutes = || TimeValue::Relative(number.saturating_mul(60_000));
        return Some(if bare { TimeValue::Exact(number) } else { minutes() });
    }
    let formats = ["%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"];
    if let Some(local) = formats.iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok()) {
        return Some(TimeValue::Local(local));
    }
    let formats = ["%Y-%m-%d", "%Y/%m/%d"];
    if let Some(day) = formats.iter().find_map(|f| NaiveDate::parse_from_str(text, f).ok()) {
        return Some(TimeValue::Local(day.and_time(NaiveTime::MIN)));
    }
    let (sign, period) = match text.strip_prefix('-') {
        Some(period) => (-1, period),
        None => (1, text),
    };
    if period.trim().is_empty() {
        return None;
    }
    let mut millis = 0_i64;
    for part in period.split_whitespace() {
        let unit = match part.as_bytes().last()? {
            b'm' => 60_000,
            b'h' => 3_600_000,
            b'd' => 86_400_000,
            b'w' => 7 * 86_400_000,
            _ => return None,
        };
        let count: i64 = part.get(..part.len() - 1)?.parse().ok()?;
        millis = millis.checked_add(count.checked_mul(unit)?)?;
    }
    Some(TimeValue::Relative(sign * millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn reads_the_incremental_query() {
        let query =
            parse("project in (10000, 10001) AND updated >= -15m ORDER BY updated ASC, key ASC");
        let updated = Clause::Time {
            field: TimeField::Updated,
            op: Op::AtLeast,
            value: TimeValue::Relative(-900_000),
        };
        let order = |by| Order { by, descending: false };
        assert_eq!(
            query,
            Ok(Query {
                clauses: vec![
                    Clause::Projects(vec!["10000".to_owned(), "10001".to_owned()]),
                    updated
                ],
                order: vec![order(OrderField::Updated), order(OrderField::Key)],
            })
        );
    }

    #[test]
    fn a_bare_number_is_an_instant_and_a_quoted_one_a_period() {
        assert_eq!(time_value("1763640000000", true), Some(TimeValue::Exact(1_763_640_000_000)));
        assert_eq!(time_value("15", false), Some(TimeValue::Relative(900_000)));
    }

    #[test]
    fn dates_are_read_in_the_callers_zone() {
        let value = time_value("2026-06-15 08:30", false).unwrap();
        let now = Timestamp::from_millis(0);
        let instant = value.resolve(now, chrono_tz::Europe::Zurich);
        assert_eq!(instant, Timestamp::parse("2026-06-15T06:30:00Z").unwrap());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "([a-z]{0,8}|[-0-9]{0,6}[mhdw]?|[ ()=<>!,'\"\\\\]|\\PC){0,12}") {
            if let Err(sentence) = parse(&text) {
                proptest::prop_assert!(sentence.ends_with('.'));
            }
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for jql in [
            "assignee = currentUser()",
            "project = A OR project = B",
            "project ~ A",
            "updated >= yesterday",
            "updated >= -",
            "project in (A",
            "project = \"A",
            "project = A ORDER BY rank",
            "project",
        ] {
            assert!(parse(jql).is_err(), "{jql}");
        }
    }
}
