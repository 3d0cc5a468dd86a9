//! The routes, in one list: the router is made of it, and so is the test that none but health is
//! open to all.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use http::{Method, StatusCode};

use super::asked::{Asked, BodyLimit};
use super::reply::{Refusal, Reply, refused};
use super::{Admin, audit, dead_letters, deploy, experiments, explain, gauges, history, operate, status, versions};

/// How long the body of a command may be, if it brings no component.
const BODY: BodyLimit =
    BodyLimit { bytes: 1024 * 1024, name: "the most that this route takes", patience: Duration::from_secs(10) };

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
    Versions,
    Deploy,
    RollBack,
    Promote,
    Experiment,
    StartExperiment,
    StopExperiment,
    Audit,
    AuditCheck,
    Rerun,
    History,
    Component,
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
    route(Method::GET, "/versions", Access::Token, Action::Versions),
    route(Method::POST, "/versions/deploy", Access::Token, Action::Deploy),
    route(Method::POST, "/versions/rollback", Access::Token, Action::RollBack),
    route(Method::POST, "/versions/promote", Access::Token, Action::Promote),
    route(Method::GET, "/experiments", Access::Token, Action::Experiment),
    route(Method::POST, "/experiments/start", Access::Token, Action::StartExperiment),
    route(Method::POST, "/experiments/stop", Access::Token, Action::StopExperiment),
    route(Method::GET, "/audit", Access::Token, Action::Audit),
    route(Method::GET, "/audit/check", Access::Token, Action::AuditCheck),
    route(Method::GET, "/events/{id}/rerun", Access::Token, Action::Rerun),
    route(Method::GET, "/history", Access::Token, Action::History),
    route(Method::GET, "/components/{digest}", Access::Token, Action::Component),
];

const fn route(method: Method, path: &'static str, access: Access, action: Action) -> RouteEntry {
    RouteEntry { method, path, access, action }
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
    let limit = match action {
        Action::Deploy | Action::StartExperiment => deploy::upload_limit(admin),
        _ => BODY,
    };
    let asked = Asked::read(&parts.method, &parts.uri, body, limit).await?;
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
        Action::Versions => versions::list(admin, &asked).await,
        Action::Deploy => deploy::deploy(admin, asked).await,
        Action::RollBack => versions::roll_back(admin, &asked).await,
        Action::Promote => versions::promote(admin, &asked).await,
        Action::Experiment => experiments::status(admin, &asked).await,
        Action::StartExperiment => experiments::start(admin, asked).await,
        Action::StopExperiment => experiments::stop(admin, &asked).await,
        Action::Audit => audit::list(admin, &asked).await,
        Action::AuditCheck => audit::check(admin).await,
        Action::Rerun => history::rerun(admin, &asked).await,
        Action::History => history::history(admin, &asked).await,
        Action::Component => history::component(admin, &asked).await,
    }
}
