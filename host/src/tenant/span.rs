//! The spans of batches, attempts and calls. What an event says, and about whom, is not in them.

use super::attempt::{End, Way};
use super::mapping::RanEvent;
use super::work::Work;
use crate::accoil::Call;
use crate::outbound::classify::Verdict;
use crate::outbound::{Answer, FailureReason};
use crate::sandbox::Outcome;
use crate::traces::{EVENTS, Kind, RESULT, Span, TENANT, VERSION};

/// Begins the span of a batch that is mapped, if it is among those that are traced.
pub(super) fn batch(tenant: &str, version: u32, events: usize) -> Option<Span> {
    let mut span = Span::root(Kind::Internal, || "map".into())?;
    span.set(TENANT, tenant.to_owned());
    span.set(VERSION, version);
    span.set(EVENTS, events);
    Some(span)
}

/// Notes how many events of the batch failed, and ends its span.
pub(super) fn mapped(mut span: Span, unreadable: &[Option<(&'static str, String)>], ran: &[RanEvent]) {
    let faults = ran.iter().filter_map(|ran| match &ran.outcome {
        Outcome::Fault(fault) => Some(fault.kind.name()),
        _ => None,
    });
    let codes: Vec<&str> = unreadable.iter().flatten().map(|(code, _)| *code).chain(faults).collect();
    span.set("accoil_stream.faults", codes.len());
    if let Some(first) = codes.first() {
        span.fail(*first);
    }
}

/// Begins the span of an attempt at an event, if it is among those that are traced.
pub(super) fn attempt(tenant: &str, work: &Work) -> Option<Span> {
    let mut span = Span::root(Kind::Internal, || "deliver".into())?;
    span.set(TENANT, tenant.to_owned());
    span.set(VERSION, work.version);
    span.set("accoil_stream.seq", work.seq);
    span.set("accoil_stream.calls", work.calls.len());
    span.set("accoil_stream.attempt", work.attempts.saturating_add(1));
    Some(span)
}

/// Notes how the attempt ended.
pub(super) fn attempted(span: &mut Span, end: End) {
    let word = match end {
        End::Delivered | End::Failed(Verdict::Delivered) => "delivered",
        End::Held => "held",
        End::Failed(Verdict::Retry) => "retry",
        End::Failed(Verdict::Dead) => FailureReason::Refused.code(),
        End::Failed(Verdict::DestinationRefusesKey) => FailureReason::KeyRefused.code(),
        End::Failed(Verdict::DestinationForbidden) => FailureReason::AddressRefused.code(),
    };
    span.set(RESULT, word);
    if matches!(end, End::Failed(_)) {
        span.fail(word);
    }
}

/// Begins the span of the first call that is left. The path is not in it: that of `combined_url` may
/// be a secret.
pub(super) fn call(attempt: &Span, way: &Way, work: &Work, call: &Call) -> Option<Span> {
    let (name, kind) = match call {
        Call::Identify { .. } => ("POST identify", "identify"),
        Call::Group { .. } => ("POST group", "group"),
        Call::Track { .. } => ("POST track", "track"),
        Call::Combined { .. } => ("POST combined", "combined"),
    };
    let destination = way.client.destination();
    let mut span = attempt.child(Kind::Client, name)?;
    span.set(TENANT, way.tenant.to_string());
    span.set("accoil_stream.call", kind);
    span.set("http.request.method", "POST");
    span.set("server.address", destination.host().to_owned());
    span.set("server.port", destination.port());
    if work.attempts > 0 {
        span.set("http.request.resend_count", work.attempts);
    }
    Some(span)
}

/// Notes the answer to the call, and ends its span.
pub(super) fn answered(mut span: Span, answer: &Answer, verdict: Verdict) {
    if let Answer::Http { status, .. } = answer {
        span.set("http.response.status_code", *status);
    }
    if verdict == Verdict::Delivered {
        return;
    }
    match answer {
        Answer::Http { status, .. } => span.fail(status.to_string()),
        Answer::Network { .. } => span.fail("network"),
        Answer::AddressRefused { .. } => span.fail(FailureReason::AddressRefused.code()),
    }
}
