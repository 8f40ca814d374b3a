//! Receipts.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use changeling_core::id::{ComponentName, Digest, UpgradeId};
use changeling_core::receipt::Receipt;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use utoipa::IntoParams;

use super::App;
use super::asked::{Path, Query};
use super::problem::Problem;
use super::wire;
use crate::control::Ending;

/// Which receipts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Of this component alone.
    component: Option<ComponentName>,
    /// To this version alone.
    to: Option<Digest>,
    /// Only those with a greater number.
    after: Option<u64>,
    /// How long to wait for one that is final, as `10s`.
    wait: Option<String>,
    /// At most so many; 100 where it is not said.
    limit: Option<usize>,
}

/// How long to wait.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// For the receipt to be final, as `10s`.
    wait: Option<String>,
}

const DEFAULT_LIMIT: usize = 100;
/// Receipts that are kept at most, and so asked for.
const MOST: usize = 1_000;
const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl Which {
    fn fits(&self, receipt: &Receipt) -> bool {
        self.component.as_ref().is_none_or(|component| receipt.component == *component)
            && self.after.is_none_or(|after| receipt.id.0 > after)
            && self.to.is_none_or(|to| receipt.to.digest == to)
    }
}

/// `GET /v1/upgrades`: newest first. With `wait` it answers as soon as there is one that fits.
#[utoipa::path(
    get,
    path = "/v1/upgrades",
    tag = "read",
    params(Which),
    responses((status = 200, description = "Receipts, newest first", body = wire::Upgrades))
)]
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Json<wire::Upgrades>, Problem> {
    // Before the look at what is written, so that none is missed between the two.
    let mut coming = app.handle.receipts();
    let wait = wait(which.wait.as_deref())?;
    let store = app.handle.store.clone();
    // A thousand files may be read: not on a thread that others wait for.
    let newest = tokio::task::spawn_blocking(move || store.receipts.newest(MOST).items).await.unwrap_or_default();
    let limit = which.limit.unwrap_or(DEFAULT_LIMIT);
    let mut upgrades: Vec<Receipt> = newest.into_iter().filter(|receipt| which.fits(receipt)).take(limit).collect();
    if upgrades.is_empty() && !wait.is_zero() {
        let next = next(&mut coming, app.ready, |receipt| which.fits(receipt));
        match tokio::time::timeout(wait, next).await {
            Ok(Some(receipt)) => upgrades.push((*receipt).clone()),
            Ok(None) => return Err(Ending.into()),
            Err(_) => {}
        }
    }
    Ok(Json(wire::Upgrades { kind: "changeling.upgrades/1".into(), upgrades }))
}

/// `GET /v1/upgrades/{id}`, with `wait` when it is not final yet.
#[utoipa::path(
    get,
    path = "/v1/upgrades/{id}",
    tag = "read",
    params(("id" = u64, Path, description = "Which upgrade"), Wait),
    responses((status = 200, description = "Its receipt", body = Receipt))
)]
pub async fn one(
    State(app): State<App>,
    Path(id): Path<u64>,
    Query(patience): Query<Wait>,
) -> Result<Json<Receipt>, Problem> {
    let id = UpgradeId(id);
    let mut coming = app.handle.receipts();
    if let Ok(receipt) = app.handle.store.receipts.read(id) {
        return Ok(Json(receipt));
    }
    let wait = wait(patience.wait.as_deref())?;
    let next = next(&mut coming, app.ready, |receipt| receipt.id == id);
    match tokio::time::timeout(wait, next).await {
        Ok(Some(receipt)) => Ok(Json((*receipt).clone())),
        Ok(None) => Err(Ending.into()),
        Err(_) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-upgrade",
            format!(
                "there is no receipt of upgrade {id}, or not yet; `changeling upgrades` lists those that there are"
            ),
        )),
    }
}

/// How long a client is ready to wait: `10s`, none where it does not say, ten minutes at most.
pub fn wait(text: Option<&str>) -> Result<Duration, Problem> {
    let Some(text) = text else { return Ok(Duration::ZERO) };
    let wait = humantime::parse_duration(text).map_err(|e| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-argument", format!("`wait` takes a time such as 10s: {e}"))
    })?;
    Ok(wait.min(LONGEST_WAIT))
}

/// The next receipt that fits; none where the host has ended. What was told before that is not kept back.
pub async fn next(
    coming: &mut Receiver<Arc<Receipt>>,
    mut ready: watch::Receiver<bool>,
    fits: impl Fn(&Receipt) -> bool,
) -> Option<Arc<Receipt>> {
    loop {
        tokio::select! {
            biased;
            told = coming.recv() => match told {
                Ok(receipt) if fits(&receipt) => return Some(receipt),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            },
            changed = ready.changed() => if changed.is_err() { return None },
        }
    }
}
