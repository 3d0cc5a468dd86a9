//! `check`: says whether a component can run here.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Exit, Failure, conformance, mapping, print};
use crate::admission::{Misfit, Offer, Report, SelectorOffer, Trial, TrialFault};
use crate::config::AdmissionConfig;
use crate::limits::Limits;
use crate::sandbox::{About, DEFAULT_COMPONENT, Inspection, OnFault, PluginKind};

/// Say whether a component can run here, and what it is
///
/// Shows what it exports and imports, what it says about itself, its size, and
/// what a run over a few sample events used. A group selector is run with the
/// built-in mapping. A component that can't run is refused with the reason, and
/// the exit code is 3.
///
/// With --conformance it runs what any mapping or selector must pass instead:
/// checks with events and settings of every sort, under the limits of the
/// service. Exit code: 0 all pass, 1 something fails, 3 refused.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The component.
    #[arg(value_name = "X.wasm")]
    component: PathBuf,

    /// Settings to run it with: a JSON or TOML file. Default: {}
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// Run the conformance suite
    #[arg(long)]
    conformance: bool,

    /// Print its report as JSON
    #[arg(long, requires = "conformance")]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.conformance {
        return conformance::run(&arguments.component, arguments.settings.as_deref(), arguments.json);
    }
    let limits = Limits::default();
    let name = arguments.component.display().to_string();
    let bytes = mapping::read_component(&arguments.component, &limits)?;
    let settings = match &arguments.settings {
        Some(path) => mapping::read_settings(path)?,
        None => "{}".to_owned(),
    };
    let refused = |code: &'static str, problem: &dyn std::fmt::Display| {
        Failure::new(Exit::Refused, code, format!("{name}: {problem}"))
    };
    let kind = Inspection::of(&bytes, &limits).map_err(|refusal| refused(refusal.code(), &refusal))?.kind();
    let offer = match kind {
        Some(PluginKind::GroupSelector) => Offer {
            mapping: DEFAULT_COMPONENT,
            settings: "{}",
            selector: Some(SelectorOffer { component: &bytes, settings: &settings, on_fault: OnFault::DeadLetter }),
        },
        _ => Offer { mapping: &bytes, settings: &settings, selector: None },
    };
    let Report { about, selector, trial } = mapping::admission(&AdmissionConfig::default())
        .report(&limits, &offer, Vec::new())
        .map_err(|error| refused(error.code(), &error))?;

    let mut report = described(kind.unwrap_or_default(), &selector.unwrap_or(about), &bytes);
    let exit = match (trial, &arguments.settings) {
        (Ok(trial), _) => sample_run(&trial, &mut report),
        (Err(Misfit::Settings(error) | Misfit::SelectorSettings(error)), Some(path)) => {
            return Err(mapping::settings_failure(&path.display(), &error));
        }
        (Err(Misfit::Together(refusal)), _) => return Err(refused(refusal.code(), &refusal)),
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

fn described(kind: PluginKind, about: &About, bytes: &[u8]) -> String {
    let About { description, inspection } = about;
    let Inspection { size, imports, exports, core_modules, functions, largest_function } = inspection;
    let digest = Sha256::digest(bytes);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let mut report = String::new();
    // Writing into a string can't fail.
    let _ = writeln!(report, "name         {} {}", description.name, description.version);
    let _ = writeln!(report, "kind         {}", kind.name());
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

fn sample_run(trial: &Trial, report: &mut String) -> Exit {
    let (count, fuel) = (trial.events, trial.fuel.unwrap_or_default());
    let per_event = fuel.checked_div(count as u64).unwrap_or_default();
    let _ = writeln!(
        report,
        "sample run   {count} events in one batch: {fuel} fuel ({per_event} an event), peak memory {} KiB",
        trial.memory_bytes / 1024
    );
    let _ = writeln!(
        report,
        "outcomes     {} deliver, {} skip, {} reject, {} fault",
        trial.delivered, trial.skipped, trial.rejected, trial.faults,
    );
    for TrialFault { event_type, fault, .. } in &trial.first_faults {
        let _ = writeln!(report, "fault        on {event_type}: {fault}");
    }
    if trial.faults > 0 { Exit::Incomplete } else { Exit::Success }
}
