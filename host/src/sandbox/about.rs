//! What is known about a mapping besides its code: goes with the code from one process to another.

use serde::{Deserialize, Serialize};

use super::contract::Description;
use super::inspection::Inspection;

/// What a component is made of, and what it says about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// What it is made of.
    pub inspection: Inspection,
    /// What it says about itself.
    #[serde(with = "DescriptionFields")]
    pub description: Description,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Description")]
struct DescriptionFields {
    name: String,
    version: String,
    summary: String,
    settings_schema: String,
}
