//! `GET /openapi.json`: what can be asked here, as OpenAPI 3.1. Made from the same list as the routes, so that neither has
//! what the other has not.

use axum::Extension;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, Info, License, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::wire;

/// The document, as it goes out.
#[derive(Clone)]
pub struct Document(Bytes);

/// The tag of what needs no token.
const OPEN: &str = "open";
/// What the document calls the way to say a token.
const TOKEN: &str = "token";

/// This document. Needs no token: it says what the program can, and nothing of what this host does.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = OPEN,
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value))
)]
pub async fn openapi(Extension(Document(document)): Extension<Document>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document)
}

impl Document {
    /// Of these routes.
    pub fn new(mut routes: OpenApi) -> Self {
        routes.info = Info::new("changeling", env!("CARGO_PKG_VERSION"));
        routes.info.description = Some(env!("CARGO_PKG_DESCRIPTION").to_owned());
        routes.info.license = Some(License::new(env!("CARGO_PKG_LICENSE")));
        let components = routes.components.get_or_insert_default();
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "The token of the host's status file, or one of its manifest that may be used for what the tag says",
        ));
        components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme.build()));
        components.schemas.insert(wire::Problem::name().into(), wire::Problem::schema());
        for item in routes.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.delete];
            operations.into_iter().flatten().for_each(complete);
        }
        Self(routes.to_json().expect("it has only text keys").into())
    }
}

/// What holds for every operation: who may, and what is said where it does not work out.
fn complete(operation: &mut Operation) {
    let is_open = operation.tags.iter().flatten().any(|tag| tag == OPEN);
    if !is_open {
        operation.security = Some(vec![SecurityRequirement::new(TOKEN, Vec::<String>::new())]);
    }
    let problem = Content::new(Some(RefOr::Ref(Ref::from_schema_name(wire::Problem::name()))));
    let problem: Response =
        ResponseBuilder::new().description("A problem").content("application/problem+json", problem).build();
    operation.responses.responses.insert("default".into(), problem.into());
}
