//! Connections: accepted, counted and ended. Each speaks HTTP/1.1 and has so much time for its headers; where there are as
//! many as may be, the one that has been idle longest makes room, so that nobody is shut out by connections that do
//! nothing.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// From the first byte that may come to the last one of the headers.
const HEADERS: Duration = Duration::from_secs(20);
/// All headers together, in bytes; there may be a hundred.
const MAX_HEAD: usize = 64 << 10;
/// How long a peer may take nothing of what is written to it, in milliseconds.
const STALLED_MS: u32 = 60_000;
/// How long one that makes room has for the end of its last answer.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Connections that may still be ending beside those that are open.
const ENDING: usize = 64;
/// How long nothing is accepted after the system has refused to.
const RECOVER: Duration = Duration::from_millis(100);
/// Files that the host has open beside its connections.
const OTHER_FILES: u64 = 256;
/// Said to whom there is no room for, when all others are at work.
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
    connection: close\r\ncontent-length: 175\r\n\r\n{\"type\":\"urn:changeling:problem:overloaded\",\"title\":\"overloaded\",\
    \"status\":503,\"detail\":\"this host answers as many connections as `connections` under [http] allows; try again\"}";

/// The connections of a host. Clones share them.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    /// At most so many.
    limit: usize,
    began: Instant,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    /// How many there were so far.
    accepted: AtomicU64,
}

/// One connection.
struct Connection {
    number: u64,
    /// Requests that are being answered: one at most, as HTTP/1.1 goes, and its answer's body.
    busy: AtomicUsize,
    /// Since when it is idle, in microseconds after the host began.
    idle_since: AtomicU64,
    end: Notify,
}

impl Connections {
    /// None yet, and never more than `limit`, or than the system lets this process have.
    pub fn new(limit: usize) -> Self {
        let files = files(limit as u64 + OTHER_FILES);
        let bearable = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(1);
        if bearable < limit {
            tracing::warn!(
                "{bearable} connections are answered at a time, not {limit}: the system allows {files} open files"
            );
        }
        let limit = limit.min(bearable);
        Self(Arc::new(Inner { limit, began: Instant::now(), open: Mutex::default(), accepted: AtomicU64::new(0) }))
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.lock().len()
    }

    /// At most so many.
    pub fn limit(&self) -> usize {
        self.0.limit
    }

    /// How many were accepted so far.
    pub fn accepted(&self) -> u64 {
        self.0.accepted.load(Ordering::Relaxed)
    }

    /// Answers what comes on `listener` until `stop` comes, then lets requests in flight end.
    pub async fn serve(&self, listener: TcpListener, routes: Router, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut conversations = JoinSet::new();
        loop {
            let is_room = conversations.len() < self.0.limit + ENDING;
            tokio::select! {
                () = &mut stop => break,
                Some(_) = conversations.join_next() => {}
                accepted = listener.accept(), if is_room => match accepted {
                    Ok((stream, _)) => match self.enter() {
                        Some(connection) => _ = conversations.spawn(self.clone().converse(stream, connection, routes.clone())),
                        // Nobody waits for one that does not read.
                        None => _ = stream.try_write(FULL.as_bytes()),
                    },
                    // One that is gone already is no trouble; out of files, those that are open go on.
                    Err(e) if is_of_the_peer(&e) => {}
                    Err(e) => {
                        tracing::warn!("no connection can be accepted for now: {e}");
                        tokio::time::sleep(RECOVER).await;
                    }
                },
            }
        }
        drop(listener);
        self.lock().values().for_each(|connection| connection.end.notify_one());
        while conversations.join_next().await.is_some() {}
    }

    /// A place for one more; the one that has been idle longest leaves for it where there is no other. None where all are
    /// at work.
    fn enter(&self) -> Option<Arc<Connection>> {
        let number = self.0.accepted.fetch_add(1, Ordering::Relaxed);
        let mut open = self.lock();
        if open.len() >= self.0.limit {
            let idle = open.values().filter(|connection| connection.busy.load(Ordering::Acquire) == 0);
            let oldest =
                idle.min_by_key(|connection| (connection.idle_since.load(Ordering::Relaxed), connection.number));
            let oldest = oldest?.number;
            open.remove(&oldest).expect("it was just found").end.notify_one();
        }
        let idle_since = AtomicU64::new(self.now());
        let connection = Arc::new(Connection { number, busy: AtomicUsize::new(0), idle_since, end: Notify::new() });
        open.insert(number, connection.clone());
        Some(connection)
    }

    async fn converse(self, stream: TcpStream, connection: Arc<Connection>, routes: Router) {
        // What cannot be set is done without.
        _ = stream.set_nodelay(true);
        _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, STALLED_MS);
        let routes = TowerToHyperService::new(routes);
        let service = service_fn(|request: Request<Incoming>| {
            let busy = Busy::new(&self, &connection);
            let answer = routes.call(request);
            async move { answer.await.map(|answer: Response<Body>| answer.map(|body| Answering { body, _busy: busy })) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_header_size(MAX_HEAD);
        let mut conversation = pin!(http.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            // Whatever a peer does wrong ends its connection, and is its own trouble.
            _ = conversation.as_mut() => {}
            () = connection.end.notified() => {
                conversation.as_mut().graceful_shutdown();
                match connection.busy.load(Ordering::Acquire) {
                    // The rest of headers is not waited for; the end of an answer that is on its way is.
                    0 => _ = tokio::time::timeout(LAST_WORDS, conversation).await,
                    _ => _ = conversation.await,
                }
            }
        }
        self.lock().remove(&connection.number);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// A request that is being answered.
struct Busy(Connections, Arc<Connection>);

impl Busy {
    fn new(all: &Connections, connection: &Arc<Connection>) -> Self {
        connection.busy.fetch_add(1, Ordering::AcqRel);
        Self(all.clone(), connection.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.1.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.1.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The body of an answer: until its end the connection is at work.
struct Answering {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn is_of_the_peer(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// How many files this process may have open, after asking for so many.
fn files(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let now = current.unwrap_or(u64::MAX);
    if now >= wanted {
        return now;
    }
    let more = wanted.min(maximum.unwrap_or(u64::MAX));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(more), maximum }) {
        Ok(()) => more,
        Err(_) => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_whom_there_is_no_room_for_is_whole() {
        let (head, body) = FULL.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["status"], 503);
    }

    #[test]
    fn the_longest_idle_makes_room_and_one_at_work_never_does() {
        let all = Connections::new(2);
        let first = all.enter().unwrap();
        let second = all.enter().unwrap();
        let work = Busy::new(&all, &first);
        all.enter().unwrap();
        assert!(all.open() == 2 && all.lock().contains_key(&first.number) && !all.lock().contains_key(&second.number));
        let third = all.lock().values().max_by_key(|it| it.number).cloned().unwrap();
        let _work = Busy::new(&all, &third);
        assert!(all.enter().is_none(), "all are at work");
        drop(work);
        assert!(all.enter().is_some() && !all.lock().contains_key(&first.number));
    }
}
