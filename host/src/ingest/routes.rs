//! The routes, in one list: the router is made of it, and so is the test that none of them lets in
//! anybody without a key.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};
use http::{HeaderName, Method, header};
use tower_http::cors::{Any, CorsLayer};

use super::Door;
use super::intake;

/// For how long browsers may remember what other sites may send.
const PREFLIGHT_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Amplitude's HTTP V2 API.
    HttpApi,
    /// Amplitude's Batch Event Upload API.
    Batch,
    /// Amplitude's Identify API.
    Identify,
    /// Amplitude's Group Identify API.
    GroupIdentify,
    /// Where Amplitude's webhook destination sends to.
    Webhook,
    /// Whether the process is alive.
    Alive,
    /// Whether it can take events in.
    Ready,
    /// A path that is none of these.
    Unknown,
}

impl Route {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::HttpApi,
        Self::Batch,
        Self::Identify,
        Self::GroupIdentify,
        Self::Webhook,
        Self::Alive,
        Self::Ready,
        Self::Unknown,
    ];

    /// A stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HttpApi => "httpapi",
            Self::Batch => "batch",
            Self::Identify => "identify",
            Self::GroupIdentify => "groupidentify",
            Self::Webhook => "webhook",
            Self::Alive => "healthz",
            Self::Ready => "readyz",
            Self::Unknown => "unknown",
        }
    }
}

/// What a sender must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing.
    Nothing,
    /// A tenant's key as `api_key` in the body.
    KeyInBody,
    /// A key of the tenant in the path, as `Authorization: Bearer` or `X-Api-Key`.
    KeyInHeader,
}

/// One line of the list.
#[derive(Debug, Clone)]
pub struct RouteEntry {
    /// The method.
    pub method: Method,
    /// The path, in the router's notation.
    pub path: &'static str,
    /// What it is for.
    pub route: Route,
    /// What a sender must show.
    pub proof: Proof,
}

/// All routes.
pub const ROUTES: &[RouteEntry] = &[
    entry(Method::POST, "/2/httpapi", Route::HttpApi, Proof::KeyInBody),
    entry(Method::POST, "/batch", Route::Batch, Proof::KeyInBody),
    entry(Method::POST, "/identify", Route::Identify, Proof::KeyInBody),
    entry(Method::POST, "/groupidentify", Route::GroupIdentify, Proof::KeyInBody),
    entry(Method::POST, "/webhook/{tenant}", Route::Webhook, Proof::KeyInHeader),
    entry(Method::GET, "/healthz", Route::Alive, Proof::Nothing),
    entry(Method::GET, "/readyz", Route::Ready, Proof::Nothing),
];

const fn entry(method: Method, path: &'static str, route: Route, proof: Proof) -> RouteEntry {
    RouteEntry { method, path, route, proof }
}

/// The router of the event listener.
pub fn router(door: &Arc<Door>) -> Router {
    let mut router = Router::new();
    for entry in ROUTES {
        let (filter, allow) = match entry.method {
            Method::GET => (MethodFilter::GET, "GET, HEAD"),
            _ => (MethodFilter::POST, "POST, OPTIONS"),
        };
        let (answering, refusing, route) = (Arc::clone(door), Arc::clone(door), entry.route);
        let methods = on(filter, move |request: Request| intake::answer(answering, route, request))
            .fallback(move |request: Request| intake::wrong_method(refusing, route, allow, request));
        router = router.route(entry.path, methods);
    }
    let door = Arc::clone(door);
    router.fallback(move |request: Request| intake::not_found(door, request)).layer(cors())
}

/// Any site may send: the key says whose events they are. No cookies are involved.
fn cors() -> CorsLayer {
    let headers =
        [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::AUTHORIZATION, HeaderName::from_static("x-api-key")];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST, Method::OPTIONS])
        .allow_headers(headers)
        .expose_headers([header::RETRY_AFTER])
        .max_age(PREFLIGHT_AGE)
}
