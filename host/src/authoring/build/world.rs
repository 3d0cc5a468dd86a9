//! Whether a component is a plugin of the world that it should be.

use super::BuildError;
use crate::authoring::World;
use crate::sandbox::Inspection;

const CONTRACT: &str = "accoil:event-stream";
const VERSION: &str = "1.0.0";

/// Checks what a component imports and exports.
pub(super) fn check(world: World, inspection: &Inspection) -> Result<(), BuildError> {
    let wrong = |problem: String| Err(BuildError::World { world: world.name(), problem });
    let (imported, exported): (&[&str], _) = match world {
        World::GroupSelector => (&["types"], ["plugin", "group-selection"]),
        World::Mapping => (&["types", "group-choice"], ["plugin", "mapping"]),
    };
    if let Some(missing) = exported.map(interface).iter().find(|name| !inspection.exports.contains(name)) {
        let found = match inspection.exports.as_slice() {
            [] => "exports nothing".to_owned(),
            exports => format!("exports {}", exports.join(", ")),
        };
        return wrong(format!("the component does not export {missing}; it {found}"));
    }
    let offered: Vec<String> = imported.iter().map(|name| interface(name)).collect();
    match inspection.imports.iter().find(|import| !offered.contains(import)) {
        Some(import) => wrong(format!("the component imports {import}, which is not in the sandbox")),
        None => Ok(()),
    }
}

fn interface(name: &str) -> String {
    format!("{CONTRACT}/{name}@{VERSION}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(imports: &[&str], exports: &[&str]) -> Inspection {
        let names = |names: &[&str]| names.iter().map(|name| interface(name)).collect();
        Inspection { imports: names(imports), exports: names(exports), ..Inspection::default() }
    }

    fn problem(world: World, inspection: &Inspection) -> String {
        check(world, inspection).unwrap_err().to_string()
    }

    #[test]
    fn a_component_of_its_world() {
        let selector = component(&["types"], &["plugin", "group-selection"]);
        assert!(check(World::GroupSelector, &selector).is_ok());
        let mapping = component(&["types", "group-choice"], &["plugin", "mapping"]);
        assert!(check(World::Mapping, &mapping).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let selector = component(&["types"], &["plugin", "group-selection"]);
        assert_eq!(
            problem(World::Mapping, &selector),
            "the component does not export accoil:event-stream/mapping@1.0.0; it exports \
             accoil:event-stream/plugin@1.0.0, accoil:event-stream/group-selection@1.0.0; plugin.toml says world = \
             \"mapping\""
        );
        assert!(problem(World::Mapping, &component(&[], &[])).contains("it exports nothing"));
        let asks = component(&["types", "group-choice"], &["plugin", "group-selection"]);
        assert!(problem(World::GroupSelector, &asks).contains("imports accoil:event-stream/group-choice@1.0.0"));
    }
}
