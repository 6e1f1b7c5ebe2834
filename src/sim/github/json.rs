//! The JSON objects that REST answers and webhook bodies share. Every field that names or may
//! name a person, and every free text besides titles, holds a canary.

use serde_json::{Map, Value, json};

use crate::sim::people::{Canary, People};

use super::ids::node_id;
use super::records::{MilestoneRecord, ReleaseRecord};
use super::site::world::{Issue, Label, Pull, Repo, World};

const API: &str = "https://api.github.com";
const WEB: &str = "https://github.com";

/// Renders objects of one world.
#[derive(Clone, Copy)]
pub struct Json<'w> {
    pub world: &'w World,
    pub people: &'w People,
}

/// The numeric id of a canary, made from its account.
pub fn person_id(canary: &Canary) -> u64 {
    canary.account.bytes().fold(7, |id, byte| (id * 31 + u64::from(byte)) % 90_000_000) + 1000
}

/// A description or comment; nothing of it may survive a sync.
pub fn free_text(people: &People, what: &str, nth: u64) -> String {
    let author = people.in_role("author", nth);
    format!("A {what} by {} <{}>, not to be kept.", author.name, author.email)
}

impl Json<'_> {
    pub fn user(&self, role: &str, nth: u64) -> Value {
        let canary = self.people.in_role(role, nth);
        let login = &canary.account;
        let mut user = account(login, "User", person_id(&canary));
        user.insert("avatar_url".to_owned(), json!(canary.avatar));
        user.insert("email".to_owned(), json!(canary.email));
        user.insert("name".to_owned(), json!(canary.name));
        Value::Object(user)
    }

    pub fn organization(&self, login: &str) -> Value {
        let id = owner_id(login);
        let url = format!("{API}/orgs/{login}");
        json!({
            "login": login, "id": id, "node_id": node_id("O", &[id]), "url": url,
            "repos_url": format!("{url}/repos"), "events_url": format!("{url}/events"),
            "hooks_url": format!("{url}/hooks"), "issues_url": format!("{url}/issues"),
            "members_url": format!("{url}/members{{/member}}"),
            "public_members_url": format!("{url}/public_members{{/member}}"),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}"),
            "description": null,
        })
    }

    pub fn repository(&self, repo: &Repo) -> Value {
        let record = &repo.record;
        let (full, created) = (repo.full_name(), record.created.to_string());
        let (api, web) = (format!("{API}/repos/{full}"), format!("{WEB}/{full}"));
        let open = self.world.open.get(&record.id).copied().unwrap_or(0);
        let mut value = json!({
            "id": record.id, "node_id": repo.node_id(), "name": record.name, "full_name": full,
            "private": true, "fork": false, "description": null, "html_url": web, "url": api,
            "owner": account(&record.owner, "Organization", owner_id(&record.owner)),
            "git_url": format!("git://github.com/{full}.git"),
            "ssh_url": format!("git@github.com:{full}.git"),
            "clone_url": format!("{web}.git"), "svn_url": web, "mirror_url": null,
            "homepage": null, "language": null, "license": null, "default_branch": "main",
            "open_issues": open, "open_issues_count": open, "archived": record.archived,
            "disabled": false, "visibility": "private", "topics": [],
            "created_at": created, "updated_at": created, "pushed_at": created,
        });
        for count in REPOSITORY_COUNTS {
            value[*count] = json!(0);
        }
        for (flag, yes) in REPOSITORY_FLAGS {
            value[*flag] = json!(yes);
        }
        value["has_issues"] = json!(!self.world.without_issues.contains(&record.id));
        if let Some(object) = value.as_object_mut() {
            for (key, path) in REPOSITORY_URLS {
                object.insert((*key).to_owned(), json!(format!("{api}/{path}")));
            }
        }
        value
    }

    pub fn issue(&self, issue: &Issue) -> Value {
        let full = self.world.full_name(issue.repo);
        let repository = format!("{API}/repos/{full}");
        let url = format!("{repository}/issues/{}", issue.number);
        let place = if issue.pull.is_some() { "pull" } else { "issues" };
        let labels: Vec<Value> = self.labels(issue);
        let milestone = issue.milestone.and_then(|id| self.world.milestones.get(&id));
        let mut value = json!({
            "url": url, "repository_url": repository, "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"),
            "timeline_url": format!("{url}/timeline"),
            "html_url": format!("{WEB}/{full}/{place}/{}", issue.number),
            "id": issue.id, "node_id": issue.node_id, "number": issue.number,
            "title": issue.title, "user": self.user("author", issue.id), "labels": labels,
            "state": if issue.closed.is_some() { "closed" } else { "open" },
            "state_reason": issue.reason, "locked": false, "active_lock_reason": null,
            "assignee": self.user("assignee", issue.id),
            "assignees": [self.user("assignee", issue.id)],
            "milestone": milestone.map(|milestone| self.milestone(milestone)),
            "comments": issue.comments, "created_at": issue.created.to_string(),
            "updated_at": issue.updated.to_string(),
            "closed_at": issue.closed.map(|at| at.to_string()),
            "closed_by": issue.closed.map(|_| self.user("closer", issue.id)),
            "author_association": "MEMBER", "body": free_text(self.people, "description", issue.id),
            "reactions": reactions(&url), "performed_via_github_app": null,
        });
        if let Some(object) = value.as_object_mut() {
            match &issue.pull {
                Some(pull) => self.add_pull_marks(object, issue, pull, &full),
                None => self.add_relations(object, issue),
            }
        }
        value
    }

    /// The object of the `pull_request` event.
    pub fn pull(&self, issue: &Issue, pull: &Pull) -> Value {
        let full = self.world.full_name(issue.repo);
        let url = format!("{API}/repos/{full}/pulls/{}", issue.number);
        let html = format!("{WEB}/{full}/pull/{}", issue.number);
        let issue_url = format!("{API}/repos/{full}/issues/{}", issue.number);
        let repository = self.world.repos.get(&issue.repo).map(|repo| self.repository(repo));
        let branch = |name: &str| {
            json!({"label": name, "ref": name, "sha": SHA, "user": self.user("author", issue.id),
                "repo": repository})
        };
        let link = |path: &str| json!({"href": format!("{url}{path}")});
        let mut value = self.issue(issue);
        let own = json!({
            "url": url, "html_url": html, "issue_url": issue_url,
            "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
            "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{url}/comments{{/number}}"),
            "statuses_url": format!("{API}/repos/{full}/statuses/{SHA}"),
            "comments_url": format!("{issue_url}/comments"),
            "head": branch("change"), "base": branch(&pull.base), "draft": pull.draft,
            "merge_commit_sha": null, "auto_merge": null, "requested_reviewers": [],
            "requested_teams": [], "merged": pull.merged.is_some(),
            "merged_at": pull.merged.map(|at| at.to_string()),
            "merged_by": pull.merged.map(|_| self.user("merger", issue.id)),
            "mergeable": null, "rebaseable": null, "mergeable_state": "unknown",
            "review_comments": 0, "maintainer_can_modify": false, "commits": 1,
            "additions": 1, "deletions": 0, "changed_files": 1,
            "_links": {"self": link(""), "html": {"href": html}, "issue": {"href": issue_url},
                "comments": link("/comments"), "review_comments": link("/comments"),
                "review_comment": link("/comments{/number}"), "commits": link("/commits"),
                "statuses": link("/statuses")},
        });
        if let (Value::Object(value), Value::Object(own)) = (&mut value, own) {
            for key in ["repository_url", "labels_url", "events_url", "timeline_url"] {
                value.remove(key);
            }
            for key in ["pull_request", "reactions", "performed_via_github_app", "closed_by"] {
                value.remove(key);
            }
            value.remove("state_reason");
            value.extend(own);
        }
        value
    }

    pub fn label(&self, label: &Label) -> Value {
        let record = &label.record;
        let full = self.world.full_name(record.repo);
        json!({
            "id": record.id, "node_id": node_id("LA", &[record.repo, record.id]),
            "url": format!("{API}/repos/{full}/labels/{}", record.name.replace(' ', "%20")),
            "name": record.name, "color": record.color, "default": false, "description": null,
        })
    }

    pub fn milestone(&self, record: &MilestoneRecord) -> Value {
        let full = self.world.full_name(record.repo);
        let url = format!("{API}/repos/{full}/milestones/{}", record.number);
        json!({
            "url": url, "labels_url": format!("{url}/labels"), "id": record.id,
            "html_url": format!("{WEB}/{full}/milestone/{}", record.number),
            "node_id": node_id("MI", &[record.repo, record.id]), "number": record.number,
            "title": record.title, "creator": self.user("creator", record.id),
            "description": free_text(self.people, "description", record.id),
            "open_issues": 0, "closed_issues": 0,
            "state": if record.closed.is_some() { "closed" } else { "open" },
            "created_at": record.created.to_string(),
            "updated_at": record.updated.unwrap_or(record.created).to_string(),
            "due_on": "2031-01-31T08:00:00Z", "closed_at": record.closed.map(|at| at.to_string()),
        })
    }

    pub fn release(&self, record: &ReleaseRecord) -> Value {
        let full = self.world.full_name(record.repo);
        let url = format!("{API}/repos/{full}/releases/{}", record.id);
        let created = self.release_created(record);
        json!({
            "url": url, "assets_url": format!("{url}/assets"),
            "upload_url": format!("https://uploads.github.com/repos/{full}/releases/{}/assets", record.id),
            "html_url": format!("{WEB}/{full}/releases/tag/{}", record.tag), "id": record.id,
            "author": self.user("author", record.id),
            "node_id": node_id("RE", &[record.repo, record.id]), "tag_name": record.tag,
            "target_commitish": "main", "name": record.tag, "draft": record.published.is_none(),
            "prerelease": record.prerelease, "immutable": false, "created_at": created,
            "updated_at": created, "published_at": record.published.map(|at| at.to_string()),
            "assets": [], "tarball_url": format!("{API}/repos/{full}/tarball/{}", record.tag),
            "zipball_url": format!("{API}/repos/{full}/zipball/{}", record.tag),
            "body": free_text(self.people, "release note", record.id),
        })
    }

    pub fn issue_type(&self, name: &str) -> Value {
        let id = self.world.type_id(name).unwrap_or(0);
        json!({"id": id, "node_id": node_id("IT", &[id]), "name": name, "description": null,
            "color": "blue", "created_at": "2025-01-01T00:00:00Z",
            "updated_at": "2025-01-01T00:00:00Z", "is_enabled": true})
    }

    /// The stamp of a draft is the birth of its repository.
    pub fn release_created(&self, record: &ReleaseRecord) -> String {
        let born = || self.world.repos.get(&record.repo).map(|repo| repo.record.created);
        record.published.or_else(born).map_or_else(String::new, |at| at.to_string())
    }

    fn labels(&self, issue: &Issue) -> Vec<Value> {
        let labels = issue.labels.iter().filter_map(|id| self.world.labels.get(id));
        labels.map(|label| self.label(label)).collect()
    }

    fn add_pull_marks(&self, to: &mut Map<String, Value>, issue: &Issue, pull: &Pull, full: &str) {
        let html = format!("{WEB}/{full}/pull/{}", issue.number);
        let mark = json!({
            "url": format!("{API}/repos/{full}/pulls/{}", issue.number), "html_url": html,
            "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
            "merged_at": pull.merged.map(|at| at.to_string()),
        });
        to.insert("draft".to_owned(), json!(pull.draft));
        to.insert("pull_request".to_owned(), mark);
    }

    fn add_relations(&self, to: &mut Map<String, Value>, issue: &Issue) {
        let open =
            |ids: &[u64]| self.world.visible(ids).filter(|issue| issue.closed.is_none()).count();
        let (total, left) = (issue.children.len(), open(&issue.children));
        let done = total - left.min(total);
        let sub_issues = json!({"total": total, "completed": done,
            "percent_completed": (100 * done).checked_div(total).unwrap_or(0)});
        let dependencies = json!({"blocked_by": open(&issue.blocked_by),
            "blocking": open(&issue.blocking), "total_blocked_by": issue.blocked_by.len(),
            "total_blocking": issue.blocking.len()});
        to.insert("sub_issues_summary".to_owned(), sub_issues);
        to.insert("issue_dependencies_summary".to_owned(), dependencies);
        let issue_type = issue.issue_type.as_ref().map(|name| self.issue_type(name));
        to.insert("type".to_owned(), json!(issue_type));
    }
}

const SHA: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

/// The numeric id of an organisation, made from its name.
pub fn owner_id(login: &str) -> u64 {
    login.bytes().fold(3, |id, byte| (id * 131 + u64::from(byte)) % 900_000) + 100_000
}

fn account(login: &str, kind: &str, id: u64) -> Map<String, Value> {
    let url = format!("{API}/users/{login}");
    let value = json!({
        "login": login, "id": id, "type": kind, "site_admin": false, "gravatar_id": "",
        "node_id": node_id(if kind == "User" { "U" } else { "O" }, &[id]),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}"),
        "url": url, "html_url": format!("{WEB}/{login}"),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"), "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
    });
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn reactions(url: &str) -> Value {
    json!({"url": format!("{url}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0,
        "confused": 0, "heart": 0, "hooray": 0, "eyes": 0, "rocket": 0})
}

const REPOSITORY_COUNTS: &[&str] = &[
    "forks",
    "forks_count",
    "stargazers_count",
    "watchers",
    "watchers_count",
    "network_count",
    "subscribers_count",
    "size",
];

const REPOSITORY_FLAGS: &[(&str, bool)] = &[
    ("has_issues", true),
    ("has_projects", true),
    ("has_wiki", false),
    ("has_pages", false),
    ("has_discussions", false),
    ("has_downloads", true),
    ("is_template", false),
    ("web_commit_signoff_required", false),
    ("allow_forking", true),
];

const REPOSITORY_URLS: &[(&str, &str)] = &[
    ("archive_url", "{archive_format}{/ref}"),
    ("assignees_url", "assignees{/user}"),
    ("blobs_url", "git/blobs{/sha}"),
    ("branches_url", "branches{/branch}"),
    ("collaborators_url", "collaborators{/collaborator}"),
    ("comments_url", "comments{/number}"),
    ("commits_url", "commits{/sha}"),
    ("compare_url", "compare/{base}...{head}"),
    ("contents_url", "contents/{+path}"),
    ("contributors_url", "contributors"),
    ("deployments_url", "deployments"),
    ("downloads_url", "downloads"),
    ("events_url", "events"),
    ("forks_url", "forks"),
    ("git_commits_url", "git/commits{/sha}"),
    ("git_refs_url", "git/refs{/sha}"),
    ("git_tags_url", "git/tags{/sha}"),
    ("hooks_url", "hooks"),
    ("issue_comment_url", "issues/comments{/number}"),
    ("issue_events_url", "issues/events{/number}"),
    ("issues_url", "issues{/number}"),
    ("keys_url", "keys{/key_id}"),
    ("labels_url", "labels{/name}"),
    ("languages_url", "languages"),
    ("merges_url", "merges"),
    ("milestones_url", "milestones{/number}"),
    ("notifications_url", "notifications{?since,all,participating}"),
    ("pulls_url", "pulls{/number}"),
    ("releases_url", "releases{/id}"),
    ("stargazers_url", "stargazers"),
    ("statuses_url", "statuses/{sha}"),
    ("subscribers_url", "subscribers"),
    ("subscription_url", "subscription"),
    ("tags_url", "tags"),
    ("teams_url", "teams"),
    ("trees_url", "git/trees{/sha}"),
];
