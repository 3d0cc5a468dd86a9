//! Taking in a component: what passes here is ready to run.

use wasmtime::component::Component;
use wasmtime::{Engine, Store};

use super::about::About;
use super::contract::{Description, MappingComponent, MappingComponentPre};
use super::engine::{Sandbox, fresh_store};
use super::fault::Fault;
use super::inspection::Inspection;
use super::refusal::Refusal;
use super::run::Mapping;
use super::store::Held;

/// A component that was looked through and compiled. Nothing of it has run yet.
pub(crate) struct Compiled {
    pre: MappingComponentPre<Held>,
    inspection: Inspection,
}

impl Compiled {
    /// The code, for [`Sandbox::load`].
    ///
    /// # Errors
    ///
    /// When there is not enough memory.
    pub(crate) fn code(&self) -> Result<Vec<u8>, Refusal> {
        code(&self.pre)
    }
}

pub(super) fn code(pre: &MappingComponentPre<Held>) -> Result<Vec<u8>, Refusal> {
    pre.instance_pre().component().serialize().map_err(uncompiled)
}

fn uncompiled(error: wasmtime::Error) -> Refusal {
    Refusal::Compile(format!("{error:#}"))
}

impl Sandbox {
    /// Takes in a component: looks through it, compiles it, and asks what it is.
    ///
    /// Compiling a hostile component may take any time and memory: this is for components that are
    /// trusted, or for a process that may be killed ([`crate::admission`]).
    ///
    /// # Errors
    ///
    /// When it can't run here, and why not.
    pub fn admit(&self, bytes: &[u8]) -> Result<Mapping, Refusal> {
        self.ask(self.compile(bytes)?)
    }

    /// The first half of [`Sandbox::admit`].
    pub(crate) fn compile(&self, bytes: &[u8]) -> Result<Compiled, Refusal> {
        let inspection = Inspection::of(bytes, &self.limits)?;
        inspection.fits_mapping()?;
        let component = Component::new(&self.engine, bytes).map_err(uncompiled)?;
        Ok(Compiled { pre: self.linked(&component)?, inspection })
    }

    /// The second half of [`Sandbox::admit`]: runs the component for the first time.
    pub(crate) fn ask(&self, compiled: Compiled) -> Result<Mapping, Refusal> {
        let Compiled { pre, inspection } = compiled;
        let description = self.describe(&pre)?;
        Mapping::new(self, pre, About { inspection, description })
    }

    /// A mapping that was admitted before, from its code and what it said about itself.
    ///
    /// The code must be what [`Compiled::code`] or [`Mapping::code`] gave: `admission` sees to that.
    ///
    /// # Errors
    ///
    /// When the code was made by another release or configuration of the engine.
    pub(crate) fn load(&self, about: About, code: &[u8]) -> Result<Mapping, Refusal> {
        let component = deserialized(&self.engine, code).map_err(uncompiled)?;
        Mapping::new(self, self.linked(&component)?, about)
    }

    fn linked(&self, component: &Component) -> Result<MappingComponentPre<Held>, Refusal> {
        let contract = |error: wasmtime::Error| Refusal::Contract(format!("{error:#}"));
        let instance = self.linker.instantiate_pre(component).map_err(contract)?;
        MappingComponentPre::new(instance).map_err(contract)
    }

    fn describe(&self, pre: &MappingComponentPre<Held>) -> Result<Description, Refusal> {
        let mut store = fresh_store(&self.engine, &self.limits, self.metering);
        let faulted = |error: wasmtime::Error, store: &Store<Held>| Refusal::Describe(Fault::of(&error, store.data()));
        let instance = pre.instance_pre().instantiate(&mut store).map_err(|error| faulted(error, &store))?;
        // Only here are the types of its functions looked at.
        let guest =
            MappingComponent::new(&mut store, &instance).map_err(|error| Refusal::Contract(format!("{error:#}")))?;
        let asked = guest.accoil_event_stream_plugin().call_describe(&mut store);
        let description = asked.map_err(|error| faulted(error, &store))?;
        if description.settings_schema.len() > self.limits.schema_bytes {
            return Err(Refusal::Schema(format!(
                "longer than {} bytes (limit schema_bytes)",
                self.limits.schema_bytes
            )));
        }
        Ok(description)
    }
}

/// Makes a component of compiled code. This is the only unsafe code of the program.
#[expect(unsafe_code, reason = "wasmtime can't check compiled code, only who made it")]
fn deserialized(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the code must have come from `Component::serialize`, unchanged. It reaches this function
    // through `Sandbox::load` alone, which `admission` calls with two sorts of bytes: those that a child
    // process of this same program wrote before it ran anything foreign, and those that it then kept in
    // a folder that only this user can write to, checked by their SHA-256. That both engines have the
    // same release and settings is checked by wasmtime.
    unsafe { Component::deserialize(engine, code) }
}
