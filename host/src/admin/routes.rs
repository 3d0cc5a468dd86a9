//! The routes, in one list: the router is made of it, and so is the test that none but health is
//! open to all.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use http::{Method, StatusCode};
use tokio::time::timeout;

use super::reply::{Refusal, Reply, refused};
use super::{Admin, dead_letters, explain, gauges, operate, status};

/// The longest body of a command, in bytes.
const BODY_BYTES: usize = 1024 * 1024;

/// How long the body of a command may take to come in.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Who shows the token.
    Token,
}

/// One line of the list.
#[derive(Debug)]
pub struct RouteEntry {
    /// The method.
    pub method: Method,
    /// The path, in the router's notation.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Alive,
    Ready,
    Metrics,
    Status,
    Explain,
    DeadLetters,
    DeadLetter,
    Replay,
    Drop,
    Backup,
    Forget,
    ClearTold,
    Reload,
}

/// All routes.
pub const ROUTES: &[RouteEntry] = &[
    route(Method::GET, "/healthz", Access::Open, Action::Alive),
    route(Method::GET, "/readyz", Access::Open, Action::Ready),
    route(Method::GET, "/metrics", Access::Token, Action::Metrics),
    route(Method::GET, "/status", Access::Token, Action::Status),
    route(Method::GET, "/events/{id}", Access::Token, Action::Explain),
    route(Method::GET, "/dead-letters", Access::Token, Action::DeadLetters),
    route(Method::GET, "/dead-letters/{id}", Access::Token, Action::DeadLetter),
    route(Method::POST, "/dead-letters/replay", Access::Token, Action::Replay),
    route(Method::POST, "/dead-letters/drop", Access::Token, Action::Drop),
    route(Method::POST, "/backup", Access::Token, Action::Backup),
    route(Method::POST, "/forget", Access::Token, Action::Forget),
    route(Method::POST, "/told/clear", Access::Token, Action::ClearTold),
    route(Method::POST, "/reload", Access::Token, Action::Reload),
];

const fn route(method: Method, path: &'static str, access: Access, action: Action) -> RouteEntry {
    RouteEntry { method, path, access, action }
}

/// A request whose body has been read.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Vec<u8>,
}

impl Asked {
    /// The last part of the path, with its percent escapes undone.
    pub(super) fn last_part(&self) -> String {
        let part = self.path.rsplit('/').next().unwrap_or_default();
        // A form's value is decoded in the same way, but for `+`, which is no space in a path.
        let text = format!("v={}", part.replace('+', "%2B"));
        form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// The parameters of the query.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned()))
    }
}

/// The router of the admin listener.
pub fn router(admin: &Arc<Admin>) -> Router {
    let mut router = Router::new();
    for entry in ROUTES {
        let filter = if entry.method == Method::GET { MethodFilter::GET } else { MethodFilter::POST };
        let admin = Arc::clone(admin);
        let handler = move |request: Request| answer(admin, entry, request);
        router = router.route(entry.path, on(filter, handler));
    }
    let admin = Arc::clone(admin);
    // Who shows no token does not learn which paths there are.
    router
        .method_not_allowed_fallback({
            let admin = Arc::clone(&admin);
            move |request: Request| unknown(admin, request)
        })
        .fallback(move |request: Request| unknown(admin, request))
}

async fn unknown(admin: Arc<Admin>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let refusal = match authorize(&admin, Access::Token, &request) {
        Ok(()) => Refusal::not_found(format!("{} {path:.100} is none of the admin routes", request.method())),
        Err(refusal) => refusal,
    };
    refused(&refusal)
}

async fn answer(admin: Arc<Admin>, entry: &'static RouteEntry, request: Request) -> Response {
    let reply = match authorize(&admin, entry.access, &request) {
        Ok(()) => act(&admin, entry.action, request).await,
        Err(refusal) => Err(refusal),
    };
    reply.unwrap_or_else(|refusal| refused(&refusal))
}

fn authorize(admin: &Admin, access: Access, request: &Request) -> Result<(), Refusal> {
    match access {
        Access::Open => Ok(()),
        Access::Token if admin.token.is_shown_in(request.headers()) => Ok(()),
        Access::Token => Err(Refusal {
            status: StatusCode::UNAUTHORIZED,
            code: "admin-token",
            message: "show the admin token as `Authorization: Bearer TOKEN`".to_owned(),
        }),
    }
}

async fn act(admin: &Arc<Admin>, action: Action, request: Request) -> Reply {
    let (parts, body) = request.into_parts();
    let cut = || Refusal::bad_request("admin-body", format!("the body is cut, late or longer than {BODY_BYTES} bytes"));
    let body = match parts.method {
        // Whatever comes with a question is not waited for.
        Method::GET => Bytes::new(),
        _ => timeout(BODY_PATIENCE, to_bytes(body, BODY_BYTES)).await.map_err(|_| cut())?.map_err(|_| cut())?,
    };
    let asked = Asked {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: body.to_vec(),
    };
    match action {
        Action::Alive => Ok(status::alive()),
        Action::Ready => Ok(status::ready(admin)),
        Action::Metrics => gauges::metrics(admin).await,
        Action::Status => status::status(admin).await,
        Action::Explain => explain::explain(admin, &asked).await,
        Action::DeadLetters => dead_letters::list(admin, &asked).await,
        Action::DeadLetter => dead_letters::show(admin, &asked).await,
        Action::Replay => dead_letters::replay(admin, &asked).await,
        Action::Drop => dead_letters::discard(admin, &asked).await,
        Action::Backup => operate::backup(admin, &asked).await,
        Action::Forget => operate::forget(admin, &asked).await,
        Action::ClearTold => operate::clear_told(admin, &asked).await,
        Action::Reload => operate::reload(admin).await,
    }
}
