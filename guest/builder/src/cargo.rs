//! Runs cargo on the guest.

use std::{
    env,
    ffi::OsStr,
    path::{self, Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Error, Request, TARGET, environment,
    toolchain::{Std, Toolchain},
};

/// Separates flags in `CARGO_ENCODED_RUSTFLAGS`.
const FLAG_SEPARATOR: &str = "\x1f";

/// Builds the guest's core module and says where it is.
pub(crate) fn compile(request: &Request, toolchain: &Toolchain) -> Result<PathBuf, Error> {
    let absolute = |path: &Path| path::absolute(path).map_err(|source| Error::Io { path: path.to_path_buf(), source });
    let target_dir = absolute(&request.target_dir)?;

    let cargo = running().unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.current_dir(&request.manifest_dir);
    command.args(["rustc", "--lib", "--target", TARGET]);
    command.args(["--package", &request.package, "--profile", &request.profile]);
    command.arg("--target-dir").arg(&target_dir);
    if request.locked {
        command.arg("--locked");
    }
    set_environment(&mut command, request, toolchain, &target_dir);
    if toolchain.std == Std::FromSources {
        command.arg("-Zbuild-std=std,panic_abort");
    }
    command.arg("--").args(request.link_args.iter().map(|argument| format!("-Clink-arg={argument}")));
    // A build script speaks to cargo by its standard output: nothing else may.
    command.stdin(Stdio::null()).stdout(Stdio::null());

    let status = command.status().map_err(|source| Error::CargoNotStarted { cargo: cargo.clone(), source })?;
    if !status.success() {
        return Err(Error::BuildFailed {
            package: request.package.clone(),
            manifest_dir: absolute(&request.manifest_dir)?,
            toolchain: toolchain.to_string(),
            status,
        });
    }

    let module = target_dir
        .join(TARGET)
        .join(profile_folder(&request.profile))
        .join(format!("{}.wasm", request.package.replace('-', "_")));
    if module.is_file() {
        return Ok(module);
    }
    Err(Error::NoModule { package: request.package.clone(), module })
}

fn set_environment(command: &mut Command, request: &Request, toolchain: &Toolchain, target_dir: &Path) {
    environment::clean(command);
    command.env("RUSTC", &toolchain.rustc);
    // Set even when empty: it then overrides flags in cargo's configuration.
    command.env("CARGO_ENCODED_RUSTFLAGS", request.rustflags.join(FLAG_SEPARATOR));
    // A configured `build.build-dir` may be one for all, locked by the outer cargo.
    command.env("CARGO_BUILD_BUILD_DIR", target_dir);
    if let Some(linker) = &toolchain.linker {
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    if toolchain.std == Std::FromSources {
        // Lets a stable cargo and a stable rustc take `-Zbuild-std`.
        command.env("RUSTC_BOOTSTRAP", "1");
    }
}

/// The cargo that runs this program, if one does: `CARGO`, unless some other
/// tool put itself there.
pub(crate) fn running() -> Option<PathBuf> {
    let cargo = PathBuf::from(env::var_os("CARGO")?);
    (cargo.file_stem() == Some(OsStr::new("cargo")) && cargo.is_file()).then_some(cargo)
}

/// The folder in which cargo puts what it builds with a profile.
fn profile_folder(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_profiles_share_two_folders() {
        assert_eq!(profile_folder("dev"), "debug");
        assert_eq!(profile_folder("release"), "release");
        assert_eq!(profile_folder("small"), "small");
    }

    #[test]
    fn the_guest_gets_the_flags_of_the_request_and_no_others() {
        let request = Request {
            manifest_dir: ".".into(),
            package: "guest".into(),
            target_dir: "target".into(),
            profile: "release".into(),
            rustflags: vec!["-Ctarget-feature=+simd128".into(), "--cfg=a b".into()],
            link_args: Vec::new(),
            locked: true,
            component: "guest.wasm".into(),
        };
        let toolchain = Toolchain {
            rustc: "rustc".into(),
            release: "1.96.0".into(),
            std: Std::FromSources,
            linker: Some("lld".into()),
        };
        let mut command = Command::new("cargo");
        set_environment(&mut command, &request, &toolchain, Path::new("/target"));
        let value = |name: &str| command.get_envs().find(|(n, _)| *n == name).and_then(|e| e.1);
        assert_eq!(value("CARGO_ENCODED_RUSTFLAGS"), Some(OsStr::new("-Ctarget-feature=+simd128\x1f--cfg=a b")));
        assert_eq!(value("RUSTC"), Some(OsStr::new("rustc")));
        assert_eq!(value("RUSTC_BOOTSTRAP"), Some(OsStr::new("1")));
        assert_eq!(value("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER"), Some(OsStr::new("lld")));
    }
}
