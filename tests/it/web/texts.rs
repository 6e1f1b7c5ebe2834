//! What a page says, without its tags.

/// The text of the main part, entities read.
pub fn text(page: &str) -> String {
    let main = page.split("<main").nth(1).unwrap_or(page);
    let (mut text, mut inside) = (String::new(), true);
    for letter in main.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                text.push(' ');
            }
            letter if !inside => text.push(letter),
            _ => (),
        }
    }
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&amp;", "&").replace('\u{a0}', " ")
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
    assert_eq!(text(page).split_whitespace().collect::<Vec<_>>(), ["A", "&", "B", "x"]);
    assert_eq!(links(page), ["/a?b=c&d=e"]);
}
