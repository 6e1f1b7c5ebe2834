//! What people put away: projects that are archived, thrown away, restored or closed to the
//! account, and issues that are archived or hidden.

use super::edit::{EditError, unknown};
use super::hooks::Event;
use super::site::Site;

/// How a project stands for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// In use.
    Live,
    /// Readable by who knows where it is; in no search.
    Archived,
    /// In the bin: it answers like a project that never was, and only the list of deleted
    /// projects names it.
    Trashed,
}

impl Site {
    /// Puts a project away or back, and announces it.
    ///
    /// # Errors
    /// The project is unknown.
    pub fn shelve_project(&mut self, id: u64, shelf: Shelf) -> Result<(), EditError> {
        if !self.catalogue.projects.contains_key(&id) {
            return Err(unknown("project", id));
        }
        let was_trashed = self.catalogue.trashed.remove(&id);
        self.catalogue.archived.remove(&id);
        let name = match shelf {
            Shelf::Live if was_trashed => "project_restored_deleted",
            Shelf::Live => "project_restored_archived",
            Shelf::Archived => {
                self.catalogue.archived.insert(id);
                "project_archived"
            }
            Shelf::Trashed => {
                self.catalogue.trashed.insert(id);
                "project_soft_deleted"
            }
        };
        self.queue(Event::Project { id, name });
        Ok(())
    }

    /// Puts an issue into the archive or back. It stays readable by id and leaves every search.
    ///
    /// # Errors
    /// The issue is unknown.
    pub fn archive_issue(&mut self, id: u64, archived: bool) -> Result<(), EditError> {
        if !self.issues.contains_key(&id) {
            return Err(unknown("issue", id));
        }
        if archived {
            self.catalogue.archived_issues.insert(id, self.clock.now());
        } else {
            self.catalogue.archived_issues.remove(&id);
        }
        Ok(())
    }

    /// Hides an issue from the account, as a security level does, or shows it again.
    ///
    /// # Errors
    /// The issue is unknown.
    pub fn hide_issue(&mut self, id: u64, hidden: bool) -> Result<(), EditError> {
        if !self.issues.contains_key(&id) {
            return Err(unknown("issue", id));
        }
        if hidden {
            self.catalogue.hidden_issues.insert(id);
        } else {
            self.catalogue.hidden_issues.remove(&id);
        }
        Ok(())
    }
}
