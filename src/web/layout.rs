//! The frame of every page: head, navigation, main. No script, no external request.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::moment::Visit;
use super::time_travel;
use crate::plain;
use crate::portfolio::words;

/// Which navigation entry is the page itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    Portfolio,
    Dependencies,
    Epics,
    Decisions,
    Roadmap,
    Signals,
    Map,
    Status,
    Elsewhere,
    /// A team's own page: no other one opens to it.
    Team,
    /// Before sign-in: there is nowhere to go yet.
    Outside,
}

/// Wraps `body` into a whole document.
#[must_use]
pub fn page(title: &str, here: Here, visit: &Visit, body: &Markup) -> Markup {
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Streamgauge" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    nav aria-label="Pages" {
                        a.brand href=(visit.link(home(here))) { (mark()) "Streamgauge" }
                        @if !matches!(here, Here::Outside | Here::Team) {
                            (entry(&visit.link("/"), "Portfolio", here == Here::Portfolio))
                            (entry(&visit.link("/signals"), "Signals", here == Here::Signals))
                            (entry(&visit.link("/dependencies"), "Dependencies", here == Here::Dependencies))
                            @if let Some(word) = words(visit.vocabulary).epic {
                                (entry(&visit.link("/epics"), &plural(word), here == Here::Epics))
                            }
                            (entry(&visit.link("/decisions"), "Decisions", here == Here::Decisions))
                            (entry(&visit.link("/roadmap"), "Roadmap", here == Here::Roadmap))
                            (entry(&visit.link("/map"), "Map", here == Here::Map))
                            (entry("/status", "Status", here == Here::Status))
                        }
                        @if visit.signed_in {
                            form method="post" action="/sign-out" {
                                button.plain type="submit" { "Sign out" }
                            }
                        }
                    }
                    // Status is always of now; a notice has no address of its own.
                    @if here != Here::Status && !visit.path.is_empty() { (time_travel::form(visit)) }
                }
                main #main { (time_travel::past(visit, home(here))) (body) }
            }
        }
    };
    // Every page comes by here, so nothing that a tracker wrote can turn or hide what stands beside it.
    PreEscaped(plain::lines(&whole.0).into_owned())
}

/// Where the way home leads.
fn home(here: Here) -> &'static str {
    if here == Here::Team { "/team" } else { "/" }
}

fn entry(href: &str, text: &str, current: bool) -> Markup {
    html! {
        @if current { a href=(href) aria-current="page" { (text) } }
        @else { a href=(href) { (text) } }
    }
}

/// Three currents.
fn mark() -> Markup {
    html! {
        svg viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" {
            path d="M1 4c2.3-2 4.7 2 7 0s4.7-2 7 0M1 8c2.3-2 4.7 2 7 0s4.7-2 7 0M1 12c2.3-2 4.7 2 7 0s4.7-2 7 0" {}
        }
    }
}

/// A short page that says what happened.
#[must_use]
pub fn notice(title: &str, text: &str) -> Markup {
    let body = html! {
        h1 { (title) }
        p { (sentence(text)) }
        p { a href="/" { "To the portfolio" } }
    };
    page(title, Here::Elsewhere, &Visit::default(), &body)
}

/// The text as a sentence: a capital letter, a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut text = capital(text);
    if !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    text
}

/// The text with a capital first letter.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// "Value streams". Words that are plural already stay.
#[must_use]
pub fn plural(word: &str) -> String {
    if word.ends_with('s') { word.to_owned() } else { format!("{word}s") }
}

/// The text with every percentage in one piece.
#[must_use]
pub fn whole(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
}

/// Text with code spans between backticks.
#[must_use]
pub fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
