//! Builds a Rust guest to a WebAssembly component: finds a compiler that can
//! do it, runs cargo in an environment of its own, and wraps the core module
//! that comes out.
//!
//! Made for a `build.rs`, so that plain `cargo build` and `cargo test` of the
//! host are all that is needed:
//!
//! ```no_run
//! use std::path::PathBuf;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
//!     println!("cargo::rerun-if-changed=../guest");
//!     println!("cargo::rerun-if-env-changed={}", guest_builder::RUSTC_VARIABLE);
//!
//!     let built = guest_builder::build(&guest_builder::Request {
//!         manifest_dir: PathBuf::from("../guest"),
//!         package: "my-mapping".into(),
//!         target_dir: guest_builder::target_dir_beside(&out_dir),
//!         profile: "release".into(),
//!         rustflags: vec!["-Ctarget-feature=+simd128".into()],
//!         link_args: vec!["-zstack-size=65536".into()],
//!         locked: true,
//!         component: out_dir.join("my-mapping.wasm"),
//!     });
//!     match built {
//!         Ok(built) => println!("cargo::rustc-env=MAPPING={}", built.component.display()),
//!         // Not `?`: `main` would print the error's `Debug` form, on one line.
//!         Err(error) => {
//!             eprintln!("error[{}]: {error}", error.code());
//!             std::process::exit(1);
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Which compiler
//!
//! In this order (`toolchain.rs`), from the rustc named by
//! [`RUSTC_VARIABLE`] alone if that is set, else from the one on `PATH`,
//! `/usr/bin/rustc`, and the one beside the running cargo:
//!
//! 1. one that has the standard library of [`TARGET`];
//! 2. one that has the sources of its own standard library, if there is a
//!    linker for WebAssembly; cargo then builds the standard library too;
//! 3. none: [`Error::NoToolchain`] says what can be installed.
//!
//! # What is rebuilt when
//!
//! The inner cargo decides, as always; it keeps the guest and, on the second
//! way, the standard library in [`Request::target_dir`]. Keep that folder the
//! same from build to build ([`target_dir_beside`]), and the profile and the
//! flags too: with others the standard library is built again, about a minute
//! of work; so it is by another version of cargo or with a linker elsewhere.
//! What the outer cargo was told (profile, `RUSTFLAGS`, clippy) does
//! not reach the guest (`environment.rs`).

mod cargo;
mod component;
mod environment;
mod error;
mod probe;
mod toolchain;

use std::path::{Path, PathBuf};

pub use component::with_world;
pub use error::Error;

/// The target guests are built for. It imports nothing by itself.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Environment variable that names the rustc to build guests with.
pub const RUSTC_VARIABLE: &str = "ACCOIL_GUEST_RUSTC";

/// A guest to build.
#[derive(Debug, Clone)]
pub struct Request {
    /// Folder of the guest's `Cargo.toml`, or of its workspace's. It must not
    /// belong to the workspace that is being built.
    pub manifest_dir: PathBuf,
    /// Name of the guest's package. Its library must be a `cdylib` and have
    /// the package's name.
    pub package: String,
    /// Where cargo keeps what it builds. Never the target folder of a cargo
    /// that is running: the two would wait for each other.
    pub target_dir: PathBuf,
    /// Cargo profile, such as `release`, as the guest's workspace defines it.
    pub profile: String,
    /// Flags for rustc. No others are used, whatever the environment or
    /// cargo's configuration say.
    pub rustflags: Vec<String>,
    /// Arguments for the linker of the guest itself. Unlike those in [`Request::rustflags`] they are no reason to build
    /// what the guest depends on again, the standard library above all.
    pub link_args: Vec<String>,
    /// Whether the lock file must be there and fit. Else cargo writes what is missing in it.
    pub locked: bool,
    /// Where to write the component. The file is left alone if it holds the
    /// same bytes already.
    pub component: PathBuf,
}

/// A guest that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// Where the component is: [`Request::component`].
    pub component: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// What it was built with, for people to read.
    pub toolchain: String,
}

/// Builds a guest to a component. What the inner cargo has to say goes to
/// standard error, which cargo shows when a `build.rs` fails.
///
/// # Errors
///
/// When there is no compiler for it, the guest does not build, or what it
/// builds to is no component.
pub fn build(request: &Request) -> Result<Built, Error> {
    let facts = probe::look(&request.manifest_dir);
    let toolchain = toolchain::choose(&facts).ok_or_else(|| Error::NoToolchain { looked_at: facts.to_string() })?;
    let core_module = cargo::compile(request, &toolchain)?;
    let bytes = component::encode(&core_module)?;
    component::write_if_changed(&request.component, &bytes)?;
    Ok(Built { component: request.component.clone(), bytes, toolchain: toolchain.to_string() })
}

/// A good [`Request::target_dir`] for a `build.rs`: `guests` in the target
/// folder of the cargo that runs it, found from its `OUT_DIR`. It stays the
/// same when that cargo's profile, target, flags or command change, and moves
/// along with `CARGO_TARGET_DIR`.
#[must_use]
pub fn target_dir_beside(out_dir: &Path) -> PathBuf {
    let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    let target_dir = out_dir.ancestors().find(marked).unwrap_or(out_dir);
    // With `--target` there is a marked folder for each target in the marked one.
    let outer = target_dir.parent().filter(marked).unwrap_or(target_dir);
    outer.join("guests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_folder_is_the_one_that_cargo_marked() {
        let root = std::env::temp_dir().join(format!("guest-builder-{}", std::process::id()));
        let out_dir = root.join("x86_64/debug/build/host-0123/out");
        std::fs::create_dir_all(&out_dir).unwrap();
        assert_eq!(target_dir_beside(&out_dir), out_dir.join("guests"));

        std::fs::write(root.join("CACHEDIR.TAG"), "").unwrap();
        assert_eq!(target_dir_beside(&out_dir), root.join("guests"));

        std::fs::write(root.join("x86_64/CACHEDIR.TAG"), "").unwrap();
        assert_eq!(target_dir_beside(&out_dir), root.join("guests"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
