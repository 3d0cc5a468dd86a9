//! `check`: says whether a component can run here.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Exit, Failure, mapping, print};
use crate::event::Event;
use crate::limits::Limits;
use crate::sandbox::{Inspection, Mapping, Metering, Outcome, Sandbox};

/// Events of every sort, to try a mapping on.
const SAMPLES: &str = include_str!("samples.ndjson");

/// Say whether a component can run here, and what it is
///
/// Shows what it exports and imports, what it says about itself, its size, and
/// what a run over a few sample events used. A component that can't run is
/// refused with the reason, and the exit code is 3.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The component.
    #[arg(value_name = "X.wasm")]
    component: PathBuf,

    /// Settings for the sample run: a JSON or TOML file. Default: {}
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let limits = Limits::default();
    let name = arguments.component.display().to_string();
    let bytes = mapping::read_component(&arguments.component, &limits)?;
    let refused = |code: &'static str, message: String| Failure::new(Exit::Refused, code, format!("{name}: {message}"));
    let sandbox = Sandbox::new(&limits, Metering::Fuel).map_err(|error| refused(error.code(), error.to_string()))?;
    let mapping = sandbox.admit(&bytes).map_err(|refusal| refused(refusal.code(), refusal.to_string()))?;

    let mut report = about(&mapping, &bytes);
    let settings = match &arguments.settings {
        Some(path) => mapping::read_settings(path)?,
        None => "{}".to_owned(),
    };
    let exit = match (mapping.settings(&settings), &arguments.settings) {
        (Ok(settings), _) => sample_run(&mapping, &settings, &mut report),
        (Err(error), Some(path)) => return Err(mapping::settings_failure(&path.display(), &error)),
        (Err(error), None) => {
            let _ = writeln!(report, "sample run   not done: {error} (give settings with --settings)");
            Exit::Success
        }
    };
    let verdict = if exit == Exit::Success { "can run here" } else { "can be loaded, but fails on sample events" };
    let _ = writeln!(report, "verdict      {verdict}");
    print(super::printable(&report).as_bytes())?;
    Ok(exit)
}

fn about(mapping: &Mapping, bytes: &[u8]) -> String {
    let description = mapping.description();
    let Inspection { size, imports, exports, core_modules, functions, largest_function } = mapping.inspection();
    let digest = Sha256::digest(bytes);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let mut report = String::new();
    // Writing into a string can't fail.
    let _ = writeln!(report, "name         {} {}", description.name, description.version);
    let _ = writeln!(report, "summary      {}", description.summary);
    let _ = writeln!(
        report,
        "size         {size} bytes: {core_modules} core modules, {functions} functions, the largest of {largest_function} bytes"
    );
    let _ = writeln!(report, "sha256       {digest}");
    let _ = writeln!(report, "exports      {}", list(exports));
    let _ = writeln!(report, "imports      {}", list(imports));
    let settings = serde_json::from_str::<Value>(&description.settings_schema).ok();
    let names: Vec<String> = settings
        .as_ref()
        .and_then(|schema| schema.get("properties")?.as_object())
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    let _ = writeln!(report, "settings     {}", list(&names));
    report
}

fn sample_run(mapping: &Mapping, settings: &crate::sandbox::Settings, report: &mut String) -> Exit {
    let events: Vec<Event<'_>> = SAMPLES.lines().filter_map(|line| Event::read(line.as_bytes()).ok()).collect();
    let (outcomes, usage) = mapping.run_measured(settings, &events);
    let count = events.len();
    let fuel = usage.fuel.unwrap_or_default();
    let per_event = fuel.checked_div(count as u64).unwrap_or_default();
    let _ = writeln!(
        report,
        "sample run   {count} events in one batch: {fuel} fuel ({per_event} an event), peak memory {} KiB",
        usage.memory / 1024
    );
    let of = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
    let faults = of(|outcome| matches!(outcome, Outcome::Fault(_)));
    let _ = writeln!(
        report,
        "outcomes     {} deliver, {} skip, {} reject, {faults} fault",
        of(|outcome| matches!(outcome, Outcome::Deliver(_))),
        of(|outcome| matches!(outcome, Outcome::Skip(_))),
        of(|outcome| matches!(outcome, Outcome::Reject(_))),
    );
    for (event, outcome) in events.iter().zip(&outcomes) {
        if let Outcome::Fault(fault) = outcome {
            let _ = writeln!(report, "fault        on {}: {fault}", event.event_type);
        }
    }
    if faults > 0 { Exit::Incomplete } else { Exit::Success }
}
