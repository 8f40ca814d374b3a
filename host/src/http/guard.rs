//! Who may ask: `Host` and `Origin` against browsers that were led here, a token against everybody else.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::problem::Problem;
use crate::config::Right;

/// Refuses a `Host` that is not ours and an `Origin` that is not ours either: no name that resolves here, and no page of
/// another site, reaches the host.
pub async fn check_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let access = app.access();
    let names = &access.names;
    let is_ours = match only(request.headers(), HOST) {
        // Who names a host in the request line as well names the same.
        Some(host) => names.is_host(host) && request.uri().authority().is_none_or(|line| names.is_host(line.as_str())),
        None => false,
    };
    if !is_ours {
        let why = "the `Host` header names none of this host's addresses; ask it by 127.0.0.1 or localhost and its port, or \
                   list the name in `hosts` under [http] in its manifest";
        return Problem::new(StatusCode::FORBIDDEN, "forbidden", why).into_response();
    }
    let headers = request.headers();
    if headers.contains_key(ORIGIN) && !only(headers, ORIGIN).is_some_and(|origin| names.is_origin(origin)) {
        let why = "requests from pages of other sites are not answered; where this one is served under a name of this host, \
                   list it in `hosts` under [http] in its manifest";
        return Problem::new(StatusCode::FORBIDDEN, "forbidden", why).into_response();
    }
    next.run(request).await
}

/// Asks for a token that may make calls, but where these are open.
pub async fn calls(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.access().open_calls {
        true => next.run(request).await,
        false => admit(&app, Right::Calls, request, next).await,
    }
}

/// Asks for a token that may see what there is.
pub async fn read(State(app): State<App>, request: Request, next: Next) -> Response {
    admit(&app, Right::Read, request, next).await
}

/// Asks for a token that may do everything.
pub async fn admin(State(app): State<App>, request: Request, next: Next) -> Response {
    admit(&app, Right::Admin, request, next).await
}

async fn admit(app: &App, needed: Right, request: Request, next: Next) -> Response {
    let given = only(request.headers(), AUTHORIZATION).and_then(|value| value.split_once(' '));
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
    let access = app.access();
    let Some(key) = given.and_then(|token| access.keys.whose(token)) else {
        let why = "this needs `Authorization: Bearer` with the token from the host's status file \
                   (`.changeling/host.json`), or with one that its manifest names";
        let mut response = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", why).into_response();
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    };
    if key.may(needed) {
        return next.run(request).await;
    }
    let (may, needed) = (key.rights(), needed.word());
    let why = format!(
        "the token `{}` may be used for {}, and this needs {needed}; add that to its `may` in the manifest, or use another",
        key.name().escape_debug(),
        may.join(" and ")
    );
    Problem::new(StatusCode::FORBIDDEN, "forbidden", why).with("may", may).with("needs", needed).into_response()
}

/// What a header says, where it is there once: of two, nobody knows which one a proxy has looked at.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())?.to_str().ok()
}
