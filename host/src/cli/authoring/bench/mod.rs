//! `bench`: how fast is a plugin?

mod events;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::events::Events;
use super::rules::{self, admission, other};
use crate::authoring::bench::{Bench, BenchSettings, Effort};
use crate::authoring::on_guest_stack;
use crate::cli::{Exit, Failure, mapping, print};
use crate::input::Input;

/// Measure a plugin beside the default mapping, in one run
///
/// Reads what transform reads, all of it at first (at most 100000 events or 200
/// MB), and runs both in turn on one thread, in batches as the service makes
/// them: times change from run to run and from machine to machine, the ratio of
/// the two much less. A selector is measured as what it adds to its mapping.
///
/// An event that is run alone pays for the start of an instance. Instructions
/// (fuel) are counted in calls of their own, which are not timed; with a
/// selector, those of its mapping are among them.
///
/// Exit codes: 0 all went well; 1 something in the input was no event, or there
/// was none; 2 wrong command line or settings file; 3 a component or its
/// settings can't be used; 4 an input could not be read to its end.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    /// The component.
    #[arg(value_name = "X.wasm")]
    component: PathBuf,

    /// The files with events; - is standard input.
    #[arg(value_name = "EVENTS", required = true)]
    files: Vec<PathBuf>,

    /// The plugin's settings: a JSON or TOML file.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// For a selector: the mapping that it works with, instead of the built-in
    /// one. For a mapping: the one that it is measured beside.
    #[arg(long, value_name = "X.wasm")]
    mapping: Option<PathBuf>,

    /// Settings of that mapping: a JSON or TOML file.
    #[arg(long, value_name = "FILE")]
    mapping_settings: Option<PathBuf>,

    #[command(flatten)]
    options: rules::Options,

    /// Most rounds.
    #[arg(long, value_name = "N", default_value_t = 15)]
    rounds: usize,

    /// How long each part goes on, about, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = arguments.options.rules()?;
    let limits = &rules.limits;
    let settings = |file: &Option<PathBuf>| file.as_deref().map_or_else(|| Ok("{}".to_owned()), mapping::read_settings);
    let (of_plugin, of_mapping) = (settings(&arguments.settings)?, settings(&arguments.mapping_settings)?);
    let component = mapping::read_component(&arguments.component, limits)?;
    let beside = rules::read_mapping(arguments.mapping.as_deref(), limits)?;
    let inputs: Vec<Input> = arguments.files.iter().map(|path| Input::of(path)).collect();
    let events = Events::read(&inputs, limits);
    let batches = events.batches(limits);

    let refused = |error| rules::refused(&arguments.component, arguments.mapping.as_deref(), &error);
    let admissions = [&mapping::admission(&rules.admission), &admission(&rules.admission)];
    let effort = Effort { rounds: arguments.rounds, time: Duration::from_secs(arguments.seconds) };
    let settings = BenchSettings { plugin: &of_plugin, mapping: &of_mapping };
    let ran = on_guest_stack(limits, || {
        if batches.batches.is_empty() {
            return Ok(None);
        }
        let bench = Bench::load(admissions, limits, &component, other(beside.as_ref()))?;
        bench.run(settings, &batches.batches, effort).map(Some)
    });
    let report = ran.map_err(|error| Failure::new(Exit::Output, "threads", error))?.map_err(refused)?;
    let Some(report) = report else {
        return Ok(batches.tell(&events));
    };
    if arguments.json {
        let text = serde_json::to_string_pretty(&report);
        let text = text.map_err(|error| Failure::new(Exit::Output, "output-json", error))?;
        print(format!("{text}\n").as_bytes())?;
    } else {
        print(text::of(&report, rules.admission.fuel_per_event).as_bytes())?;
    }
    Ok(batches.tell(&events))
}
