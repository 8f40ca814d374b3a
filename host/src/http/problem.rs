//! Errors as RFC 9457 problem documents. The last part of `type` is the stable name, the same that guests and the CLI see.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use changeling_core::id::{Address, BadName};
use changeling_core::reason::CallError;
use serde_json::{Map, Value};

use super::wire;
use crate::control::Ending;

/// A problem on its way to a client.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    name: &'static str,
    detail: String,
    more: Map<String, Value>,
}

impl Problem {
    /// With its stable name and one sentence.
    pub fn new(status: StatusCode, name: &'static str, detail: impl Into<String>) -> Self {
        Self { status, name, detail: detail.into(), more: Map::new() }
    }

    /// Its stable name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Says one thing more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// The same, in a sentence that knows more.
    #[must_use]
    pub fn saying(mut self, detail: String) -> Self {
        self.detail = detail;
        self
    }

    /// What is said, printable: there may be a caller's or a guest's own words in it.
    fn printable(&self) -> String {
        let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        self.detail.chars().map(shown).collect()
    }

    /// Why a call has no answer.
    pub fn of_call(error: &CallError, address: &Address, function: &str) -> Self {
        let component = &address.component;
        let (status, name, detail) = match error {
            CallError::NoSuchComponent => (
                StatusCode::NOT_FOUND,
                "no-such-component",
                format!("no component `{component}` is loaded; `changeling components` lists them"),
            ),
            CallError::NoSuchFunction => (
                StatusCode::NOT_FOUND,
                "no-such-function",
                format!("the version of `{component}` that answers has no function `{function}`"),
            ),
            CallError::NoActor => (
                StatusCode::NOT_FOUND,
                "no-actor",
                format!(
                    "there is no actor `{address}`, and a call does not make one; `changeling ps {component}` lists them"
                ),
            ),
            CallError::DeadlineExceeded => (
                StatusCode::GATEWAY_TIMEOUT,
                "deadline-exceeded",
                format!(
                    "`{address}` did not answer `{function}` in time; the call may still be handled, and may be given more \
                     time: `--deadline`, `Changeling-Deadline`"
                ),
            ),
            CallError::Overloaded => (
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                format!("`{address}` has no room for another message now; try again"),
            ),
            CallError::Crashed(reason) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "crashed", format!("`{address}` crashed in `{function}`: {reason}"))
            }
            CallError::Stopped => (
                StatusCode::SERVICE_UNAVAILABLE,
                "stopped",
                format!("`{address}` is ending, or its host is; call again when it has begun anew"),
            ),
            CallError::Cycle(path) => {
                let path: Vec<_> = path.iter().map(Address::to_string).collect();
                (StatusCode::LOOP_DETECTED, "cycle", format!("the call would wait for itself: {}", path.join(" → ")))
            }
            CallError::TooDeep => (StatusCode::LOOP_DETECTED, "too-deep", "too many calls within calls".to_owned()),
            CallError::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                format!(
                    "a message to `{address}` is larger than its limit; send less, or raise the component's `message`"
                ),
            ),
            CallError::NoConnection => {
                (StatusCode::BAD_GATEWAY, "no-connection", format!("the host of `{address}` cannot be reached"))
            }
            CallError::Refused(words) => (StatusCode::CONFLICT, "refused", format!("`{address}` refused: {words}")),
        };
        let problem = Self::new(status, name, detail).with("address", address.to_string()).with("function", function);
        match error {
            CallError::Crashed(reason) => problem.with("reason", reason.to_string()),
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = wire::Problem {
            kind: format!("urn:changeling:problem:{}", self.name),
            title: self.name.replace('-', " "),
            status: self.status.as_u16(),
            detail: self.printable(),
            more: self.more,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.name == "overloaded" {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<Ending> for Problem {
    fn from(ending: Ending) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopped", ending.to_string())
    }
}

impl From<BadName> for Problem {
    fn from(bad: BadName) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-name", bad.to_string())
    }
}

/// A path that there is not.
pub async fn no_such_path(asked: Uri) -> Problem {
    let detail = format!("there is nothing at `{}`; `/openapi.json` has all that there is", asked.path());
    Problem::new(StatusCode::NOT_FOUND, "no-such-path", detail)
}

/// A method that the path does not take.
pub async fn no_such_method(method: Method, asked: Uri) -> Problem {
    let detail = format!("`{}` does not take {method}; `/openapi.json` says what it takes", asked.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "no-such-method", detail)
}
