//! What mappings and selectors have in common: a plugin that was admitted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};

use super::about::About;
use super::admission;
use super::contract::{Description, GroupSelector, GroupSelectorPre, MappingComponent, MappingComponentPre};
use super::engine::{Metering, Sandbox, fresh_store};
use super::fault::Fault;
use super::inspection::Inspection;
use super::refusal::Refusal;
use super::settings::{Schema, Settings, SettingsError};
use super::slots::Slots;
use super::store::{Bounded, Bounds, Held};
use crate::limits::Limits;

/// The two worlds of the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    /// World `mapping-component`: a whole mapping.
    #[default]
    Mapping,
    /// World `group-selector`: the choice of the group that is the account.
    GroupSelector,
}

impl PluginKind {
    /// How it is called in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::GroupSelector => "group selector",
        }
    }

    /// The interface of the contract that it exports.
    pub(super) const fn interface(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::GroupSelector => "group-selection",
        }
    }
}

/// A plugin that was admitted: compiled, and ready to run any number of times, on any thread.
pub struct Plugin<W> {
    pub(super) world: W,
    pub(super) limits: Arc<Limits>,
    pub(super) metering: Metering,
    pub(super) slots: Arc<Slots>,
    about: About,
    schema: Schema,
}

/// A mapping that was admitted.
pub type Mapping = Plugin<MappingWorld>;

/// A group selector that was admitted.
pub type Selector = Plugin<SelectorWorld>;

#[expect(private_bounds, reason = "nobody else makes one")]
impl<W: World> Plugin<W> {
    pub(super) fn new(sandbox: &Sandbox, world: W, about: About) -> Result<Self, Refusal> {
        let schema = Schema::parse(&about.description.settings_schema)?;
        let limits = Arc::new(sandbox.limits.of_component(about.inspection.size));
        let slots = Arc::clone(&sandbox.slots);
        Ok(Self { world, limits, metering: sandbox.metering, slots, about, schema })
    }

    /// What it says about itself when it is asked twice, in one fresh instance.
    pub(crate) fn describe_twice(&self) -> Result<[Description; 2], Fault> {
        let pre = self.world.instance_pre();
        let _slot = self.slots.take();
        let mut store = fresh_store(pre.engine(), &self.limits, self.metering);
        let mut described = || {
            let instance = pre.instantiate(&mut store)?;
            let guest = W::typed(&mut store, &instance)?;
            Ok([W::describe(&guest, &mut store)?, W::describe(&guest, &mut store)?])
        };
        described().map_err(|error| Fault::of(W::KIND, &error, store.data().bounds()))
    }

    /// Its code, for [`Sandbox::load`].
    pub(crate) fn code(&self) -> Result<Vec<u8>, Refusal> {
        admission::code(&self.world)
    }
}

impl<W> Plugin<W> {
    /// What is known about it.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What the component says about itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.about.description
    }

    /// What it is made of.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.about.inspection
    }

    /// The limits that it runs under.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Checks settings, as JSON text, against the plugin's schema.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit, and where it is.
    pub fn settings(&self, text: &str) -> Result<Settings, SettingsError> {
        self.schema.check(text)
    }
}

/// How plugins of a world are linked, and asked what they are.
pub(crate) trait World: Sized + Send + Sync + 'static {
    /// Which one it is.
    const KIND: PluginKind;
    /// The host's side of an instance.
    type Data: Bounded;
    /// An instance whose functions have the types of the contract.
    type Guest;
    /// Links a component.
    fn link(sandbox: &Sandbox, component: &Component) -> wasmtime::Result<Self>;
    /// What instances are made of.
    fn instance_pre(&self) -> &InstancePre<Self::Data>;
    /// Looks at the types of an instance's functions.
    fn typed(store: &mut Store<Self::Data>, instance: &Instance) -> wasmtime::Result<Self::Guest>;
    /// Asks an instance what it is.
    fn describe(guest: &Self::Guest, store: &mut Store<Self::Data>) -> wasmtime::Result<Description>;
}

/// World `mapping-component`.
pub struct MappingWorld(pub(super) MappingComponentPre<Held>);

impl World for MappingWorld {
    const KIND: PluginKind = PluginKind::Mapping;
    type Data = Held;
    type Guest = MappingComponent;

    fn link(sandbox: &Sandbox, component: &Component) -> wasmtime::Result<Self> {
        MappingComponentPre::new(sandbox.mapping_linker.instantiate_pre(component)?).map(Self)
    }

    fn instance_pre(&self) -> &InstancePre<Held> {
        self.0.instance_pre()
    }

    fn typed(store: &mut Store<Held>, instance: &Instance) -> wasmtime::Result<MappingComponent> {
        MappingComponent::new(store, instance)
    }

    fn describe(guest: &MappingComponent, store: &mut Store<Held>) -> wasmtime::Result<Description> {
        guest.accoil_event_stream_plugin().call_describe(store)
    }
}

/// World `group-selector`.
pub struct SelectorWorld(pub(super) GroupSelectorPre<Bounds>);

impl World for SelectorWorld {
    const KIND: PluginKind = PluginKind::GroupSelector;
    type Data = Bounds;
    type Guest = GroupSelector;

    fn link(sandbox: &Sandbox, component: &Component) -> wasmtime::Result<Self> {
        GroupSelectorPre::new(sandbox.selector_linker.instantiate_pre(component)?).map(Self)
    }

    fn instance_pre(&self) -> &InstancePre<Bounds> {
        self.0.instance_pre()
    }

    fn typed(store: &mut Store<Bounds>, instance: &Instance) -> wasmtime::Result<GroupSelector> {
        GroupSelector::new(store, instance)
    }

    fn describe(guest: &GroupSelector, store: &mut Store<Bounds>) -> wasmtime::Result<Description> {
        guest.accoil_event_stream_plugin().call_describe(store)
    }
}
