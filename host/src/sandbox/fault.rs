//! What can go wrong in a guest, by name.

use std::fmt;

use serde::{Deserialize, Serialize};
use wasmtime::{Trap, WasmBacktrace};

use super::plugin::PluginKind;
use super::store::Bounds;

/// A call of a guest that did not end well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whose it is: the mapping's, or that of the selector which it asked.
    #[serde(default)]
    pub plugin: PluginKind,
    /// What went wrong.
    pub kind: FaultKind,
    /// More about it, in words.
    pub detail: String,
}

/// The kinds of fault. Their names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// It ran longer than it may.
    Deadline,
    /// It wanted more memory, or more table elements, than it may have.
    Memory,
    /// It called itself too deeply.
    Stack,
    /// It gave back more than it may.
    Output,
    /// It gave up: a panic, an exception that nobody caught, or code that
    /// WebAssembly stops, such as a division by zero.
    Panic,
    /// What it gave back is not what the contract asks for.
    InvalidOutput,
    /// It was not run: the faults of the events before it in the same batch
    /// had cost too much.
    CutShort,
}

impl FaultKind {
    /// The name under which this kind is reported and counted.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Output => "output",
            Self::Panic => "panic",
            Self::InvalidOutput => "invalid output",
            Self::CutShort => "cut short",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.plugin {
            PluginKind::Mapping => "",
            PluginKind::GroupSelector => "group selector: ",
        };
        write!(out, "{whose}{}: {}", self.kind.name(), self.detail)
    }
}

impl Fault {
    /// A fault of a mapping.
    pub(crate) fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { plugin: PluginKind::Mapping, kind, detail: detail.into() }
    }

    /// A fault of a group selector.
    pub(crate) fn of_selector(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { plugin: PluginKind::GroupSelector, kind, detail: detail.into() }
    }

    /// The stable code under which an event that suffers it is kept aside: `mapping-deadline`,
    /// `selector-invalid-output` and so on.
    #[must_use]
    pub fn code(&self) -> String {
        let plugin = match self.plugin {
            PluginKind::Mapping => "mapping",
            PluginKind::GroupSelector => "selector",
        };
        format!("{plugin}-{}", self.kind.name().replace(' ', "-"))
    }

    /// Names what a failed call or instantiation failed of.
    pub(super) fn of(plugin: PluginKind, error: &wasmtime::Error, held: &Bounds) -> Self {
        let trap = error.downcast_ref::<Trap>();
        let kind = match trap {
            Some(Trap::Interrupt | Trap::OutOfFuel) => FaultKind::Deadline,
            Some(Trap::StackOverflow) => FaultKind::Stack,
            // A guest that is denied memory mostly gives up by itself.
            _ if held.denied().is_some() => FaultKind::Memory,
            Some(_) => FaultKind::Panic,
            None if is_output_exhausted(error) => FaultKind::Output,
            None => FaultKind::InvalidOutput,
        };
        let detail = match (kind, trap) {
            (FaultKind::Deadline, Some(Trap::OutOfFuel)) => "used up its fuel".to_owned(),
            (FaultKind::Deadline, _) => format!("ran longer than {} ms", held.limits().deadline_ms),
            (FaultKind::Stack, _) => format!("needs more than {} bytes of stack", held.limits().stack_bytes),
            (FaultKind::Memory, _) => held.denied().unwrap_or_default().to_owned(),
            (FaultKind::Output, _) => format!("gave back more than {} bytes", held.limits().output_bytes),
            (_, Some(trap)) => format!("the guest stopped with \"{trap}\"{}", top_frame(error)),
            (_, None) => error.root_cause().to_string(),
        };
        Self { plugin, kind, detail }
    }
}

/// wasmtime has no type for this error; a test holds its words.
fn is_output_exhausted(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls has been exhausted"))
}

/// The name of the innermost function that has one.
fn top_frame(error: &wasmtime::Error) -> String {
    let named = error
        .downcast_ref::<WasmBacktrace>()
        .and_then(|backtrace| backtrace.frames().iter().find_map(|frame| frame.func_name()));
    named.map(|name| format!(" in {}", shortened(name))).unwrap_or_default()
}

/// As much of a name as tells something; mangled ones can go on for long.
fn shortened(name: &str) -> String {
    name.chars().take(120).collect()
}
