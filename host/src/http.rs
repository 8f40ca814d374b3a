//! The HTTP of the host. Wire shapes exist here and in `wire` alone; everything else gets typed calls.

mod asked;
mod body;
mod call;
pub use call::{OUTCOME, WAVE as MEDIA_WAVE};
mod connections;
mod convert;
mod deploy;
mod document;
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

use arc_swap::ArcSwap;
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter as Routes;
use utoipa_axum::routes;

use self::connections::Connections;
use self::convert::Convert;
use self::document::Document;
use crate::control::Handle;
use crate::observe::Calls;

/// What a request is answered from.
#[derive(Clone)]
pub struct App {
    handle: Handle,
    access: Arc<ArcSwap<Access>>,
    connections: Connections,
    convert: Convert,
    calls: Arc<Calls>,
    began: SystemTime,
    /// Whether the host takes calls: false while it starts and while it ends.
    ready: tokio::sync::watch::Receiver<bool>,
}

impl App {
    /// Who is let in now.
    fn access(&self) -> Arc<Access> {
        self.access.load_full()
    }
}

/// Who is let in.
pub struct Access {
    /// Who may do what.
    pub keys: Keys,
    /// Calls need no token.
    pub open_calls: bool,
    /// How long a call may take that does not say so itself.
    pub deadline: std::time::Duration,
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
    (access, connections): (Arc<ArcSwap<Access>>, usize),
    ready: tokio::sync::watch::Receiver<bool>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let connections = Connections::new(connections);
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

/// Each with its part of the document, which names method and path; by who may ask.
fn routes(app: App) -> Router {
    let of_calls = Routes::new().routes(routes!(call::singleton)).routes(routes!(call::keyed));
    let of_read = Routes::new()
        .routes(routes!(views::components))
        .routes(routes!(views::component))
        .routes(routes!(views::actors))
        .routes(routes!(views::status))
        .routes(routes!(upgrades::list))
        .routes(routes!(upgrades::one))
        .routes(routes!(events::events))
        .routes(routes!(metrics::metrics));
    let of_admin = Routes::new()
        .routes(routes!(operate::remove))
        .routes(routes!(operate::turn_back))
        .routes(routes!(operate::stop))
        .routes(routes!(operate::restart))
        .routes(routes!(operate::state))
        .routes(routes!(deploy::deploy));
    let open =
        Routes::new().routes(routes!(views::livez)).routes(routes!(views::readyz)).routes(routes!(document::openapi));
    let (router, document) = open
        .merge(of_calls.route_layer(from_fn_with_state(app.clone(), guard::calls)))
        .merge(of_read.route_layer(from_fn_with_state(app.clone(), guard::read)))
        .merge(of_admin.route_layer(from_fn_with_state(app.clone(), guard::admin)))
        .split_for_parts();
    router
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(Extension(Document::new(document)))
        .layer(from_fn_with_state(app.clone(), guard::check_host))
        .with_state(app)
}
