//! Whether a component may run here: looked at before anything is compiled,
//! and refused with the name of what differs.

use wasmparser::{Encoding, Payload, Validator};
use wasmtime::component::Component;

use super::contract::{Description, MappingComponentPre};
use super::engine::{Sandbox, features, fresh_store, fuel_used};
use super::fault::Fault;
use super::run::Mapping;
use crate::limits::Limits;

/// The package and version of the contract that this host speaks.
const CONTRACT: &str = "accoil:event-stream";
const VERSION: &str = "1.0.0";

/// Why a component can't run here.
#[derive(Debug, thiserror::Error)]
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
    Structure { what: &'static str, found: usize, limit: usize, name: &'static str },
    #[error("a component nested inside it has code of its own: link them into one core module instead")]
    Nested,
    #[error(
        "imports `{0}`, which this host does not offer: a mapping may import only `accoil:event-stream/types@1.0.0` and \
         `accoil:event-stream/group-choice@1.0.0` (no WASI, clock, random or network)"
    )]
    Import(String),
    #[error("does not export `{missing}`, so it is no mapping{hint}")]
    Export { missing: String, hint: String },
    #[error("does not fit the contract: {0}")]
    Contract(String),
    #[error("does not compile: {0}")]
    Compile(String),
    #[error("fails when it is asked to describe itself: {0}")]
    Describe(Fault),
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
            Self::Import(_) => "component-import",
            Self::Export { .. } => "component-export",
            Self::Contract(_) => "component-contract",
            Self::Compile(_) => "component-compile",
            Self::Describe(_) => "component-describe",
            Self::Schema(_) => "component-schema",
        }
    }
}

/// What a look at a component shows, before it is compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
        let inspection = Self::read(bytes)?;
        let structure = [
            ("core modules", inspection.core_modules, limits.core_modules, "core_modules"),
            ("functions", inspection.functions, limits.functions, "functions"),
            ("bytes in one function", inspection.largest_function, limits.function_bytes, "function_bytes"),
        ];
        for (what, found, limit, name) in structure {
            if found > limit {
                return Err(Refusal::Structure { what, found, limit, name });
            }
        }
        Validator::new_with_features(features())
            .validate_all(bytes)
            .map_err(|error| Refusal::Invalid(error.to_string()))?;
        Ok(inspection)
    }

    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if !bytes.starts_with(b"\0asm") {
            return Err(Refusal::Garbage("it does not begin with the bytes `\\0asm`".to_owned()));
        }
        let mut inspection = Self { size: bytes.len(), ..Self::default() };
        // What the parser is inside of, from the outermost to the innermost.
        let mut inside: Vec<Encoding> = Vec::new();
        for payload in wasmparser::Parser::new(0).parse_all(bytes) {
            let garbage = |error: wasmparser::BinaryReaderError| Refusal::Garbage(error.to_string());
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
        Ok(inspection)
    }

    /// Checks imports and exports against the world of mappings.
    fn fits_mapping(&self) -> Result<(), Refusal> {
        let offered = ["types", "group-choice"].map(|name| format!("{CONTRACT}/{name}@{VERSION}"));
        if let Some(import) = self.imports.iter().find(|import| !offered.contains(import)) {
            return Err(Refusal::Import(import.clone()));
        }
        for interface in ["plugin", "mapping"] {
            let missing = format!("{CONTRACT}/{interface}@{VERSION}");
            if !self.exports.contains(&missing) {
                return Err(Refusal::Export { hint: self.hint(interface), missing });
            }
        }
        Ok(())
    }

    /// What the author may have meant to export.
    fn hint(&self, interface: &str) -> String {
        let of_other_version = |export: &&String| {
            export.split_once('@').is_some_and(|(name, _)| name == format!("{CONTRACT}/{interface}"))
        };
        if let Some(export) = self.exports.iter().find(of_other_version) {
            return format!("; it exports `{export}`, and this host speaks version {VERSION} of the contract");
        }
        if self.exports.contains(&format!("{CONTRACT}/group-selection@{VERSION}")) {
            return "; it is a group selector".to_owned();
        }
        match self.exports.as_slice() {
            [] => "; it exports nothing".to_owned(),
            exports => format!("; it exports `{}`", exports.join("`, `")),
        }
    }
}

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

    fn describe(&self, pre: &MappingComponentPre<super::store::Held>) -> Result<Description, Refusal> {
        let mut store = fresh_store(&self.engine, &self.limits, self.metering);
        let asked = pre
            .instantiate(&mut store)
            .and_then(|instance| instance.accoil_event_stream_plugin().call_describe(&mut store));
        let _ = fuel_used(&store);
        let description = asked.map_err(|error| Refusal::Describe(Fault::of(&error, store.data())))?;
        if description.settings_schema.len() > self.limits.schema_bytes {
            return Err(Refusal::Schema(format!(
                "longer than {} bytes (limit schema_bytes)",
                self.limits.schema_bytes
            )));
        }
        Ok(description)
    }
}
