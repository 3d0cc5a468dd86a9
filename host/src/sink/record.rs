//! What the sink tells of a call, and what it counts.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

/// One call as it came, with what is wrong about it.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// Its number, from 1.
    pub number: u64,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The form of the authorization and a fingerprint of it: `Basic raw 1a2b3c4d`. Never the key.
    pub authorization: String,
    /// The body, if it is JSON and was posted to a known path; elsewhere it may hold a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
    /// Where it breaks the contract.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// What the contract allows but Accoil will not use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// The answer it got.
    pub answer: Given,
}

/// An answer of the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Given {
    /// With this status.
    Status(u16),
    /// None: the connection was cut.
    Cut,
}

impl Received {
    /// The call as one line of JSON, without the newline.
    pub fn line(&self) -> String {
        // Strings, numbers and JSON that has been read cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What came to a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All calls.
    pub total: u64,
    /// Calls by path; unknown paths are counted together as `(unknown)`.
    pub paths: BTreeMap<String, u64>,
    /// Calls by problem; of very many different ones only the first are counted.
    pub problems: BTreeMap<String, u64>,
}
