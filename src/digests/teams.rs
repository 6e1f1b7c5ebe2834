//! The digest as an adaptive card, for a workflow of Microsoft Teams. Text stands in runs, which
//! are shown as they are; text blocks would be read as Markdown.

use serde_json::{Value, json};

use super::blocks::{self, Block};
use super::compose::Digest;
use crate::plain;

/// Bytes of a message that Teams takes, with room for what a workflow adds.
const MOST_BYTES: usize = 26_000;

/// The body that the webhook of a workflow takes.
#[must_use]
pub fn render(digest: &Digest) -> String {
    column(&digest.title, &blocks::of(digest))
}

/// A card of these blocks.
pub(super) fn column(title: &str, blocks: &[Block]) -> String {
    let mut body = vec![heading(title, "large")];
    body.extend(blocks.iter().map(block));
    let mut over = 0;
    loop {
        let mut shown = body.clone();
        if over > 0 {
            let rest = format!("{over} more blocks do not fit into a message; the page has them.");
            shown.push(block(&Block::Soft(rest)));
        }
        let message = message(&shown).to_string();
        if message.len() <= MOST_BYTES || body.pop().is_none() {
            return message;
        }
        over += 1;
    }
}

fn message(body: &[Value]) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "msteams": {"width": "Full"},
            },
        }],
    })
}

fn heading(text: &str, size: &str) -> Value {
    let mut heading = runs(vec![run(text, &[("weight", "bolder"), ("size", size)])]);
    heading["spacing"] = "large".into();
    heading
}

fn block(block: &Block) -> Value {
    match block {
        Block::Heading(text) => heading(text, "medium"),
        Block::Said(subject, text, link) => {
            let mut subject = run(subject, &[("weight", "bolder")]);
            if let Some(link) = link {
                subject["selectAction"] = json!({"type": "Action.OpenUrl", "url": link});
                subject["underline"] = true.into();
            }
            runs(vec![subject, run(&format!(": {text}"), &[])])
        }
        Block::Text(text) => runs(vec![run(text, &[])]),
        Block::Code(text) => {
            // A run shows no line break.
            let mut lines: Vec<Value> = Vec::new();
            for line in text.lines() {
                lines.push(runs(vec![run(line, &[("fontType", "monospace")])]));
            }
            json!({"type": "Container", "items": lines})
        }
        Block::Soft(text) => {
            let mut run = run(text, &[("size", "small")]);
            run["isSubtle"] = true.into();
            runs(vec![run])
        }
    }
}

fn runs(inlines: Vec<Value>) -> Value {
    json!({"type": "RichTextBlock", "inlines": inlines})
}

fn run(text: &str, style: &[(&str, &str)]) -> Value {
    let mut run = json!({"type": "TextRun", "text": plain::line(text)});
    for (key, value) in style {
        run[*key] = (*value).into();
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_a_run_and_nothing_else() {
        let hostile = "[x](https://evil) <at>all</at> **b**";
        let shown = block(&Block::Said(hostile.into(), hostile.into(), None));
        let inlines = shown["inlines"].as_array().unwrap();
        assert!(inlines.iter().all(|one| one["type"] == "TextRun"), "{shown}");
        assert_eq!(inlines[0]["text"], hostile);
    }
}
