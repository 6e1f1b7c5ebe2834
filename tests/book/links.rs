//! What pages lead to, and whether it is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every link and picture of the pages in a folder that leads nowhere in it: `page: link`.
pub fn broken(folder: &Path) -> Vec<String> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for entry in fs::read_dir(&one).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "html") {
                let text = fs::read_to_string(&path).unwrap();
                pages.insert(path, text);
            }
        }
    }
    let places: BTreeMap<&PathBuf, BTreeSet<&str>> =
        pages.iter().map(|(path, text)| (path, values(text, "id").collect())).collect();
    let mut broken = Vec::new();
    for (path, text) in &pages {
        for link in values(text, "href").chain(values(text, "src")) {
            if link.contains("://") {
                continue;
            }
            let (file, place) = link.split_once('#').map_or((link, None), |(f, p)| (f, Some(p)));
            let there = if file.is_empty() {
                path.clone()
            } else {
                plain(&path.with_file_name("").join(file))
            };
            let found = match place {
                None => there.exists(),
                Some(place) => places.get(&there).is_some_and(|ids| ids.contains(place)),
            };
            if !found {
                let page = path.strip_prefix(folder).unwrap();
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    broken.sort();
    broken
}

/// Without `..`, for a page to be found by its path.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}

/// The values of an attribute.
fn values<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let begins = format!(" {name}=\"");
    let parts: Vec<&str> = page.split(&*begins).skip(1).collect();
    parts.into_iter().filter_map(|rest| rest.split_once('"')).map(|(value, _)| value)
}

/// What a page says, without its tags.
pub fn text(page: &str) -> String {
    let words = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, words)| words));
    let text: String = words.collect();
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
