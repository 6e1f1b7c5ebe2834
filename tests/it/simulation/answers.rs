//! What the trackers answer, and what goes wrong with it.

use streamgauge::model::Timestamp;
use streamgauge::sim::jira::faults::Trouble;
use streamgauge::sim::{github, jira};
use streamgauge::transport::{Request, Response, TransportError};

use super::costs::{self, Part};
use super::life::Life;
use super::world::{Answer, broken};

impl Life {
    /// The answer of a tracker to one request.
    pub fn answer(&mut self, process: usize, asked_at: Timestamp, request: &Request) -> Answer {
        let path = request.uri().path().to_owned();
        let host = request.uri().host().unwrap_or_default().to_owned();
        if let Some((from, until)) = self.penalties.get(&(process, host.clone())) {
            let waited = asked_at <= *from || asked_at >= *until;
            assert!(waited, "R1: {path} was asked at {asked_at}, between {from} and {until}");
        }
        let (swarm, dice) = (self.swarm.clone(), self.dice.clone());
        if dice.permille(swarm.broken) {
            self.note("connection broke", &path);
            return Err(broken("on purpose"));
        }
        if dice.permille(swarm.limited) && host != "gateway.invalid" {
            return self.limit(process, host, &path, request);
        }
        let answer = if request.uri().host() == Some("jira.invalid") {
            self.jira_answers(request, &path)
        } else if request.uri().host() == Some("gateway.invalid") {
            Err(broken("there is no gateway"))
        } else {
            self.github_answers(request, &path)
        };
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        self.note("answer", &format!("{path} {status}"));
        answer
    }

    /// The tracker asks to wait. Whoever was told so asks it nothing before.
    fn limit(&mut self, process: usize, host: String, path: &str, request: &Request) -> Answer {
        let seconds = 5 + self.dice.below(200);
        self.note("told to wait", &format!("{path} {seconds}"));
        let answer = if host == "jira.invalid" {
            let limited = Trouble::Limited { retry_after: seconds };
            jira::lock(&self.jira).faults.next(1, "", limited);
            self.jira_replies(request)
        } else {
            let limited = github::Fault::SecondaryLimit(Some(seconds));
            self.github.with_faults(|faults| faults.add(github::On::Any, limited, 1));
            self.github_replies(request)
        };
        let limited = |answer: &Response| matches!(answer.status().as_u16(), 403 | 429);
        if answer.as_ref().is_ok_and(limited) {
            let now = self.world.time();
            let until = now.plus_millis(1000 * i64::try_from(seconds).unwrap());
            self.penalties.insert((process, host), (now, until));
        }
        answer
    }

    fn jira_answers(&mut self, request: &Request, path: &str) -> Answer {
        let (swarm, dice) = (self.swarm.clone(), self.dice.clone());
        let mut trouble = Vec::new();
        if dice.permille(swarm.refused) {
            let how = [
                Trouble::Status(500),
                Trouble::Status(503),
                Trouble::Unavailable { retry_after: 7 },
                Trouble::Status(429),
            ];
            trouble.push(("refused", how[dice.place(how.len())].clone()));
        }
        if dice.permille(swarm.garbled) {
            let how = [Trouble::Html, Trouble::Malformed, Trouble::Truncated, Trouble::Broken];
            trouble.push(("garbled", how[dice.place(how.len())].clone()));
        }
        if path.ends_with("/search/jql") && dice.permille(swarm.expired_tokens) {
            trouble.push(("token expired", Trouble::TokensExpired));
        }
        if path.ends_with("/search/jql") && dice.permille(swarm.endless_tokens) {
            trouble.push(("token loop", Trouble::TokenLoop));
        }
        let is_list = path.ends_with("/search/jql")
            || path.ends_with("/search")
            || path.ends_with("/bulkfetch");
        if is_list && !self.resting && dice.permille(swarm.lies) {
            trouble.push(("list cut short", Trouble::CutLists));
        }
        for (name, how) in trouble {
            self.note(name, path);
            jira::lock(&self.jira).faults.next(1, "", how);
        }
        self.jira_replies(request)
    }

    fn jira_replies(&mut self, request: &Request) -> Answer {
        let _part = costs::on(Part::Trackers);
        let lags = self.dice.permille(self.swarm.replica);
        if lags {
            self.note("replica answers", request.uri().path());
        }
        let reply = {
            let mut site = jira::lock(&self.jira);
            site.replica.answers = lags;
            site.answer(request)
        };
        if reply.broken {
            return Err(broken("on purpose"));
        }
        let mut response = Response::new(reply.body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        Ok(response)
    }

    fn github_answers(&mut self, request: &Request, path: &str) -> Answer {
        use github::{Fault, On};
        let (swarm, dice) = (self.swarm.clone(), self.dice.clone());
        if dice.permille(swarm.refused) {
            let how = [Fault::BadGateway, Fault::SecondaryLimit(Some(5)), Fault::Status(500)];
            let how = how[dice.place(how.len())].clone();
            self.note("refused", path);
            self.github.with_faults(|faults| faults.add(On::Any, how, 1));
        }
        if dice.permille(swarm.garbled) {
            let how = [
                Fault::HtmlWith200,
                Fault::MalformedJson,
                Fault::TruncatedBody,
                Fault::PartialData,
            ];
            let how = how[dice.place(how.len())].clone();
            self.note("garbled", path);
            self.github.with_faults(|faults| faults.add(On::Any, how, 1));
        }
        if dice.permille(swarm.endless_tokens) {
            self.note("token loop", path);
            self.github.with_faults(|faults| faults.add(On::Any, Fault::CursorLoop, 1));
        }
        self.github_replies(request)
    }

    fn github_replies(&mut self, request: &Request) -> Answer {
        let _part = costs::on(Part::Trackers);
        // The network client adds it; without one GitHub refuses.
        let mut request = request.clone();
        request.headers_mut().insert("user-agent", http::HeaderValue::from_static("streamgauge"));
        let github::Answer { response, cut, .. } = self.github.answer(&request);
        if cut.is_some() {
            let host = "simulated".to_owned();
            return Err(TransportError::Broken { host, reason: "on purpose".into() });
        }
        Ok(response)
    }
}
