//! Looks at the machine: which compilers and linkers there are, and what they
//! have. About 0.1 s.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    RUSTC_VARIABLE, TARGET, cargo, environment,
    toolchain::{Compiler, Facts},
};

/// The newest linker of LLVM that is asked for by its version, and the oldest
/// that is known to do.
const WASM_LD: (u32, u32) = (22, 14);

/// Everything a choice needs. `folder` is where rustc runs, for rustup's
/// proxies answer for a folder.
pub(crate) fn look(folder: &Path) -> Facts {
    let named = env::var_os(RUSTC_VARIABLE).filter(|value| !value.is_empty());
    let mut facts = Facts::default();
    let mut sysroots = Vec::new();
    for rustc in named.iter().map(PathBuf::from).chain(usual_compilers()) {
        // One that was named by hand is the only one to be chosen: to quietly
        // take another would hide that it does not do.
        let may_be_chosen = named.is_none() || named.as_deref() == Some(rustc.as_os_str());
        match ask(&rustc, folder) {
            Ok((_, sysroot)) if sysroots.contains(&sysroot) => {}
            Ok((compiler, sysroot)) => {
                sysroots.push(sysroot);
                let spare = facts.spare_linker.take();
                facts.spare_linker = spare.or_else(|| compiler.own_linker.clone());
                if may_be_chosen {
                    facts.compilers.push(compiler);
                }
            }
            Err(reason) if may_be_chosen => {
                facts.notes.push(format!("{}: {reason}", rustc.display()));
            }
            Err(_) => {}
        }
    }
    if facts.spare_linker.is_none() {
        facts.spare_linker = linker_names().iter().find_map(on_path);
    }
    if named.is_some() {
        let note = format!("no other compiler, because {RUSTC_VARIABLE} is set");
        facts.notes.push(note);
    }
    facts
}

/// The compilers of an ordinary machine. The one beside the running cargo,
/// which is what `cargo +toolchain` asked for, comes last: cargo builds the
/// standard library again when the linker changes its path.
fn usual_compilers() -> Vec<PathBuf> {
    let beside_cargo =
        cargo::running().map(|cargo| cargo.with_file_name(executable("rustc"))).filter(|rustc| rustc.is_file());
    let mut compilers = ["rustc", "/usr/bin/rustc"].map(PathBuf::from).to_vec();
    compilers.extend(beside_cargo);
    compilers
}

/// What a compiler says about itself, and its sysroot.
fn ask(rustc: &Path, folder: &Path) -> Result<(Compiler, PathBuf), String> {
    let version = run(rustc, &["-vV"], folder)?;
    let field = |name: &str| {
        let line = version.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::to_owned).ok_or_else(|| format!("`rustc -vV` does not say `{name}`"))
    };
    let (release, host) = (field("release: ")?, field("host: ")?);

    let print = ["--print", "sysroot", "--print", "target-libdir", "--target", TARGET];
    let folders = run(rustc, &print, folder)?;
    let mut folders = folders.lines().map(PathBuf::from);
    let (Some(sysroot), Some(target_libdir)) = (folders.next(), folders.next()) else {
        return Err("`rustc --print` says too little".to_owned());
    };

    // The compiler itself rather than rustup's proxy, which may change its mind.
    let itself = sysroot.join("bin").join(executable("rustc"));
    let rustlib = sysroot.join("lib/rustlib");
    let linker = rustlib.join(host).join("bin").join(executable("rust-lld"));
    let compiler = Compiler {
        rustc: if itself.is_file() { itself } else { rustc.to_path_buf() },
        release,
        has_target_std: holds_std(&target_libdir),
        has_std_sources: rustlib.join("src/rust/library/Cargo.lock").is_file(),
        own_linker: linker.is_file().then_some(linker),
    };
    Ok((compiler, sysroot))
}

fn run(rustc: &Path, arguments: &[&str], folder: &Path) -> Result<String, String> {
    let mut command = Command::new(rustc);
    environment::clean(&mut command);
    let output = command.args(arguments).current_dir(folder).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("it failed").to_owned())
}

fn holds_std(target_libdir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(target_libdir) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// Names of linkers on `PATH`, the best first. rustc infers from the name how
/// to call them.
fn linker_names() -> Vec<OsString> {
    let (newest, oldest) = WASM_LD;
    let versions = (oldest..=newest).rev().map(|n| format!("wasm-ld-{n}"));
    let plain = ["wasm-ld", "rust-lld"].map(String::from);
    versions.chain(plain).map(|name| executable(&name)).collect()
}

fn on_path(name: &OsString) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn executable(name: &str) -> OsString {
    format!("{name}{}", env::consts::EXE_SUFFIX).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_linkers_are_tried_first_and_plain_names_last() {
        let names = linker_names();
        assert_eq!(names.len(), 11);
        assert!(names[0].to_string_lossy().starts_with("wasm-ld-22"));
        assert!(names[8].to_string_lossy().starts_with("wasm-ld-14"));
        assert!(names[10].to_string_lossy().starts_with("rust-lld"));
    }

    #[test]
    fn the_compiler_of_this_test_answers() {
        let (compiler, sysroot) = ask(Path::new("rustc"), Path::new(".")).unwrap();
        assert!(compiler.release.starts_with(|c: char| c.is_ascii_digit()));
        assert!(sysroot.is_dir());
    }

    #[test]
    fn a_compiler_that_is_not_there_says_why() {
        assert!(ask(Path::new("/nowhere/rustc"), Path::new(".")).is_err());
    }
}
