//! What there is: components, actors and what they show of themselves, and whether the host is ready.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use changeling_core::id::{Address, ComponentName};
use changeling_core::reason::CallError;
use changeling_core::table::Row;
use changeling_core::view::{ActorView, ComponentView, HolderView, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::App;
use super::asked::{Path, Query};
use super::problem::Problem;
use super::wire;
use crate::actors::actor::Activity;
use crate::actors::look;

/// `GET /v1/components`.
#[utoipa::path(
    get,
    path = "/v1/components",
    tag = "read",
    responses((status = 200, description = "Every component", body = wire::Components))
)]
pub async fn components(State(app): State<App>) -> Result<Json<wire::Components>, Problem> {
    let looked = app.handle.look(|world| (world.components().collect::<Vec<_>>(), world.table().components.clone()));
    let (views, mut rows) = looked.await?;
    let on_wire = |view: ComponentView| {
        let row = rows.remove(&view.name);
        component_on_wire(&app, &view, row)
    };
    let components = views.into_iter().map(on_wire).collect();
    Ok(Json(wire::Components { kind: "changeling.components/1".into(), components }))
}

fn component_on_wire(app: &App, view: &ComponentView, row: Option<Row>) -> wire::Component {
    let state = match &view.upgrade {
        Some(upgrade) if upgrade.is_turning_back => "turning-back".to_owned(),
        Some(_) if view.current.is_some() => "upgrading".to_owned(),
        _ => word(view.state),
    };
    let size = |digest| view.versions.iter().find(|v| v.digest == digest).map_or(0, |v| v.size);
    let current = row.filter(|row| view.current == Some(row.current)).map(|row| wire::Current {
        digest: row.current,
        label: row.label,
        size: size(row.current),
        since: row.since.to_string(),
    });
    let versions = view.versions.iter().map(|version| {
        let mut holders: Vec<_> = version.holders.iter().map(|holder| holder.address.to_string()).collect();
        let mut why: Vec<_> = version.holders.iter().map(|holder| why_it_holds(app, holder)).collect();
        if let (Role::Old, Some(calls @ 1..)) = (version.role, calls_in_flight(app, &view.name)) {
            holders.push(format!("{calls} calls in flight"));
            why.push(format!("{calls} calls that began on it have not ended"));
        }
        let (digest, label, size) = (version.digest, version.label.clone(), version.size);
        wire::Version { digest, label, size, role: word(version.role), holders, why }
    });
    wire::Component {
        name: view.name.to_string(),
        kind: view.kind.map(|kind| kind.to_string()),
        state,
        current,
        versions: versions.collect(),
        waiting: view.waiting.as_ref().map(|waiting| wire::Waiting {
            id: waiting.id.0,
            digest: waiting.to,
            label: waiting.label.clone(),
            why: waiting.why.clone(),
        }),
    }
}

/// The one word that JSON has for it.
fn word(value: impl Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

/// Of a service.
fn calls_in_flight(app: &App, component: &ComponentName) -> Option<u64> {
    let published = app.handle.router.stage.directory.component(component)?;
    Some(published.service?.counts().0 as u64)
}

fn why_it_holds(app: &App, holder: &HolderView) -> String {
    let HolderView { address, is_tried, stayed } = holder;
    let activity = app.handle.router.stage.directory.actor(address).map(|actor| actor.view().activity);
    match (activity, stayed) {
        (Some(Activity::Stopped) | None, _) => format!("{address} is ending"),
        (_, Some(words)) if !is_tried => format!("{address} stays until another upgrade: {words}"),
        (_, None) if !is_tried => format!("{address} stays until another upgrade takes it along"),
        (Some(Activity::Held), _) => format!("{address} is being switched"),
        (_, Some(words)) => format!("{address} is tried again at its next boundary: {words}"),
        (Some(Activity::Running), None) => format!("{address} still handles a message, and is tried again"),
        (Some(Activity::Idle), None) => format!("{address} waits for its turn"),
    }
}

/// `GET /v1/components/{name}`: with the types of all that can be called.
#[utoipa::path(
    get,
    path = "/v1/components/{name}",
    tag = "read",
    params(("name" = String, Path, description = "Which component")),
    responses((status = 200, description = "One component, with the types of all that can be called", body = wire::ComponentInFull))
)]
pub async fn component(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<wire::ComponentInFull>, Problem> {
    let name = ComponentName::new(&name)?;
    let Json(all) = components(State(app.clone())).await?;
    let found = all.components.into_iter().find(|component| component.name == name.as_str());
    let absent = || Problem::of_call(&CallError::NoSuchComponent, &Address::singleton(name.clone()), "");
    let component = found.ok_or_else(absent)?;
    let published = app.handle.router.stage.directory.component(&name);
    let version = published.as_ref().map(|published| &published.code.version);
    let exports = version
        .into_iter()
        .flat_map(|v| &v.functions)
        .map(|(function, signature)| wire::Export { function: function.replace('#', "."), ty: signature.to_string() });
    Ok(Json(wire::ComponentInFull {
        document: "changeling.component/1".into(),
        component,
        exports: exports.collect(),
        imports: version.map(|v| v.imports.iter().cloned().collect()).unwrap_or_default(),
        shapes: version.and_then(|v| v.shapes.as_ref()).map(|shapes| json!(shapes)),
    }))
}

/// Which actors.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// A component, or one address.
    address: Option<String>,
}

/// `GET /v1/actors`.
#[utoipa::path(
    get,
    path = "/v1/actors",
    tag = "read",
    params(Which),
    responses((status = 200, description = "Every actor that fits", body = wire::Actors))
)]
pub async fn actors(State(app): State<App>, Query(which): Query<Which>) -> Result<Json<wire::Actors>, Problem> {
    let which = which.address.map(|text| text.parse::<Address>()).transpose()?;
    let fits = move |view: &ActorView| match &which {
        None => true,
        Some(Address { component, key: None }) => view.address.component == *component,
        Some(address) => view.address == *address,
    };
    let views = app.handle.look(move |world| world.actors().filter(fits).collect::<Vec<_>>()).await?;
    let actors = views.into_iter().map(|view| actor_on_wire(&app, view)).collect();
    Ok(Json(wire::Actors { kind: "changeling.actors/1".into(), actors }))
}

fn actor_on_wire(app: &App, view: ActorView) -> wire::Actor {
    let actor = app.handle.router.stage.directory.actor(&view.address);
    let seen = actor.as_ref().map(|actor| actor.view());
    let state = match seen.map(|seen| seen.activity) {
        Some(Activity::Idle) => "idle",
        Some(Activity::Running) => "running",
        Some(Activity::Held) => "held",
        Some(Activity::Stopped) | None => "stopped",
    };
    wire::Actor {
        address: view.address.to_string(),
        digest: view.digest,
        label: view.label,
        state: state.into(),
        left_behind: view.left_behind,
        mailbox: seen.map_or(0, |seen| seen.mailbox as u64),
        handled: seen.map_or(0, |seen| seen.handled),
        restarts: view.restarts,
        memory: seen.map_or(0, |seen| seen.memory),
        memory_limit: actor.map_or(0, |actor| actor.terms.now().limits.memory as u64),
        uptime_ms: seen.map_or(0, |seen| u64::try_from(seen.uptime.as_millis()).unwrap_or(u64::MAX)),
    }
}

/// `GET /v1/actors/{address}/status`: what an actor or a service shows of itself, an actor between two messages.
#[utoipa::path(
    get,
    path = "/v1/actors/{address}/status",
    tag = "read",
    params(("address" = String, Path, description = "Which actor or service: `component`, or `component%2Fkey`")),
    responses((status = 200, description = "What it shows of itself", body = wire::Status))
)]
pub async fn status(State(app): State<App>, Path(address): Path<String>) -> Result<Json<wire::Status>, Problem> {
    let address: Address = address.parse()?;
    let fail = |error: CallError| Problem::of_call(&error, &address, "status");
    let directory = &app.handle.router.stage.directory;
    let service = directory.component(&address.component).and_then(|published| published.service);
    let shown = match (directory.actor(&address), service) {
        (Some(actor), _) => look::status(actor).await,
        (None, Some(service)) if address.key.is_none() => look::status_of_service(service).await,
        (None, _) => Err(CallError::NoActor),
    };
    let look::Status { label, view } = shown.map_err(fail)?;
    let view = serde_json::from_str(&view).unwrap_or(Value::String(view));
    Ok(Json(wire::Status { kind: "changeling.status/1".into(), address: address.to_string(), label, view }))
}

/// Whether the host lives.
#[utoipa::path(get, path = "/livez", tag = "open", responses((status = 200, description = "It does")))]
pub async fn livez() -> StatusCode {
    StatusCode::OK
}

/// `GET /readyz`: whether calls are taken.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "open",
    responses((status = 200, description = "Calls are taken"), (status = 503, description = "The host starts or ends"))
)]
pub async fn readyz(State(app): State<App>) -> StatusCode {
    if *app.ready.borrow() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
