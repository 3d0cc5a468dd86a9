//! Taking in components that nobody has to trust, in a process of its own.
//!
//! wasmtime promises that a guest can't harm the host while it *runs*, but not that hostile bytes can
//! be *compiled* at a bounded price: 10 KB of nested loops take minutes. So this program starts itself
//! again as a child (`child`) that bounds itself first (`confine`), gets the component by a pipe
//! (`wire`), compiles it, sends back the code, and only then runs it for the first time: it asks what
//! it is, and tries it on events (`trial`). The parent (`process`) bounds the whole by the clock.
//! Compiled code is kept in a folder (`cache`).

mod cache;
mod child;
mod confine;
mod error;
mod process;
mod trial;
mod turns;
mod wire;

use std::path::Path;
use std::time::Duration;

pub use child::run_if_child;
pub use error::AdmissionError;
pub use trial::{Trial, TrialFault};

use crate::config::AdmissionConfig;
use crate::limits::Limits;
use crate::sandbox::{About, DEFAULT_COMPONENT, Mapping, Metering, Refusal, Sandbox, SettingsError};
use cache::{Cache, Key};
use turns::Turns;
use wire::{Request, Task, Verdict};

/// Children at a time.
const CHILDREN: usize = 2;

/// How components are taken in.
pub struct Admission {
    config: AdmissionConfig,
    is_in_process: bool,
    cache: Option<Cache>,
    turns: Turns,
}

/// What is found out about a component without keeping its code.
#[derive(Debug)]
pub struct Report {
    /// What it is.
    pub about: About,
    /// How it did on the built-in samples, or why the settings do not fit it.
    pub trial: Result<Trial, SettingsError>,
}

impl Admission {
    /// By a child process of this same program.
    #[must_use]
    pub fn child(config: &AdmissionConfig) -> Self {
        Self { config: config.clone(), is_in_process: false, cache: None, turns: Turns::new(CHILDREN) }
    }

    /// In this process, for components that are trusted: tests, of which the current executable is no
    /// `accoil-stream`.
    #[must_use]
    pub fn in_process() -> Self {
        Self { is_in_process: true, ..Self::child(&AdmissionConfig::default()) }
    }

    /// Keeps compiled code in this folder, which must belong to this program alone.
    #[must_use]
    pub fn with_cache(mut self, folder: &Path) -> Self {
        self.cache = (self.config.cache_bytes > 0).then(|| Cache::new(folder, self.config.cache_bytes));
        self
    }

    /// How long a call may wait for its turn, and how long the work itself may then take.
    pub(crate) fn patience(&self) -> Duration {
        self.config.wall()
    }

    /// Takes in a component: from the cache, or by compiling it. The built-in one is trusted and is
    /// compiled in this process. Blocks for as long as that takes.
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub fn admit(&self, sandbox: &Sandbox, component: &[u8]) -> Result<Mapping, AdmissionError> {
        let key = Key::new(sandbox, component);
        if let Some(mapping) = self.cache.as_ref().and_then(|cache| cache.load(sandbox, &key)) {
            return Ok(mapping);
        }
        if self.is_in_process || component == DEFAULT_COMPONENT {
            let mapping = sandbox.admit(component)?;
            if let (Some(cache), Ok(code)) = (&self.cache, mapping.code()) {
                cache.keep(&key, mapping.about(), &code);
            }
            return Ok(mapping);
        }
        Ok(self.in_child(sandbox, &key, component, None, Vec::new())?.0)
    }

    /// The same, and tries it on built-in samples and on a tenant's own recent events. Two children
    /// work side by side: one makes the code, the other one counts instructions.
    ///
    /// # Errors
    /// [`AdmissionError`], also when it fails on too many events or takes too much.
    pub fn admit_tried(
        &self,
        sandbox: &Sandbox,
        component: &[u8],
        settings: &str,
        mut recent: Vec<String>,
    ) -> Result<(Mapping, Trial), AdmissionError> {
        recent.retain(|text| text.len() <= sandbox.limits().event_bytes);
        recent.truncate(self.config.recent_events);
        let metered = || self.report(sandbox.limits(), component, settings, recent.clone());
        let key = Key::new(sandbox, component);
        let (admitted, report) = std::thread::scope(|threads| {
            let metered = threads.spawn(metered);
            let admitted = if self.is_in_process {
                in_process(sandbox, component, settings, &recent)
            } else {
                self.in_child(sandbox, &key, component, Some(settings), recent.clone())
            };
            (admitted, metered.join())
        });
        let (mapping, trial) = admitted?;
        let mut trial =
            trial.ok_or_else(|| AdmissionError::answer("it was not tried"))?.map_err(AdmissionError::Settings)?;
        let report = report.map_err(|_| AdmissionError::answer("counting instructions failed"))??;
        trial.fuel = report.trial.map_err(AdmissionError::Settings)?.fuel;
        trial.judge(&self.config)?;
        Ok((mapping, trial))
    }

    /// What a component is, and how it does on built-in samples and on these events, with instructions
    /// counted.
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub fn report(
        &self,
        limits: &Limits,
        component: &[u8],
        settings: &str,
        events: Vec<String>,
    ) -> Result<Report, AdmissionError> {
        let (about, trial) = if self.is_in_process {
            let sandbox = Sandbox::new(limits, Metering::Fuel).map_err(AdmissionError::Engine)?;
            let (mapping, trial) = in_process(&sandbox, component, settings, &events)?;
            (mapping.about().clone(), trial)
        } else {
            fits_in(component, limits)?;
            let task = Task {
                limits: limits.clone(),
                is_metered: true,
                wants_code: false,
                settings: Some(settings.to_owned()),
            };
            let (_, about, trial) = self.ask(&Request { task, component, events })?;
            (about, trial)
        };
        let trial = trial.ok_or_else(|| AdmissionError::answer("it was not tried"))?;
        Ok(Report { about, trial })
    }

    fn in_child(
        &self,
        sandbox: &Sandbox,
        key: &Key,
        component: &[u8],
        settings: Option<&str>,
        events: Vec<String>,
    ) -> Result<(Mapping, Tried), AdmissionError> {
        let limits = sandbox.limits();
        fits_in(component, limits)?;
        let is_metered = sandbox.metering() == Metering::Fuel;
        let settings = settings.map(str::to_owned);
        let task = Task { limits: limits.clone(), is_metered, wants_code: true, settings };
        let (code, about, trial) = self.ask(&Request { task, component, events })?;
        let code = code.ok_or_else(|| AdmissionError::answer("there is no code in it"))?;
        let mapping = sandbox.load(about, &code)?;
        if let Some(cache) = &self.cache {
            cache.keep(key, mapping.about(), &code);
        }
        Ok((mapping, trial))
    }

    /// Has a child do something, when it is its turn.
    fn ask(&self, request: &Request<'_>) -> Result<(Option<Vec<u8>>, About, Tried), AdmissionError> {
        let patience = self.patience();
        let _turn = self.turns.take(patience).ok_or(AdmissionError::Busy { waited_s: patience.as_secs() })?;
        let answer = process::run(&self.config, request)?;
        match answer.verdict {
            Verdict::Admitted { about, trial } => Ok((answer.code, *about, trial)),
            Verdict::Refused(Refusal::Compile(problem)) if process::is_out_of_memory(&problem) => {
                Err(AdmissionError::Memory { bytes: self.config.memory_bytes })
            }
            Verdict::Refused(refusal) => Err(AdmissionError::Refused(refusal)),
            Verdict::Unable(problem) => Err(AdmissionError::Child { problem }),
        }
    }
}

/// How a trial went, if there was one, and if the settings fit.
type Tried = Option<Result<Trial, SettingsError>>;

fn in_process(
    sandbox: &Sandbox,
    component: &[u8],
    settings: &str,
    events: &[String],
) -> Result<(Mapping, Tried), AdmissionError> {
    let mapping = sandbox.admit(component)?;
    let trial = mapping.settings(settings).map(|settings| trial::run(&mapping, &settings, events));
    Ok((mapping, Some(trial)))
}

/// What is too large is not even handed to a child.
fn fits_in(component: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let (size, limit) = (component.len(), limits.component_bytes);
    if size > limit { Err(Refusal::TooLarge { size, limit }) } else { Ok(()) }
}
