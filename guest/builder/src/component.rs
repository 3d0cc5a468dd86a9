//! From core module to component.

use std::{fs, io, path::Path};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::Error;

/// Wraps a core module, which carries its world in a custom section, as a
/// valid component. The names of its functions stay in it: they are what
/// makes the backtrace of a trap readable.
pub(crate) fn encode(module: &Path) -> Result<Vec<u8>, Error> {
    let core = fs::read(module).map_err(|source| io_error(module, source))?;
    ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| Error::NotAComponent { module: module.to_path_buf(), reason: format!("{error:#}") })
}

/// Wraps a core module that does not carry its world, as other languages build them, as a valid component.
///
/// # Errors
///
/// What is wrong with the contract's text or with the module: an import or an export that the world has not, or lacks.
pub fn with_world(module: &[u8], wit: &str, world: &str) -> Result<Vec<u8>, String> {
    let said = |error| format!("{error:#}");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("contract.wit", wit).map_err(said)?;
    let world = resolve.select_world(&[package], Some(world)).map_err(said)?;
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(said)?;
    let encoder = ComponentEncoder::default().validate(true).module(&module);
    encoder.and_then(|mut encoder| encoder.encode()).map_err(said)
}

/// Writes a file unless it holds these bytes already, so that what depends on
/// it is not built again.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    match fs::read(path) {
        Ok(found) if found == bytes => return Ok(()),
        _ => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
    }
    fs::write(path, bytes).map_err(|source| io_error(path, source))
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.to_path_buf(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> std::path::PathBuf {
        let folder = format!("guest-builder-{}-{name}", std::process::id());
        std::env::temp_dir().join(folder).join("file.wasm")
    }

    /// `(module)`.
    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn a_module_is_given_its_world() {
        let wit = "package a:b; world empty {} world wants { export run: func(); }";
        assert!(with_world(EMPTY, wit, "empty").unwrap().starts_with(b"\0asm\x0d"));
        assert!(with_world(EMPTY, wit, "wants").unwrap_err().contains("run"));
        assert!(with_world(EMPTY, wit, "other").is_err());
        assert!(with_world(EMPTY, "package", "empty").is_err());
    }

    #[test]
    fn what_is_no_module_is_refused_by_name() {
        let path = scratch("garbage");
        write_if_changed(&path, b"garbage").unwrap();
        let error = encode(&path).unwrap_err();
        assert_eq!(error.code(), "guest-not-a-component");
        assert!(error.to_string().contains("file.wasm"), "{error}");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn the_same_bytes_are_not_written_twice() {
        let path = scratch("same");
        write_if_changed(&path, b"one").unwrap();
        let read_only = |on| {
            let mut permissions = fs::metadata(&path).unwrap().permissions();
            permissions.set_readonly(on);
            fs::set_permissions(&path, permissions).unwrap();
        };
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        read_only(true);
        write_if_changed(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
        read_only(false);
        write_if_changed(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}
