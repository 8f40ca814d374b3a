//! What an operator does to what runs.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use changeling_core::id::{Address, ComponentName};
use changeling_core::reason::CallError;
use changeling_core::{Answer, Request};

use super::App;
use super::asked::Path;
use super::problem::Problem;
use super::wire;
use crate::actors::look;

/// `POST /v1/actors/{address}/stop`.
#[utoipa::path(
    post,
    path = "/v1/actors/{address}/stop",
    tag = "admin",
    params(("address" = String, Path, description = "Which actor: `component`, or `component%2Fkey`")),
    responses((status = 204, description = "It is done"), (status = 200, description = "What came of it", body = wire::Asked))
)]
pub async fn stop(State(app): State<App>, Path(address): Path<String>) -> Result<Response, Problem> {
    let address: Address = address.parse()?;
    ask(&app, Request::Stop(address.clone()), &address, "stop").await
}

/// `POST /v1/actors/{address}/restart`.
#[utoipa::path(
    post,
    path = "/v1/actors/{address}/restart",
    tag = "admin",
    params(("address" = String, Path, description = "Which actor: `component`, or `component%2Fkey`")),
    responses((status = 204, description = "It is done"), (status = 200, description = "What came of it", body = wire::Asked))
)]
pub async fn restart(State(app): State<App>, Path(address): Path<String>) -> Result<Response, Problem> {
    let address: Address = address.parse()?;
    ask(&app, Request::Restart(address.clone()), &address, "restart").await
}

/// `DELETE /v1/components/{name}`.
#[utoipa::path(
    delete,
    path = "/v1/components/{name}",
    tag = "admin",
    params(("name" = String, Path, description = "Which component")),
    responses((status = 204, description = "It is done"), (status = 200, description = "What came of it", body = wire::Asked))
)]
pub async fn remove(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    let component = ComponentName::new(&name)?;
    let address = Address::singleton(component.clone());
    ask(&app, Request::Remove(component), &address, "remove").await
}

/// `POST /v1/components/{name}/turn-back`: of an upgrade in hand.
#[utoipa::path(
    post,
    path = "/v1/components/{name}/turn-back",
    tag = "admin",
    params(("name" = String, Path, description = "Which component")),
    responses((status = 204, description = "It is done"), (status = 200, description = "What came of it", body = wire::Asked))
)]
pub async fn turn_back(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    let component = ComponentName::new(&name)?;
    ask(&app, Request::TurnBack(component.clone()), &Address::singleton(component), "turn back").await
}

async fn ask(app: &App, request: Request, address: &Address, act: &str) -> Result<Response, Problem> {
    match app.handle.ask(request).await? {
        Answer::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        Answer::Upgrade(id) => Ok(Json(wire::Begun::new(id)).into_response()),
        Answer::Nothing(why) => Ok(Json(wire::Nothing::new(why)).into_response()),
        Answer::Refused(refusal) => Err(Problem::new(StatusCode::CONFLICT, "refused", refusal.to_string())),
        Answer::Failed(error, sentence) => Err(Problem::of_call(&error, address, act).saying(sentence)),
    }
}

/// `GET /v1/actors/{address}/state`: what it would hand over, taken between two messages. Its bytes as they are, or a
/// document where the client wants JSON.
#[utoipa::path(
    get,
    path = "/v1/actors/{address}/state",
    tag = "admin",
    params(("address" = String, Path, description = "Which actor: `component`, or `component%2Fkey`")),
    responses((status = 200, description = "Its state, as bytes or as a document", content((Vec<u8> = "application/octet-stream"), (wire::State = "application/json"))))
)]
pub async fn state(
    State(app): State<App>,
    Path(address): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let address: Address = address.parse()?;
    let fail = |error: CallError| Problem::of_call(&error, &address, "save");
    let actor = app.handle.router.stage.directory.actor(&address).ok_or_else(|| fail(CallError::NoActor))?;
    let looked = look::state(actor).await.map_err(fail)?;
    let wants_json = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json");
    if wants_json {
        let document = wire::State {
            kind: "changeling.state/1".into(),
            address: address.to_string(),
            version: looked.version,
            structure: looked.structure,
            label: looked.label,
            base64: STANDARD.encode(looked.bytes),
        };
        return Ok(Json(document).into_response());
    }
    Ok(Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header("changeling-state-version", looked.version)
        .header("changeling-state-structure", looked.structure.escape_default().to_string())
        .header("changeling-label", looked.label)
        .body(Body::from(looked.bytes))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
}
