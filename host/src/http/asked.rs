//! What a request asks for in its path and behind the `?`: read by axum, and refused as a problem document.

use axum::extract::FromRequestParts;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::problem::Problem;

/// The parts of its path that have a name.
pub struct Path<T>(pub T);

/// What stands behind the `?`.
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    axum::extract::Path<T>: FromRequestParts<S, Rejection = PathRejection>,
    S: Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(said)| Self(said)).map_err(|refused| bad(refused.body_text()))
    }
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    axum::extract::Query<T>: FromRequestParts<S, Rejection = QueryRejection>,
    S: Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(said)| Self(said)).map_err(|refused| bad(refused.body_text()))
    }
}

fn bad(why: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-argument", why)
}
