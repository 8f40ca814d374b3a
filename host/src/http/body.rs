//! Bodies of requests: read whole, within a size and at a pace, as they are and not compressed.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::problem::Problem;

/// A body may take so long, and a second more for each of these many bytes.
const GRACE: Duration = Duration::from_secs(20);
const PACE: usize = 16 << 10;
/// What is read of a body that is too large, so that its sender comes to hear it: whoever still writes does not read.
const DISCARDED: usize = 64 << 20;

/// A body of at most `LIMIT` bytes.
pub struct Whole<const LIMIT: usize>(pub Bytes);

impl<S: Send + Sync, const LIMIT: usize> FromRequest<S> for Whole<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
            let why = format!(
                "a body is taken as it is, and this one says `Content-Encoding: {}`",
                shown(encoding.as_bytes())
            );
            return Err(unsupported(why));
        }
        let waits_to_send = headers.contains_key(header::EXPECT);
        let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if waits_to_send && said.is_some_and(|said| said > LIMIT) {
            return Err(too_large(LIMIT));
        }
        let mut body = request.into_body();
        let mut whole = Vec::with_capacity(said.unwrap_or(0).min(LIMIT).min(PACE));
        let begun = Instant::now();
        let mut seen = 0_usize;
        loop {
            let until = begun + GRACE + Duration::from_secs((seen / PACE) as u64);
            let frame = match timeout_at(until, body.frame()).await {
                Ok(Some(frame)) => frame.map_err(|e| broken(&e))?,
                Ok(None) if seen > LIMIT => return Err(too_large(LIMIT)),
                Ok(None) => return Ok(Self(whole.into())),
                Err(_) => return Err(too_slow()),
            };
            let Ok(data) = frame.into_data() else { continue };
            seen += data.len();
            if seen <= LIMIT {
                whole.extend_from_slice(&data);
            } else {
                whole = Vec::new();
            }
            if seen > LIMIT.saturating_add(DISCARDED) {
                return Err(too_large(LIMIT));
            }
        }
    }
}

/// Refuses a body of another type than one of these, where there is a body: a browser sends a form to anybody, and these
/// only to whom its page belongs.
///
/// # Errors
/// What to send.
pub fn must_be(types: &[&str], headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    let essence = given.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    if body.is_empty() || types.iter().any(|wanted| essence.eq_ignore_ascii_case(wanted.as_bytes())) {
        return Ok(());
    }
    let is =
        if given.is_empty() { "no `Content-Type`".to_owned() } else { format!("`Content-Type: {}`", shown(given)) };
    let why =
        format!("this body has {is}; send `Content-Type: {}`, which `curl --json` does, too", types.join("` or `"));
    Err(unsupported(why))
}

/// What somebody has sent, short and printable.
fn shown(bytes: &[u8]) -> String {
    bytes.iter().take(80).copied().flat_map(std::ascii::escape_default).map(char::from).collect()
}

fn unsupported(why: String) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", why)
}

fn too_large(limit: usize) -> Problem {
    let why = format!("a body here has at most {} MiB", limit >> 20);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", why)
}

fn too_slow() -> Problem {
    let why =
        format!("the body came too slowly: {GRACE:?} and a second for each {} KiB is what it may take", PACE >> 10);
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", why)
}

fn broken(error: &axum::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-request", format!("the body cannot be read: {error}"))
}
