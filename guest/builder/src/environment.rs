//! What of the outer cargo's environment must not reach the inner one.
//!
//! A `build.rs` inherits what cargo tells every build script, what rustup's
//! proxies tell cargo, and what the user told both. Left in, a link flag for
//! the host reaches the WebAssembly linker, clippy's wrapper takes the place
//! of rustc, and a profile meant for the host rebuilds the guest's standard
//! library. What says how to reach the registry, where cargo's home is, how
//! many jobs may run, or which linker the host's own programs (procedural
//! macros) need, stays.

use std::{env, process::Command};

/// Variables to clear.
const NAMES: &[&str] = &[
    // Compilers, their flags and their wrappers.
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_LINKER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    // rustup's proxies.
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_TOOLCHAIN_SOURCE",
    "LD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    // The build script's own situation.
    "CARGO_CRATE_NAME",
    "CARGO_INCREMENTAL",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_TMPDIR",
    "DEBUG",
    "HOST",
    "NUM_JOBS",
    "OPT_LEVEL",
    "OUT_DIR",
    "PROFILE",
    "TARGET",
];

/// Beginnings of names of variables to clear.
const PREFIXES: &[&str] = &[
    "CARGO_BIN_",
    "CARGO_BUILD_",
    "CARGO_CFG_",
    "CARGO_ENCODED_",
    "CARGO_FEATURE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_WASM32_",
    "CARGO_UNSTABLE_",
    "CLIPPY_",
    "DEP_",
];

/// Variables to keep although they begin so.
const KEPT: &[&str] = &["CARGO_BUILD_JOBS"];

/// Takes out of a command's environment what is not meant for it.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if is_cleared(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
}

fn is_cleared(name: &str) -> bool {
    let listed = NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    listed && !KEPT.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_outer_cargo_and_rustup_leave_is_cleared() {
        for name in [
            "RUSTC",
            "RUSTDOC",
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "CLIPPY_ARGS",
            "CLIPPY_CONF_DIR",
            "TARGET",
            "HOST",
            "OUT_DIR",
            "PROFILE",
            "CARGO_TARGET_DIR",
            "CARGO_CFG_TARGET_OS",
            "CARGO_FEATURE_DEFAULT",
            "CARGO_PKG_NAME",
            "LD_LIBRARY_PATH",
            "RUSTUP_TOOLCHAIN",
            "CARGO_BUILD_TARGET",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_DEBUG",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
        ] {
            assert!(is_cleared(name), "{name}");
        }
    }

    #[test]
    fn what_the_inner_cargo_needs_as_well_stays() {
        for name in [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "CARGO_HTTP_CAINFO",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_CRATES_IO_PROTOCOL",
            "CARGO_MAKEFLAGS",
            "CARGO_BUILD_JOBS",
            "CARGO_TERM_COLOR",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "RUSTUP_HOME",
            "RUSTUP_AUTO_INSTALL",
            "https_proxy",
        ] {
            assert!(!is_cleared(name), "{name}");
        }
    }
}
