//! What happened, and what happens: a list, or a stream that can be taken up again where it broke.

use std::convert::Infallible;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use utoipa::IntoParams;

use super::App;
use super::asked::Query;
use super::problem::Problem;
use super::wire;
use crate::store::{Pages, Record};

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// The number of the last event that is known already.
    since: Option<u64>,
    /// At most so many, where they are not streamed; 1,000 where it is not said.
    limit: Option<usize>,
}

const DEFAULT_LIMIT: usize = 1_000;

/// `GET /v1/events`.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "read",
    params(From, ("last-event-id" = Option<u64>, Header, description = "Where a stream is taken up again")),
    responses((
        status = 200,
        description = "What happened; as a stream also what happens",
        content((wire::Events = "application/json"), (String = "text/event-stream"))
    ))
)]
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
    let store = app.handle.store.clone();
    if is_stream {
        let pages = Reading::Page(store.events.pages(since).map_err(|e| unreadable(e.to_string()))?);
        let following = Following { page: Vec::new().into_iter(), reading: pages, coming, last: since, app };
        return Ok(Sse::new(following.stream()).keep_alive(KeepAlive::default()).into_response());
    }
    // Megabytes may be read: not on a thread that others wait for.
    let written = tokio::task::spawn_blocking(move || store.events.since(since, limit)).await;
    let written = written.map_err(|e| unreadable(e.to_string()))?.map_err(|e| unreadable(e.to_string()))?;
    let document = wire::Events { kind: "changeling.events/1".into(), events: written };
    Ok(Json(document).into_response())
}

/// How much of what is written a stream holds at a time, in events.
const PAGE: usize = 128;

/// A stream: what is written, a page at a time, then what comes.
struct Following {
    page: std::vec::IntoIter<Record>,
    reading: Reading,
    coming: Receiver<Record>,
    /// The number of the last one that was sent.
    last: u64,
    app: App,
}

/// What a stream reads.
enum Reading {
    /// What is written.
    Page(Pages),
    /// What comes.
    Coming,
}

impl Following {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(self, |mut following| async move {
            let record = following.next().await?;
            following.last = record.seq;
            let event = Event::default().id(record.seq.to_string());
            let event =
                event.json_data(&record).unwrap_or_else(|_| Event::default().comment("an event that JSON cannot say"));
            Some((Ok(event), following))
        })
    }

    /// The next one; none where the stream ends.
    async fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.page.next() {
                return Some(record);
            }
            match std::mem::replace(&mut self.reading, Reading::Coming) {
                Reading::Page(mut pages) => {
                    let read = tokio::task::spawn_blocking(move || (pages.next(PAGE), pages)).await;
                    let (Ok(page), pages) = read.ok()? else { return None };
                    if !page.is_empty() {
                        (self.page, self.reading) = (page.into_iter(), Reading::Page(pages));
                    }
                }
                Reading::Coming => match next(&mut self.coming, self.last, &mut self.app.ready).await? {
                    Next::Told(record) => return Some(record),
                    // What was missed is written.
                    Next::Missed => self.reading = Reading::Page(self.app.handle.store.events.pages(self.last).ok()?),
                },
            }
        }
    }
}

/// What comes next.
enum Next {
    /// An event.
    Told(Record),
    /// More than was kept for one that is so slow.
    Missed,
}

/// What comes after `last`; none where the host has ended.
async fn next(coming: &mut Receiver<Record>, last: u64, ready: &mut watch::Receiver<bool>) -> Option<Next> {
    loop {
        tokio::select! {
            // What was told before the host ended is not kept back.
            biased;
            told = coming.recv() => match told {
                Ok(record) if record.seq > last => return Some(Next::Told(record)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(Next::Missed),
                Err(RecvError::Closed) => return None,
            },
            changed = ready.changed() => if changed.is_err() { return None },
        }
    }
}
