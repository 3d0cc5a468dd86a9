//! Spans, made by OpenTelemetry's SDK.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::{
    Span as _, SpanContext, SpanKind, Status, TraceContextExt, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span as SdkSpan,
};

use super::export::Exporter;
use super::{Exporting, Kind, Value};

/// The most spans that wait to be sent.
const QUEUE: usize = 2048;

/// The most spans of a request.
const BATCH: usize = 512;

/// How long spans wait for company.
const PAUSE: Duration = Duration::from_secs(2);

/// The process has one, or none.
static TRACING: OnceLock<Tracing> = OnceLock::new();

struct Tracing {
    tracer: SdkTracer,
    sample: f64,
}

/// Something that happens, from its making until it is dropped.
#[derive(Debug)]
pub struct Span(Box<SdkSpan>);

impl Span {
    /// Begins something that has its own trace, if it is among those that are traced.
    #[inline]
    pub fn root(kind: Kind, name: impl FnOnce() -> Cow<'static, str>) -> Option<Self> {
        let tracing = TRACING.get()?;
        // From 0 up to 1, so that a share of 1 is all and one of 0 is none.
        (fastrand::f64() < tracing.sample).then(|| Self::begin(tracing, kind, name(), &Context::new()))
    }

    /// Begins something within this span.
    pub fn child(&self, kind: Kind, name: impl Into<Cow<'static, str>>) -> Option<Self> {
        let parent = self.0.span_context();
        // Only what is sampled is a span at all, and it is of this process.
        let parent =
            SpanContext::new(parent.trace_id(), parent.span_id(), parent.trace_flags(), false, TraceState::NONE);
        let parent = Context::new().with_remote_span_context(parent);
        Some(Self::begin(TRACING.get()?, kind, name.into(), &parent))
    }

    fn begin(tracing: &Tracing, kind: Kind, name: Cow<'static, str>, parent: &Context) -> Self {
        let kind = match kind {
            Kind::Internal => SpanKind::Internal,
            Kind::Server => SpanKind::Server,
            Kind::Client => SpanKind::Client,
        };
        let builder = tracing.tracer.span_builder(name).with_kind(kind);
        Self(Box::new(builder.start_with_context(&tracing.tracer, parent)))
    }

    /// Sets an attribute.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.0.set_attribute(KeyValue::new(key, opentelemetry::Value::from(value.into())));
    }

    /// Says that it failed, with a code (`error.type`).
    pub fn fail(&mut self, code: impl Into<Value>) {
        self.set("error.type", code);
        self.0.set_status(Status::error(""));
    }
}

impl From<Value> for opentelemetry::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(Cow::Borrowed(text)) => text.into(),
            Value::Text(Cow::Owned(text)) => text.into(),
            Value::Number(number) => number.into(),
        }
    }
}

/// The sending of spans.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts making spans and sending them; within a runtime, and once in a process. `None` when it
    /// was started before.
    pub fn start(exporting: Exporting) -> Option<Self> {
        // Nothing from the environment: the configuration alone says what is sent.
        let resource = Resource::builder_empty()
            .with_service_name(exporting.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sample = exporting.sample;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(PAUSE)
            .build();
        let exporter = Exporter::new(exporting, &resource);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(resource)
            .build();
        let scope = InstrumentationScope::builder("accoil-stream").with_version(env!("CARGO_PKG_VERSION")).build();
        let tracing = Tracing { tracer: provider.tracer_with_scope(scope), sample };
        TRACING.set(tracing).is_ok().then_some(Self(provider))
    }

    /// Sends what is left, for at most `patience`.
    pub async fn shut(self, patience: Duration) {
        // It blocks. What could not be sent in time is lost, which the exporter has said, or will not.
        let _ = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(patience)).await;
    }
}
