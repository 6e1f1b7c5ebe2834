//! Text that others wrote, made safe to look at. Titles, labels, statuses and names of projects are
//! free text: they may hold what commands a terminal, forges a line, or turns round what stands
//! beside it. Every place that shows text passes it through here; the store keeps it as it came.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How the address of a PNG that stands inside a text begins (RFC 2397).
pub const PNG_INSIDE: &str = "data:image/png;base64,";

/// A break for `@` and addresses that our own digests put in; it may stay.
pub const BREAK: char = '\u{200b}';

/// Whether a character does something instead of showing something: control characters, those that
/// turn the direction of text, and those that cannot be seen. The joiners stay: Persian, the scripts
/// of India and emoji are written with them.
#[must_use]
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line: whatever is active becomes a space.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    spaced(text, &[])
}

/// Several lines of our own, with text of others inside: line breaks, tabs and [`BREAK`] stay.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    spaced(text, &['\n', '\t', BREAK])
}

fn spaced<'a>(text: &'a str, kept: &[char]) -> Cow<'a, str> {
    let goes = |c: char| is_active(c) && !kept.contains(&c);
    if text.is_ascii() && !text.bytes().any(|byte| goes(byte.into())) || !text.contains(goes) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if goes(c) { ' ' } else { c }).collect::<String>().into()
}

/// JSON that can be printed on a terminal and cut into lines by anything: active characters, which
/// occur inside of strings only, are written as escapes. The value is the same.
#[must_use]
pub fn json(text: String) -> String {
    let goes = |c: char| is_active(c) && c != '\n';
    if !text.contains(goes) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if goes(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// An event of the log as one line: line breaks inside of it are written as escapes, and so is
/// everything else that is active, but for the colours that the log itself puts in.
#[must_use]
pub fn event(text: &str, coloured: bool) -> Cow<'_, str> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let goes = |c: char| is_active(c) && !(coloured && c == '\u{1b}');
    if !body.contains(goes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in body.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            c if goes(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push_str(&text[body.len()..]);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "a\u{1b}[2J\nb\u{9b}c\u{202e}d\u{2028}e\u{e0041}f\tg\u{200d}h\u{200b}";

    #[test]
    fn active_characters_become_spaces() {
        assert_eq!(line(EVIL), "a [2J b c d e f g\u{200d}h ");
        assert_eq!(lines(EVIL), "a [2J\nb c d e f\tg\u{200d}h\u{200b}");
        assert!(matches!(line("Zahlung über €"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_keeps_its_value() {
        let text = json(serde_json::to_string_pretty(&[EVIL]).unwrap());
        assert!(!text.contains(|c: char| is_active(c) && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [EVIL]);
    }

    #[test]
    fn an_event_is_one_line() {
        let told = event("x\u{1b}[2J\nforged\r\u{202e}\n", false);
        assert_eq!(told, "x\\u{1b}[2J\\nforged\\u{d}\\u{202e}\n");
        assert_eq!(
            event("\u{1b}[32mINFO\u{1b}[0m a\nb\n", true),
            "\u{1b}[32mINFO\u{1b}[0m a\\nb\n"
        );
    }
}
