//! What operators ask and command, over HTTP on a listener of its own.
//!
//! Every route but the two about health needs the bearer token; the routes are made of one list
//! ([`ROUTES`]), and there is no other way to add one. Answers are JSON; errors are
//! `{"code":…,"message":…}`.

mod asked;
mod audit;
mod auth;
mod dead_letters;
mod deploy;
mod experiments;
mod explain;
mod gauges;
mod history;
mod offer;
mod operate;
mod rates;
mod reply;
mod routes;
mod status;
mod versions;

use std::sync::Arc;

pub use auth::Token;
pub use rates::sample;
pub use routes::{Access, ROUTES, RouteEntry, router};

use crate::service::Service;
use rates::Rates;

/// What the admin listener answers from.
pub struct Admin {
    service: Arc<Service>,
    token: Token,
    rates: Rates,
}

impl Admin {
    /// An admin surface of a service.
    pub fn new(service: Arc<Service>, token: Token) -> Arc<Self> {
        Arc::new(Self { service, token, rates: Rates::default() })
    }
}
