//! Sends the spans of this crate to an OTLP collector, in batches, from threads of its own.

mod exporter;

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData,
};
use tokio::runtime::{Builder, Runtime};
use tracing::{Dispatch, Level, Metadata, Subscriber, span, warn};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::options::OUR_CRATE;
use super::tracing_config::{Protocol, TracingConfig};
use crate::error::{Error, Kind, Result};

/// Spans that wait to be sent, at most; each takes about a KiB.
const QUEUED_SPANS: usize = 16 << 10;

const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// The way of spans to the collector. Dropped, it sends what is left, for five seconds at most.
pub(super) struct Spans {
    provider: SdkTracerProvider,
    complaint: Arc<Complaint>,
    /// Drives the gRPC connection, for as long as the last spans need it.
    _background: Option<Background>,
}

/// Makes everything ready; the collector is not contacted yet.
pub(super) fn start(config: TracingConfig) -> Result<Spans> {
    let (exporter, background) = match &config.protocol {
        Protocol::Http { path } => (exporter::http(&config, path)?, None),
        Protocol::Grpc => {
            let background = Background::start()?;
            (
                background.build(|| exporter::grpc(&config))?,
                Some(background),
            )
        }
    };
    let complaint = Arc::new(Complaint::default());
    let resource = resource(&config);
    // As the environment says, or so many that a run of thousands of small blocks loses none to a collector that takes its time.
    let mut batches = BatchConfigBuilder::default();
    if env::var_os("OTEL_BSP_MAX_QUEUE_SIZE").is_none() {
        batches = batches.with_max_queue_size(QUEUED_SPANS);
    }
    let processor = BatchSpanProcessor::builder(Audible {
        exporter,
        complaint: Arc::clone(&complaint),
    })
    .with_batch_config(batches.build())
    .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_sampler(config.sampler)
        .with_resource(resource)
        .build();
    Ok(Spans {
        provider,
        complaint,
        _background: background,
    })
}

impl Spans {
    /// The layer that exports this crate's spans, with lines from level info up as their events. Spans of dependencies are left out: they may hold
    /// request headers.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let is_told = |metadata: &Metadata<'_>| {
            metadata.target().starts_with(OUR_CRATE)
                && (metadata.is_span() || *metadata.level() <= Level::INFO)
        };
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(OUR_CRATE))
            .with_threads(false)
            .with_location(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_told))
    }
}

/// The trace that a span belongs to, unless it is not sampled.
pub(super) fn sampled_trace(span: &span::Id, dispatch: &Dispatch) -> Option<String> {
    let context = get_otel_context(span, dispatch)?;
    let span = context.span();
    let context = span.span_context();
    context.is_sampled().then(|| context.trace_id().to_string())
}

impl Drop for Spans {
    fn drop(&mut self) {
        if let Err(err) = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT) {
            self.complaint.raise(&err);
        }
    }
}

/// A runtime of our own, which may be made and dropped inside another one and outlives whichever made the spans.
struct Background(Option<Runtime>);

impl Background {
    fn start() -> Result<Self> {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
            .map_err(|err| Error::new(Kind::Other, "prepare the export of spans").because(err))
    }

    /// What `make` makes with this runtime around it.
    fn build<T>(&self, make: impl FnOnce() -> T) -> T {
        let _entered = self.0.as_ref().map(Runtime::enter);
        make()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background(); // every other way panics inside a runtime
        }
    }
}

/// Says once in a run that spans are lost; a collector that is down is no reason to flood the log.
#[derive(Debug, Default)]
struct Complaint(AtomicBool);

impl Complaint {
    fn raise(&self, err: &OTelSdkError) {
        if !self.0.swap(true, Ordering::Relaxed) {
            warn!(%err, "spans dropped, the tracing collector did not take them; further losses are not logged");
        }
    }
}

/// An exporter whose failures are heard.
#[derive(Debug)]
struct Audible {
    exporter: SpanExporter,
    complaint: Arc<Complaint>,
}

impl opentelemetry_sdk::trace::SpanExporter for Audible {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.exporter.export(batch).await;
        if let Err(err) = &result {
            self.complaint.raise(err);
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

fn resource(config: &TracingConfig) -> Resource {
    let mut resource = Resource::builder();
    if let Some(name) = &config.service_name {
        resource = resource.with_service_name(name.clone());
    } else if env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name(env!("CARGO_PKG_NAME"));
    }
    resource
        .with_attributes(
            config
                .resource_attributes
                .iter()
                .map(|(key, value)| KeyValue::new(key.clone(), value.clone())),
        )
        .build()
}

#[cfg(test)]
mod tests;
