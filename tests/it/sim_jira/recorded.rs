//! Recorded sites in normal form.

use streamgauge::clock::ManualClock;
use streamgauge::model::Timestamp;
use streamgauge::sim::jira::Site;
use streamgauge::sim::jira::records::{LoadError, Record, read};

use serde_json::json;

use super::Jira;

const JIRAMETRICS: &[u8] = include_bytes!("../payloads/normal/jirametrics.jira.jsonl.gz");
const SAMPLES: [(&str, &[u8]); 3] = [
    ("devlake-cloud", include_bytes!("../payloads/normal/devlake-cloud.sample.jsonl")),
    ("devlake-server", include_bytes!("../payloads/normal/devlake-server.sample.jsonl")),
    ("tidev", include_bytes!("../payloads/normal/tidev.sample.jsonl")),
];

fn load(bytes: &[u8]) -> Jira {
    let clock = ManualClock::at(Timestamp::parse("2022-06-01T00:00:00Z").unwrap());
    Jira { site: Site::load(bytes, clock.clone()).unwrap(), clock }
}

#[test]
fn a_gzipped_site_loads_whole() {
    let jira = load(JIRAMETRICS);
    let truth = jira.site.dump();
    assert_eq!(truth.len(), 10);
    assert_eq!(truth.values().map(|issue| issue.histories.len()).sum::<usize>(), 46);
    assert_eq!(jira.site.catalogue().statuses.len(), 5);
    assert_eq!(jira.site.issue_by_key("sp-15").unwrap().links.len(), 2);
}

#[test]
fn a_recorded_issue_comes_back_as_it_was_recorded() {
    let mut jira = load(JIRAMETRICS);
    let (_, one) = jira.get("/rest/api/3/issue/SP-15?expand=changelog");
    assert_eq!(one["fields"]["customfield_10021"][0]["value"], "Impediment");
    assert_eq!(one["fields"]["customfield_10020"][0]["name"], "Scrum Sprint 3");
    assert_eq!(one["fields"]["customfield_10036"], 13.0);
    assert_eq!(one["fields"]["issuelinks"][0]["inwardIssue"]["key"], "SP-14");
    assert_eq!(one["fields"]["updated"], "2022-05-07T17:28:40.874+0000");
    let flag = &one["changelog"]["histories"][0];
    assert_eq!(flag["id"], "10150");
    let mut item = flag["items"][0].clone();
    assert_eq!(item["fieldtype"].take(), "custom");
    assert_eq!((&item["from"], &item["to"]), (&json!(null), &json!("[10019]")));
}

#[test]
fn records_survive_writing_and_reading() {
    for (name, sample) in SAMPLES {
        let records = read(sample).unwrap();
        let lines: Vec<String> =
            records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        assert_eq!(read(lines.join("\n").as_bytes()).unwrap(), records, "{name}");
        let issues = records.iter().filter(|record| matches!(record, Record::Issue(_))).count();
        assert_eq!(load(sample).site.dump().len(), issues, "{name}");
    }
}

#[test]
fn statuses_that_are_gone_are_not_listed_but_history_names_them() {
    let mut jira = load(SAMPLES[0].1);
    let (_, statuses) = jira.get("/rest/api/3/status");
    assert_eq!(statuses.as_array().unwrap().len(), 2, "seven of nine are gone");
}

#[test]
fn links_out_of_the_file_keep_id_and_key() {
    let mut jira = load(SAMPLES[1].1);
    let (_, page) = jira.search("project = 10009", json!({"fields": ["issuelinks"]}));
    for issue in page["issues"].as_array().unwrap() {
        let link = &issue["fields"]["issuelinks"][0];
        let other = link.get("inwardIssue").or(link.get("outwardIssue")).unwrap();
        assert!(other["id"].is_string() && other["key"].is_string(), "{link}");
    }
}

#[test]
fn a_bad_line_is_named_by_number() {
    let file =
        "{\"t\":\"project\",\"id\":1,\"key\":\"A\",\"name\":\"A\"}\n\n{\"t\":\"nonsense\"}\n";
    let error = read(file.as_bytes()).unwrap_err();
    assert!(matches!(error, LoadError::Malformed { line: 3, .. }), "{error}");
    let cut = &JIRAMETRICS[..JIRAMETRICS.len() / 2];
    assert!(matches!(read(cut).unwrap_err(), LoadError::Unreadable { .. }));
}
