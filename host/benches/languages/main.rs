//! What plugins cost in each language: a group selector on top of the default mapping, and a whole mapping, those that
//! `accoil-stream new` makes; and for scripts what the same files take in the language's own interpreter.
//!
//! Not a criterion benchmark: what is compared takes from 30 ms to a second a batch. It prints the best of some rounds, in
//! each of which everything has its turn.
//!
//!     cargo bench -p accoil-stream --bench languages -- [ROUNDS]

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

#[path = "../events/mod.rs"]
mod events;
mod native;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use accoil_stream::event::Event;
use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{Chooser, DEFAULT_COMPONENT, Mapping, Metering, OnFault, Outcome, Sandbox, Settings};

// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 256;
const LANGUAGES: [&str; 4] = ["rust", "c", "typescript", "python"];

/// Something to run over the batch.
struct Subject {
    name: String,
    mapping: Arc<Mapping>,
    settings: Settings,
    chooser: Option<Arc<Chooser>>,
    /// Size of the plugin's component.
    bytes: usize,
    /// Microseconds of the best round: for an event of a whole batch, and for a batch of none.
    best: f64,
    empty: f64,
}

impl Subject {
    fn new(name: &str, mapping: &Arc<Mapping>, chooser: Option<Arc<Chooser>>, bytes: usize) -> Self {
        let settings = mapping.settings("{}").expect("settings");
        let mapping = Arc::clone(mapping);
        Self { name: name.to_owned(), mapping, settings, chooser, bytes, best: f64::INFINITY, empty: f64::INFINITY }
    }

    fn run(&mut self, events: &[Event<'_>]) {
        let micros = |events: &[Event<'_>]| {
            let start = Instant::now();
            let ran = self.mapping.run_with(&self.settings, self.chooser.as_ref(), events);
            let took = start.elapsed().as_secs_f64() * 1e6;
            assert!(ran.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Deliver(_))), "{}", self.name);
            took
        };
        self.empty = self.empty.min(micros(&[]));
        self.best = self.best.min(micros(events) / events.len() as f64);
    }
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(20);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages");
    std::fs::create_dir_all(&folder).expect("a folder");
    let sandbox = Sandbox::new(&Limits::default(), Metering::Off).expect("an engine");
    let default = Arc::new(sandbox.admit(DEFAULT_COMPONENT).expect("the default mapping"));
    let mut subjects = vec![Subject::new("default mapping", &default, None, DEFAULT_COMPONENT.len())];
    let mut natives = Vec::new();
    for language in LANGUAGES {
        for world in ["group-selector", "mapping"] {
            let Some(component) = built(&folder, language, world) else {
                println!("{language}: left out, its tools are not here");
                break;
            };
            let name = format!("{world} in {language}");
            let bytes = component.len();
            subjects.push(if world == "mapping" {
                let mapping = Arc::new(sandbox.admit(&component).expect("a mapping"));
                Subject::new(&name, &mapping, None, bytes)
            } else {
                let selector = sandbox.admit_selector(&component).expect("a selector");
                let settings = selector.settings("{}").expect("settings");
                let chooser = Arc::new(Chooser::new(Arc::new(selector), settings, OnFault::DeadLetter));
                Subject::new(&name, &default, Some(chooser), bytes)
            });
            natives.extend(native::of(&folder, language, world));
        }
    }

    let texts: Vec<String> = (0..BATCH).map(events::text).collect();
    let events: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).expect("an event")).collect();
    let file = folder.join("events.json");
    native::write(&file, &events);
    for _ in 0..rounds {
        subjects.iter_mut().for_each(|subject| subject.run(&events));
        natives.iter_mut().for_each(|native| native.run(&file));
    }

    println!("{:<30} {:>12} {:>10} {:>12}", "", "bytes", "µs/event", "µs/instance");
    let without = subjects.first().map_or(0.0, |default| default.best);
    for subject in &subjects {
        let more = subject.chooser.as_ref().map(|_| format!(", {:.2} more than without", subject.best - without));
        let Subject { name, bytes, best, empty, .. } = subject;
        println!("{name:<30} {bytes:>12} {best:>10.2} {empty:>12.0}{}", more.unwrap_or_default());
    }
    for native in &natives {
        println!("{:<30} {:>12} {:>10.2}", native.name, "natively", native.best);
    }
}

/// The component of a new plugin in this language.
fn built(folder: &Path, language: &str, world: &str) -> Option<Vec<u8>> {
    let name = plugin(language, world);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accoil-stream"));
        command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
        command.status().expect("the program").success()
    };
    if !folder.join(&name).exists() {
        assert!(run(&["new", &name, "--world", world, "--lang", language]), "{name} is made");
    }
    run(&["build", &name]).then(|| std::fs::read(component(folder, &name)).expect("a component"))
}

fn plugin(language: &str, world: &str) -> String {
    format!("{language}-{world}")
}

fn component(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).join(name).with_extension("wasm")
}
