//! Answers of the admin listener.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::queue::QueueError;
use crate::service::ServiceError;
use crate::tenant::SwitchError;

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not-found", message: message.into() }
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        let status = match &error {
            _ if error.is_missing() => StatusCode::NOT_FOUND,
            ServiceError::Closing => StatusCode::SERVICE_UNAVAILABLE,
            ServiceError::Store(error)
            | ServiceError::Queue { error, .. }
            | ServiceError::Switch { error: SwitchError::Queue(error), .. } => of_the_store(error),
            ServiceError::Switch { error: SwitchError::Conflict { .. }, .. }
            | ServiceError::State { .. }
            | ServiceError::VersionLost { .. } => StatusCode::CONFLICT,
            ServiceError::Mapping { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ServiceError::Threads(_) | ServiceError::Task(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, code: error.code(), message: error.to_string() }
    }
}

fn of_the_store(error: &QueueError) -> StatusCode {
    match error {
        QueueError::Failing { .. } | QueueError::Closed | QueueError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        ServiceError::Store(error).into()
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
}

/// What a handler gives.
pub(super) type Reply = Result<Response, Refusal>;

/// A JSON answer.
pub(super) fn json(value: &impl Serialize) -> Reply {
    with_status(StatusCode::OK, value)
}

/// Runs something to its end, also when nobody waits for the answer any more: what was begun is not
/// left half done by who hangs up.
pub(super) async fn detached<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| ServiceError::Task(error.to_string()).into())
}

/// An answer of bytes.
pub(super) fn bytes(content_type: &'static str, bytes: Vec<u8>) -> Response {
    answer(StatusCode::OK, content_type, Body::from(bytes))
}

/// A text answer.
pub(super) fn text(status: StatusCode, content_type: &'static str, text: String) -> Response {
    answer(status, content_type, Body::from(text))
}

fn answer(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A JSON answer with a status of its own.
pub(super) fn with_status(status: StatusCode, value: &impl Serialize) -> Reply {
    let body = serde_json::to_string(value).map_err(|error| Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "admin-answer",
        message: error.to_string(),
    })?;
    Ok(text(status, "application/json", body))
}

/// The answer of a refusal.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let body = ErrorBody { code: refusal.code, message: &refusal.message };
    let mut response = with_status(refusal.status, &body)
        .unwrap_or_else(|_| text(refusal.status, "application/json", "{}".to_owned()));
    if refusal.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
