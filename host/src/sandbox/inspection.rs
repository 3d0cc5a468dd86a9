//! Looking through a component before anything of it is compiled.

use serde::{Deserialize, Serialize};
use wasmparser::{ElementItems, Encoding, Payload, Validator};

use super::engine::features;
use super::plugin::PluginKind;
use super::refusal::{Refusal, quoted};
use crate::limits::Limits;

/// The package and version of the contract that this host speaks.
const CONTRACT: &str = "accoil:event-stream";
const VERSION: &str = "1.0.0";

/// How many of a component's exports are named when none of them is what it should be.
const NAMED: usize = 20;

/// What a look at a component shows, before it is compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Size in bytes.
    pub size: usize,
    /// Names of what it imports.
    pub imports: Vec<String>,
    /// Names of what it exports.
    pub exports: Vec<String>,
    /// Number of core modules.
    pub core_modules: usize,
    /// Number of functions in them.
    pub functions: usize,
    /// Size of the largest function in bytes.
    pub largest_function: usize,
}

impl Inspection {
    /// Looks through a component without running or compiling any of it.
    ///
    /// # Errors
    ///
    /// When it is no component, or larger than the limits say.
    pub fn of(bytes: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        if bytes.len() > limits.component_bytes {
            return Err(Refusal::TooLarge { size: bytes.len(), limit: limits.component_bytes });
        }
        let (inspection, elements) = Self::read(bytes)?;
        let structure = [
            ("core modules", inspection.core_modules, limits.core_modules, "core_modules"),
            ("functions", inspection.functions, limits.functions, "functions"),
            ("bytes in one function", inspection.largest_function, limits.function_bytes, "function_bytes"),
            // More than fit into a table are of no use, and each is compiled.
            ("table elements", elements, limits.table_elements, "table_elements"),
        ];
        for (what, found, limit, name) in structure {
            if found > limit {
                return Err(Refusal::Structure { what: what.into(), found, limit, name: name.into() });
            }
        }
        Validator::new_with_features(features())
            .validate_all(bytes)
            .map_err(|error| Refusal::Invalid(quoted(error)))?;
        Ok(inspection)
    }

    /// What is in a component, and how many elements its segments have.
    fn read(bytes: &[u8]) -> Result<(Self, usize), Refusal> {
        if !bytes.starts_with(b"\0asm") {
            return Err(Refusal::Garbage("it does not begin with the bytes `\\0asm`".to_owned()));
        }
        let mut elements: usize = 0;
        let mut inspection = Self { size: bytes.len(), ..Self::default() };
        // What the parser is inside of, from the outermost to the innermost.
        let mut inside: Vec<Encoding> = Vec::new();
        for payload in wasmparser::Parser::new(0).parse_all(bytes) {
            let garbage = |error: wasmparser::BinaryReaderError| Refusal::Garbage(quoted(error));
            match payload.map_err(garbage)? {
                Payload::Version { encoding, .. } => {
                    if inside.is_empty() && encoding == Encoding::Module {
                        return Err(Refusal::CoreModule);
                    }
                    inside.push(encoding);
                    if encoding == Encoding::Module {
                        inspection.core_modules += 1;
                    }
                }
                Payload::End(_) => {
                    inside.pop();
                }
                Payload::CodeSectionEntry(body) => {
                    inspection.functions += 1;
                    inspection.largest_function = inspection.largest_function.max(body.range().len());
                }
                Payload::ElementSection(section) => {
                    for segment in section {
                        elements = elements.saturating_add(match segment.map_err(garbage)?.items {
                            ElementItems::Functions(items) => items.count() as usize,
                            ElementItems::Expressions(_, items) => items.count() as usize,
                        });
                    }
                }
                Payload::ModuleSection { .. } | Payload::InstanceSection(_) | Payload::ComponentCanonicalSection(_)
                    if inside.len() > 1 =>
                {
                    return Err(Refusal::Nested);
                }
                Payload::ComponentImportSection(section) if inside.len() == 1 => {
                    for import in section {
                        inspection.imports.push(import.map_err(garbage)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if inside.len() == 1 => {
                    for export in section {
                        inspection.exports.push(export.map_err(garbage)?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok((inspection, elements))
    }

    /// Which world it is of, by what it exports; one that exports both is a mapping.
    #[must_use]
    pub fn kind(&self) -> Option<PluginKind> {
        [PluginKind::Mapping, PluginKind::GroupSelector].into_iter().find(|kind| self.exports(kind.interface()))
    }

    /// Whether it can ask the tenant's selector.
    #[must_use]
    pub fn asks_selector(&self) -> bool {
        self.imports.contains(&versioned("group-choice"))
    }

    fn exports(&self, interface: &str) -> bool {
        self.exports.contains(&versioned(interface))
    }

    /// Checks imports and exports against a world.
    pub(super) fn fits(&self, kind: PluginKind) -> Result<(), Refusal> {
        let offered: &[&str] = match kind {
            PluginKind::Mapping => &["types", "group-choice"],
            PluginKind::GroupSelector => &["types"],
        };
        let is_offered = |import: &&String| offered.iter().any(|interface| versioned(interface) == **import);
        if let Some(import) = self.imports.iter().find(|import| !is_offered(import)) {
            return Err(Refusal::Import { import: quoted(import), kind });
        }
        match ["plugin", kind.interface()].into_iter().find(|interface| !self.exports(interface)) {
            None => Ok(()),
            Some(interface) => Err(Refusal::Export { hint: self.hint(interface), missing: versioned(interface), kind }),
        }
    }

    /// What the author may have meant to export.
    fn hint(&self, interface: &str) -> String {
        let of_other_version = |export: &&String| {
            export.split_once('@').is_some_and(|(name, _)| name == format!("{CONTRACT}/{interface}"))
        };
        if let Some(export) = self.exports.iter().find(of_other_version) {
            let export = quoted(export);
            return format!("; it exports `{export}`, and this host speaks version {VERSION} of the contract");
        }
        if let Some(kind) = self.kind() {
            return format!("; it is a {}", kind.name());
        }
        match self.exports.as_slice() {
            [] => "; it exports nothing".to_owned(),
            // There may be a million of them.
            exports => format!("; it exports `{}`", quoted(exports.get(..NAMED).unwrap_or(exports).join("`, `"))),
        }
    }
}

fn versioned(interface: &str) -> String {
    format!("{CONTRACT}/{interface}@{VERSION}")
}
