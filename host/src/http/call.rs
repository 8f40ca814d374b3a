//! `POST /v1/call/…`: arguments in, the function's result out. JSON, or WAVE where the client says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use changeling_core::id::{Address, BadName, ComponentName, Key};
use changeling_core::reason::CallError;
use changeling_packed::{json, wave};

use super::asked::Path;
use super::body::{self, Whole};
use super::problem::Problem;
use super::{App, MAX_CALL};
use crate::actors::router::Call;
use crate::engine::code::{Function, NotOne};

/// The longest that one may wait.
const LONGEST: Duration = Duration::from_secs(3600);
/// How many functions are named to one who asked for another.
const MANY: usize = 12;
/// The largest result as text, and as JSON in memory, in bytes.
const MAX_RESULT: usize = 32 << 20;
/// The media type of JSON.
const JSON: &str = "application/json";
/// The media type of WAVE text, ours for want of a registered one.
pub const WAVE: &str = "application/x-wave";
/// The header that says `ok` or `err`, where the function answers with a WIT `result`.
pub const OUTCOME: &str = "changeling-outcome";

/// To the singleton, or to a service.
#[utoipa::path(
    post,
    path = "/v1/call/{component}/{function}",
    tag = "calls",
    params(
        ("component" = String, Path, description = "Whose code answers"),
        ("function" = String, Path, description = "Its name, where need be `interface.function`"),
        ("changeling-deadline" = Option<String>, Header, description = "How long to wait, as `500ms`"),
    ),
    request_body(
        content((serde_json::Value = "application/json"), (Vec<String> = "application/x-wave")),
        description = "Arguments: an array, or an object by the names of parameters; or an array of WAVE texts"
    ),
    responses((
        status = 200,
        description = "Its result, also where that is an `err`",
        content((serde_json::Value = "application/json"), (String = "application/x-wave")),
        headers(("changeling-outcome" = String, description = "`ok` or `err`, where it answers with a `result`"))
    ))
)]
pub async fn singleton(
    State(app): State<App>,
    Path((component, function)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Whole<MAX_CALL>, Problem>,
) -> Result<Response, Problem> {
    let begun = Instant::now();
    let address = ComponentName::new(&component).map(Address::singleton);
    counted(&app, begun, address, &function, &headers, body).await
}

/// To an actor by its key.
#[utoipa::path(
    post,
    path = "/v1/call/{component}/{key}/{function}",
    tag = "calls",
    params(
        ("component" = String, Path, description = "Whose code answers"),
        ("key" = String, Path, description = "Which of its actors"),
        ("function" = String, Path, description = "Its name, where need be `interface.function`"),
        ("changeling-deadline" = Option<String>, Header, description = "How long to wait, as `500ms`"),
    ),
    request_body(
        content((serde_json::Value = "application/json"), (Vec<String> = "application/x-wave")),
        description = "Arguments: an array, or an object by the names of parameters; or an array of WAVE texts"
    ),
    responses((
        status = 200,
        description = "Its result, also where that is an `err`",
        content((serde_json::Value = "application/json"), (String = "application/x-wave")),
        headers(("changeling-outcome" = String, description = "`ok` or `err`, where it answers with a `result`"))
    ))
)]
pub async fn keyed(
    State(app): State<App>,
    Path((component, key, function)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Result<Whole<MAX_CALL>, Problem>,
) -> Result<Response, Problem> {
    let begun = Instant::now();
    let address = ComponentName::new(&component)
        .and_then(|component| Key::new(&key).map(|key| Address { component, key: Some(key) }));
    counted(&app, begun, address, &function, &headers, body).await
}

/// Answers, and counts what came of it.
async fn counted(
    app: &App,
    begun: Instant,
    address: Result<Address, BadName>,
    function: &str,
    headers: &HeaderMap,
    body: Result<Whole<MAX_CALL>, Problem>,
) -> Result<Response, Problem> {
    let answered = match &address {
        Ok(address) => answer(app, begun, address, function, headers, body).await,
        Err(bad) => Err(bad.clone().into()),
    };
    let outcome = match &answered {
        Ok(response) if response.headers().get(OUTCOME).is_some_and(|outcome| outcome == "err") => "err",
        Ok(_) => "ok",
        Err(problem) => problem.name(),
    };
    // Names of components that there are not would be without number.
    let component = address.ok().map(|address| address.component);
    let known = component.filter(|_| outcome != "no-such-component");
    app.calls.count(known.as_ref(), outcome, begun.elapsed());
    answered
}

async fn answer(
    app: &App,
    begun: Instant,
    address: &Address,
    name: &str,
    headers: &HeaderMap,
    body: Result<Whole<MAX_CALL>, Problem>,
) -> Result<Response, Problem> {
    let fail = |error: CallError| Problem::of_call(&error, address, name);
    let router = &app.handle.router;
    let (code, terms) = router.find(address).map_err(fail)?;
    let deadline = begun + deadline(headers, app.access().deadline)?;
    let Whole(body) = body?;
    body::must_be(&[JSON, WAVE], headers, &body)?;
    let function = code.resolve(name).map_err(|not| no_such_function(address, name, not))?.clone();
    drop(code);
    let limit = terms.now().limits.message;
    let (is_wave_in, is_wave_out) = (is_wave(headers, header::CONTENT_TYPE), is_wave(headers, header::ACCEPT));
    let packing = {
        let (function, bytes) = (function.clone(), body.len());
        app.convert.run(bytes, deadline, move || arguments(&function, is_wave_in, &body, limit))
    };
    let args = packing.await.map_err(fail)?.map_err(|error| bad_argument(error, address, &function))?;
    let call = Call { target: address.clone(), function: function.clone(), args, deadline };
    let result = router.call(call).await.map_err(fail)?;
    let rendering = {
        let (function, bytes) = (function.clone(), result.len());
        app.convert.run(bytes, deadline, move || render(&function, is_wave_out, &result))
    };
    rendering.await.map_err(fail)?.map_err(|error| not_shown(&error, address, name))
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
    is_wave: bool,
    body: &[u8],
    limit: usize,
) -> Result<Vec<u8>, changeling_packed::Error> {
    if is_wave {
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

fn render(function: &Function, is_wave: bool, result: &[u8]) -> Result<Response, changeling_packed::Error> {
    let (media, is_err, text) = match &function.result {
        None if is_wave => (WAVE, false, Vec::new()),
        None => (JSON, false, b"null".to_vec()),
        Some(ty) if is_wave => {
            let text = wave::from_packed(ty, result)?;
            (WAVE, text.starts_with("err"), text.into_bytes())
        }
        Some(ty) => {
            let value = json::from_packed(ty, result, MAX_RESULT)?;
            (JSON, value.get("err").is_some(), value.to_string().into_bytes())
        }
    };
    if text.len() > MAX_RESULT {
        return Err(changeling_packed::TooLarge.into());
    }
    let mut response = ([(header::CONTENT_TYPE, media)], text).into_response();
    // An answer is an answer; but whoever does not know the type cannot tell an `err` from a record with such a field.
    if function.is_fallible() {
        let outcome = HeaderValue::from_static(if is_err { "err" } else { "ok" });
        response.headers_mut().insert(OUTCOME, outcome);
    }
    Ok(response)
}

fn not_shown(error: &changeling_packed::Error, address: &Address, function: &str) -> Problem {
    let (name, detail) = match error {
        changeling_packed::Error::TooLarge(_) => (
            "result-too-large",
            format!(
                "`{address}` has handled `{function}`, and its result takes more than {} MiB as text; ask it for less at a time",
                MAX_RESULT >> 20
            ),
        ),
        error => ("crashed", format!("`{address}` has handled `{function}`, and its result cannot be shown: {error}")),
    };
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, name, detail)
        .with("address", address.to_string())
        .with("function", function)
}
