//! What happened, and what happens: a list, or a stream that can be taken up again where it broke.

use std::convert::Infallible;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::App;
use super::problem::Problem;
use crate::store::Record;

/// From where.
#[derive(Deserialize)]
pub struct From {
    /// The number of the last event that is known already.
    since: Option<u64>,
    limit: Option<usize>,
}

const DEFAULT_LIMIT: usize = 1_000;

/// `GET /v1/events`.
pub async fn events(State(app): State<App>, Query(from): Query<From>, headers: HeaderMap) -> Result<Response, Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_stream = text(header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/event-stream"));
    let last = text("last-event-id").and_then(|id| id.parse().ok()).or(from.since);
    // Before the look at what is written, so that none is missed between the two.
    let coming = app.handle.happenings();
    let limit = from.limit.unwrap_or(DEFAULT_LIMIT);
    let since = match (last, is_stream) {
        (Some(seq), _) => seq,
        (None, true) => app.handle.store.events.last(),
        (None, false) => app.handle.store.events.last().saturating_sub(limit as u64),
    };
    let unreadable = |e: String| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable", format!("events cannot be read: {e}"))
    };
    let (store, limit) = (app.handle.store.clone(), if is_stream { usize::MAX } else { limit });
    // Megabytes may be read: not on a thread that others wait for.
    let written = tokio::task::spawn_blocking(move || store.events.since(since, limit)).await;
    let written = written.map_err(|e| unreadable(e.to_string()))?.map_err(|e| unreadable(e.to_string()))?;
    if !is_stream {
        return Ok(Json(json!({ "$type": "changeling.events/1", "events": written })).into_response());
    }
    Ok(Sse::new(follow(written, coming, since, app.ready)).keep_alive(KeepAlive::default()).into_response())
}

fn follow(
    written: Vec<Record>,
    coming: Receiver<Record>,
    since: u64,
    ready: watch::Receiver<bool>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let begin = (written.into_iter(), coming, since, ready);
    stream::unfold(begin, |(mut written, mut coming, mut last, mut ready)| async move {
        let record = match written.next() {
            Some(record) => record,
            None => next(&mut coming, last, &mut ready).await?,
        };
        last = record.seq;
        let event = Event::default().id(last.to_string());
        let event =
            event.json_data(&record).unwrap_or_else(|_| Event::default().comment("an event that JSON cannot say"));
        Some((Ok(event), (written, coming, last, ready)))
    })
}

/// The next one after `last`; none where the stream ends.
async fn next(coming: &mut Receiver<Record>, last: u64, ready: &mut watch::Receiver<bool>) -> Option<Record> {
    loop {
        tokio::select! {
            // What was told before the host ended is not kept back.
            biased;
            told = coming.recv() => match told {
                Ok(record) if record.seq > last => return Some(record),
                Ok(_) => {}
                // Too slow: it comes back with the number of the last one that it saw.
                Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
            },
            changed = ready.changed() => if changed.is_err() { return None },
        }
    }
}
