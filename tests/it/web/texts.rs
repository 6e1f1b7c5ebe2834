//! What a page says, without its tags.

/// The text of the main part, entities read: a line for each paragraph, cell and heading.
pub fn text(page: &str) -> String {
    let main = page.split("<main").nth(1).unwrap_or(page);
    let mut text = String::new();
    for (nth, part) in main.split('<').enumerate() {
        let (tag, words) = part.split_once('>').unwrap_or((part, ""));
        let blocks = ["/p", "/li", "/td", "/th", "/h", "/summary", "/figcaption", "/legend"];
        let ends = nth > 0 && blocks.iter().any(|block| tag.starts_with(block));
        text.push(if ends { '\n' } else { ' ' });
        text.push_str(words);
    }
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&amp;", "&").replace('\u{a0}', " ");
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Every address inside the house that a page leads to, without its fragment.
pub fn links(page: &str) -> Vec<String> {
    let mut links: Vec<String> = page
        .split("href=\"/")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(link, _)| format!("/{}", link.replace("&amp;", "&")))
        .map(|link| link.split('#').next().unwrap_or_default().to_owned())
        .collect();
    links.sort_unstable();
    links.dedup();
    links
}

/// Every fragment of the page itself that it leads to.
pub fn places(page: &str) -> Vec<String> {
    let after = page.split("href=\"#").skip(1);
    after.filter_map(|rest| rest.split_once('"')).map(|(place, _)| place.to_owned()).collect()
}

#[test]
fn tags_are_taken_and_links_are_found() {
    let page = "<body><main id=\"main\"><p>A &amp; B</p><a href=\"/a?b=c&amp;d=e#f\">x</a></main>";
    assert_eq!(text(page), "A & B\nx");
    assert_eq!(links(page), ["/a?b=c&d=e"]);
}
