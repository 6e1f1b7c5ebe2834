//! Carries the trackers' signed deliveries to whatever daemon runs at the moment.

use std::collections::VecDeque;

use http::StatusCode;
use streamgauge::demo::{Stage, WEBHOOK_SECRET};
use streamgauge::sim::{github, jira};
use streamgauge::transport::{Request, Transport};

use crate::support::process::{Daemon, client, send};

pub struct Postman {
    jira: jira::SharedSite,
    github: github::Site,
    client: Transport,
    /// Deliveries that were answered with success.
    pub accepted: u64,
    /// Deliveries that got no answer: GitHub never repeats them.
    pub lost: u64,
}

impl Postman {
    pub fn new(stage: &Stage) -> Self {
        let site = stage.jira.as_ref().unwrap().site.clone();
        // The address changes with every start, so it is put on the envelope later.
        jira::lock(&site).set_webhook("http://127.0.0.1/", WEBHOOK_SECRET);
        let github = stage.github.as_ref().unwrap().site.clone();
        Self { jira: site, github, client: client(), accepted: 0, lost: 0 }
    }

    /// Throws away what waits.
    pub fn lose(&mut self) {
        self.lost += jira::lock(&self.jira).take_deliveries().len() as u64;
        self.lost += self.github.take_deliveries().len() as u64;
    }

    /// What waits of one tracker, addressed to this daemon.
    pub fn waiting(&self, tracker: &str, daemon: &Daemon) -> VecDeque<Request> {
        let url = daemon.at(&format!("/webhooks/{tracker}"));
        if tracker == "jira" {
            let waiting = jira::lock(&self.jira).take_deliveries();
            let request = |delivery: jira::Delivery| {
                http::Request::post(&url)
                    .header("content-type", "application/json; charset=UTF-8")
                    .header("x-hub-signature", delivery.signature)
                    .header("x-atlassian-webhook-identifier", delivery.identifier)
                    .body(delivery.body)
                    .unwrap()
            };
            return waiting.into_iter().map(request).collect();
        }
        let hook = github::Hook { url, secret: WEBHOOK_SECRET.to_owned() };
        self.github.take_deliveries().iter().map(|d| hook.request(d).unwrap()).collect()
    }

    /// Sends one delivery; tells whether it was accepted.
    pub async fn send(&mut self, request: Request) -> bool {
        let accepted = send(&self.client, request).await.map(|answer| answer.status());
        let accepted = accepted.is_ok_and(|status| status == StatusCode::ACCEPTED);
        self.accepted += u64::from(accepted);
        self.lost += u64::from(!accepted);
        accepted
    }

    /// Sends everything that waits.
    pub async fn deliver(&mut self, daemon: &Daemon) {
        for tracker in ["jira", "github"] {
            for request in self.waiting(tracker, daemon) {
                self.send(request).await;
            }
        }
    }
}
