//! The OpenAPI document against what the daemon answers: the real program over the invented
//! organisation is asked everything that is documented, and each answer is held to its schema.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};
use streamgauge::web::openapi::document;
use streamgauge::web::routes::rules;

use super::client::{Answer, Ask, get, post};
use super::daemon::{PORTFOLIO, Peopled, TEAM, VIEWER};
use super::house::{Doors, House};

const JSON: &str = "application/json";
/// Documented, and caused elsewhere: slow bodies and slow answers take their time
/// (`it::web::limits`), and a database that fails does so in `a_failing_database_is_documented`.
const ELSEWHERE: [u64; 3] = [408, 503, 504];

/// The document, and what was asked of it.
struct Held {
    document: Value,
    /// Operation and status.
    seen: BTreeSet<(String, u64)>,
}

impl Held {
    fn new(document: Value) -> Self {
        Self { document, seen: BTreeSet::new() }
    }

    /// Path, method and description of every operation.
    fn operations(&self) -> Vec<(String, String, Value)> {
        let paths = self.document["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(|(method, one)| (path.clone(), method.clone(), one.clone()))
        });
        all.collect()
    }

    fn operation(&self, id: &str) -> Value {
        let found = self.operations().into_iter().find(|(.., one)| one["operationId"] == id);
        found.unwrap_or_else(|| panic!("{id} is not documented")).2
    }

    /// A schema of the document, with the definitions it points to.
    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        if let Some(map) = schema.as_object_mut() {
            map.insert("components".to_owned(), self.document["components"].clone());
        }
        let options = jsonschema::options().should_validate_formats(true);
        options.with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap()
    }

    /// What is documented of a status.
    fn response(&self, id: &str, status: u64) -> Value {
        let told = self.operation(id)["responses"][status.to_string()].clone();
        assert!(!told.is_null(), "{id} answers {status}, which is not documented");
        match told["$ref"].as_str() {
            Some(at) => self.document.pointer(at.strip_prefix('#').unwrap()).unwrap().clone(),
            None => told,
        }
    }

    /// Holds an answer to the document.
    #[track_caller]
    fn hold(&mut self, id: &str, status: u64, answer: &Answer) {
        let body = &answer.body;
        assert_eq!(u64::from(answer.status), status, "{id}: {body}");
        let told = self.response(id, status);
        let kind = answer.header("content-type").split(';').next().unwrap();
        let schema = &told["content"][kind]["schema"];
        assert!(!schema.is_null(), "{id} {status} answers {kind}, which is not documented: {body}");
        let instance = if kind == JSON { answer.json() } else { json!(body) };
        let wrong = self.wrong(schema, &instance);
        assert!(wrong.is_empty(), "{id} {status}:\n{}", wrong.join("\n"));
        if kind != JSON {
            assert_eq!(body.trim().lines().count(), 1, "{id}: {body:?}");
        }
        for header in told["headers"].as_object().into_iter().flat_map(|all| all.keys()) {
            assert!(!answer.header(&header.to_lowercase()).is_empty(), "{id} {status}: {header}");
        }
        self.seen.insert((id.to_owned(), status));
    }

    fn wrong(&self, schema: &Value, instance: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        let told = validator.iter_errors(instance).map(|error| {
            let mut text = error.to_string();
            text.truncate(text.char_indices().map(|(at, _)| at).nth(600).unwrap_or(text.len()));
            format!("{}: {text}", error.instance_path())
        });
        told.take(5).collect()
    }
}

/// Where an operation that answers about an instant stands, with a key that is known.
fn address(path: &str, key: &str) -> String {
    path.replace("{key}", &key.replace('#', "%23"))
}

#[tokio::test]
async fn every_answer_is_as_documented() {
    let house = Peopled::start().await;
    let told = house.ask(get("/api/v1/openapi.json").bearer(TEAM)).await;
    let mut held = Held::new(told.json());
    assert!(held.document == document(), "what is served is what the other tests look at");
    held.hold("openapi", 200, &told);

    // Every GET: as its role, as nobody, as another role, of a past that cannot be read.
    let report = house.ask(get("/api/v1/report").bearer(VIEWER)).await.json();
    let keys = report["findings"].as_array().unwrap().iter().flat_map(|one| {
        one["items"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned())
    });
    let keys: BTreeSet<String> = keys.collect();
    let jira = keys.iter().find(|key| !key.contains('#')).expect("an item of Jira is told");
    let github = keys.iter().find(|key| key.contains('#')).expect("an item of GitHub is told");
    for (path, method, one) in held.operations() {
        let id = one["operationId"].as_str().unwrap().to_owned();
        if method == "post" {
            continue;
        }
        let roles = one["security"][0]["bearer"].as_array().unwrap().clone();
        let may = |role: &str| roles.iter().any(|one| one == role);
        let word = if may("viewer") { VIEWER } else { TEAM };
        for key in [jira, github] {
            held.hold(&id, 200, &house.ask(get(&address(&path, key)).bearer(word)).await);
        }
        let path = address(&path, jira);
        held.hold(&id, 401, &house.ask(get(&path)).await);
        held.hold(&id, 401, &house.ask(get(&path).bearer("nobody's word").from(9)).await);
        for (role, word) in [("viewer", VIEWER), ("portfolio", PORTFOLIO), ("team", TEAM)] {
            let status = if may(role) { 200 } else { 403 };
            held.hold(&id, status, &house.ask(get(&path).bearer(word)).await);
        }
        // Twice the header that says who asks.
        let twice = get(&path).bearer(word).bearer(word);
        held.hold(&id, 400, &house.ask(twice).await);
        let named = |one: &Value| one["$ref"].as_str().unwrap_or_default().ends_with("/as_of");
        if one["parameters"].as_array().is_some_and(|all| all.iter().any(named)) {
            let past = report["header"]["period"]["from"].as_str().unwrap();
            let asked = format!("{path}?as_of={past}");
            held.hold(&id, 200, &house.ask(get(&asked).bearer(word)).await);
            let asked = format!("{path}?as_of=monday");
            held.hold(&id, 400, &house.ask(get(&asked).bearer(word)).await);
        }
    }
    let missing = get("/api/v1/items/NOTHING-1").bearer(VIEWER);
    held.hold("item", 404, &house.ask(missing).await);
    writes(&house, &mut held).await;
    // One caller is enough for the rest: who guesses is not listened to on any route.
    for (path, method, one) in held.operations() {
        let id = one["operationId"].as_str().unwrap().to_owned();
        let ask = |word: &str| {
            let path = address(&path, jira);
            let ask = if method == "post" { post(&path, JSON, "{}") } else { get(&path) };
            ask.bearer(word).from(77)
        };
        let mut answer = house.ask(ask("a wrong word")).await;
        for _ in 0..20 {
            if answer.status == 429 {
                break;
            }
            answer = house.ask(ask("a wrong word")).await;
        }
        held.hold(&id, 429, &answer);
    }

    let mut unseen = Vec::new();
    for (_, _, one) in held.operations() {
        let id = one["operationId"].as_str().unwrap();
        for status in one["responses"].as_object().unwrap().keys() {
            let status = status.parse().unwrap();
            // That a team is not declared is refused when the daemon starts, and where any
            // credential will do, only a page of another site is sent away.
            let never = [("team", 404), ("openapi", 403)];
            let elsewhere = ELSEWHERE.contains(&status) || never.contains(&(id, status));
            if !elsewhere && !held.seen.contains(&(id.to_owned(), status)) {
                unseen.push(format!("{id} {status}"));
            }
        }
    }
    assert!(unseen.is_empty(), "documented, and not seen: {unseen:?}");
}

/// Every POST: whole, half, of the wrong kind, too large, by somebody who may not.
async fn writes(house: &Peopled, held: &mut Held) {
    let measure = house.ask(get("/api/v1/status").bearer(VIEWER)).await.json();
    let measure = measure["outcomes"][0]["measure"].as_str().unwrap().to_owned();
    let epic = house.ask(get("/api/v1/map").bearer(VIEWER)).await.json();
    let stream = epic["streams"].as_array().unwrap().iter();
    let epic =
        stream.flat_map(|one| one["epics"].as_array().unwrap()).next().unwrap()["id"].clone();
    let bodies = BTreeMap::from([
        (
            "record_decision",
            [
                json!({
                    "verb": "more", "subject": "portfolio", "why": "the review of June",
                    "target": [0.2, 0.3], "cites": ["P1:payments"],
                    "expects": { "measure": measure, "direction": "down", "review_at": "2027-01-01T00:00:00Z" },
                }),
                json!({ "verb": "more", "subject": "stream:nowhere", "why": "the review" }),
                json!({ "verb": "more", "subject": "portfolio", "why": "x", "who": "somebody" }),
            ],
        ),
        (
            "record_reading",
            [
                json!({ "measure": measure, "value": 41.5, "at": "2026-06-01T00:00:00Z", "source": "survey" }),
                json!({ "measure": "nothing", "value": 1.0 }),
                json!({ "measure": measure, "value": "many" }),
            ],
        ),
        (
            "record_integration",
            [
                json!({ "name": "System demo", "epics": [epic] }),
                json!({ "name": "System demo" }),
                json!({ "name": "System demo", "epics": "all" }),
            ],
        ),
    ]);
    for (path, method, one) in held.operations() {
        if method != "post" {
            continue;
        }
        let id = one["operationId"].as_str().unwrap();
        let [right, wrong, unreadable] = &bodies[id];
        let takes = held.operation(id)["requestBody"]["content"][JSON]["schema"].clone();
        assert_eq!(held.wrong(&takes, right), Vec::<String>::new(), "{id} is not documented so");
        assert!(!held.wrong(&takes, unreadable).is_empty(), "{id} is documented as taken");
        let sent = |body: &Value| post(&path, JSON, body.to_string());
        let as_portfolio = |ask: Ask| house.ask(ask.bearer(PORTFOLIO));
        held.hold(id, 201, &as_portfolio(sent(right)).await);
        if id == "record_reading" {
            held.hold(id, 200, &as_portfolio(sent(right)).await);
        }
        held.hold(id, 400, &as_portfolio(sent(wrong)).await);
        held.hold(id, 400, &as_portfolio(post(&path, JSON, "{ half")).await);
        held.hold(id, 422, &as_portfolio(sent(unreadable)).await);
        held.hold(id, 415, &as_portfolio(post(&path, "text/plain", right.to_string())).await);
        let packed = sent(right).with("content-encoding", "gzip");
        held.hold(id, 415, &as_portfolio(packed).await);
        let large = post(&path, JSON, "").with("content-length", "70000");
        held.hold(id, 413, &as_portfolio(large).await);
        held.hold(id, 401, &house.ask(sent(right)).await);
        held.hold(id, 403, &house.ask(sent(right).bearer(VIEWER)).await);
        // What is now stored answers as documented as well.
        let list = format!("{}s", id.trim_start_matches("record_"));
        held.hold(&list, 200, &house.ask(get(&path).bearer(VIEWER)).await);
    }
}

#[tokio::test]
async fn a_failing_database_is_documented() {
    let house = House::furnished(Doors::default()).await;
    let mut held = Held::new(document());
    let path = house.folder.path().join("gauge.db");
    let other = rusqlite::Connection::open(path).unwrap();
    for table in ["meta", "items", "passes", "decisions", "readings", "integrations"] {
        let _ = other.execute(&format!("DROP TABLE {table}"), []);
    }
    for (path, method, one) in held.operations() {
        let id = one["operationId"].as_str().unwrap().to_owned();
        if method == "get" && !["openapi", "team"].contains(&id.as_str()) {
            held.hold(&id, 503, &house.ask(get(&address(&path, "PAY-1"))).await);
        }
    }
}

/// A field that is missing or added is noticed, wherever it stands.
#[tokio::test]
async fn a_field_more_or_less_is_noticed() {
    let house = House::furnished(Doors::default()).await;
    let held = Held::new(document());
    let mut changed = 0;
    for id in ["report", "digest", "map", "status", "item"] {
        let (path, ..) =
            held.operations().into_iter().find(|(.., one)| one["operationId"] == id).unwrap();
        let whole = house.ask(get(&address(&path, "northwind/checkout#1"))).await.json();
        let schema = held.response(id, 200)["content"][JSON]["schema"].clone();
        let validator = held.validator(&schema);
        assert!(validator.is_valid(&whole), "{id}: {:?}", held.wrong(&schema, &whole));
        let mut objects = Vec::new();
        walk(&whole, String::new(), &mut objects);
        for at in objects {
            let mut more = whole.clone();
            more.pointer_mut(&at).unwrap()["unheard_of"] = json!(1);
            assert!(!validator.is_valid(&more), "{id}{at} takes a field that is not documented");
            let names: Vec<String> =
                whole.pointer(&at).unwrap().as_object().unwrap().keys().cloned().collect();
            for name in names {
                let mut less = whole.clone();
                less.pointer_mut(&at).unwrap().as_object_mut().unwrap().remove(&name);
                assert!(!validator.is_valid(&less), "{id}{at} does not miss {name}");
                changed += 1;
            }
        }
    }
    assert!(changed > 250, "{changed}");
}

/// Pointers to one object of every shape: the first of each list, and of each set of names.
fn walk(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.push(at.clone());
            for (name, one) in map {
                walk(one, format!("{at}/{name}"), found);
            }
        }
        Value::Array(list) => {
            let mut shapes = BTreeSet::new();
            for (nth, one) in list.iter().enumerate() {
                let verdict = one.get("verdict").map(Value::to_string).unwrap_or_default();
                if shapes.insert(verdict) {
                    walk(one, format!("{at}/{nth}"), found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_route_of_the_api_is_documented_and_no_other() {
    let held = Held::new(document());
    let documented: BTreeSet<(String, String)> =
        held.operations().into_iter().map(|(path, method, _)| (path, method)).collect();
    let api = rules().into_iter().filter(|rule| rule.path.starts_with("/api/v1"));
    let routes: BTreeSet<(String, String)> = api
        .flat_map(|rule| {
            let path = rule.path.replace("{*", "{");
            let get = rule.get.map(|_| (path.clone(), "get".to_owned()));
            get.into_iter().chain(rule.post.map(|_| (path, "post".to_owned())))
        })
        .collect();
    assert_eq!(documented, routes);
    assert_eq!(held.operations().len(), OPERATIONS, "none is lost on the way");
}

/// How many there are; a route that is renamed and forgotten would make it smaller.
const OPERATIONS: usize = 13;

#[test]
fn the_document_is_whole() {
    let held = Held::new(document());
    let text = held.document.to_string();
    assert_eq!(held.document["openapi"], "3.1.1");
    // Every pointer leads somewhere, and everything is pointed at.
    let mut pointed = BTreeSet::new();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(held.document.pointer(pointer).is_some(), "{pointer} leads nowhere");
        pointed.insert(pointer.to_owned());
    }
    for group in ["schemas", "responses", "parameters"] {
        for name in held.document["components"][group].as_object().unwrap().keys() {
            assert!(pointed.contains(&format!("/components/{group}/{name}")), "{name} is not used");
            assert!(!name.ends_with(char::is_numeric), "{name}: two types have one name");
        }
    }
    // Every schema is one, and every object of ours is closed and described.
    let schemas = held.document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.len() > 60, "{}", schemas.len());
    for (name, schema) in schemas {
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    // Operations have names of their own, words, roles and examples that hold.
    let mut ids = BTreeSet::new();
    for (path, method, one) in held.operations() {
        let id = one["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} comes twice");
        for word in ["summary", "description"] {
            assert!(one[word].as_str().is_some_and(|text| text.len() > 10), "{path} {word}");
        }
        assert!(!one["security"][0]["bearer"].as_array().unwrap().is_empty(), "{id}: no role");
        assert_eq!(path.contains("{key}"), one.to_string().contains("parameters/key"), "{id}");
        let mut contents = Vec::new();
        if method == "post" {
            contents.push(one["requestBody"]["content"][JSON].clone());
        }
        let good = one["responses"].as_object().unwrap().iter().filter(|(s, _)| s.starts_with('2'));
        contents.extend(good.map(|(_, told)| told["content"][JSON].clone()));
        for content in contents {
            if id == "openapi" {
                continue;
            }
            let example = &content["example"];
            assert!(!example.is_null(), "{id}: no example");
            let wrong = held.wrong(&content["schema"], example);
            assert!(wrong.is_empty(), "the example of {id}:\n{}", wrong.join("\n"));
        }
    }
    // It tells nothing about this installation, and has no word for a person.
    assert!(!text.contains(env!("CARGO_PKG_VERSION")), "no answer tells the version");
    for word in ["assignee", "reporter", "author", "\"email\"", "login"] {
        assert!(!text.to_lowercase().contains(word), "{word}");
    }
}
