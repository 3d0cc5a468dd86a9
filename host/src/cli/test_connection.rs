//! `test-connection`: whether Accoil can be reached.

use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure, destination_failure, print};
use crate::config;
use crate::outbound::Destination;
use crate::test_connection::{NOT_PROVED, test_connection};

/// Test the way to Accoil: name, connection, TLS, a harmless request
///
/// Says what each step proved, and what none can: Accoil answers 202 before it
/// checks a key.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "accoil.toml")]
    config: PathBuf,

    /// Which tenant of the configuration; needed if it has several.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let config_failure = |error: config::ConfigError| Failure::new(Exit::Usage, error.code(), error);
    let config = config::load(&arguments.config).map_err(config_failure)?;
    let tenant = config.tenant(arguments.tenant.as_deref()).map_err(config_failure)?;
    let outbound_failure = |error| destination_failure(&config, tenant, &error);
    let destination = Destination::new(&tenant.accoil).map_err(outbound_failure)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Output, "runtime", error))?;
    let report = runtime.block_on(test_connection(&destination, &config.delivery)).map_err(outbound_failure)?;

    let mut text = format!("{} at {}, port {}\n", tenant.name, destination.host(), destination.port());
    for step in &report.steps {
        let (mark, said) = match &step.result {
            Ok(proved) => ("ok    ", proved),
            Err(problem) => ("FAILED", problem),
        };
        text.push_str(&format!("{mark} {:8} {:>5} ms  {said}\n", step.name, step.took.as_millis()));
    }
    text.push_str("not proved:\n");
    NOT_PROVED.iter().for_each(|gap| text.push_str(&format!("  - {gap}\n")));
    print(text.as_bytes())?;
    Ok(if report.passed() { Exit::Success } else { Exit::Incomplete })
}
