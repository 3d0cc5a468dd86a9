//! What a version is made of, before anything of it is compiled.

use std::sync::Arc;

use crate::admission::{Offer, SelectorOffer};
use crate::sandbox::OnFault;

/// A mapping with its settings, and perhaps a selector.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The mapping's component.
    pub mapping: Arc<[u8]>,
    /// Its settings, a JSON object as text.
    pub settings: String,
    /// The group selector that it asks.
    pub selector: Option<SelectorParts>,
}

/// A group selector with its settings.
#[derive(Debug, Clone)]
pub struct SelectorParts {
    /// Its component.
    pub component: Arc<[u8]>,
    /// Its settings, a JSON object as text.
    pub settings: String,
    /// What becomes of an event on which it fails.
    pub on_fault: OnFault,
}

impl Parts {
    /// A mapping alone.
    pub fn alone(mapping: impl Into<Arc<[u8]>>, settings: impl Into<String>) -> Self {
        Self { mapping: mapping.into(), settings: settings.into(), selector: None }
    }

    pub(super) fn offer(&self) -> Offer<'_> {
        let selector = self.selector.as_ref().map(|selector| SelectorOffer {
            component: &selector.component,
            settings: &selector.settings,
            on_fault: selector.on_fault,
        });
        Offer { mapping: &self.mapping, settings: &self.settings, selector }
    }
}
