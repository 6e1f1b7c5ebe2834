//! Chapters as pages for a browser, in the looks of the daemon's own pages.

use std::fs;
use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use crate::tree::{Book, Entry, Page};

const STYLE: &str = concat!(
    include_str!("../../src/web/style.css"),
    "
.book { max-width: 78rem; margin: 0 auto; }
.top nav { max-width: 78rem; }
.book main { margin: 0; min-width: 0; }
.book main li { max-width: 42rem; }
.book main table { display: block; overflow-x: auto; border-collapse: collapse; font-size: .92rem; }
.book main th, .book main td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); }
.book main td { min-width: 7rem; }
.book main pre { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .8rem 1rem; }
.book main img { max-width: 100%; height: auto; }
.book main h3 { margin-top: 2rem; }
.contents { padding: 1.4rem; font-size: .92rem; }
.contents h2 { font-size: .92rem; margin: 1.4rem 0 .3rem; color: var(--soft); }
.contents ul { list-style: none; margin: 0; padding: 0; }
.contents li { margin: .25rem 0; }
.contents .deeper { padding-left: 1rem; }
.contents a { text-decoration: none; }
.contents a:hover { text-decoration: underline; }
.contents a[aria-current] { color: var(--ink); font-weight: 650; }
.turn { display: flex; justify-content: space-between; gap: 1rem; margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
@media (min-width: 60rem) {
  .book { display: grid; grid-template-columns: 18rem minmax(0, 1fr); }
  .contents { order: -1; padding-top: 2rem; }
  .to-contents { display: none; }
}
"
);

/// Writes every page, `index.html` first.
pub fn write(book: &Book, folder: &Path) {
    fs::create_dir_all(folder.join("signals")).unwrap();
    fs::write(folder.join("style.css"), STYLE).unwrap();
    book.copy_pictures(folder);
    for at in 0..book.pages.len() {
        let file = folder.join(address(&book.pages[at].path));
        fs::write(file, whole(book, at).into_string()).unwrap();
    }
}

/// The page of a chapter.
fn address(path: &str) -> String {
    let name = path.strip_suffix(".md").unwrap();
    format!("{}.html", if name == "introduction" { "index" } else { name })
}

/// The text of a chapter as HTML.
pub fn body(text: &str) -> String {
    let options = Options::ENABLE_TABLES;
    let events: Vec<Event<'_>> = Parser::new_ext(text, options).collect();
    let mut seen: Vec<String> = Vec::new();
    let mut out = String::new();
    let changed = events.iter().enumerate().map(|(at, event)| match event {
        Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
            let id = unique(heading(&events[at + 1..]), &mut seen);
            let (classes, attrs) = (classes.clone(), attrs.clone());
            Event::Start(Tag::Heading { level: *level, id: Some(CowStr::from(id)), classes, attrs })
        }
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = CowStr::from(leads(dest_url));
            let (title, id) = (title.clone(), id.clone());
            Event::Start(Tag::Link { link_type: *link_type, dest_url, title, id })
        }
        other => other.clone(),
    });
    push_html(&mut out, changed);
    out
}

/// Where a link of a chapter leads on a page.
fn leads(to: &str) -> String {
    let (path, place) = to.split_once('#').map_or((to, None), |(path, place)| (path, Some(place)));
    if to.contains("://") || !path.ends_with(".md") {
        return to.to_owned();
    }
    place.map_or_else(|| address(path), |place| format!("{}#{place}", address(path)))
}

/// The id of a heading, as mdBook makes it.
fn heading(after: &[Event<'_>]) -> String {
    let own = after.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let text: String = own
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(text.to_lowercase()),
            _ => None,
        })
        .collect();
    let kept = text.trim().chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.collect()
}

fn unique(id: String, seen: &mut Vec<String>) -> String {
    let n = seen.iter().filter(|known| **known == id).count();
    seen.push(id.clone());
    if n == 0 { id } else { format!("{id}-{n}") }
}

fn whole(book: &Book, at: usize) -> Markup {
    let Page { path, title, text } = &book.pages[at];
    let up = "../".repeat(path.matches('/').count());
    let to = |at: usize| format!("{up}{}", address(&book.pages[at].path));
    let before = at.checked_sub(1);
    let next = Some(at + 1).filter(|next| *next < book.pages.len());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) @if at > 0 { " - Streamgauge" } }
                link rel="stylesheet" href=(format!("{up}style.css"));
            }
            body {
                header.top { nav aria-label="Book" {
                    a.brand href=(to(0)) { "Streamgauge" }
                    a.to-contents href="#contents" { "Contents" }
                } }
                div.book {
                    main {
                        (PreEscaped(body(text)))
                        nav.turn aria-label="Next and previous" {
                            span { @if let Some(before) = before { a href=(to(before)) { (book.pages[before].title) } } }
                            span { @if let Some(next) = next { a href=(to(next)) { (book.pages[next].title) } } }
                        }
                    }
                    nav.contents #contents aria-label="Contents" { (contents(book, at, &to)) }
                }
            }
        }
    }
}

fn contents(book: &Book, here: usize, to: &impl Fn(usize) -> String) -> Markup {
    let parts = book.contents.split_inclusive(|entry| matches!(entry, Entry::Part(_)));
    let entry = |at: usize, depth: usize| {
        html! {
            li.deeper[depth > 0] {
                a href=(to(at)) aria-current=[(at == here).then_some("page")] { (book.pages[at].title) }
            }
        }
    };
    html! {
        @for part in parts {
            ul {
                @for one in part {
                    @if let Entry::Page { at, depth } = one { (entry(*at, *depth)) }
                }
            }
            @for one in part { @if let Entry::Part(name) = one { h2 { (name) } } }
        }
    }
}
