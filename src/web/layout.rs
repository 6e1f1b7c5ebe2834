//! The frame of every page: head, navigation, main, footer. No script, no external request.

use maud::{DOCTYPE, Markup, html};

/// Which navigation entry is the page itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    Portfolio,
    Map,
    Elsewhere,
}

/// Wraps `body` into a whole document.
#[must_use]
pub fn page(title: &str, here: Here, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Streamgauge" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    nav aria-label="Pages" {
                        a.brand href="/" { (mark()) "Streamgauge" }
                        (entry("/", "Portfolio", here == Here::Portfolio))
                        (entry("/map", "Map", here == Here::Map))
                    }
                }
                main #main { (body) }
            }
        }
    }
}

fn entry(href: &str, text: &str, current: bool) -> Markup {
    html! {
        @if current { a href=(href) aria-current="page" { (text) } }
        @else { a href=(href) { (text) } }
    }
}

/// Three currents and a gauge line.
fn mark() -> Markup {
    html! {
        svg viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" {
            path d="M1 4c2.3-2 4.7 2 7 0s4.7-2 7 0M1 8c2.3-2 4.7 2 7 0s4.7-2 7 0M1 12c2.3-2 4.7 2 7 0s4.7-2 7 0" {}
        }
    }
}
