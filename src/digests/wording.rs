//! The wording rules of section 5.2 of the signal catalogue, as a check over rendered text.
//!
//! Quoted names (`"Wallet"`), code spans and headings are exempt: they are other people's words.

use std::sync::OnceLock;

use regex::Regex;

/// One rule that text can break.
struct Rule {
    number: u8,
    about: &'static str,
    pattern: Regex,
}

fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let word = |words: &str| {
            Regex::new(&format!(r"(?i)\b(?:{words})\b")).expect("the rules are valid patterns")
        };
        let rule = |number, about, pattern| Rule { number, about, pattern };
        vec![
            rule(2, "prescribes", word(
                r"should|must|needs? to|have to|has to|ought|recommend\w*|actions? required|please",
            )),
            rule(3, "judges", word(
                r"good|bad|poor|best|worst|healthy|unhealthy|red|amber|green|fail(?:s|ed|ing)? to|under-?perform\w*|lagg\w*|behind|late|on track|off track",
            )),
            rule(4, "ranks", word(
                r"rank\w*|top \d+|bottom|highest|lowest|leader|league|better than|worse than",
            )),
            rule(5, "uses a refused word", word(
                r"utili[sz]ation|milestones?|deadlines?|due date|forecasts?|ETA|percent complete|burn-?(?:up|down)|velocity|projects?",
            )),
            rule(5, "gives a completion figure", Regex::new(r"(?i)% complete").expect("valid")),
            rule(7, "claims a cause", word(r"because|caused|due to|led to")),
            rule(8, "prints a percentage with more than one decimal",
                Regex::new(r"\d+\.\d{2,}\s?%").expect("valid")),
        ]
    })
}

/// Every broken rule, as "rule 3 judges: late". Empty for a page that may go out.
///
/// `hidden` are the names of teams, which must not appear above the team (rule 6).
#[must_use]
pub fn violations(markdown: &str, hidden: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for line in markdown.lines().filter(|line| !line.starts_with('#')) {
        let text = without_quotes(line);
        for rule in rules() {
            for hit in rule.pattern.find_iter(&text) {
                found.push(format!("rule {} {}: {}", rule.number, rule.about, hit.as_str()));
            }
        }
        for name in hidden.iter().filter(|name| names(line, name)) {
            found.push(format!("rule 6 names a team: {name}"));
        }
        if let Some(observation) = line.strip_prefix("- **")
            && !observation.trim_end().ends_with('?')
        {
            found.push(format!("rule 1 has no question: {observation}"));
        }
    }
    found
}

/// The line without quoted names and code spans.
fn without_quotes(line: &str) -> String {
    static QUOTED: OnceLock<Regex> = OnceLock::new();
    QUOTED
        .get_or_init(|| Regex::new(r#""[^"]*"|`[^`]*`|“[^”]*”"#).expect("the pattern is valid"))
        .replace_all(line, "\u{2026}")
        .into_owned()
}

/// Does the line hold the name as a whole word?
fn names(line: &str, name: &str) -> bool {
    let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    !name.is_empty()
        && line.match_indices(name).any(|(at, found)| {
            boundary(line[..at].chars().next_back())
                && boundary(line[at + found.len()..].chars().next())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_can_fail() {
        for (text, rule) in [
            ("You should stop.", "rule 2"),
            ("It needs to move.", "rule 2"),
            ("A poor week.", "rule 3"),
            ("Delivered late.", "rule 3"),
            ("The highest share.", "rule 4"),
            ("The next milestone.", "rule 5"),
            ("80 % complete", "rule 5"),
            ("A project ended.", "rule 5"),
            ("This happened because of it.", "rule 7"),
            ("31.25 % of attention", "rule 8"),
            ("- **Fleet**: 12 items.", "rule 1"),
            ("Team Checkout did it.", "rule 6"),
        ] {
            let found = violations(text, &["Checkout".to_owned()]);
            assert!(found.iter().any(|f| f.starts_with(rule)), "{text}: {found:?}");
        }
    }

    #[test]
    fn quoted_names_and_headings_are_exempt() {
        let text = "# Best digest\n- **Fleet**: the epic \"Best project ever\" rests. Is it so?";
        assert!(violations(text, &["Ever".to_owned()]).is_empty());
    }
}
