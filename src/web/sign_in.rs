//! The sign-in form for people: the same word that scripts send as a bearer token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, RequestExt};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;

use super::App;
use super::access::{Refused, later};
use super::layout::{Here, page};
use super::moment::Visit;

#[derive(Deserialize)]
pub struct Word {
    token: SecretString,
}

pub async fn form() -> Markup {
    render(None)
}

fn render(problem: Option<&str>) -> Markup {
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
                button type="submit" { "Sign in" }
            }
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
    match app.access.role_of(&word.token, caller) {
        Ok(role) => {
            let first = if role.reads_portfolio() { "/" } else { "/team" };
            ([(SET_COOKIE, app.access.cookie(Some(&role)))], Redirect::to(first)).into_response()
        }
        Err(Refused::Guessing(enough)) => {
            let problem = "Too many tokens that are not known came from this address. Wait a minute, then try again.";
            later(enough, render(Some(problem)))
        }
        Err(_) => {
            (StatusCode::UNAUTHORIZED, render(Some("That token is not known. Check that it was copied whole, or ask whoever runs Streamgauge."))).into_response()
        }
    }
}

pub async fn leave(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if !app.access.origin_is_ours(&headers) {
        return (StatusCode::FORBIDDEN, "not from here\n").into_response();
    }
    ([(SET_COOKIE, app.access.cookie(None))], Redirect::to("/sign-in")).into_response()
}
