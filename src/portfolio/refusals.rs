//! What a portfolio file cannot say, and the sentence that tells why.

/// Why a key of this name has no place anywhere in the file.
pub(super) fn key(name: &str) -> Option<&'static str> {
    Some(match name {
        "assignee" | "reporter" | "author" | "creator" | "user" | "users" | "member"
        | "members" | "person" | "people" | "lead" | "watcher" | "committer" | "email"
        | "login" => {
            "items are claimed by where the work is, never by who does it, so nothing here can \
             name a person."
        }
        "capacity" | "headcount" | "hours" | "utilisation" | "utilization" | "velocity"
        | "points" | "estimate" => {
            "how busy people are is not measured, so capacity and estimates have no place."
        }
        "due" | "due_date" | "deadline" | "end_date" | "target_date" | "milestones" | "eta" => {
            "plans and due dates are not kept; outcomes and dated facts are."
        }
        "percent" | "percent_complete" | "progress" | "budget" => {
            "work is funded as stable teams and judged by outcomes, not by budgets or percentages."
        }
        _ => return None,
    })
}

/// Why attention is not shared out by a dimension of this name.
pub(super) fn dimension(name: &str) -> Option<&'static str> {
    Some(match name {
        "project" => {
            "products are funded here, not projects, so attention has no dimension `project`."
        }
        "budget" => {
            "the unit of investment is a stable team's attention, so there is no dimension \
             `budget`."
        }
        "phase" => "work flows continuously here, so attention has no dimension `phase`.",
        "person" | "assignee" | "team" => {
            "investment is never shared out by team or person; teams appear in their own view only."
        }
        _ => return None,
    })
}
