//! Answers that are well-formed and not true: lists that are short and say that they are whole,
//! and issues whose stamps or histories were rewritten behind everybody's back.

use std::sync::Arc;

use serde_json::Value;

use super::edit::{EditError, unknown};
use super::site::Site;
use crate::model::Timestamp;

/// Leaves out the second half of every list of a page, and says that nothing follows.
pub(super) fn cut_lists(mut body: Value) -> Value {
    if let Some(issues) = body.get_mut("issues").and_then(Value::as_array_mut) {
        issues.truncate(issues.len() / 2);
    }
    let logs = body.get_mut("issueChangeLogs").and_then(Value::as_array_mut);
    for log in logs.into_iter().flatten() {
        if let Some(histories) = log.get_mut("changeHistories").and_then(Value::as_array_mut) {
            histories.truncate(histories.len().div_ceil(2));
        }
    }
    if let Some(page) = body.as_object_mut() {
        page.remove("nextPageToken");
        if page.contains_key("isLast") {
            page.insert("isLast".to_owned(), true.into());
        }
        if let Some(issues) = page.get("issues").and_then(Value::as_array).map(Vec::len)
            && let Some(total) = page.get_mut("total")
        {
            *total = issues.into();
        }
    }
    body
}

impl Site {
    /// Gives an issue this stamp, as a faulty import does: no entry, no webhook.
    ///
    /// # Errors
    /// The issue is unknown.
    pub fn misdate(&mut self, id: u64, updated: Timestamp) -> Result<(), EditError> {
        let slot = self.issues.get_mut(&id).ok_or_else(|| unknown("issue", id))?;
        Arc::make_mut(slot).updated = updated;
        let issue = Arc::clone(slot);
        self.announce(id, Some(issue), self.clock.now());
        Ok(())
    }

    /// Writes the history of an issue anew, as an import or an anonymisation does: every entry gets
    /// another id, and the oldest one is lost. Its stamp stays.
    ///
    /// # Errors
    /// The issue is unknown.
    pub fn rewrite_history(&mut self, id: u64) -> Result<(), EditError> {
        let slot = self.issues.get_mut(&id).ok_or_else(|| unknown("issue", id))?;
        let issue = Arc::make_mut(slot);
        if !issue.histories.is_empty() {
            issue.histories.remove(0);
        }
        for history in &mut issue.histories {
            self.last.history += 1;
            history.id = self.last.history;
        }
        let issue = Arc::clone(slot);
        self.announce(id, Some(issue), self.clock.now());
        Ok(())
    }
}
