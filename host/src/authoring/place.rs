//! Where a plugin's component and cases are.

use std::path::{Path, PathBuf};

use super::project::{Project, ProjectError};

/// The folder of cases, in a plugin's folder or beside a component.
const CASES: &str = "cases";

/// A plugin's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name: that of its folder's `plugin.toml`, or of the component's file.
    pub name: String,
    /// Its component; it may not be there yet.
    pub component: PathBuf,
    /// The folder with its cases.
    pub cases: PathBuf,
    /// The folder that its component can be built from, if it is known.
    pub folder: Option<PathBuf>,
}

impl Place {
    /// The files of what a person named: a plugin's folder, or a component.
    ///
    /// # Errors
    ///
    /// When the folder is no plugin's.
    pub fn of(named: &Path) -> Result<Self, ProjectError> {
        if !named.is_dir() {
            let name = named.file_stem().unwrap_or(named.as_os_str()).to_string_lossy().into_owned();
            let beside = named.parent().unwrap_or(Path::new(""));
            return Ok(Self { name, component: named.to_owned(), cases: beside.join(CASES), folder: None });
        }
        let project = Project::read(named)?;
        let (component, cases) = (project.component(), named.join(CASES));
        Ok(Self { name: project.name, component, cases, folder: Some(named.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_says_its_name_and_a_component_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(Place::of(path).unwrap_err().code(), "plugin-read");
        let manifest = "name = \"paying\"\nworld = \"mapping\"\nlanguage = \"rust\"\n";
        std::fs::write(path.join("plugin.toml"), manifest).unwrap();
        let place = Place::of(path).unwrap();
        assert_eq!((place.name.as_str(), place.component), ("paying", path.join("paying.wasm")));
        let place = Place::of(Path::new("made/x.wasm")).unwrap();
        assert_eq!((place.name.as_str(), place.cases.as_path()), ("x", Path::new("made/cases")));
    }
}
