//! `POST /v1/deploy`: what dropping a file into the folder does, with an answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use changeling_core::Answer;
use changeling_core::contract::{Offer, Source};
use changeling_core::id::{Address, ComponentName};
use changeling_core::policy::Strategy;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::asked::Query;
use super::body::Whole;
use super::problem::Problem;
use super::{App, MAX_COMPONENT, upgrades, wire};
use crate::control::wall_now;
use crate::engine::label::MAX_LABEL;
use crate::watch::check_whole;

/// As what.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct As {
    /// The component that it is a version of.
    component: String,
    /// What people call it, where it carries no version itself.
    label: Option<String>,
    /// What the sender calls it, for the receipt.
    file: Option<String>,
    /// How its actors go over: `rolling` or `restart`; none: as the manifest says.
    strategy: Option<Strategy>,
    /// Whether to try it on copies only.
    #[serde(default, rename = "dry-run")]
    dry_run: bool,
    /// How long to wait for the receipt, as `10s`; none: answer as soon as the upgrade has begun.
    wait: Option<String>,
}

/// The longest name of a sender's file in a receipt, in characters.
const MAX_FROM: usize = 256;

/// Takes a component as the body.
#[utoipa::path(
    post,
    path = "/v1/deploy",
    tag = "admin",
    params(As),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component"),
    responses((status = 200, description = "It is decided, or changes nothing", body = wire::Deployed), (status = 202, description = "The upgrade has begun", body = wire::Begun), (status = 204, description = "It is taken, and waits"))
)]
pub async fn deploy(
    State(app): State<App>,
    Query(given): Query<As>,
    Whole(body): Whole<MAX_COMPONENT>,
) -> Result<Response, Problem> {
    let component = ComponentName::new(&given.component)?;
    let refused =
        |why: String| Problem::new(StatusCode::CONFLICT, "refused", why).with("component", given.component.as_str());
    let wait = upgrades::wait(given.wait.as_deref())?;
    let is_label = |text: &String| (1..=MAX_LABEL).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
    let label = given.label.clone().filter(is_label);
    if label != given.label {
        let why = format!("`label` takes 1 to {MAX_LABEL} printable characters without spaces");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-argument", why));
    }
    let from: String =
        given.file.as_deref().unwrap_or("http").chars().filter(|c| !c.is_control()).take(MAX_FROM).collect();
    check_whole(&body).map_err(refused)?;
    let mut receipts = app.handle.receipts();
    let store = app.handle.store.clone();
    let staged = tokio::task::spawn_blocking(move || store.versions.stage_bytes(&body, MAX_COMPONENT as u64)).await;
    let staged = staged.map_err(|e| refused(e.to_string()))?.map_err(|e| refused(e.to_string()))?;
    let offer = Offer {
        component: component.clone(),
        digest: staged.digest,
        name_label: label,
        modified: wall_now(),
        source: Source::Deploy { from },
        strategy: given.strategy,
        is_trial: given.dry_run,
        lay_there: false,
    };
    match app.handle.deploy(offer).await? {
        Answer::Upgrade(id) => {
            let next = upgrades::next(&mut receipts, app.ready.clone(), |receipt| receipt.id == id);
            match tokio::time::timeout(wait, next).await {
                Ok(Some(receipt)) => Ok(Json((*receipt).clone()).into_response()),
                _ => Ok((StatusCode::ACCEPTED, Json(wire::Begun::new(id))).into_response()),
            }
        }
        Answer::Nothing(why) => Ok(Json(wire::Nothing::new(why)).into_response()),
        Answer::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        Answer::Refused(refusal) => Err(refused(refusal.to_string()).with("step", json!(refusal.step))),
        Answer::Failed(error, sentence) => {
            let problem = Problem::of_call(&error, &Address::singleton(component), "deploy");
            Err(problem.saying(sentence))
        }
    }
}
