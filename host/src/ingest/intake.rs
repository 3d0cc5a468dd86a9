//! What happens to a request, from its head to its answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use tokio::time::{Instant, timeout_at};

use super::answer::{self, Receipt};
use super::attach::{self, Attached, Room};
use super::body::{self, Encoding, Source};
use super::budget::Held;
use super::counts::add;
use super::directory::{Directory, Tenant};
use super::refusal::{Reason, Refusal};
use super::request::{self, Parsed};
use super::routes::Route;
use super::{Door, IngestCounts, span};

/// Longest time from a request's body to its answer: Amplitude's SDKs wait ten seconds.
const PATIENCE: Duration = Duration::from_secs(9);
/// Longest time for a request of a webhook altogether. Amplitude tries again within four seconds, if
/// it has an answer by then; how long it waits for one is not documented.
const WEBHOOK_PATIENCE: Duration = Duration::from_millis(3500);
/// Bodies larger than this are worked on where they hold up nobody else's.
const HEAVY: usize = 64 * 1024;
/// Seconds between two warnings of the same kind about one tenant.
const QUIET_S: u64 = 30;

type Outcome = (Option<Arc<Tenant>>, Result<Receipt, Refusal>);

/// Answers a request of a known path and method.
pub(super) async fn answer(door: Arc<Door>, route: Route, request: Request) -> Response {
    match route {
        Route::Alive => answer::status(StatusCode::OK, "ok"),
        Route::Ready if door.is_closing() => answer::status(StatusCode::SERVICE_UNAVAILABLE, "closing"),
        Route::Ready if !door.is_healthy() => answer::status(StatusCode::SERVICE_UNAVAILABLE, "disk-failing"),
        Route::Ready => answer::status(StatusCode::OK, "ok"),
        _ => take(door, route, request).await,
    }
}

/// Answers a request whose path takes other methods.
pub(super) async fn wrong_method(door: Arc<Door>, route: Route, allow: &'static str, request: Request) -> Response {
    let refusal = Refusal::new(Reason::WrongMethod, "Method not allowed");
    refuse(&door, route, Refusal { allow: Some(allow), ..refusal }, request).await
}

/// Answers a request whose path is unknown.
pub(super) async fn not_found(door: Arc<Door>, request: Request) -> Response {
    refuse(&door, Route::Unknown, Refusal::new(Reason::NotFound, "Not found"), request).await
}

async fn refuse(door: &Door, route: Route, refusal: Refusal, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut source = Source::new(body, &parts.headers);
    finish(door, &door.directory.load_full(), route, (None, Err(refusal)), &mut source).await
}

async fn take(door: Arc<Door>, route: Route, request: Request) -> Response {
    let mut span = span::begin(route);
    let directory = door.directory.load_full();
    let (parts, body) = request.into_parts();
    let mut source = Source::new(body, &parts.headers);
    let outcome = receive(&door, &directory, route, &Arc::new(parts), &mut source).await;
    if let Some(span) = &mut span {
        span::note(span, outcome.0.as_deref(), &outcome.1);
    }
    finish(&door, &directory, route, outcome, &mut source).await
}

/// Counts, logs and writes the answer.
async fn finish(
    door: &Door,
    directory: &Directory,
    route: Route,
    (tenant, result): Outcome,
    source: &mut Source,
) -> Response {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let counts = tenant.as_ref().map_or(&door.counts, |tenant| &tenant.shared.counts);
    let name = tenant.as_ref().map_or("-", |tenant| &tenant.name);
    match result {
        Ok(receipt) => {
            counts.count_taken(route);
            count_flaws(counts, receipt.flaws.events().len());
            answer::success(&receipt, u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
        }
        Err(refusal) => {
            counts.count_refused(route, refusal.reason);
            count_flaws(counts, refusal.flaws.events().len());
            log(counts, name, route, refusal.reason, now.as_secs());
            body::discard(source, Duration::from_millis(directory.config.body_timeout_ms)).await;
            answer::failure(&refusal, directory.config.retry_after_s)
        }
    }
}

fn count_flaws(counts: &IngestCounts, events: usize) {
    add(&counts.invalid_events, events as u64);
}

fn log(counts: &IngestCounts, tenant: &str, route: Route, reason: Reason, now_s: u64) {
    let (route, code) = (route.name(), reason.code());
    if reason.is_ours() && counts.is_news(reason, now_s, QUIET_S) {
        tracing::warn!(tenant, route, code, "requests are refused; their senders are asked to come again");
    } else {
        tracing::debug!(tenant, route, code, "a request is refused");
    }
}

/// Reads the body and has it taken in.
async fn receive(
    door: &Arc<Door>,
    directory: &Arc<Directory>,
    route: Route,
    parts: &Arc<Parts>,
    source: &mut Source,
) -> Outcome {
    let started = Instant::now();
    let config = &directory.config;
    if door.is_closing() {
        return (None, Err(Refusal::closing()));
    }
    let tenant = match route {
        Route::Webhook => match request::of_webhook(directory, parts) {
            Ok(tenant) if !tenant.is_enabled => return (Some(tenant), Err(Refusal::disabled())),
            Ok(tenant) => Some(tenant),
            Err(refusal) => return (None, Err(refusal)),
        },
        _ => None,
    };
    let limit = if route == Route::HttpApi { config.httpapi_bytes } else { config.batch_bytes };
    let within = Duration::from_millis(config.body_timeout_ms);
    let within = if route == Route::Webhook { within.min(WEBHOOK_PATIENCE) } else { within };
    // Several tenants' worth; a body is held here only until its tenant is known. Small ones have room of
    // their own: large ones come from anybody, and slowly.
    let bodies = if body::is_small(source, config.httpapi_bytes) { &door.small_bodies } else { &door.bodies };
    let mut held = bodies.share(config.waiting_bytes.saturating_mul(4));
    let read = async { Ok((Encoding::of(&parts.headers)?, body::read(source, limit, within, &mut held).await?)) };
    let (encoding, bytes) = match read.await {
        Ok(read) => read,
        Err(refusal) => return (tenant, Err(refusal)),
    };
    let deadline = if route == Route::Webhook { started + WEBHOOK_PATIENCE } else { Instant::now() + PATIENCE };
    let known = tenant.clone();
    // That of now: keys and tenants may have changed while the body came.
    let (door, directory, parts) = (Arc::clone(door), door.directory.load_full(), Arc::clone(parts));
    // A task of its own: what was begun is ended also if the sender goes or time is up, so that what
    // is remembered is always what was written.
    let task =
        tokio::spawn(
            async move { take_in(door, directory, route, parts, tenant, (bytes, encoding, limit, held)).await },
        );
    match timeout_at(deadline, task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => (known, Err(Refusal::internal())),
        Err(_) => (known, Err(Refusal::new(Reason::Slow, "The store did not answer in time; send the events again"))),
    }
}

async fn take_in(
    door: Arc<Door>,
    directory: Arc<Directory>,
    route: Route,
    parts: Arc<Parts>,
    tenant: Option<Arc<Tenant>>,
    (bytes, encoding, limit, held): (Vec<u8>, Encoding, usize, Held),
) -> Outcome {
    let is_heavy = bytes.len() > HEAVY || encoding == Encoding::Gzip;
    let event_bytes = door.event_bytes;
    let parsing = Arc::clone(&directory);
    let known = tenant.clone();
    // What a gzip body becomes is known only when it is there: few are unpacked at a time.
    let permit = match encoding {
        Encoding::Gzip => Arc::clone(&door.unpacking).acquire_owned().await.ok(),
        Encoding::Identity => None,
    };
    let parsed = work(is_heavy, move || {
        let _held = (held, permit);
        match body::decode(bytes, encoding, limit) {
            Ok(text) => request::parse(&parsing, route, &parts, &text, tenant, event_bytes),
            Err(refusal) => (tenant, Err(refusal)),
        }
    });
    let Some((tenant, parsed)) = parsed.await else { return (known, Err(Refusal::internal())) };
    match (tenant, parsed) {
        (Some(tenant), Ok(parsed)) => {
            let result = store(&door, &directory, &tenant, parsed, is_heavy).await;
            (Some(tenant), result)
        }
        (tenant, Err(refusal)) => (tenant, Err(refusal)),
        (None, Ok(_)) => (None, Err(Refusal::invalid_key())),
    }
}

/// Does work here, or, if it is heavy, on a thread that runs no futures. Nothing if it panicked.
async fn work<T: Send + 'static>(is_heavy: bool, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if is_heavy { tokio::task::spawn_blocking(job).await.ok() } else { Some(job()) }
}

/// Has the events written, with what they change.
async fn store(
    door: &Door,
    directory: &Directory,
    tenant: &Arc<Tenant>,
    parsed: Parsed,
    is_heavy: bool,
) -> Result<Receipt, Refusal> {
    let receipt = Receipt { events: parsed.drafts.len(), payload: parsed.payload, flaws: parsed.flaws };
    if parsed.drafts.is_empty() {
        return Ok(receipt);
    }
    let shared = &tenant.shared;
    let mut waiting = shared.waiting.share(directory.config.waiting_bytes);
    if !waiting.grow(parsed.payload) {
        return Err(Refusal::busy());
    }
    let is_change = parsed.drafts.iter().any(|draft| attach::changes_memory(draft, tenant));
    let _order = if is_change { Some(Arc::clone(&shared.order).lock_owned().await) } else { None };
    let room = Room {
        event_bytes: door.event_bytes,
        request_bytes: directory.config.batch_bytes.saturating_mul(2),
        remembered: directory.config.remembered,
    };
    let (drafts, attaching) = (parsed.drafts, Arc::clone(tenant));
    let attached = work(is_heavy, move || attach::attach(drafts, &attaching, room)).await;
    let Attached { events, groups, users } = attached.ok_or_else(Refusal::internal)??;
    let stored: usize = events.iter().map(|event| event.body.len()).sum();
    if !waiting.grow(stored.saturating_sub(parsed.payload)) {
        return Err(Refusal::busy());
    }
    let facts = groups.facts().chain(users.facts()).collect();
    let accepted = door.queue.accept(tenant.id, events, facts).await.map_err(|error| Refusal::of_queue(&error))?;
    // What was known already has changed what is remembered already, perhaps before a restart.
    if accepted.events > 0 {
        shared.groups.apply(groups);
        shared.users.apply(users);
        shared.count_remembered();
    }
    add(&shared.counts.events, accepted.events as u64);
    add(&shared.counts.duplicates, accepted.duplicates as u64);
    add(&shared.counts.bytes, accepted.bytes);
    Ok(receipt)
}
