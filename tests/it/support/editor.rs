//! People at work: the story's edits, done to the simulated trackers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::sim::github;
use streamgauge::sim::jira;
use streamgauge::sim::story::{self, Edit, Edits, Size, Story, Target};
use streamgauge::spawn::Spawner;

use super::gate::Gate;

/// The trackers of an organisation behind a gate, now, and the people who edit both.
pub struct Trackers {
    pub stage: Stage,
    pub gate: Gate,
    pub editor: Arc<Mutex<Editor>>,
    pub portfolio: String,
}

impl Trackers {
    pub async fn start(seed: u64) -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let now = clock.now();
        let story = story::generate(seed, now, Size::Test);
        let edits = story::edits(seed, now, Size::Test);
        let source = Source::from(story.clone());
        let stage = Stage::start(source, &clock, &Spawner::tokio()).await.unwrap();
        let gate = Gate::open(&stage).await;
        let editor = Arc::new(Mutex::new(Editor::new(&story, edits, &stage)));
        Self { stage, gate, editor, portfolio: story.portfolio_toml }
    }
}

/// Applies an endless sequence of edits, in order.
pub struct Editor {
    edits: Edits,
    jira: jira::SharedSite,
    github: github::Site,
    /// Numeric ids of issues by `owner/name` and number.
    issues: BTreeMap<(String, u64), u64>,
    repositories: BTreeMap<String, u64>,
    /// The delivery board, which is the first one.
    board: u64,
    done: u64,
}

impl Editor {
    pub fn new(story: &Story, edits: Edits, stage: &Stage) -> Self {
        let mut repositories = BTreeMap::new();
        let mut issues = BTreeMap::new();
        let mut boards = Vec::new();
        for record in &story.github {
            match record {
                github::records::Record::Repo(repo) => {
                    repositories.insert(format!("{}/{}", repo.owner, repo.name), repo.id);
                }
                github::records::Record::Board(board) => boards.push(board.id),
                _ => {}
            }
        }
        let names: BTreeMap<u64, &String> = repositories.iter().map(|(n, id)| (*id, n)).collect();
        for record in &story.github {
            if let github::records::Record::Issue(issue) = record {
                issues.insert((names[&issue.repo].clone(), issue.number), issue.id);
            }
        }
        Self {
            edits,
            jira: stage.jira.as_ref().unwrap().site.clone(),
            github: stage.github.as_ref().unwrap().site.clone(),
            issues,
            repositories,
            board: boards[0],
            done: 0,
        }
    }

    /// How many edits were made.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Makes the next edit.
    pub fn step(&mut self) {
        let edit = self.edits.next().unwrap();
        self.done += 1;
        match edit {
            Edit::CreateInJira { project, component, issue_type, title } => {
                self.create_in_jira(&project, &component, &issue_type, title);
            }
            Edit::CreateInGitHub { repo, label, title } => {
                let (id, board) = (self.repositories[&repo], self.board);
                let create = |edits: &mut github::Edits<'_>| {
                    let issue = edits.create_issue(id, &title)?;
                    edits.label(issue, &label)?;
                    edits.set_board_status(issue, board, Some("Todo"))
                };
                self.github.edit(create).unwrap();
            }
            Edit::Move { target, status } => self.change(&target, Some(status), None),
            Edit::Finish { target } => self.change(&target, Some("Done"), Some(true)),
            Edit::Reopen { target, status } => self.change(&target, Some(status), Some(false)),
            Edit::Flag { target, on } => self.flag(&target, on),
            Edit::Rename { target, title } => self.rename(&target, title),
        }
    }

    fn create_in_jira(&mut self, project: &str, component: &str, kind: &str, title: String) {
        let mut site = jira::lock(&self.jira);
        let known = site.catalogue();
        let project = known.project(project).unwrap().id;
        let component = known.components.values().find(|own| own.name == component).unwrap().id;
        let kind = known.types.values().find(|own| own.name == kind).unwrap().id;
        let status = known.statuses.values().find(|own| own.name == "Backlog").unwrap().id;
        let draft = jira::Draft {
            project,
            kind,
            status,
            summary: title,
            components: vec![component],
            ..jira::Draft::default()
        };
        site.create_issue(draft).unwrap();
    }

    /// `closed`: whether the item ends or begins again by it.
    fn change(&mut self, target: &Target, status: Option<&str>, closed: Option<bool>) {
        match target {
            Target::Jira { key } => {
                let mut site = jira::lock(&self.jira);
                let id = site.issue_by_key(key).unwrap().id;
                let named = |s: &&jira::records::StatusRecord| Some(s.name.as_str()) == status;
                let status = site.catalogue().statuses.values().find(named).unwrap().id;
                site.transition(id, status).unwrap();
                if let Some(closed) = closed {
                    let done = closed.then(|| *site.catalogue().resolutions.keys().next().unwrap());
                    site.edit(id, &jira::Edit::Resolution(done)).unwrap();
                }
            }
            Target::GitHub { repo, number } => {
                let (id, board) = (self.issues[&(repo.clone(), *number)], self.board);
                let label = format!("touched-{}", self.done);
                self.github
                    .edit(|edits| {
                        edits.set_board_status(id, board, status)?;
                        match closed {
                            Some(true) => edits.close(id, "completed"),
                            Some(false) => edits.reopen(id),
                            // A move on a board leaves the issue's stamp as it is; when the webhook
                            // is lost as well, nothing tells of it. People do more than that.
                            None => edits.label(id, &label),
                        }
                    })
                    .unwrap();
            }
        }
    }

    fn flag(&mut self, target: &Target, on: bool) {
        let Target::Jira { key } = target else { panic!("only Jira has flags") };
        let mut site = jira::lock(&self.jira);
        let id = site.issue_by_key(key).unwrap().id;
        site.edit(id, &jira::Edit::Flagged(on)).unwrap();
    }

    fn rename(&mut self, target: &Target, title: String) {
        match target {
            Target::Jira { key } => {
                let mut site = jira::lock(&self.jira);
                let id = site.issue_by_key(key).unwrap().id;
                site.edit(id, &jira::Edit::Summary(title)).unwrap();
            }
            Target::GitHub { repo, number } => {
                let id = self.issues[&(repo.clone(), *number)];
                self.github.edit(|edits| edits.rename(id, &title)).unwrap();
            }
        }
    }
}
