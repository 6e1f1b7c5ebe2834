//! The sign-in form for people: the same word that scripts send as a bearer token.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, RequestExt};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode, Uri};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;

use super::App;
use super::access::{Refused, later};
use super::layout::{Here, page};
use super::moment::Visit;
use crate::digests::links;

#[derive(Deserialize)]
pub struct Word {
    token: SecretString,
    #[serde(default)]
    to: Option<String>,
}

/// Where somebody wanted to go.
#[derive(Deserialize)]
pub struct Wanted {
    to: Option<String>,
}

pub async fn form(Query(wanted): Query<Wanted>) -> Markup {
    render(None, own(wanted.to).as_deref())
}

/// The sign-in page for somebody who asked for another one.
#[must_use]
pub fn address(wanted: &Uri) -> String {
    match wanted.path_and_query().map(|to| to.as_str()) {
        Some(to) if to != "/" => format!("/sign-in?to={}", links::encoded(to)),
        _ => "/sign-in".to_owned(),
    }
}

/// An address of ours and nobody else's.
fn own(to: Option<String>) -> Option<String> {
    to.filter(|to| {
        let plain = to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        plain && to.starts_with('/') && !to.starts_with("//")
    })
}

fn render(problem: Option<&str>, to: Option<&str>) -> Markup {
    page(
        "Sign in",
        Here::Outside,
        &Visit::default(),
        &html! {
            h1 { "Sign in" }
            p.lead { "Streamgauge shows where this portfolio's attention goes and where its flow breaks down. It opens with an access token." }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            form.sign method="post" action="/sign-in" {
                label for="token" { "Access token" span.soft.small { " from whoever runs Streamgauge here" } }
                input #token name="token" type="password" autocomplete="current-password" required;
                @if let Some(to) = to { input type="hidden" name="to" value=(to); }
                button type="submit" { "Sign in" }
            }
            // A browser that follows a link from elsewhere does not show its session; one from here it does.
            @if let Some(to) = to { p { "Signed in already? " a href=(to) { "Open the page" } } }
        },
    )
}

pub async fn submit(State(app): State<Arc<App>>, request: Request) -> Response {
    if !app.access.origin_is_ours(request.headers()) {
        return (StatusCode::FORBIDDEN, "not from here\n").into_response();
    }
    let caller = app.access.caller(&request);
    let word = match request.extract::<Form<Word>, _>().await {
        Ok(Form(word)) => word,
        Err(unreadable) => return unreadable.into_response(),
    };
    let to = own(word.to);
    match app.access.role_of(&word.token, caller) {
        Ok(role) => {
            let first = if role.reads_portfolio() { to.as_deref().unwrap_or("/") } else { "/team" };
            ([(SET_COOKIE, app.access.cookie(Some(&role)))], Redirect::to(first)).into_response()
        }
        Err(Refused::Guessing(enough)) => {
            let problem = "Too many tokens that are not known came from this address. Wait a minute, then try again.";
            later(enough, render(Some(problem), to.as_deref()))
        }
        Err(_) => {
            (StatusCode::UNAUTHORIZED, render(Some("That token is not known. Check that it was copied whole, or ask whoever runs Streamgauge."), to.as_deref())).into_response()
        }
    }
}

pub async fn leave(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if !app.access.origin_is_ours(&headers) {
        return (StatusCode::FORBIDDEN, "not from here\n").into_response();
    }
    ([(SET_COOKIE, app.access.cookie(None))], Redirect::to("/sign-in")).into_response()
}
