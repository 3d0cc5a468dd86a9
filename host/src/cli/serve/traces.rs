//! Traces: from the configuration to what sends them.

use http::{HeaderMap, HeaderValue};

use super::super::{Exit, Failure};
use crate::config::TracesConfig;
use crate::outbound;
use crate::traces::{Exporting, Traces};

/// Starts sending traces, if they are asked for; within the runtime.
pub(super) fn start(config: Option<&TracesConfig>) -> Result<Option<Traces>, Failure> {
    let Some(config) = config else {
        return Ok(None);
    };
    let http = outbound::traces::client(config);
    let http = http.map_err(|error| Failure::new(Exit::Usage, error.code(), format!("server.traces: {error}")))?;
    let mut headers = HeaderMap::new();
    for (name, secret) in &config.headers {
        // The configuration was checked: a value that fits no header is refused there.
        if let Ok(mut value) = HeaderValue::from_str(secret.expose()) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    let host = config.endpoint.host_str().unwrap_or_default().to_owned();
    let traces = Traces::start(Exporting {
        http,
        endpoint: config.endpoint.clone(),
        headers,
        sample: config.sample,
        service_name: config.service_name.clone(),
    });
    tracing::info!(host, sample = config.sample, "traces are sent");
    Ok(traces)
}
