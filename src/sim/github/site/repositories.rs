//! Edits of repositories as a whole.

use super::super::records::RepoRecord;
use super::edits::{EditError, Edits};
use super::world::Repo;

impl Edits<'_> {
    /// Makes a repository and returns its id.
    pub fn create_repository(&mut self, owner: &str, name: &str) -> u64 {
        let id = self.world.fresh_id();
        let (owner, name) = (owner.to_owned(), name.to_owned());
        let record = RepoRecord { id, owner, name, created: self.now, archived: false };
        self.world.repos.insert(id, Repo { record, hidden: false });
        id
    }

    /// Gives a repository another name; its former one leads to it from now on.
    pub fn rename_repository(&mut self, repo: u64, name: &str) -> Result<(), EditError> {
        let found = self.world.repos.get_mut(&repo).ok_or(EditError::NoRepository(repo))?;
        let former = found.full_name().to_ascii_lowercase();
        name.clone_into(&mut found.record.name);
        self.world.former_names.insert(former, repo);
        Ok(())
    }

    /// Archives a repository, or takes it back.
    pub fn archive_repository(&mut self, repo: u64, archived: bool) -> Result<(), EditError> {
        let found = self.world.repos.get_mut(&repo).ok_or(EditError::NoRepository(repo))?;
        found.record.archived = archived;
        Ok(())
    }

    /// Forbids a repository to the token, as an organisation does that demands single sign-on.
    pub fn forbid_repository(&mut self, repo: u64, forbidden: bool) -> Result<(), EditError> {
        if !self.world.repos.contains_key(&repo) {
            return Err(EditError::NoRepository(repo));
        }
        if forbidden {
            self.world.forbidden.insert(repo);
        } else {
            self.world.forbidden.remove(&repo);
        }
        Ok(())
    }

    /// Switches the issues of a repository on or off.
    pub fn enable_issues(&mut self, repo: u64, enabled: bool) -> Result<(), EditError> {
        if !self.world.repos.contains_key(&repo) {
            return Err(EditError::NoRepository(repo));
        }
        if enabled {
            self.world.without_issues.remove(&repo);
        } else {
            self.world.without_issues.insert(repo);
        }
        Ok(())
    }
}
