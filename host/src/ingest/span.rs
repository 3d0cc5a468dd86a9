//! The span of a request.

use http::StatusCode;

use super::answer::Receipt;
use super::directory::Tenant;
use super::refusal::Refusal;
use super::routes::{ROUTES, Route};
use crate::traces::{EVENTS, Kind, RESULT, Span, TENANT};

/// Begins the span of a request, if it is among those that are traced. It goes by the route's path and
/// not by the request's own, in which strangers write what they like.
pub(super) fn begin(route: Route) -> Option<Span> {
    let entry = ROUTES.iter().find(|entry| entry.route == route);
    let (method, path) = entry.map_or(("POST", ""), |entry| (entry.method.as_str(), entry.path));
    let mut span = Span::root(Kind::Server, || format!("{method} {path}").into())?;
    span.set("http.request.method", method.to_owned());
    span.set("http.route", path);
    Some(span)
}

/// Notes what became of the request.
pub(super) fn note(span: &mut Span, tenant: Option<&Tenant>, result: &Result<Receipt, Refusal>) {
    if let Some(tenant) = tenant {
        span.set(TENANT, tenant.name.clone());
    }
    let (status, word) = match result {
        Ok(receipt) => {
            span.set(EVENTS, receipt.events);
            (StatusCode::OK, "taken")
        }
        Err(refusal) => (refusal.status(), refusal.reason.code()),
    };
    span.set(RESULT, word);
    span.set("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.fail(word);
    }
}
