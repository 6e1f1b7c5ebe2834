//! Titles, labels, components, statuses, versions, boards and projects that mean harm, served by
//! the simulated trackers, read by the real program, and looked for in everything that it shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::plain;
use streamgauge::sim::github::records as hub;
use streamgauge::sim::jira::records as jira;
use streamgauge::sim::story::{self, Size, Story};
use streamgauge::spawn::Spawner;

use super::corpus::{MARK, texts};
use crate::support::gate::{Gate, contains};
use crate::support::process::{Daemon, Folder, client, send};

/// Puts a text into every place that is free text in a tracker; tells the title of each key.
fn poison(story: &mut Story) -> BTreeMap<String, String> {
    let all = texts();
    let mut nth = 0;
    let mut next = || {
        nth += 1;
        all[nth % all.len()].clone()
    };
    let mut titles = BTreeMap::new();
    let projects: Vec<u64> = story
        .jira
        .iter()
        .filter_map(|record| match record {
            jira::Record::Project(project) => Some(project.id),
            _ => None,
        })
        .collect();
    for record in &mut story.jira {
        match record {
            jira::Record::Project(project) => project.name = next(),
            jira::Record::Version(version) => version.name = next(),
            _ => {}
        }
    }
    for record in &mut story.jira {
        let jira::Record::Issue(issue) = record else { continue };
        issue.summary = next();
        titles.insert(issue.key.clone(), issue.summary.clone());
        issue.labels.push(next());
        issue.components.push(900_000 + issue.id % 60);
        if issue.id % 7 == 0 {
            issue.status = 800_000 + issue.id % 40;
        }
    }
    for at in 0..60 {
        let project = projects[at as usize % projects.len()];
        let component = jira::ComponentRecord { id: 900_000 + at, name: next(), project };
        story.jira.insert(0, jira::Record::Component(component));
    }
    for at in 0..40 {
        let category = Some("indeterminate".to_owned());
        let status = jira::StatusRecord { id: 800_000 + at, name: next(), category, gone: false };
        story.jira.insert(0, jira::Record::Status(status));
    }
    let mut repositories = BTreeMap::new();
    for record in &story.github {
        if let hub::Record::Repo(repo) = record {
            repositories.insert(repo.id, format!("{}/{}", repo.owner, repo.name));
        }
    }
    let mut labels = Vec::new();
    for record in &mut story.github {
        match record {
            hub::Record::Issue(issue) => {
                issue.title = next();
                if issue.pr.is_none() {
                    let key = format!("{}#{}", repositories[&issue.repo], issue.number);
                    titles.insert(key, issue.title.clone());
                }
                let id = 90_000_000 + issue.id;
                issue.labels.push(id);
                let (repo, color) = (issue.repo, "ff0000".to_owned());
                labels.push(hub::Record::Label(hub::LabelRecord { id, repo, name: next(), color }));
            }
            hub::Record::Board(board) => board.title = next(),
            hub::Record::Release(release) => release.tag = next(),
            hub::Record::Milestone(milestone) => milestone.title = next(),
            _ => {}
        }
    }
    story.github.splice(0..0, labels.into_iter().rev().collect::<Vec<_>>());
    // Epics are called what their trackers call them.
    let own = story.portfolio_toml.lines().filter(|line| !line.starts_with("title = "));
    story.portfolio_toml = own.map(|line| format!("{line}\n")).collect();
    // Repositories come before what belongs to them.
    story.github.sort_by_key(|record| !matches!(record, hub::Record::Repo(_)));
    titles
}

const ELEMENTS: &str = " html head meta title link body a header nav svg path form button main h1 h2 h3 \
    h4 p strong em code pre ul ol li dl dt dd div span table thead tbody tr th td section article aside \
    details summary footer time small label input caption figure figcaption line rect circle g text \
    polyline polygon mark title desc img br hr sup sub abbr b i colgroup col defs pattern ";
/// Attributes whose value is ours alone.
const ATTRIBUTES: &str = " lang charset name content rel href class id aria-label aria-hidden \
    aria-current aria-labelledby aria-describedby role viewbox fill stroke stroke-width stroke-dasharray \
    d method action type scope colspan rowspan style width height x y x1 y1 x2 y2 cx cy r points for \
    autocomplete required transform text-anchor open datetime title preserveaspectratio rx ry \
    focusable opacity value checked step patternunits headers tabindex dx dy font-size font-weight stroke-linecap \
    stroke-linejoin vector-effect dominant-baseline ";

/// Parses a page as a browser does; gives what a reader sees.
fn page(place: &str, html: &str) -> String {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut seen = String::new();
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                assert!(ELEMENTS.contains(&format!(" {name} ")), "{place}: element <{name}>");
                for (key, value) in &tag.attributes {
                    let key = String::from_utf8_lossy(key).into_owned();
                    let value = String::from_utf8_lossy(value).into_owned();
                    let at = format!("{place}: <{name} {key}={value:?}>");
                    // A picture is fetched from nowhere: it stands in the text.
                    let drawn = key == "alt" || value.starts_with("data:image/png;base64,");
                    let ours = name == "img" && (key == "src" || key == "alt") && drawn;
                    assert!(ours || ATTRIBUTES.contains(&format!(" {key} ")), "{at}");
                    assert!(!value.to_lowercase().contains("script:"), "{at}");
                    match key.as_str() {
                        "href" | "action" => {
                            let own = value.starts_with('/') && !value.starts_with("//")
                                || value.starts_with('#')
                                || value == "data:,";
                            assert!(own && !value.contains(MARK), "{at}");
                        }
                        // Charts and pages name a thing for those who do not see it.
                        "aria-label" | "title" => {}
                        "style" => {
                            let sober = !value.contains("url") && !value.contains("expression");
                            assert!(sober && !value.contains(MARK), "{at}");
                        }
                        _ => assert!(!value.contains(MARK), "{at}"),
                    }
                }
            }
            Token::String(text) => seen.push_str(&String::from_utf8_lossy(&text.value)),
            Token::Comment(comment) => panic!("{place}: a comment: {comment:?}"),
            Token::Error(error) => panic!("{place}: {error:?}"),
            Token::EndTag(_) | Token::Doctype(_) => {}
        }
    }
    assert_calm(place, &seen);
    seen
}

/// Nothing in here commands a terminal, forges a line or turns a direction.
fn assert_calm(place: &str, text: &str) {
    let kept = ['\n', '\t', plain::BREAK];
    let active = text.chars().find(|c| plain::is_active(*c) && !kept.contains(c));
    assert_eq!(active, None, "{place}");
}

fn assert_no_forged_line(place: &str, text: &str) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("FORGED-LINE"), "{place}: {line}");
    }
}

/// Parses Markdown with every extension that there is.
fn markdown(place: &str, text: &str) {
    let mut open = Vec::new();
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(tag) => {
                let foreign = matches!(
                    tag,
                    Tag::Link { .. }
                        | Tag::Image { .. }
                        | Tag::HtmlBlock
                        | Tag::FootnoteDefinition(_)
                        | Tag::Strikethrough
                        | Tag::MetadataBlock(_)
                        | Tag::DefinitionList
                );
                assert!(!foreign, "{place}: {tag:?}");
                open.push(tag.to_end());
            }
            Event::End(_) => drop(open.pop()),
            Event::Html(html) | Event::InlineHtml(html) => panic!("{place}: HTML: {html}"),
            Event::FootnoteReference(name) => panic!("{place}: a note: {name}"),
            Event::TaskListMarker(_) => panic!("{place}: a task"),
            Event::InlineMath(math) | Event::DisplayMath(math) => panic!("{place}: formula {math}"),
            Event::Code(code) => assert!(!code.contains(MARK), "{place}: code {code}"),
            Event::Text(text) if text.contains(MARK) => {
                let ours = |end: &TagEnd| {
                    !matches!(end, TagEnd::Emphasis | TagEnd::Heading(_) | TagEnd::BlockQuote(_))
                };
                assert!(open.iter().all(ours), "{place}: {open:?}: {text}");
            }
            _ => {}
        }
    }
    // What is escaped is no beginning of an address.
    let lower = text.to_lowercase().replace("\\:", " ").replace("\\.", " ");
    assert!(!lower.contains("://") && !lower.contains("www."), "{place}: an address\n{text}");
    let mention = text.match_indices('@').find(|(at, _)| {
        text[at + 1..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_')
    });
    assert_eq!(mention, None, "{place}: a mention\n{text}");
    assert_calm(place, text);
    assert_no_forged_line(place, text);
}

async fn get(daemon: &Daemon, path: &str) -> (u16, String, String) {
    let request = http::Request::get(daemon.at(path)).header("accept", "text/html");
    let answer = send(&client(), request.body(Bytes::new()).unwrap()).await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, String::from_utf8(answer.body().to_vec()).unwrap())
}

fn encoded(key: &str) -> String {
    key.replace('#', "%23")
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_stays_text_wherever_it_is_shown() {
    let clock: SharedClock = Arc::new(SystemClock);
    let mut story = story::generate(31, clock.now(), Size::Test);
    let titles = poison(&mut story);
    let stage = Stage::start(Source::from(story.clone()), &clock, &Spawner::tokio()).await.unwrap();
    let gate = Gate::open(&stage).await;
    let folder = Folder::new(&stage, &gate, &story.portfolio_toml).logging("trace");
    let synced = folder.run(&["sync"]).await;
    assert!(matches!(synced.code, Some(0 | 3)), "{} {}", synced.out, synced.err);

    let terminal = terminal(&folder, &titles).await;
    let digests = digests(&folder).await;
    export(&folder).await;
    let shown = pages(&folder, &titles).await;
    println!(
        "{} titles; {terminal} outputs of commands, {digests} digests, {shown} pages",
        titles.len()
    );

    // Every text of the corpus was the title of a page.
    let used: std::collections::BTreeSet<&String> = titles.values().collect();
    let unused = texts().into_iter().filter(|text| !used.contains(text)).count();
    assert_eq!(unused, 0, "of {} texts {unused} were no title", texts().len());

    let mut lines = 0;
    for log in [std::fs::read_to_string(folder.daemon_log()).unwrap(), synced.err] {
        for line in log.lines() {
            let stamp = line.as_bytes().first().is_some_and(u8::is_ascii_digit);
            assert!(
                stamp
                    || line.starts_with("streamgauge: ")
                    || line.starts_with("gap: ")
                    || line.starts_with("jira: ")
                    || line.starts_with("github: "),
                "forged: {line}"
            );
            lines += 1;
        }
        assert_calm("log", &log);
    }
    assert!(lines > 1_000, "{lines} lines of log at the loudest level");
}

async fn terminal(folder: &Folder, titles: &BTreeMap<String, String>) -> usize {
    let active = |text: &str| text.chars().any(plain::is_active) || text.contains("FORGED");
    let mut keys: Vec<&str> =
        titles.iter().filter(|(_, title)| active(title)).map(|(key, _)| key.as_str()).collect();
    let step = (keys.len() / 14).max(1);
    keys = keys.into_iter().step_by(step).collect();
    assert!(keys.len() >= 14, "{keys:?}");
    let mut all: Vec<Vec<&str>> = vec![
        vec!["map"],
        vec!["map", "--json"],
        vec!["check"],
        vec!["check", "--json"],
        vec!["signals"],
        vec!["signals", "--json"],
        vec!["sync"],
        vec!["explain", "P4"],
        vec!["explain", "C4", "--json"],
        vec!["explain", "zqx\u{1b}[2J\n"],
    ];
    for key in keys {
        all.push(vec!["explain", key]);
        all.push(vec!["explain", key, "--json"]);
    }
    let mut marked = 0;
    for args in &all {
        let place = format!("{args:?}");
        let ended = folder.run(args).await;
        assert_calm(&place, &ended.out);
        assert_calm(&place, &ended.err);
        assert_no_forged_line(&place, &ended.out);
        marked += usize::from(ended.out.contains(MARK));
        if args.contains(&"--json") {
            let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
            assert!(!told.is_null());
        }
        if let ["explain", key] = args.as_slice()
            && let Some(title) = titles.get(*key)
        {
            let first = ended.out.lines().next().unwrap();
            assert_eq!(
                first,
                format!("{key}  {}", plain::line(title)).trim_end_matches('\n'),
                "{place}"
            );
        }
    }
    assert!(marked * 2 > all.len(), "{marked} of {} outputs show a text", all.len());
    all.len()
}

async fn digests(folder: &Folder) -> usize {
    let mut count = 0;
    let mut marked = 0;
    for audience in ["portfolio", "stream:booking"] {
        for format in ["md", "html", "json"] {
            let place = format!("digest for {audience} as {format}");
            let ended = folder.run(&["digest", "--for", audience, "--format", format]).await;
            assert_eq!(ended.code, Some(0), "{place}: {}", ended.err);
            match format {
                "md" => markdown(&place, &ended.out),
                "html" => drop(page(&place, &ended.out)),
                _ => {
                    assert_calm(&place, &ended.out);
                    let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
                    assert!(told["digest"].is_object());
                }
            }
            marked += usize::from(ended.out.contains(MARK));
            count += 1;
        }
    }
    assert!(marked >= 3, "{marked} of {count} digests show a text");
    count
}

/// One object a line, whatever breaks lines for the reader.
async fn export(folder: &Folder) {
    let out = folder.path().join("out");
    let ended = folder.run(&["export", "--out", &out.display().to_string()]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let mut marked = 0;
    for entry in std::fs::read_dir(&out).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.ends_with(".jsonl"), "{name}: no table that a spreadsheet would open");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_calm(&name, &text);
        let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
        for line in text.split(breaks).filter(|line| !line.is_empty()) {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(object.is_object(), "{name}: {line}");
        }
        marked += text.matches(MARK).count();
    }
    assert!(marked > 500, "{marked} texts were exported");
}

async fn pages(folder: &Folder, titles: &BTreeMap<String, String>) -> usize {
    let mut daemon = folder.serve().await;
    let mut count = 0;
    let fixed = [
        "/",
        "/map",
        "/status",
        "/sign-in",
        "/items/zqx%1B%5B2J%0A%E2%80%AE%3Cb%3E",
        "/nowhere%3Cscript%3Ezqx",
        "/?as_of=%3Cscript%3Ezqx%0D%0Ax%3A%20y",
    ];
    for path in fixed {
        let (_, kind, body) = get(&daemon, path).await;
        assert_eq!(kind, "text/html; charset=utf-8", "{path}");
        page(path, &body);
        count += 1;
    }
    // Each text once as the title of a page of its own.
    let mut seen = std::collections::BTreeSet::new();
    for (key, title) in titles.iter().filter(|(_, title)| seen.insert((*title).clone())) {
        let path = format!("/items/{}", encoded(key));
        let (status, _, body) = get(&daemon, &path).await;
        assert_eq!(status, 200, "{path}");
        let text = page(&path, &body);
        let whole = plain::lines(title);
        assert!(text.contains(&*whole), "{path}: {whole:?} is shown as it is: {text}");
        count += 1;
    }
    for path in ["/api/v1/report", "/api/v1/digest", "/api/v1/map", "/api/v1/status"] {
        let (status, kind, body) = get(&daemon, path).await;
        assert_eq!((status, kind.as_str()), (200, "application/json"), "{path}");
        assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok(), "{path}");
        count += 1;
    }
    daemon.signal("TERM");
    assert_eq!(daemon.code().await, Some(0));
    count
}

/// `titles = false`: a title is not asked for, and what nobody gave cannot be kept.
#[tokio::test(flavor = "multi_thread")]
async fn without_titles_none_is_asked_for_or_kept() {
    const CANARY: &str = "a-title-that-nobody-may-keep";
    let clock: SharedClock = Arc::new(SystemClock);
    let mut story = story::generate(37, clock.now(), Size::Test);
    for record in &mut story.jira {
        if let jira::Record::Issue(issue) = record {
            issue.summary = format!("{CANARY} {}", issue.key);
        }
    }
    for record in &mut story.github {
        if let hub::Record::Issue(issue) = record {
            issue.title = format!("{CANARY} {}", issue.number);
        }
    }
    let stage = Stage::start(Source::from(story.clone()), &clock, &Spawner::tokio()).await.unwrap();
    let gate = Gate::open(&stage).await;
    let folder = Folder::new(&stage, &gate, &story.portfolio_toml);
    let file = folder.path().join("streamgauge.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let mut found = Vec::new();
    for titles in [true, false] {
        std::fs::write(&file, format!("titles = {titles}\n{settings}")).unwrap();
        let _ = std::fs::remove_file(folder.path().join("streamgauge.db"));
        let ended = folder.run(&["sync"]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let out = folder.path().join(format!("out-{titles}"));
        folder.run(&["export", "--out", &out.display().to_string()]).await;
        let mut bytes = std::fs::read(folder.path().join("streamgauge.db")).unwrap();
        bytes.extend(std::fs::read(out.join("items.jsonl")).unwrap());
        found.push(contains(&bytes, CANARY.as_bytes()));
    }
    assert_eq!(found, [true, false], "kept where it is wanted, and nowhere else");
}

#[test]
fn the_parsers_see_what_they_should() {
    let broken = |text: &str| std::panic::catch_unwind(|| page("test", text)).is_err();
    for text in [
        "<p onclick=x>",
        "<script>",
        "<a href=//x>",
        "<p style='x:url(y)'>",
        "<!-- x -->",
        "<p zqx>",
        "<p class=zqx>",
        "a\u{202e}b",
        "<a href='javascript:x'>",
    ] {
        assert!(broken(text), "{text}");
    }
    assert!(!broken("<p class=a>zqx &lt;b&gt;</p>"));
    let broken = |text: &str| std::panic::catch_unwind(|| markdown("test", text)).is_err();
    for text in [
        "[a](b)",
        "![a](b)",
        "<b>",
        "# zqx",
        "`zqx`",
        "a@b",
        "http\u{3a}//x",
        "~~a~~",
        "www.x",
        "<a@b.c>",
    ] {
        assert!(broken(text), "{text}");
    }
    assert!(!broken("**zqx**: \\[a\\](b)"));
}
