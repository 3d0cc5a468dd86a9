//! Taking in a component: what passes here is ready to run.

use wasmtime::Store;
use wasmtime::component::Component;

use super::contract::{Description, MappingComponent, MappingComponentPre};
use super::engine::{Sandbox, fresh_store};
use super::fault::Fault;
use super::inspection::Inspection;
use super::refusal::Refusal;
use super::run::Mapping;
use super::store::Held;

impl Sandbox {
    /// Takes in a component: looks through it, compiles it, and asks what it is.
    ///
    /// # Errors
    ///
    /// When it can't run here, and why not.
    pub fn admit(&self, bytes: &[u8]) -> Result<Mapping, Refusal> {
        let inspection = Inspection::of(bytes, &self.limits)?;
        inspection.fits_mapping()?;
        let compile = |error: wasmtime::Error| Refusal::Compile(format!("{error:#}"));
        let contract = |error: wasmtime::Error| Refusal::Contract(format!("{error:#}"));
        let component = Component::new(&self.engine, bytes).map_err(compile)?;
        let instance = self.linker.instantiate_pre(&component).map_err(contract)?;
        let pre = MappingComponentPre::new(instance).map_err(contract)?;
        let description = self.describe(&pre)?;
        Mapping::new(self, pre, inspection, description)
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
