//! Which of several processes answers, and which one works on a connection.

use maud::{Markup, html};

use crate::gauge::status::{ConnectionStatus, Status};

/// The process that answers, where it is not the only one.
pub fn here(status: &Status) -> Markup {
    html! {
        @if let Some(process) = status.process.as_ref().filter(|_| status.shared) {
            p.soft.small {
                "Several processes may share this store. This page comes from process "
                code { (process) } "."
            }
        }
    }
}

/// The process that pulls, sweeps and follows hints.
pub fn of(one: &ConnectionStatus, status: &Status) -> Markup {
    html! {
        @match &one.worked_by {
            None => "no process at the moment",
            Some(process) if Some(process) == status.process.as_ref() => "this process",
            Some(process) => { "process " code { (process) } }
        }
    }
}
