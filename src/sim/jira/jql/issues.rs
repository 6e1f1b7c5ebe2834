//! Clauses about issues: comparisons with one, custom fields that are filled, what is not done.

use super::{Clause, Op, Parser, Token};

impl Parser {
    /// `= x`, `in (x, y)`, or a comparison with one issue.
    pub(super) fn issues(&mut self, field: &str) -> Result<Clause, String> {
        let op = match self.peek() {
            Some(Token::Op(">=")) => Op::AtLeast,
            Some(Token::Op(">")) => Op::More,
            Some(Token::Op("<=")) => Op::AtMost,
            Some(Token::Op("<")) => Op::Less,
            _ => return Ok(Clause::Issues(self.values(field)?)),
        };
        self.at += 1;
        Ok(Clause::Beyond { op, issue: self.value()? })
    }

    pub(super) fn undone(&mut self) -> Result<Clause, String> {
        let (op, value) = (self.next("an operator")?, self.value()?);
        if op == Token::Op("!=") && value.eq_ignore_ascii_case("done") {
            return Ok(Clause::Undone);
        }
        Err(format!("The simulated site does not compare categories with {}.", op.show()))
    }

    pub(super) fn filled(&mut self, number: &str) -> Result<Clause, String> {
        for word in ["is", "not", "empty"] {
            self.expect_word(word)?;
        }
        Ok(Clause::Filled(number.to_owned()))
    }
}
