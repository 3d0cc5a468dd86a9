//! Making a plugin's folder from templates that are part of the binary.

mod c;
mod common;
mod python;
mod rust;
mod typescript;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Language, NameError, Project, World, check_name};

/// A file of a template: where it goes, and what is in it. `{{name}}` stands for the plugin's name, and `{{snake}}` for
/// the same with underscores.
type File = (&'static str, &'static str);

/// What of a template depends on the language.
struct Template {
    files: Vec<File>,
    /// For the README: which file to edit first.
    source: &'static str,
    /// For the README: what is needed to build, and how to test natively if that is possible.
    tools: String,
    /// For `.gitignore`: what the language's tools leave behind.
    ignored: &'static str,
}

/// Makes the folder `NAME` in `parent`.
///
/// # Errors
///
/// When the name can't be a plugin's, there is such a folder with something in it, or the system refuses to write.
pub fn create(parent: &Path, name: &str, world: World, language: Language) -> Result<Project, ScaffoldError> {
    check_name(name)?;
    let folder = parent.join(name);
    make_empty(&folder)?;
    let template = match language {
        Language::Rust => rust::template(world),
        Language::TypeScript => typescript::template(world),
        Language::Python => python::template(world),
        Language::C => c::template(world),
    };
    let project = Project { folder, name: name.to_owned(), world, language };
    let shared = common::files(&project, &template);
    let own = template.files.iter().map(|(path, text)| (*path, (*text).to_owned()));
    for (path, text) in shared.into_iter().chain(own) {
        write(&project.folder.join(path), &filled(&text, name))?;
    }
    Ok(project)
}

fn filled(text: &str, name: &str) -> String {
    text.replace("{{name}}", name).replace("{{snake}}", &name.replace('-', "_"))
}

fn make_empty(folder: &Path) -> Result<(), ScaffoldError> {
    fs::create_dir_all(folder).map_err(|source| ScaffoldError::Write { path: folder.to_path_buf(), source })?;
    let mut entries =
        fs::read_dir(folder).map_err(|source| ScaffoldError::Write { path: folder.to_path_buf(), source })?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(ScaffoldError::Exists { folder: folder.to_path_buf() }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), ScaffoldError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| ScaffoldError::Write { path: path.to_path_buf(), source })
}

/// Why there is no new folder.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name can't be a plugin's.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is something where the folder should be.
    #[error("{} is there already and not empty; choose another name, or remove it", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// The system refused to write.
    #[error("{}: {source}", path.display())]
    Write {
        /// What should be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ScaffoldError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "plugin-name",
            Self::Exists { .. } => "plugin-exists",
            Self::Write { .. } => "plugin-write",
        }
    }
}
