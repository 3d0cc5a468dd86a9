//! Builds the default mapping, so that it can be part of the binary.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    for source in ["Cargo.toml", "Cargo.lock", "json-text", "sdk", "default-mapping", "component"] {
        println!("cargo::rerun-if-changed=../guest/{source}");
    }
    println!("cargo::rerun-if-changed=../wit");
    println!("cargo::rerun-if-env-changed={}", guest_builder::RUSTC_VARIABLE);

    let built = guest_builder::build(&guest_builder::Request {
        manifest_dir: PathBuf::from("../guest"),
        package: "default-mapping-component".into(),
        target_dir: guest_builder::target_dir_beside(&out_dir),
        profile: "release".into(),
        // The mapping needs little stack, where Rust reserves a megabyte, and about a megabyte of
        // memory for a batch: what it has from the start, it need not ask for in every batch, and
        // what lies low is kept in place between batches (see `RESIDENT_BYTES` in the sandbox).
        link_args: ["-zstack-size=65536", "--initial-memory=1048576"].map(String::from).into(),
        rustflags: Vec::new(),
        locked: true,
        component: out_dir.join("default-mapping.wasm"),
    });
    match built {
        Ok(built) => {
            println!("cargo::rustc-env=ACCOIL_DEFAULT_COMPONENT={}", built.component.display());
            Ok(())
        }
        // Not `?`: it would print the error's `Debug` form, on one line.
        Err(error) => {
            eprintln!("error[{}]: {error}", error.code());
            if matches!(error, guest_builder::Error::NoToolchain { .. }) {
                eprintln!("`.ci/toolchain` does the first or the third, whichever works here.");
            }
            std::process::exit(1);
        }
    }
}
