//! Taking in what is compared.

use std::path::Path;
use std::sync::Arc;

use crate::admission::Admission;
use crate::cli::{Failure, mapping};
use crate::config::AdmissionConfig;
use crate::limits::Limits;
use crate::sandbox::{Chooser, Mapping, OnFault, Sandbox, Selector};

/// A selector that was found, with its settings.
pub(super) struct Found {
    /// What it is called in errors.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) settings: String,
    /// Where the settings are written.
    pub(super) place: String,
    pub(super) on_fault: OnFault,
}

impl Found {
    /// That of a file, without settings.
    pub(super) fn file(path: &Path, limits: &Limits) -> Result<Self, Failure> {
        let name = path.display().to_string();
        Ok(Self {
            bytes: mapping::read_component(path, limits)?,
            settings: "{}".to_owned(),
            place: format!("{name}, without settings"),
            on_fault: OnFault::default(),
            name,
        })
    }

    /// With the settings of a file, if there is one.
    pub(super) fn with_settings(self, file: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = file else { return Ok(self) };
        Ok(Self { settings: mapping::read_settings(path)?, place: path.display().to_string(), ..self })
    }
}

/// Takes in components, each once.
pub(super) struct Admitting<'a> {
    sandbox: &'a Sandbox,
    admission: Admission,
    mappings: Vec<(Vec<u8>, Arc<Mapping>)>,
    selectors: Vec<(Vec<u8>, Arc<Selector>)>,
}

impl<'a> Admitting<'a> {
    pub(super) fn new(sandbox: &'a Sandbox) -> Self {
        let admission = mapping::admission(&AdmissionConfig::default());
        Self { sandbox, admission, mappings: Vec::new(), selectors: Vec::new() }
    }

    /// A mapping, which is called so in errors.
    pub(super) fn mapping(&mut self, name: &str, bytes: Vec<u8>) -> Result<Arc<Mapping>, Failure> {
        if let Some(known) = known(&self.mappings, &bytes) {
            return Ok(known);
        }
        let admitted = Arc::new(mapping::admit(&self.admission, self.sandbox, name, &bytes)?);
        self.mappings.push((bytes, Arc::clone(&admitted)));
        Ok(admitted)
    }

    /// The selector of a mapping, which is called so in errors.
    pub(super) fn chooser(
        &mut self,
        name: &str,
        asking: &Mapping,
        found: Option<&Found>,
    ) -> Result<Option<Arc<Chooser>>, Failure> {
        let Some(found) = found else { return Ok(None) };
        let settings = (found.settings.as_str(), &found.place as &dyn std::fmt::Display);
        mapping::chooser((name, asking), self.selector(found)?, settings, found.on_fault).map(Some)
    }

    fn selector(&mut self, found: &Found) -> Result<Arc<Selector>, Failure> {
        if let Some(known) = known(&self.selectors, &found.bytes) {
            return Ok(known);
        }
        let Found { name, bytes, .. } = found;
        let selector = Arc::new(mapping::admit_selector(&self.admission, self.sandbox, name, bytes)?);
        self.selectors.push((bytes.clone(), Arc::clone(&selector)));
        Ok(selector)
    }
}

fn known<T>(all: &[(Vec<u8>, Arc<T>)], bytes: &[u8]) -> Option<Arc<T>> {
    all.iter().find(|(known, _)| known == bytes).map(|(_, known)| Arc::clone(known))
}
