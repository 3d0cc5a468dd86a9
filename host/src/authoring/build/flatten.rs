//! A component without WASI, and without components nested in it that have code.
//!
//! What QuickJS is put into imports WASI, though none of it is called while a plugin does what plugins may. The tool's
//! own way of stubbing it joins a second component that traps, by adapters between the two, and the host takes no such
//! component. Here the imports are cut off where core WebAssembly meets them: what was lowered from an import becomes a
//! core function that traps.

use std::collections::HashSet;
use std::convert::Infallible;
use std::ops::Range;

use wasm_encoder::reencode::{Reencode, ReencodeComponent};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CodeSection, Component, ComponentAliasSection, ComponentExportSection,
    ComponentInstanceSection, ComponentSectionId, ComponentTypeSection, ExportKind, ExportSection, Function,
    FunctionSection, InstanceSection, Instruction, Module, ModuleArg, ModuleSection, PrimitiveValType, RawSection,
    TypeSection, ValType,
};
use wasmparser::types::Types;
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentTypeRef, Parser, Payload, Validator,
};

/// What may stay imported and exported.
const CONTRACT: &str = "accoil:event-stream/";

/// Why a component can't be cut off from what it imports.
#[derive(Debug, thiserror::Error)]
pub(super) enum FlattenError {
    /// It is no valid component.
    #[error(transparent)]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// It has what the tool is not known to make.
    #[error("{0}")]
    Unknown(String),
}

impl From<wasm_encoder::reencode::Error> for FlattenError {
    fn from(error: wasm_encoder::reencode::Error) -> Self {
        Self::Unknown(error.to_string())
    }
}

/// Makes a component that does the same, imports the contract alone, and traps where the given one would have called
/// another import.
///
/// # Errors
///
/// When it is no valid component, or is not built as such components are.
pub(super) fn flatten(component: &[u8]) -> Result<Vec<u8>, FlattenError> {
    let component = innermost(component)?;
    let mut cut = Cut::of(component)?;
    for payload in outermost(component)? {
        cut.take(payload, component)?;
    }
    Ok(cut.finish())
}

/// The component that has the code: others were put around it one by one, each to answer an import.
fn innermost(mut component: &[u8]) -> Result<&[u8], FlattenError> {
    loop {
        let mut inner = None;
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::ModuleSection { .. } => return Ok(component),
                Payload::ComponentSection { unchecked_range, .. } => {
                    inner = component.get(unchecked_range);
                    break;
                }
                _ => {}
            }
        }
        component = inner.ok_or_else(|| FlattenError::Unknown("it has no code".to_owned()))?;
    }
}

/// What is in a component, without what is inside of a module or component nested in it.
fn outermost(component: &[u8]) -> Result<Vec<Payload<'_>>, FlattenError> {
    let mut depth = 0;
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            payload if depth == 1 => found.push(payload),
            _ => {}
        }
    }
    Ok(found)
}

/// A component in the making. What it defines keeps its number, but for functions of which some are left out, and for
/// core modules and instances: there is one more of each, at the front.
struct Cut {
    types: Types,
    made: Component,
    /// The given component's functions: the number that each has now, if it is still there.
    functions: Vec<Option<u32>>,
    functions_kept: u32,
    core_functions: u32,
    instances: u32,
    type_count: u32,
    /// Instances that were imported and are empty now.
    emptied: HashSet<u32>,
    /// Types of these instances, or of what they exported. Nothing that stays uses them.
    unused_types: HashSet<u32>,
    /// What the core functions that trap take and give.
    traps: Vec<(Vec<ValType>, Vec<ValType>)>,
}

impl Cut {
    fn of(component: &[u8]) -> Result<Self, FlattenError> {
        Ok(Self {
            types: Validator::new().validate_all(component)?,
            made: Component::new(),
            functions: Vec::new(),
            functions_kept: 0,
            core_functions: 0,
            instances: 0,
            type_count: 0,
            emptied: HashSet::new(),
            unused_types: types_of_imports(component)?,
            traps: Vec::new(),
        })
    }

    fn take(&mut self, payload: Payload<'_>, whole: &[u8]) -> Result<(), FlattenError> {
        match payload {
            Payload::ComponentTypeSection(section) => self.take_types(section, whole)?,
            Payload::ComponentImportSection(section) => self.take_imports(section, whole)?,
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.take_alias(alias?)?;
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    self.take_canonical(function?)?;
                }
            }
            Payload::ComponentInstanceSection(section) => {
                self.instances += section.count();
                let mut instances = ComponentInstanceSection::new();
                self.parse_component_instance_section(&mut instances, section)?;
                self.made.section(&instances);
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.take_export(export?)?;
                }
            }
            Payload::InstanceSection(section) => {
                let mut instances = InstanceSection::new();
                self.parse_instance_section(&mut instances, section)?;
                self.made.section(&instances);
            }
            Payload::ModuleSection { unchecked_range, .. } => {
                self.copy(ComponentSectionId::CoreModule, whole, unchecked_range);
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                self.copy(ComponentSectionId::Component, whole, unchecked_range);
            }
            // Names of what may not be there any more, and which tool it was.
            Payload::CustomSection(_) => {}
            other => return Err(FlattenError::Unknown(format!("it has a section that is not known: {other:?}"))),
        }
        Ok(())
    }

    fn copy(&mut self, section: ComponentSectionId, whole: &[u8], range: Range<usize>) {
        let data = whole.get(range).unwrap_or_default();
        self.made.section(&RawSection { id: section.into(), data });
    }

    /// One entry as a section of its own.
    fn copy_entry(&mut self, section: ComponentSectionId, whole: &[u8], range: Range<usize>) {
        let data = [&[1], whole.get(range).unwrap_or_default()].concat();
        self.made.section(&RawSection { id: section.into(), data: &data });
    }

    fn take_types(
        &mut self,
        section: wasmparser::ComponentTypeSectionReader<'_>,
        whole: &[u8],
    ) -> Result<(), FlattenError> {
        for range in entries(section)? {
            if self.unused_types.contains(&self.type_count) {
                self.any_type();
            } else {
                self.copy_entry(ComponentSectionId::Type, whole, range);
                self.type_count += 1;
            }
        }
        Ok(())
    }

    /// Takes the number of a type that nothing uses any more.
    fn any_type(&mut self) {
        let mut section = ComponentTypeSection::new();
        section.defined_type().primitive(PrimitiveValType::U8);
        self.made.section(&section);
        self.type_count += 1;
    }

    fn take_imports(
        &mut self,
        section: wasmparser::ComponentImportSectionReader<'_>,
        whole: &[u8],
    ) -> Result<(), FlattenError> {
        let imports = section.clone().into_iter().collect::<Result<Vec<_>, _>>()?;
        for (import, range) in imports.into_iter().zip(entries(section)?) {
            if !matches!(import.ty, ComponentTypeRef::Instance(_)) {
                return Err(FlattenError::Unknown(format!("it imports {}, which is no interface", import.name.name)));
            }
            if import.name.name.starts_with(CONTRACT) {
                self.copy_entry(ComponentSectionId::Import, whole, range);
            } else {
                self.emptied.insert(self.instances);
                let mut section = ComponentInstanceSection::new();
                section.export_items(std::iter::empty::<(&str, wasm_encoder::ComponentExportKind, u32)>());
                self.made.section(&section);
            }
            self.instances += 1;
        }
        Ok(())
    }

    fn take_alias(&mut self, alias: ComponentAlias<'_>) -> Result<(), FlattenError> {
        match alias {
            ComponentAlias::InstanceExport { kind, instance_index, .. } => {
                let is_cut = self.emptied.contains(&instance_index);
                match kind {
                    ComponentExternalKind::Func if is_cut => {
                        self.functions.push(None);
                        return Ok(());
                    }
                    ComponentExternalKind::Type if is_cut => {
                        self.unused_types.insert(self.type_count);
                        self.any_type();
                        return Ok(());
                    }
                    ComponentExternalKind::Func => self.keep_function(),
                    ComponentExternalKind::Type => self.type_count += 1,
                    _ => return Err(FlattenError::Unknown(format!("it has an alias that is not known: {alias:?}"))),
                }
            }
            ComponentAlias::CoreInstanceExport { kind, .. } => {
                self.core_functions += u32::from(kind == wasmparser::ExternalKind::Func);
            }
            ComponentAlias::Outer { .. } => {
                return Err(FlattenError::Unknown("it uses what is outside of it".to_owned()));
            }
        }
        let mut section = ComponentAliasSection::new();
        section.alias(self.component_alias(alias)?);
        self.made.section(&section);
        Ok(())
    }

    fn take_canonical(&mut self, function: CanonicalFunction) -> Result<(), FlattenError> {
        let is_cut = match &function {
            CanonicalFunction::Lower { func_index, .. } => {
                self.functions.get(*func_index as usize).is_none_or(Option::is_none)
            }
            CanonicalFunction::ResourceDrop { resource } => self.unused_types.contains(resource),
            _ => false,
        };
        if is_cut {
            self.trap()?;
        } else {
            if matches!(function, CanonicalFunction::Lift { .. }) {
                self.keep_function();
            } else {
                self.core_functions += 1;
            }
            let mut section = CanonicalFunctionSection::new();
            self.parse_component_canonical(&mut section, function)?;
            self.made.section(&section);
        }
        Ok(())
    }

    /// Puts a core function that traps in the place of the one that is next.
    fn trap(&mut self) -> Result<(), FlattenError> {
        let ty = self.types.as_ref().core_function_at(self.core_functions);
        let ty = self.types[ty].unwrap_func().clone();
        let mut of =
            |types: &[wasmparser::ValType]| types.iter().map(|ty| self.val_type(*ty)).collect::<Result<Vec<_>, _>>();
        let (takes, gives) = (of(ty.params())?, of(ty.results())?);
        let mut section = ComponentAliasSection::new();
        let name = self.traps.len().to_string();
        section.alias(Alias::CoreInstanceExport { instance: 0, kind: ExportKind::Func, name: &name });
        self.made.section(&section);
        self.traps.push((takes, gives));
        self.core_functions += 1;
        Ok(())
    }

    fn take_export(&mut self, export: wasmparser::ComponentExport<'_>) -> Result<(), FlattenError> {
        let is_kept = export.name.name.starts_with(CONTRACT);
        match export.kind {
            ComponentExternalKind::Func if is_kept => self.keep_function(),
            ComponentExternalKind::Func => self.functions.push(None),
            ComponentExternalKind::Instance if is_kept => self.instances += 1,
            _ => return Err(FlattenError::Unknown(format!("it exports {}", export.name.name))),
        }
        if is_kept {
            let mut section = ComponentExportSection::new();
            self.parse_component_export(&mut section, export)?;
            self.made.section(&section);
        }
        Ok(())
    }

    fn keep_function(&mut self) {
        self.functions.push(Some(self.functions_kept));
        self.functions_kept += 1;
    }

    fn finish(self) -> Vec<u8> {
        let mut made = Component::new();
        made.section(&ModuleSection(&trapping(&self.traps)));
        let mut instances = InstanceSection::new();
        instances.instantiate::<[(&str, ModuleArg); 0], _>(0, []);
        made.section(&instances);
        let mut bytes = made.finish();
        let header = Component::new().finish().len();
        bytes.extend(self.made.finish().into_iter().skip(header));
        bytes
    }
}

impl Reencode for Cut {
    type Error = Infallible;
}

impl ReencodeComponent for Cut {
    fn component_func_index(&mut self, function: u32) -> u32 {
        self.functions.get(function as usize).copied().flatten().unwrap_or(u32::MAX)
    }

    fn module_index(&mut self, module: u32) -> u32 {
        module + 1
    }

    fn instance_index(&mut self, instance: u32) -> u32 {
        instance + 1
    }
}

/// A core module with functions that trap, exported by number.
fn trapping(signatures: &[(Vec<ValType>, Vec<ValType>)]) -> Module {
    let (mut types, mut functions, mut exports, mut code) =
        (TypeSection::new(), FunctionSection::new(), ExportSection::new(), CodeSection::new());
    for (index, (takes, gives)) in (0..).zip(signatures) {
        types.ty().function(takes.iter().copied(), gives.iter().copied());
        functions.function(index);
        exports.export(&index.to_string(), ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    module
}

/// The types of the interfaces that are not to be imported.
fn types_of_imports(component: &[u8]) -> Result<HashSet<u32>, FlattenError> {
    let mut types = HashSet::new();
    for payload in outermost(component)? {
        let Payload::ComponentImportSection(section) = payload else { continue };
        for import in section {
            let import = import?;
            match import.ty {
                ComponentTypeRef::Instance(ty) if !import.name.name.starts_with(CONTRACT) => types.insert(ty),
                _ => continue,
            };
        }
    }
    Ok(types)
}

/// Where the entries of a section are.
fn entries<'a, T: wasmparser::FromReader<'a>>(
    section: wasmparser::SectionLimited<'a, T>,
) -> Result<Vec<Range<usize>>, FlattenError> {
    let end = section.range().end;
    let starts = section.into_iter_with_offsets().map(|entry| entry.map(|(start, _)| start));
    let starts = starts.collect::<Result<Vec<_>, _>>()?;
    let ends = starts.iter().copied().skip(1).chain([end]).collect::<Vec<_>>();
    Ok(starts.into_iter().zip(ends).map(|(start, end)| start..end).collect())
}

#[cfg(test)]
#[path = "flatten_tests.rs"]
mod tests;
