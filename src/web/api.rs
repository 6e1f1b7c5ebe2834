//! `/api/v1`: the same structures as the pages, as JSON.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::{Serialize, Serializer};

use super::access::Role;
use super::error::WebError;
use super::moment::At;
use super::{App, reads_portfolio, store_notice};
use crate::digests::{self, Digest};
use crate::gauge::record::{NewDecision, NewIntegration, NewReading, RecordError};
use crate::gauge::{ItemStory, Status};
use crate::model::{Decision, Integration, Reading};
use crate::portfolio::MapView;
use crate::signals::{Report, Scope};

type Answer<T> = Result<Json<T>, WebError>;

/// Written where it lies: a report is large, and everybody's.
pub struct Shared(Arc<Report>);

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

pub async fn report(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    at: At,
) -> Answer<Shared> {
    reads_portfolio(&role)?;
    Ok(Json(Shared(app.gauge.report(at.0, &Scope::Portfolio).await?)))
}

pub async fn digest(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    at: At,
) -> Answer<Digest> {
    reads_portfolio(&role)?;
    Ok(Json(digests::page(&app.gauge, &Scope::Portfolio, at.0).await?.0))
}

/// How the database, connections, scopes and digests stand now.
pub async fn status(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
) -> Result<(StatusCode, Json<Status>), WebError> {
    reads_portfolio(&role)?;
    match app.gauge.status(app.live.snapshot()).await {
        Ok(status) => Ok((StatusCode::OK, Json(status))),
        Err(error) => {
            let bare = store_notice::without_store(&app, error)?;
            Ok((StatusCode::SERVICE_UNAVAILABLE, Json(bare)))
        }
    }
}

pub async fn map(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    at: At,
) -> Answer<MapView> {
    reads_portfolio(&role)?;
    Ok(Json(app.gauge.map(at.0).await?))
}

pub async fn item(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Path(key): Path<String>,
    at: At,
) -> Answer<Vec<ItemStory>> {
    reads_portfolio(&role)?;
    let stories = app.gauge.stories(&key, at.0).await?;
    if stories.is_empty() {
        return Err(WebError::NotFound(format!("no item is known by the key {key}")));
    }
    Ok(Json(stories))
}

pub async fn decisions(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    at: At,
) -> Answer<Vec<Decision>> {
    reads_portfolio(&role)?;
    Ok(Json(app.store.decisions(at.0.known).await?))
}

pub async fn readings(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    at: At,
) -> Answer<Vec<Reading>> {
    reads_portfolio(&role)?;
    Ok(Json(app.store.readings(at.0.known).await?))
}

pub async fn integrations(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    at: At,
) -> Answer<Vec<Integration>> {
    reads_portfolio(&role)?;
    Ok(Json(app.store.integrations(at.0.known).await?))
}

/// Records a decision; needs the role `portfolio`.
pub async fn decide(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Json(new): Json<NewDecision>,
) -> Result<Response, WebError> {
    may_record(&role)?;
    let decision = app.gauge.decide(new).await.map_err(recorded)?;
    Ok((StatusCode::CREATED, Json(decision)).into_response())
}

/// Records an outcome reading; needs the role `portfolio`. 200 where it was known already.
pub async fn read(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Json(new): Json<NewReading>,
) -> Result<Response, WebError> {
    may_record(&role)?;
    let (reading, fresh) = app.gauge.read(new).await.map_err(recorded)?;
    let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(reading)).into_response())
}

/// Records an integration event; needs the role `portfolio`.
pub async fn integrate(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Json(new): Json<NewIntegration>,
) -> Result<Response, WebError> {
    may_record(&role)?;
    let event = app.gauge.integrate(new).await.map_err(recorded)?;
    Ok((StatusCode::CREATED, Json(event)).into_response())
}

fn may_record(role: &Role) -> Result<(), WebError> {
    if *role == Role::Portfolio { Ok(()) } else { Err(WebError::Forbidden) }
}

fn recorded(error: RecordError) -> WebError {
    match error {
        RecordError::Wrong(text) => WebError::Wrong(text),
        RecordError::Store(error) => WebError::Store(error),
    }
}
