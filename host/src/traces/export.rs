//! Sending spans: one request for a batch, tried once.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prost::Message;
use tokio::runtime::Handle;

use super::Exporting;

/// Least time between two lines of the log about spans that are lost.
const QUIET: Duration = Duration::from_secs(15 * 60);

/// Sends batches of spans, one at a time. It is called on a thread of the SDK; the requests are made
/// on the runtime.
#[derive(Debug)]
pub(super) struct Exporter {
    http: reqwest::Client,
    endpoint: reqwest::Url,
    headers: HeaderMap,
    resource: ResourceAttributesWithSchema,
    runtime: Handle,
    losses: Mutex<Losses>,
}

/// Spans that were lost since the log last said so.
#[derive(Debug, Default)]
struct Losses {
    spans: usize,
    told: Option<Instant>,
}

impl Losses {
    /// Counts lost spans; gives how many to tell of, when it is time to.
    fn add(&mut self, spans: usize, now: Instant) -> Option<usize> {
        self.spans += spans;
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < QUIET) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.spans))
    }
}

impl Exporter {
    pub(super) fn new(exporting: Exporting, resource: &Resource) -> Self {
        let Exporting { http, endpoint, mut headers, .. } = exporting;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        Self {
            http,
            endpoint,
            headers,
            resource: resource.into(),
            runtime: Handle::current(),
            losses: Mutex::default(),
        }
    }

    async fn send(&self, body: Vec<u8>) -> Result<(), String> {
        let request = self.http.post(self.endpoint.clone()).headers(self.headers.clone()).body(body);
        // Also the beginning of it needs the runtime, for its timers.
        let sending = self.runtime.spawn(async move { request.send().await });
        // Only the status counts; the body may be endless.
        match sending.await {
            Ok(Ok(response)) if response.status().is_success() => Ok(()),
            Ok(Ok(response)) => Err(format!("the answer was {}", response.status().as_u16())),
            Ok(Err(error)) => Err(words(&error.without_url())),
            Err(_) => Err("the service stopped".to_owned()),
        }
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let sent = self.send(body).await;
        sent.map_err(|problem| {
            let lost = self.losses.lock().unwrap_or_else(PoisonError::into_inner).add(spans, Instant::now());
            if let Some(lost) = lost {
                tracing::warn!(spans = lost, "traces can't be sent, and are lost: {problem}");
            }
            OTelSdkError::InternalFailure(problem)
        })
    }
}

/// The innermost cause, which carries the words people search for.
fn words(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_once_in_a_while_with_all_since() {
        let (start, mut losses) = (Instant::now(), Losses::default());
        assert_eq!(losses.add(3, start), Some(3));
        assert_eq!(losses.add(4, start + QUIET / 2), None);
        assert_eq!(losses.add(5, start + QUIET), Some(9));
        assert_eq!(losses.add(6, start + QUIET), None);
    }
}
