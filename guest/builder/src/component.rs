//! From core module to component.

use std::{fs, io, path::Path};

use wit_component::ComponentEncoder;

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
