//! The digest as a message of Slack's Block Kit.

use serde_json::{Value, json};

use super::blocks::{self, Block, cut};
use super::compose::Digest;
use crate::plain;

/// Blocks that a message may have.
const MOST_BLOCKS: usize = 50;
/// Characters of a heading.
const MOST_HEADING: usize = 150;
/// Characters of a text.
const MOST_TEXT: usize = 3_000;

/// The body that an incoming webhook takes.
#[must_use]
pub fn render(digest: &Digest) -> String {
    column(&digest.title, &blocks::of(digest))
}

/// A message of these blocks.
pub(super) fn column(title: &str, blocks: &[Block]) -> String {
    let mut shown = vec![heading(title)];
    shown.extend(blocks.iter().map(block));
    let over = shown.len().saturating_sub(MOST_BLOCKS);
    if over > 0 {
        shown.truncate(MOST_BLOCKS - 1);
        let rest =
            format!("{} more blocks do not fit into a message; the page has them.", over + 1);
        shown.push(block(&Block::Soft(rest)));
    }
    let message = json!({
        // What notifications show.
        "text": inert(title),
        "blocks": shown,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    message.to_string()
}

fn heading(text: &str) -> Value {
    let text = cut(&plain::line(text), MOST_HEADING);
    json!({"type": "header", "text": {"type": "plain_text", "text": text, "emoji": false}})
}

fn block(block: &Block) -> Value {
    match block {
        Block::Heading(text) => heading(text),
        Block::Said(subject, text, None) => {
            section(&format!("*{}*: {}", bold(subject), inert(text)))
        }
        // Inside of a link a bar would end the address.
        Block::Said(subject, text, Some(link)) => {
            let subject = bold(subject).replace('|', "\u{2223}");
            section(&format!("*<{}|{subject}>*: {}", escape(link), inert(text)))
        }
        Block::Text(text) => section(&inert(text)),
        Block::Code(text) => section(&format!("```{}```", escape(&plain::lines(text)))),
        Block::Soft(text) => {
            let text = cut(&inert(text), MOST_TEXT);
            json!({"type": "context", "elements": [mrkdwn(&text)]})
        }
    }
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(&cut(text, MOST_TEXT))})
}

/// `verbatim` keeps Slack from making links and mentions of what looks like them.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// The three characters that mean something to Slack in data; with them gone there is no mention,
/// no channel and no link.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn inert(text: &str) -> String {
    escape(&plain::line(text))
}

/// Inside of asterisks, none of its own.
fn bold(text: &str) -> String {
    inert(text).replace('*', "\u{2217}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_mentions_nobody() {
        let hostile = "<!channel> <@U1> <https://evil|text> a&b *bold*\n";
        let shown = block(&Block::Said(hostile.into(), hostile.into(), None)).to_string();
        assert!(!shown.contains('<') && !shown.contains('>'), "{shown}");
        assert!(shown.contains("&lt;!channel&gt;") && shown.contains("a&amp;b"), "{shown}");
        let link = Some("https://gauge.example/signals/V2?slice=stream:a&as_of=1".to_owned());
        let shown = block(&Block::Said(hostile.into(), hostile.into(), link)).to_string();
        let ours = "*<https://gauge.example/signals/V2?slice=stream:a&amp;as_of=1|&lt;!channel";
        assert!(shown.contains(ours), "{shown}");
        assert_eq!((shown.matches('<').count(), shown.matches('|').count()), (1, 2), "{shown}");
    }

    #[test]
    fn nothing_is_longer_than_slack_takes() {
        let long = "ä".repeat(5_000);
        for (kind, most) in [(Block::Heading(long.clone()), 150), (Block::Text(long), 3_000)] {
            let shown = block(&kind);
            let text = shown["text"]["text"].as_str().unwrap();
            assert_eq!(text.chars().count(), most);
            assert!(text.ends_with('…'));
        }
    }
}
