//! The plugin under test, compiled twice: as it runs live, and with instructions counted.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::admission::{Admission, AdmissionError};
use crate::limits::Limits;
use crate::sandbox::{
    self, DEFAULT_COMPONENT, Inspection, Mapping, Metering, PluginKind, Refusal, Sandbox, Selector, SettingsError,
};

/// How much longer a call may take while instructions are counted: that makes code slower, and what is looked at then
/// is not the time.
const METERED_DEADLINES: u64 = 10;

/// The mapping that a selector is tried with, or that a mapping is measured beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other<'a> {
    /// The built-in one.
    Default,
    /// This component.
    Component(&'a [u8]),
}

impl Other<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Default => DEFAULT_COMPONENT,
            Self::Component(bytes) => bytes,
        }
    }
}

/// A plugin that was admitted and is ready to be tried.
pub struct Subject {
    pub(super) kind: PluginKind,
    /// As it runs live.
    pub(super) plain: Ready,
    /// With instructions counted.
    pub(super) metered: Ready,
}

/// What one engine has.
pub(super) struct Ready {
    /// Deadlines are watched as long as this lives.
    pub(super) sandbox: Sandbox,
    pub(super) mapping: Mapping,
    pub(super) selector: Option<Arc<Selector>>,
}

impl Subject {
    /// Admits a plugin, as the service would, for two engines side by side. A selector is put to the other mapping.
    ///
    /// # Errors
    ///
    /// [`SubjectError`].
    pub fn load(
        admission: &Admission,
        limits: &Limits,
        component: &[u8],
        other: Other<'_>,
    ) -> Result<Self, SubjectError> {
        let kind = kind(component, limits)?;
        let slow = metered(limits);
        let (plain, metered) = thread::scope(|threads| {
            let metered = threads.spawn(|| Ready::load(admission, &slow, Metering::Fuel, kind, component, other));
            let plain = Ready::load(admission, limits, Metering::Off, kind, component, other);
            (plain, metered.join())
        });
        let metered = metered.map_err(|_| SubjectError::Thread(io::Error::other("compiling failed")))?;
        Ok(Self { kind, plain: plain?, metered: metered? })
    }

    /// Of which world it is.
    #[must_use]
    pub fn kind(&self) -> PluginKind {
        self.kind
    }
}

impl Ready {
    pub(super) fn load(
        admission: &Admission,
        limits: &Limits,
        metering: Metering,
        kind: PluginKind,
        component: &[u8],
        other: Other<'_>,
    ) -> Result<Self, SubjectError> {
        Self::timed([admission; 2], limits, metering, kind, component, other).map(|(ready, _)| ready)
    }

    /// The same, and how long it took to admit the plugin itself, by the first; the mapping beside a selector is
    /// admitted by the second.
    pub(super) fn timed(
        [of_plugin, of_mapping]: [&Admission; 2],
        limits: &Limits,
        metering: Metering,
        kind: PluginKind,
        component: &[u8],
        other: Other<'_>,
    ) -> Result<(Self, Duration), SubjectError> {
        let sandbox = Sandbox::with_few_slots(limits, metering).map_err(SubjectError::Engine)?;
        let start = Instant::now();
        if kind == PluginKind::Mapping {
            let mapping = of_plugin.admit(&sandbox, component).map_err(SubjectError::Plugin)?;
            return Ok((Self { sandbox, mapping, selector: None }, start.elapsed()));
        }
        let selector = of_plugin.admit_selector(&sandbox, component).map_err(SubjectError::Plugin)?;
        let took = start.elapsed();
        let mapping = of_mapping.admit(&sandbox, other.bytes()).map_err(SubjectError::Mapping)?;
        mapping.takes_selector().map_err(SubjectError::Together)?;
        Ok((Self { sandbox, mapping, selector: Some(Arc::new(selector)) }, took))
    }
}

/// Of which world a component is.
pub(super) fn kind(component: &[u8], limits: &Limits) -> Result<PluginKind, SubjectError> {
    let inspection = Inspection::of(component, limits);
    Ok(inspection.map_err(|refusal| SubjectError::Plugin(refusal.into()))?.kind().unwrap_or_default())
}

/// The limits under which instructions are counted.
pub(super) fn metered(limits: &Limits) -> Limits {
    Limits {
        deadline_ms: limits.deadline_ms.saturating_mul(METERED_DEADLINES),
        large_deadline_ms: limits.large_deadline_ms.saturating_mul(METERED_DEADLINES),
        ..limits.clone()
    }
}

/// Runs something on a thread with a stack that guests can run on.
///
/// # Errors
///
/// When there is no such thread.
pub fn on_guest_stack<T: Send>(limits: &Limits, something: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|threads| {
        let builder = thread::Builder::new().stack_size(limits.stack_bytes.saturating_mul(4));
        builder.spawn_scoped(threads, something)?.join().map_err(|_| io::Error::other("it panicked"))
    })
}

/// A plugin can't be tried.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The engine does not start.
    #[error(transparent)]
    Engine(sandbox::Error),
    /// The plugin is not admitted.
    #[error(transparent)]
    Plugin(AdmissionError),
    /// The mapping that it is tried with is not admitted.
    #[error("the mapping beside it: {0}")]
    Mapping(AdmissionError),
    /// The two do not fit each other.
    #[error("the mapping beside it {0}")]
    Together(Refusal),
    /// Its settings do not fit it.
    #[error(transparent)]
    Settings(SettingsError),
    /// The settings of the mapping that it is tried with do not fit that.
    #[error("the mapping beside it: {0}")]
    MappingSettings(SettingsError),
    /// There is no thread for it.
    #[error("no thread: {0}")]
    Thread(io::Error),
}

impl SubjectError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.code(),
            Self::Plugin(error) | Self::Mapping(error) => error.code(),
            Self::Together(refusal) => refusal.code(),
            Self::Settings(error) | Self::MappingSettings(error) => error.code(),
            Self::Thread(_) => "threads",
        }
    }
}
