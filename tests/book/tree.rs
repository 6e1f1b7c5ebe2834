//! From `src/docs` to whole chapters: contents, what is included, what is made from the code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::chapters;

/// A line of the contents.
pub enum Entry {
    Part(String),
    /// A page by its place among the pages; pages of one signal stand one deeper.
    Page {
        at: usize,
        depth: usize,
    },
}

pub struct Page {
    /// Below the folder of chapters: `signals/v1.md`.
    pub path: String,
    pub title: String,
    /// Markdown without anything left to include.
    pub text: String,
}

pub struct Book {
    pub pages: Vec<Page>,
    pub contents: Vec<Entry>,
    /// Pictures, by the file that they are copied from.
    pub pictures: Vec<PathBuf>,
}

impl Book {
    pub fn read(root: &Path) -> Self {
        let docs = root.join("src/docs");
        let mut book = Self { pages: Vec::new(), contents: Vec::new(), pictures: Vec::new() };
        for line in read(&docs.join("SUMMARY.md")).lines().skip(1) {
            if let Some(part) = line.strip_prefix("# ") {
                book.contents.push(Entry::Part(part.to_owned()));
            }
            let Some((title, path)) = link(line) else { continue };
            let text = book.included(&docs.join(path));
            let made = chapters::below(path);
            book.add(title, path, 0, text);
            for (title, path, text) in made {
                book.add(&title, &path, 1, text);
            }
        }
        book
    }

    fn add(&mut self, title: &str, path: &str, depth: usize, text: String) {
        self.contents.push(Entry::Page { at: self.pages.len(), depth });
        self.pages.push(Page { path: path.to_owned(), title: title.to_owned(), text });
    }

    /// A chapter with what it includes and what is made for it.
    fn included(&mut self, file: &Path) -> String {
        let mut text = String::new();
        for line in read(file).lines() {
            if let Some(what) = line.strip_prefix("{{#include ").and_then(|l| l.strip_suffix("}}"))
            {
                let (path, anchor) =
                    what.split_once(':').map_or((what, None), |(p, a)| (p, Some(a)));
                let whole = read(&file.with_file_name(path));
                let part = anchor.map(|anchor| leveled(&anchored(&whole, anchor)));
                text.push_str(part.unwrap_or(whole).trim_end());
            } else if let Some(name) = line.strip_prefix("{{").and_then(|l| l.strip_suffix("}}")) {
                text.push_str(&chapters::made(name));
            } else if let Some((before, picture)) =
                line.strip_suffix(')').and_then(|line| line.split_once("](../../"))
            {
                let picture = file.with_file_name("../..").join(picture);
                let name = picture.file_name().unwrap().to_str().unwrap();
                text.push_str(&format!("{before}]({name})"));
                self.pictures.push(picture);
            } else {
                text.push_str(line);
            }
            text.push('\n');
        }
        text
    }

    /// A folder that mdBook can serve.
    pub fn write_markdown(&self, folder: &Path) {
        let source = folder.join("src");
        fs::create_dir_all(source.join("signals")).unwrap();
        let settings = "[book]\ntitle = \"Streamgauge\"\nlanguage = \"en\"\nsrc = \"src\"\n";
        fs::write(folder.join("book.toml"), settings).unwrap();
        let mut summary = "# Summary\n\n".to_owned();
        for entry in &self.contents {
            summary.push_str(&match entry {
                Entry::Part(name) => format!("\n# {name}\n\n"),
                Entry::Page { at, depth } => {
                    let Page { title, path, .. } = &self.pages[*at];
                    let mark = if *at == 0 { "" } else { "- " };
                    format!("{}{mark}[{title}]({path})\n", "  ".repeat(*depth))
                }
            });
        }
        fs::write(source.join("SUMMARY.md"), summary).unwrap();
        for page in &self.pages {
            fs::write(source.join(&page.path), &page.text).unwrap();
        }
        self.copy_pictures(&source);
    }

    pub fn copy_pictures(&self, folder: &Path) {
        for picture in &self.pictures {
            fs::copy(picture, folder.join(picture.file_name().unwrap())).unwrap();
        }
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// `[Title](path.md)`, also behind a bullet.
fn link(line: &str) -> Option<(&str, &str)> {
    let (title, path) = line.trim_start_matches("- ").strip_prefix('[')?.split_once("](")?;
    Some((title, path.strip_suffix(')')?))
}

/// What stands between `ANCHOR: name` and `ANCHOR_END: name`.
fn anchored(text: &str, name: &str) -> String {
    let (begin, end) =
        (format!("<!-- ANCHOR: {name} -->\n"), format!("<!-- ANCHOR_END: {name} -->"));
    let after = text.split_once(&begin).unwrap_or_else(|| panic!("there is no anchor {name}")).1;
    after.split_once(&end).unwrap_or_else(|| panic!("the anchor {name} has no end")).0.to_owned()
}

/// The same with its highest heading as a section of the chapter.
fn leveled(text: &str) -> String {
    let level = |line: &str| line.chars().take_while(|c| *c == '#').count();
    let mut fenced = false;
    let lines: Vec<(usize, &str)> = text
        .lines()
        .map(|line| {
            fenced ^= line.starts_with("```");
            (if fenced { 0 } else { level(line) }, line)
        })
        .collect();
    let highest = lines.iter().map(|(level, _)| *level).filter(|level| *level > 0).min();
    let down = highest.unwrap_or(2).saturating_sub(2);
    let line =
        |(level, line): &(usize, &str)| line[if *level > 0 { down } else { 0 }..].to_owned() + "\n";
    lines.iter().map(line).collect()
}
