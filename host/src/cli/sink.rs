//! `sink`: a stand-in for Accoil on this machine.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure, tell};
use crate::sink::{Received, Script, Sink, SinkOptions};

/// Stand in for Accoil's ingest API on this machine
///
/// Takes calls as Accoil does, checks each against the documented contract,
/// answers 202 whatever it finds, and prints what it got: one JSON object a
/// call. Stop it with Ctrl-C; it then prints its counts.
///
/// A script makes it answer otherwise: lines of JSON, used up one after the
/// other, such as
///
///   {"status":503,"times":3}
///   {"status":429,"retry_after":"2"}
///   {"status":202,"delay_ms":500,"path":"/v2/track"}
///   {"cut":true}                      closes the connection, no answer
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8402")]
    listen: SocketAddr,

    /// What to answer, instead of 202.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// A path that takes the combined dialect.
    #[arg(long, value_name = "PATH")]
    combined_path: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let script = match &arguments.script {
        Some(path) => read_script(path)?,
        None => Script::default(),
    };
    let on_call = |call: &Received| {
        // Nobody may be reading any more; the sink goes on answering.
        let _ = writeln!(std::io::stdout(), "{}", call.line());
    };
    let options = SinkOptions {
        script,
        combined_path: arguments.combined_path.clone(),
        on_call: Box::new(on_call),
        ..SinkOptions::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Output, "runtime", error))?;
    runtime.block_on(async {
        let sink = Sink::start(arguments.listen, options)
            .await
            .map_err(|error| Failure::new(Exit::Usage, error.code(), error))?;
        tell(&format!("listening on http://{}", sink.addr));
        tokio::signal::ctrl_c().await.map_err(|error| Failure::new(Exit::Output, "signal", error))?;
        let counts = sink.stop().await;
        tell(&serde_json::to_string(&counts).unwrap_or_default());
        Ok(Exit::Success)
    })
}

fn read_script(path: &PathBuf) -> Result<Script, Failure> {
    let failed = |problem: String| Failure::new(Exit::Usage, "sink-script", format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    Script::parse(&text).map_err(|error| failed(error.to_string()))
}
