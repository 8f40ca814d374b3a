//! The HTTP of the host. Wire shapes exist here and in `wire` alone; everything else gets typed calls.

mod call;
pub use call::{OUTCOME, WAVE as MEDIA_WAVE};
mod deploy;
mod events;
mod guard;
mod operate;
mod problem;
mod upgrades;
mod views;
pub mod wire;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router as Routes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::net::TcpListener;

use crate::control::Handle;

/// What a request is answered from.
#[derive(Clone)]
pub struct App {
    handle: Handle,
    access: Arc<ArcSwap<Access>>,
    /// Whether the host takes calls: false while it starts and while it ends.
    ready: tokio::sync::watch::Receiver<bool>,
}

impl App {
    /// Who may do what now.
    fn access(&self) -> Arc<Access> {
        self.access.load_full()
    }
}

/// Who may do what.
pub struct Access {
    /// Opens everything.
    pub token: String,
    /// Calls need no token.
    pub open_calls: bool,
    /// How long a call may take that does not say so itself.
    pub deadline: std::time::Duration,
    /// `Host` headers that are ours: guards against DNS rebinding.
    pub hosts: Vec<String>,
}

/// The largest component that can be deployed by HTTP.
const MAX_COMPONENT: usize = 64 << 20;
/// The largest body of a call: JSON is a few times the size of what it says.
const MAX_CALL: usize = 8 << 20;

/// Answers on `listener` until `stop` comes, then lets requests in flight end.
///
/// # Errors
/// Where the listener breaks.
pub async fn serve(
    listener: TcpListener,
    handle: Handle,
    access: Arc<ArcSwap<Access>>,
    ready: tokio::sync::watch::Receiver<bool>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let app = App { handle, access, ready };
    axum::serve(listener, routes(app)).with_graceful_shutdown(stop).await
}

fn routes(app: App) -> Routes {
    Routes::new()
        .route("/v1/call/{component}/{function}", post(call::singleton).layer(DefaultBodyLimit::max(MAX_CALL)))
        .route("/v1/call/{component}/{key}/{function}", post(call::keyed).layer(DefaultBodyLimit::max(MAX_CALL)))
        .route("/v1/components", get(views::components))
        .route("/v1/components/{name}", get(views::component).delete(operate::remove))
        .route("/v1/components/{name}/turn-back", post(operate::turn_back))
        .route("/v1/actors", get(views::actors))
        .route("/v1/actors/{address}/stop", post(operate::stop))
        .route("/v1/actors/{address}/restart", post(operate::restart))
        .route("/v1/actors/{address}/state", get(operate::state))
        .route("/v1/upgrades", get(upgrades::list))
        .route("/v1/upgrades/{id}", get(upgrades::one))
        .route("/v1/events", get(events::events))
        .route("/v1/deploy", post(deploy::deploy).layer(DefaultBodyLimit::max(MAX_COMPONENT)))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard::admit))
        .route("/livez", get(|| async { StatusCode::OK }))
        .route("/readyz", get(views::readyz))
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard::check_host))
        .with_state(app)
}
