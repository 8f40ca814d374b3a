//! The HTTP of the host. Wire shapes exist here and in `wire` alone; everything else gets typed calls.

mod body;
mod call;
pub use call::{OUTCOME, WAVE as MEDIA_WAVE};
mod connections;
mod convert;
mod deploy;
mod events;
mod guard;
mod keys;
pub use keys::Keys;
mod metrics;
mod names;
pub use names::Names;
mod operate;
mod problem;
mod upgrades;
mod views;
pub mod wire;

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router as Routes;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;

use self::connections::Connections;
use self::convert::Convert;
use crate::control::Handle;
use crate::observe::Calls;

/// What a request is answered from.
#[derive(Clone)]
pub struct App {
    handle: Handle,
    access: Arc<Access>,
    connections: Connections,
    convert: Convert,
    calls: Arc<Calls>,
    began: SystemTime,
    /// Whether the host takes calls: false while it starts and while it ends.
    ready: tokio::sync::watch::Receiver<bool>,
}

/// Who is let in.
pub struct Access {
    /// Who may do what.
    pub keys: Keys,
    /// Calls need no token.
    pub open_calls: bool,
    /// How long a call may take that does not say so itself.
    pub deadline: std::time::Duration,
    /// How many connections may be open.
    pub connections: usize,
    /// By which names the host may be asked: guards against DNS rebinding.
    pub names: Names,
}

/// The largest component that can be deployed by HTTP.
const MAX_COMPONENT: usize = 64 << 20;
/// The largest body of a call: JSON is a few times the size of what it says.
const MAX_CALL: usize = 8 << 20;

/// Answers on `listener` until `stop` comes, then lets requests in flight end.
pub async fn serve(
    listener: TcpListener,
    handle: Handle,
    access: Access,
    ready: tokio::sync::watch::Receiver<bool>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let connections = Connections::new(access.connections);
    let access = Arc::new(access);
    let app = App {
        handle,
        access,
        connections: connections.clone(),
        convert: Convert::new(),
        calls: Arc::default(),
        began: SystemTime::now(),
        ready,
    };
    connections.serve(listener, routes(app), stop).await;
}

fn routes(app: App) -> Routes {
    let calls = Routes::new()
        .route("/v1/call/{component}/{function}", post(call::singleton))
        .route("/v1/call/{component}/{key}/{function}", post(call::keyed))
        .route_layer(from_fn_with_state(app.clone(), guard::calls));
    let read = Routes::new()
        .route("/v1/components", get(views::components))
        .route("/v1/components/{name}", get(views::component))
        .route("/v1/actors", get(views::actors))
        .route("/v1/upgrades", get(upgrades::list))
        .route("/v1/upgrades/{id}", get(upgrades::one))
        .route("/v1/events", get(events::events))
        .route("/metrics", get(metrics::metrics))
        .route_layer(from_fn_with_state(app.clone(), guard::read));
    let admin = Routes::new()
        .route("/v1/components/{name}", delete(operate::remove))
        .route("/v1/components/{name}/turn-back", post(operate::turn_back))
        .route("/v1/actors/{address}/stop", post(operate::stop))
        .route("/v1/actors/{address}/restart", post(operate::restart))
        .route("/v1/actors/{address}/state", get(operate::state))
        .route("/v1/deploy", post(deploy::deploy))
        .route_layer(from_fn_with_state(app.clone(), guard::admin));
    let open = Routes::new().route("/livez", get(|| async { StatusCode::OK })).route("/readyz", get(views::readyz));
    open.merge(calls)
        .merge(read)
        .merge(admin)
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(from_fn_with_state(app.clone(), guard::check_host))
        .with_state(app)
}
