//! Taking in a component: what passes here is ready to run.

use std::sync::Arc;

use wasmtime::component::Component;
use wasmtime::{Engine, Store};

use super::about::About;
use super::contract::Description;
use super::engine::{Sandbox, fresh_store};
use super::fault::Fault;
use super::inspection::Inspection;
use super::plugin::{Mapping, Plugin, Selector, World};
use super::refusal::{Refusal, quoted};
use super::store::Bounded;

/// A component that was looked through and compiled. Nothing of it has run yet.
pub(crate) struct Compiled<W> {
    world: W,
    inspection: Inspection,
}

impl<W: World> Compiled<W> {
    /// The code, for [`Sandbox::load`].
    ///
    /// # Errors
    ///
    /// When there is not enough memory.
    pub(crate) fn code(&self) -> Result<Vec<u8>, Refusal> {
        code(&self.world)
    }
}

pub(super) fn code<W: World>(world: &W) -> Result<Vec<u8>, Refusal> {
    world.instance_pre().component().serialize().map_err(uncompiled)
}

fn uncompiled(error: wasmtime::Error) -> Refusal {
    Refusal::Compile(quoted(format_args!("{error:#}")))
}

impl Sandbox {
    /// Takes in a mapping: looks through the component, compiles it, and asks what it is.
    ///
    /// Compiling a hostile component may take any time and memory: this is for components that are
    /// trusted, or for a process that may be killed ([`crate::admission`]).
    ///
    /// # Errors
    ///
    /// When it can't run here, and why not.
    pub fn admit(&self, bytes: &[u8]) -> Result<Mapping, Refusal> {
        self.take_in(bytes)
    }

    /// The same for a group selector.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::admit`].
    pub fn admit_selector(&self, bytes: &[u8]) -> Result<Selector, Refusal> {
        self.take_in(bytes)
    }

    /// The same for a plugin of whichever world.
    pub(crate) fn take_in<W: World>(&self, bytes: &[u8]) -> Result<Plugin<W>, Refusal> {
        self.ask(self.compile(bytes)?)
    }

    /// The first half of [`Sandbox::admit`].
    pub(crate) fn compile<W: World>(&self, bytes: &[u8]) -> Result<Compiled<W>, Refusal> {
        let inspection = Inspection::of(bytes, &self.limits)?;
        inspection.fits(W::KIND)?;
        let component = Component::new(&self.engine, bytes).map_err(uncompiled)?;
        Ok(Compiled { world: self.linked(&component)?, inspection })
    }

    /// The second half of [`Sandbox::admit`]: runs the component for the first time.
    pub(crate) fn ask<W: World>(&self, compiled: Compiled<W>) -> Result<Plugin<W>, Refusal> {
        let Compiled { world, inspection } = compiled;
        let description = self.describe(&world, &inspection)?;
        Plugin::new(self, world, About { inspection, description })
    }

    /// A plugin that was admitted before, from its code and what it said about itself.
    ///
    /// The code must be what [`Compiled::code`] or [`Plugin::code`] gave: `admission` sees to that.
    ///
    /// # Errors
    ///
    /// When the code was made by another release or configuration of the engine.
    pub(crate) fn load<W: World>(&self, about: About, code: &[u8]) -> Result<Plugin<W>, Refusal> {
        let component = deserialized(&self.engine, code).map_err(uncompiled)?;
        Plugin::new(self, self.linked(&component)?, about)
    }

    fn linked<W: World>(&self, component: &Component) -> Result<W, Refusal> {
        W::link(self, component).map_err(|error| Refusal::Contract(quoted(format_args!("{error:#}"))))
    }

    fn describe<W: World>(&self, world: &W, inspection: &Inspection) -> Result<Description, Refusal> {
        let limits = Arc::new(self.limits.of_component(inspection.size));
        let _slot = self.slots.take();
        let mut store = fresh_store(&self.engine, &limits, self.metering);
        let faulted = |error: wasmtime::Error, store: &Store<W::Data>| {
            Refusal::Describe(Fault::of(W::KIND, &error, store.data().bounds()))
        };
        let instance = world.instance_pre().instantiate(&mut store).map_err(|error| faulted(error, &store))?;
        // Only here are the types of its functions looked at.
        let guest =
            W::typed(&mut store, &instance).map_err(|error| Refusal::Contract(quoted(format_args!("{error:#}"))))?;
        let description = W::describe(&guest, &mut store).map_err(|error| faulted(error, &store))?;
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
