//! `POST /v1/call/…`: arguments in, the function's result out. JSON, or WAVE where the client says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use changeling_core::id::{Address, ComponentName, Key};
use changeling_core::reason::CallError;
use changeling_packed::{json, wave};

use super::App;
use super::problem::Problem;
use crate::actors::router::Call;
use crate::engine::code::{Function, NotOne};

/// The longest that one may wait.
const LONGEST: Duration = Duration::from_secs(3600);
/// The largest result as JSON, in bytes: a few times the largest message.
const MAX_RESULT: usize = 256 << 20;
/// How many functions are named to one who asked for another.
const MANY: usize = 12;
/// The media type of WAVE text, ours for want of a registered one.
pub const WAVE: &str = "application/x-wave";
/// The header that says `ok` or `err`, where the function answers with a WIT `result`.
pub const OUTCOME: &str = "changeling-outcome";

/// To the singleton, or to a service.
pub async fn singleton(
    State(app): State<App>,
    Path((component, function)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let address = Address::singleton(ComponentName::new(&component)?);
    answer(&app, address, &function, &headers, body).await
}

/// To an actor by its key.
pub async fn keyed(
    State(app): State<App>,
    Path((component, key, function)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let address = Address { component: ComponentName::new(&component)?, key: Some(Key::new(&key)?) };
    answer(&app, address, &function, &headers, body).await
}

async fn answer(
    app: &App,
    address: Address,
    name: &str,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let deadline = Instant::now() + deadline(headers, app.access().deadline)?;
    let fail = |error: CallError| Problem::of_call(&error, &address, name);
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => fail(CallError::TooLarge),
        _ => Problem::new(StatusCode::BAD_REQUEST, "bad-argument", rejection.to_string()),
    })?;
    let router = &app.handle.router;
    let (code, terms) = router.find(&address).map_err(fail)?;
    let function = code.resolve(name).map_err(|not| no_such_function(&address, name, not))?.clone();
    drop(code);
    let limit = terms.now().limits.message;
    let args = arguments(&function, headers, &body, limit).map_err(|error| bad_argument(error, &address, &function))?;
    let call = Call { target: address.clone(), function: function.clone(), args, deadline };
    let result = router.call(call).await.map_err(fail)?;
    render(&function, headers, &result)
}

/// `Changeling-Deadline: 500ms`.
fn deadline(headers: &HeaderMap, default: Duration) -> Result<Duration, Problem> {
    let Some(value) = headers.get("changeling-deadline") else { return Ok(default) };
    let parsed = value.to_str().ok().and_then(|text| humantime::parse_duration(text).ok());
    let fits = parsed.filter(|span| (Duration::from_millis(1)..=LONGEST).contains(span));
    fits.ok_or_else(|| {
        let why = "`Changeling-Deadline` takes a time with its unit, such as 500ms or 2s, from 1ms to 1h";
        Problem::new(StatusCode::BAD_REQUEST, "bad-argument", why)
    })
}

fn is_wave(headers: &HeaderMap, name: header::HeaderName) -> bool {
    headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with(WAVE))
}

fn arguments(
    function: &Function,
    headers: &HeaderMap,
    body: &[u8],
    limit: usize,
) -> Result<Vec<u8>, changeling_packed::Error> {
    if is_wave(headers, header::CONTENT_TYPE) {
        let text = std::str::from_utf8(body).map_err(|e| bad(format!("the arguments are not UTF-8: {e}")))?;
        // One argument a line of the body's JSON array of texts: WAVE itself has no form for a list of arguments.
        let texts: Vec<String> = serde_json::from_str(text)
            .map_err(|e| bad(format!("the arguments are not a JSON array of WAVE texts: {e}")))?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let types: Vec<_> = function.params.iter().map(|(_, ty)| ty.clone()).collect();
        return wave::to_packed(&types, &texts, limit);
    }
    let empty = body.iter().all(u8::is_ascii_whitespace);
    let value = match empty {
        true => serde_json::Value::Array(Vec::new()),
        false => json::parse(body)?,
    };
    json::to_packed(&function.params, &value, limit)
}

fn bad(problem: String) -> changeling_packed::Error {
    changeling_packed::BadArgument { path: String::new(), problem }.into()
}

fn bad_argument(error: changeling_packed::Error, address: &Address, function: &Arc<Function>) -> Problem {
    match error {
        changeling_packed::Error::TooLarge(_) => Problem::of_call(&CallError::TooLarge, address, function.short()),
        changeling_packed::Error::BadArgument(bad) => {
            // Where no argument is to blame, their number is: what is wanted helps more than a count.
            let wanted =
                if bad.path.is_empty() { format!("; it takes {}", function.parameters()) } else { String::new() };
            let detail = format!("`{}` of `{address}` cannot take that: {bad}{wanted}", function.short());
            Problem::new(StatusCode::BAD_REQUEST, "bad-argument", detail)
                .with("path", bad.path)
                .with("address", address.to_string())
                .with("function", function.short())
        }
        other => Problem::new(StatusCode::BAD_REQUEST, "bad-argument", other.to_string()),
    }
}

fn no_such_function(address: &Address, name: &str, not: NotOne) -> Problem {
    let detail = match not {
        NotOne::None { is_near: true, all } => {
            format!("`{address}` has no function `{name}`; there is one called `{}`", all[0])
        }
        NotOne::None { all, .. } if all.is_empty() => format!("`{address}` has no functions that can be called"),
        NotOne::None { all, .. } => {
            let more = if all.len() > MANY { " and more" } else { "" };
            let some = all[..all.len().min(MANY)].join(", ");
            format!("`{address}` has no function `{name}`; it has {some}{more}")
        }
        NotOne::Several(all) => {
            format!("`{address}` has several functions called `{name}`: say which, {}", all.join(" or "))
        }
    };
    Problem::new(StatusCode::NOT_FOUND, "no-such-function", detail)
        .with("address", address.to_string())
        .with("function", name)
}

fn render(function: &Function, headers: &HeaderMap, result: &[u8]) -> Result<Response, Problem> {
    let broken = |e: changeling_packed::Error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "crashed", format!("its result cannot be shown: {e}"))
    };
    let wave = is_wave(headers, header::ACCEPT);
    let Some(ty) = &function.result else {
        return Ok(if wave { String::new().into_response() } else { Json(serde_json::Value::Null).into_response() });
    };
    let (is_err, mut response) = if wave {
        let text = wave::from_packed(ty, result).map_err(broken)?;
        (text.starts_with("err"), ([(header::CONTENT_TYPE, WAVE)], text).into_response())
    } else {
        let value = json::from_packed(ty, result, MAX_RESULT).map_err(broken)?;
        (value.get("err").is_some(), Json(value).into_response())
    };
    // An answer is an answer; but whoever does not know the type cannot tell an `err` from a record with such a field.
    if function.is_fallible() {
        let outcome = HeaderValue::from_static(if is_err { "err" } else { "ok" });
        response.headers_mut().insert(OUTCOME, outcome);
    }
    Ok(response)
}
