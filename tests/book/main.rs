//! Makes the book below `target/book`, and fails where it is not whole: a link that leads nowhere,
//! a page that is in no contents, a signal without its page.
//!
//! `src/docs` holds the chapters in mdBook's form. What README.md, the samples of `config/` and the
//! catalogue of signals say is taken from there, so that nothing is written twice. `markdown/` is a
//! tree that mdBook can serve; the pages beside it need nothing but a browser.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chapters;
mod links;
mod page;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use streamgauge::signals::definitions::{Definition, FIRST};
use streamgauge::signals::{ALL, Signal, is_gate};

use tree::Book;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("book")
}

#[test]
fn the_book_is_made_and_every_link_leads_somewhere() {
    let book = Book::read(root());
    let folder = target();
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    book.write_markdown(&folder.join("markdown"));
    page::write(&book, &folder);
    let broken = links::broken(&folder);
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
    println!("{} pages: {}", book.pages.len(), folder.join("index.html").display());
}

#[test]
fn every_chapter_is_in_the_contents_and_nothing_is_left_to_fill_in() {
    let book = Book::read(root());
    for entry in fs::read_dir(root().join("src/docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let listed = book.pages.iter().filter(|page| page.path == name).count();
        assert_eq!(listed, usize::from(name != "SUMMARY.md"), "{name} in SUMMARY.md");
    }
    for page in &book.pages {
        assert!(!page.text.contains("{{"), "{}: {}", page.path, page.text);
        assert!(page.text.starts_with("# ") && page.text.lines().count() > 2, "{}", page.path);
    }
}

#[test]
fn every_signal_has_its_page_with_the_words_of_the_signal_page() {
    let book = Book::read(root());
    for signal in ALL {
        let path = chapters::address(signal);
        let found = book.pages.iter().find(|page| page.path == path);
        let said = links::text(&page::body(&found.unwrap_or_else(|| panic!("no {path}")).text));
        for text in [signal.asks, signal.definition, signal.misreading, signal.test] {
            assert!(said.contains(text), "{path} says {text:?}:\n{said}");
        }
        assert!(said.contains(&signal.edition()), "{path}: {said}");
        let list = if is_gate(signal.id) { "gates.md" } else { "signals.md" };
        let list = book.pages.iter().find(|page| page.path == list).unwrap();
        assert!(list.text.contains(&format!("({path})")), "{path} is not in {}", list.path);
    }
}

#[test]
fn upgrade_notes_tell_the_newest_release_first() {
    const CHANGED: &[Definition] = &[
        FIRST[0],
        Definition { version: 2, since: "0.9.0", changed: "Parked time no longer counts." },
        Definition { version: 3, since: "0.10.0", changed: "Medians are a tenth longer." },
    ];
    let notes = chapters::upgrades(&[Signal { history: CHANGED, ..ALL[4] }, ALL[5]]);
    let place = |text: &str| notes.find(text).unwrap_or_else(|| panic!("{text} in:\n{notes}"));
    assert!(place("## 0.10.0") < place("Medians are a tenth longer."));
    assert!(place("Medians are a tenth longer.") < place("## 0.9.0"));
    assert!(place("Parked time no longer counts.") < place("## 0.1.0"));
    assert_eq!(notes.matches("The first definition").count(), 1, "{notes}");
}

#[test]
fn the_checker_sees_what_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let page = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    page("a.html", r##"<h2 id="x">X</h2><a href="b.html">b</a><a href="#x">x</a>"##);
    page("b.html", r#"<a href="c.html">c</a><a href="a.html#y">y</a><img src="none.png">"#);
    let broken = links::broken(folder.path());
    assert_eq!(broken, ["b.html: a.html#y", "b.html: c.html", "b.html: none.png"]);
}
