//! Who may ask: `Host` and `Origin` against browsers that were led here, the token against everybody else.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::App;
use super::problem::Problem;

/// Refuses a `Host` that is not ours and an `Origin` that is not ours either: no name that resolves here, and no page of
/// another site, reaches the host.
pub async fn check_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let access = app.access();
    let ours = |value: &str| access.hosts.iter().any(|host| host.eq_ignore_ascii_case(value));
    if !text(headers, HOST.as_str()).is_some_and(ours) {
        let why =
            "the `Host` header names none of this host's addresses; ask it by 127.0.0.1 or localhost and its port";
        return Problem::new(StatusCode::FORBIDDEN, "forbidden", why).into_response();
    }
    if let Some(origin) = headers.get(ORIGIN) {
        let plain = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        if !plain.is_some_and(ours) {
            let why = "requests from pages of other sites are not answered";
            return Problem::new(StatusCode::FORBIDDEN, "forbidden", why).into_response();
        }
    }
    next.run(request).await
}

/// Asks for the token, but for calls where these are open.
pub async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    let access = app.access();
    let open = access.open_calls && request.method() == Method::POST && request.uri().path().starts_with("/v1/call/");
    let given = text(request.headers(), AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let known = given.is_some_and(|token| token.as_bytes().ct_eq(access.token.as_bytes()).into());
    if open || known {
        return next.run(request).await;
    }
    let why = "this needs `Authorization: Bearer` with the token from the host's status file (`.changeling/host.json`)";
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", why).into_response();
    response.headers_mut().insert("www-authenticate", axum::http::HeaderValue::from_static("Bearer"));
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
