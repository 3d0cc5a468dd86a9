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
use std::sync::Arc;
use std::time::Duration;

pub use child::run_if_child;
pub use error::AdmissionError;
pub use trial::{Misfit, Trial, TrialFault};

use crate::config::AdmissionConfig;
use crate::limits::Limits;
use crate::sandbox::{
    About, DEFAULT_COMPONENT, Mapping, Metering, OnFault, Plugin, PluginKind, Refusal, Sandbox, Selector, World,
};
use cache::{Cache, Key};
use trial::Tried;
use turns::Turns;
use wire::{Request, SelectorTask, Task, Verdict};

/// Children at a time.
const CHILDREN: usize = 2;

/// How components are taken in.
pub struct Admission {
    config: AdmissionConfig,
    is_in_process: bool,
    cache: Option<Cache>,
    turns: Turns,
}

/// What is to run together.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The component of a mapping.
    pub mapping: &'a [u8],
    /// Its settings.
    pub settings: &'a str,
    /// The selector that it is to ask.
    pub selector: Option<SelectorOffer<'a>>,
}

/// A selector that is to run.
#[derive(Debug, Clone, Copy)]
pub struct SelectorOffer<'a> {
    /// Its component.
    pub component: &'a [u8],
    /// Its settings.
    pub settings: &'a str,
    /// What becomes of an event on which it fails.
    pub on_fault: OnFault,
}

/// What was taken in, and how it did.
pub struct Admitted {
    /// The mapping.
    pub mapping: Mapping,
    /// The selector, if one was offered.
    pub selector: Option<Selector>,
    /// How they did together.
    pub trial: Trial,
}

/// What is found out about components without keeping their code.
#[derive(Debug)]
pub struct Report {
    /// What the mapping is.
    pub about: About,
    /// What the selector is, if one was offered.
    pub selector: Option<About>,
    /// How they did on the built-in samples, or why they can't be tried.
    pub trial: Result<Trial, Misfit>,
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

    /// Takes in a mapping: from the cache, or by compiling it. The built-in one is trusted and is
    /// compiled in this process. Blocks for as long as that takes.
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub fn admit(&self, sandbox: &Sandbox, component: &[u8]) -> Result<Mapping, AdmissionError> {
        self.take_in(sandbox, component)
    }

    /// The same for a group selector.
    ///
    /// # Errors
    /// [`AdmissionError::Selector`].
    pub fn admit_selector(&self, sandbox: &Sandbox, component: &[u8]) -> Result<Selector, AdmissionError> {
        self.take_in(sandbox, component).map_err(AdmissionError::of_selector)
    }

    /// The same for a plugin of whichever world.
    pub(crate) fn take_in<W: World>(&self, sandbox: &Sandbox, component: &[u8]) -> Result<Plugin<W>, AdmissionError> {
        let key = Key::new(sandbox, component);
        if let Some(plugin) = self.cache.as_ref().and_then(|cache| cache.load(sandbox, &key)) {
            return Ok(plugin);
        }
        if !self.is_in_process && component != DEFAULT_COMPONENT {
            return Ok(self.in_child(sandbox, &key, component, None, Vec::new())?.0);
        }
        let plugin = sandbox.take_in(component)?;
        if let (Some(cache), Ok(code)) = (&self.cache, plugin.code()) {
            cache.keep(&key, plugin.about(), &code);
        }
        Ok(plugin)
    }

    /// The same for all that is offered, and tries it on built-in samples and on a tenant's own recent
    /// events. Children work side by side: one makes the code, the other one counts instructions.
    ///
    /// # Errors
    /// [`AdmissionError`], also when it fails on too many events or takes too much.
    pub fn admit_tried(
        &self,
        sandbox: &Sandbox,
        offer: &Offer<'_>,
        mut recent: Vec<String>,
    ) -> Result<Admitted, AdmissionError> {
        recent.retain(|text| text.len() <= sandbox.limits().event_bytes);
        recent.truncate(self.config.recent_events);
        let metered = || self.report(sandbox.limits(), offer, recent.clone());
        let (mapping, selector, report) = std::thread::scope(|threads| {
            let metered = threads.spawn(metered);
            let mapping = self.admit_mapping(sandbox, offer, &recent);
            let selector = offer.selector.map(|offer| self.admit_selector(sandbox, offer.component));
            (mapping, selector.transpose(), metered.join())
        });
        let ((mapping, tried), selector) = (mapping?, selector?);
        let report = report.map_err(|_| AdmissionError::answer("counting instructions failed"))??;
        let metered = report.trial?;
        // Where there is a selector, the trial with it is the one that counts.
        let trial = match tried {
            Some(tried) => Trial { fuel: metered.fuel, ..tried? },
            None => metered,
        };
        trial.judge(&self.config)?;
        Ok(Admitted { mapping, selector, trial })
    }

    /// Takes in a mapping that is offered, and tries it if it is offered alone.
    fn admit_mapping(
        &self,
        sandbox: &Sandbox,
        offer: &Offer<'_>,
        recent: &[String],
    ) -> Result<(Mapping, Option<Tried>), AdmissionError> {
        if offer.selector.is_some() {
            return Ok((self.take_in(sandbox, offer.mapping)?, None));
        }
        if self.is_in_process {
            let (mapping, _, tried) = in_process(sandbox, offer, recent)?;
            return Ok((mapping, Some(tried)));
        }
        let key = Key::new(sandbox, offer.mapping);
        self.in_child(sandbox, &key, offer.mapping, Some(offer.settings), recent.to_vec())
    }

    /// What components are, and how they do on built-in samples and on these events, with instructions
    /// counted.
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub fn report(&self, limits: &Limits, offer: &Offer<'_>, events: Vec<String>) -> Result<Report, AdmissionError> {
        if self.is_in_process {
            let sandbox = Sandbox::new(limits, Metering::Fuel).map_err(AdmissionError::Engine)?;
            let (mapping, selector, trial) = in_process(&sandbox, offer, &events)?;
            let selector = selector.map(|selector| selector.about().clone());
            return Ok(Report { about: mapping.about().clone(), selector, trial });
        }
        fits_in(offer.mapping, limits)?;
        if let Some(selector) = offer.selector {
            fits_in(selector.component, limits).map_err(|refusal| AdmissionError::Refused(refusal).of_selector())?;
        }
        let selector = offer
            .selector
            .map(|selector| SelectorTask { settings: selector.settings.to_owned(), on_fault: selector.on_fault });
        let task = Task {
            limits: limits.clone(),
            is_metered: true,
            wants_code: false,
            kind: PluginKind::Mapping,
            settings: Some(offer.settings.to_owned()),
            selector,
        };
        let selector = offer.selector.map(|selector| selector.component).unwrap_or_default();
        let told = self.ask(&Request { task, component: offer.mapping, selector, events })?;
        let trial = told.trial.ok_or_else(|| AdmissionError::answer("it was not tried"))?;
        Ok(Report { about: told.about, selector: told.selector, trial })
    }

    fn in_child<W: World>(
        &self,
        sandbox: &Sandbox,
        key: &Key,
        component: &[u8],
        settings: Option<&str>,
        events: Vec<String>,
    ) -> Result<(Plugin<W>, Option<Tried>), AdmissionError> {
        let limits = sandbox.limits();
        fits_in(component, limits)?;
        let task = Task {
            limits: limits.clone(),
            is_metered: sandbox.metering() == Metering::Fuel,
            wants_code: true,
            kind: W::KIND,
            settings: settings.map(str::to_owned),
            selector: None,
        };
        let told = self.ask(&Request { task, component, selector: &[], events })?;
        let code = told.code.ok_or_else(|| AdmissionError::answer("there is no code in it"))?;
        let plugin = sandbox.load(told.about, &code)?;
        if let Some(cache) = &self.cache {
            cache.keep(key, plugin.about(), &code);
        }
        Ok((plugin, told.trial))
    }

    /// Has a child do something, when it is its turn.
    fn ask(&self, request: &Request<'_>) -> Result<Told, AdmissionError> {
        let patience = self.patience();
        let _turn = self.turns.take(patience).ok_or(AdmissionError::Busy { waited_s: patience.as_secs() })?;
        let answer = process::run(&self.config, request)?;
        match answer.verdict {
            Verdict::Admitted { about, selector, trial } => {
                Ok(Told { code: answer.code, about: *about, selector: selector.map(|about| *about), trial })
            }
            Verdict::Refused(refusal) => Err(self.refused(refusal)),
            Verdict::SelectorRefused(refusal) => Err(self.refused(refusal).of_selector()),
            Verdict::Unable(problem) => Err(AdmissionError::Child { problem }),
        }
    }

    fn refused(&self, refusal: Refusal) -> AdmissionError {
        match refusal {
            Refusal::Compile(problem) if process::is_out_of_memory(&problem) => {
                AdmissionError::Memory { bytes: self.config.memory_bytes }
            }
            refusal => AdmissionError::Refused(refusal),
        }
    }
}

/// What a child that admits a component tells.
struct Told {
    code: Option<Vec<u8>>,
    about: About,
    selector: Option<About>,
    trial: Option<Tried>,
}

fn in_process(
    sandbox: &Sandbox,
    offer: &Offer<'_>,
    events: &[String],
) -> Result<(Mapping, Option<Selector>, Tried), AdmissionError> {
    let mapping = sandbox.admit(offer.mapping)?;
    let Some(with) = offer.selector else {
        let tried = trial::try_alone(&mapping, offer.settings, events);
        return Ok((mapping, None, tried));
    };
    let selector =
        sandbox.admit_selector(with.component).map_err(|refusal| AdmissionError::from(refusal).of_selector())?;
    let selector = Arc::new(selector);
    let tried = trial::try_together(&mapping, offer.settings, &selector, with.settings, with.on_fault, events);
    Ok((mapping, Arc::into_inner(selector), tried))
}

/// What is too large is not even handed to a child.
fn fits_in(component: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let (size, limit) = (component.len(), limits.component_bytes);
    if size > limit { Err(Refusal::TooLarge { size, limit }) } else { Ok(()) }
}
