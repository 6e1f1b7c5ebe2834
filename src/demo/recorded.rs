//! Recorded tracker data in its normal form, and the portfolio that can be said about it without
//! asking anyone: one stream and one team for each project or repository.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::model::Timestamp;
use crate::sim::github::records as github;
use crate::sim::jira::records as jira;

/// Records of at most one Jira site and one GitHub site.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    pub jira: Vec<jira::Record>,
    pub github: Vec<github::Record>,
}

/// Why recorded data cannot be used; the text names the file.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct RecordingError {
    path: String,
    problem: String,
}

impl Recording {
    /// Reads `.jsonl` or `.jsonl.gz` files; the first line tells which tracker a file is of.
    ///
    /// # Errors
    /// A file that cannot be read, or a second file of the same tracker (ids of two sites clash).
    pub fn read(paths: &[impl AsRef<Path>]) -> Result<Self, RecordingError> {
        let mut recording = Self::default();
        for path in paths {
            recording.add(path.as_ref())?;
        }
        Ok(recording)
    }

    fn add(&mut self, path: &Path) -> Result<(), RecordingError> {
        let fail = |problem: String| RecordingError { path: path.display().to_string(), problem };
        let open = || File::open(path).map_err(|error| fail(error.to_string()));
        let twice = || fail("holds a second site of the same tracker; load one at a time".into());
        if is_github(&mut open()?).map_err(fail)? {
            if !self.github.is_empty() {
                return Err(twice());
            }
            self.github = github::load(open()?).map_err(|error| fail(error.to_string()))?;
        } else {
            if !self.jira.is_empty() {
                return Err(twice());
            }
            self.jira =
                jira::read(BufReader::new(open()?)).map_err(|error| fail(error.to_string()))?;
        }
        Ok(())
    }

    /// The start of the day after the newest event.
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        let jira = self.jira.iter().filter_map(|record| match record {
            jira::Record::Issue(issue) => Some(issue.updated),
            _ => None,
        });
        let github = self.github.iter().filter_map(|record| match record {
            github::Record::Issue(issue) => Some(issue.updated),
            _ => None,
        });
        let newest = jira.chain(github).max()?;
        let day = crate::model::period::DAY_MS;
        Some(Timestamp::from_millis((newest.millis().div_euclid(day) + 1) * day))
    }

    /// A portfolio file about the recorded projects and repositories.
    #[must_use]
    pub fn portfolio(&self) -> String {
        let mut text = String::from("name = \"Recorded data\"\ntimezone = \"UTC\"\n");
        let mut sources: BTreeMap<String, (String, String)> = BTreeMap::new();
        for record in &self.jira {
            if let jira::Record::Project(project) = record {
                let claim = format!("{{ jira = {:?} }}", project.key);
                sources.insert(slug(&project.key), (project.key.clone(), claim));
            }
        }
        for record in &self.github {
            if let github::Record::Repo(repo) = record {
                let name = format!("{}/{}", repo.owner, repo.name);
                let claim = format!("{{ github = {name:?} }}");
                sources.insert(slug(&name), (name, claim));
            }
        }
        for (id, (name, _)) in &sources {
            let _ = write!(text, "\n[[stream]]\nid = {id:?}\nname = {name:?}\npublish = true\n");
        }
        for (id, (name, claim)) in &sources {
            let _ = write!(
                text,
                "\n[[team]]\nid = \"team-{id}\"\nname = {:?}\nstream = {id:?}\nclaims = [{claim}]\n",
                format!("Everyone in {name}")
            );
        }
        for (issue_type, kind) in
            [("Bug", "defect"), ("Story", "feature"), ("New Feature", "feature")]
        {
            let _ = write!(
                text,
                "\n[[kind]]\nmatch = {{ issue_type = {issue_type:?} }}\nis = {kind:?}\n"
            );
        }
        text
    }
}

/// An id of lower-case letters, digits and hyphens.
fn slug(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect()
}

/// GitHub files begin with a repository.
fn is_github(file: &mut File) -> Result<bool, String> {
    let mut start = [0_u8; 2];
    let got = file.read(&mut start).map_err(|error| error.to_string())?;
    let mut first = String::new();
    let rest = std::io::Cursor::new(start[..got].to_vec()).chain(file);
    let read = if start == [0x1f, 0x8b] {
        BufReader::new(flate2::read::MultiGzDecoder::new(rest)).read_line(&mut first)
    } else {
        BufReader::new(rest).read_line(&mut first)
    };
    read.map_err(|error| error.to_string())?;
    Ok(first.contains("\"t\":\"repo\""))
}
