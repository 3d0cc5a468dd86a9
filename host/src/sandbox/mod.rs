//! The sandbox: runs mapping code that nobody has to trust.
//!
//! This room narrows wasmtime to what the product needs, and is the only one
//! that knows it. A component is *admitted* once ([`Sandbox::admit`]): looked
//! through, compiled, asked what it is; for what nobody trusts that happens in a
//! process of its own ([`crate::admission`]), of which the code comes back. Then it *runs* ([`Mapping::run`]): each
//! batch of events gets a fresh instance, limited in time, memory, stack,
//! tables and output, and what comes back is checked like any foreign input.

mod about;
mod admission;
mod choice;
mod chooser;
mod contract;
mod engine;
mod fault;
mod inspection;
mod outcome;
mod output;
mod plugin;
mod refusal;
mod run;
mod schema_size;
mod script;
mod settings;
mod slots;
mod store;
mod texts;

pub use about::About;
pub use choice::{Choice, Chosen};
pub use chooser::{Chooser, OnFault};
pub use contract::Description;
pub use engine::{Error, Metering, Sandbox};
pub use fault::{Fault, FaultKind};
pub use inspection::Inspection;
pub use outcome::{Outcome, Ran, SelectorUsage, Usage};
pub(crate) use plugin::World;
pub use plugin::{Mapping, Plugin, PluginKind, Selector};
pub use refusal::Refusal;
pub(crate) use refusal::beginning;
pub(crate) use script::{Answer, Script};
pub(crate) use settings::fits;
pub use settings::{Settings, SettingsError, check_size as check_settings_size};

/// The default mapping (`guest/component`), built into the binary so that the
/// main job needs no file.
pub const DEFAULT_COMPONENT: &[u8] = include_bytes!(env!("ACCOIL_DEFAULT_COMPONENT"));
