//! Why a component is refused, with the name of what differs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::plugin::PluginKind;

/// Why a component can't run here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says it all")]
pub enum Refusal {
    #[error("the file is {size} bytes, more than the {limit} that a component may have (limit component_bytes)")]
    TooLarge { size: usize, limit: usize },
    #[error("not WebAssembly: {0}")]
    Garbage(String),
    #[error(
        "a core module, not a component: turn it into one with your toolchain's componentize step \
         (wasm-tools component new)"
    )]
    CoreModule,
    #[error("WebAssembly that this host does not run: {0}")]
    Invalid(String),
    #[error("{found} {what}, more than the {limit} that a component may have (limit {name})")]
    Structure { what: Cow<'static, str>, found: usize, limit: usize, name: Cow<'static, str> },
    #[error("a component nested inside it has code of its own: link them into one core module instead")]
    Nested,
    #[error(
        "imports `{import}`, which this host does not offer: a {} may import only `accoil:event-stream/types@1.0.0`{} \
         (no WASI, clock, random or network)",
        kind.name(),
        match kind {
            PluginKind::Mapping => " and `accoil:event-stream/group-choice@1.0.0`",
            PluginKind::GroupSelector => "",
        }
    )]
    Import { import: String, kind: PluginKind },
    #[error("does not export `{missing}`, so it is no {}{hint}", kind.name())]
    Export { missing: String, hint: String, kind: PluginKind },
    #[error("does not fit the contract: {0}")]
    Contract(String),
    #[error("does not compile: {0}")]
    Compile(String),
    #[error("fails when it is asked to describe itself: {0}")]
    Describe(Fault),
    #[error(
        "does not import `accoil:event-stream/group-choice@1.0.0`, so it chooses the account by itself and can't be \
         combined with a group selector"
    )]
    NoChoice,
    #[error("describes its settings by a schema that can't be used: {0}")]
    Schema(String),
}

impl Refusal {
    /// The stable code of this refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "component-too-large",
            Self::Garbage(_) => "component-not-wasm",
            Self::CoreModule => "component-core-module",
            Self::Invalid(_) => "component-invalid",
            Self::Structure { .. } => "component-structure",
            Self::Nested => "component-nested",
            Self::Import { .. } => "component-import",
            Self::Export { .. } => "component-export",
            Self::Contract(_) => "component-contract",
            Self::Compile(_) => "component-compile",
            Self::Describe(_) => "component-describe",
            Self::NoChoice => "mapping-without-choice",
            Self::Schema(_) => "component-schema",
        }
    }
}

/// How many characters of what a component says are repeated.
const QUOTED_CHARS: usize = 1000;

/// Words that may hold names out of a component: no more than anybody reads, for they go into answers, logs and the audit
/// log, and none that do anything to a terminal.
pub(super) fn quoted(words: impl std::fmt::Display) -> String {
    let words = words.to_string();
    let mut quoted = String::new();
    for (count, character) in words.chars().enumerate() {
        if count == QUOTED_CHARS {
            quoted.push('…');
            break;
        }
        if character.is_control() && character != '\n' {
            quoted.extend(character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    quoted
}

/// The first characters of a text: as many as it takes to know it again. (In a format a precision does not shorten what
/// `Debug` prints.)
pub(crate) fn beginning(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
