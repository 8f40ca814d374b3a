//! `GET /metrics`: figures for Prometheus.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::App;
use super::problem::Problem;
use crate::control::Ending;
use crate::observe::{self, MEDIA_TYPE, Process};

/// Figures of the host in the text form of Prometheus (OpenMetrics 1.0).
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "read",
    responses((status = 200, description = "Figures as text", body = String, content_type = "application/openmetrics-text"))
)]
pub async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let views = app.handle.look(|world| world.components().collect::<Vec<_>>()).await?;
    let connections = observe::connections(app.connections.open(), app.connections.limit(), app.connections.accepted());
    // Thousands of actors may be looked at, and files are read.
    let collecting = tokio::task::spawn_blocking(move || {
        let mut families = observe::collect(&app.handle, &views, &app.calls, &Process::look(app.began));
        families.extend(connections);
        observe::write(families)
    });
    let text = collecting.await.map_err(|_| Ending)?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], text))
}
