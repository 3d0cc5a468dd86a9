//! Logs: on standard error, for people or as JSON.

use tracing_subscriber::EnvFilter;

use super::super::{Exit, Failure};
use crate::config::{LogFormat, ServerConfig};

/// The variable that overrides `server.log`.
const VARIABLE: &str = "RUST_LOG";

/// Starts logging.
pub(super) fn start(config: &ServerConfig) -> Result<(), Failure> {
    let wanted = std::env::var(VARIABLE).unwrap_or_else(|_| config.log.clone());
    let filter = EnvFilter::try_new(&wanted)
        .map_err(|error| Failure::new(Exit::Usage, "log-filter", format!("server.log or {VARIABLE}: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.log_format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Failure::new(Exit::Usage, "log-start", error))
}
