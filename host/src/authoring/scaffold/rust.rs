//! The templates in Rust.
//!
//! What the plugin is written with, the crate `accoil-plugin` (`guest/sdk`), goes into the folder as it is, under
//! `vendor/`: a plugin can be built by whoever has this binary, and goes on building as it did when the binary changes.

use super::{File, Template, World};

const SHARED: &[File] = &[
    ("vendor/sdk/Cargo.toml", include_str!("../../../../guest/sdk/Cargo.toml")),
    ("vendor/sdk/src/candidates.rs", include_str!("../../../../guest/sdk/src/candidates.rs")),
    ("vendor/sdk/src/choice.rs", include_str!("../../../../guest/sdk/src/choice.rs")),
    ("vendor/sdk/src/contract/mapping.rs", include_str!("../../../../guest/sdk/src/contract/mapping.rs")),
    ("vendor/sdk/src/contract/mod.rs", include_str!("../../../../guest/sdk/src/contract/mod.rs")),
    ("vendor/sdk/src/contract/selector.rs", include_str!("../../../../guest/sdk/src/contract/selector.rs")),
    ("vendor/sdk/src/export.rs", include_str!("../../../../guest/sdk/src/export.rs")),
    ("vendor/sdk/src/json.rs", include_str!("../../../../guest/sdk/src/json.rs")),
    ("vendor/sdk/src/lib.rs", include_str!("../../../../guest/sdk/src/lib.rs")),
    ("vendor/sdk/src/memory.rs", include_str!("../../../../guest/sdk/src/memory.rs")),
    ("vendor/sdk/src/object.rs", include_str!("../../../../guest/sdk/src/object.rs")),
    ("vendor/sdk/src/plugin.rs", include_str!("../../../../guest/sdk/src/plugin.rs")),
    ("vendor/sdk/src/testing.rs", include_str!("../../../../guest/sdk/src/testing.rs")),
    ("vendor/sdk/src/types.rs", include_str!("../../../../guest/sdk/src/types.rs")),
    ("vendor/json-text/Cargo.toml", include_str!("../../../../guest/json-text/Cargo.toml")),
    ("vendor/json-text/src/checked.rs", include_str!("../../../../guest/json-text/src/checked.rs")),
    ("vendor/json-text/src/lib.rs", include_str!("../../../../guest/json-text/src/lib.rs")),
    ("vendor/json-text/src/object.rs", include_str!("../../../../guest/json-text/src/object.rs")),
    ("vendor/json-text/src/scan.rs", include_str!("../../../../guest/json-text/src/scan.rs")),
    ("vendor/json-text/src/string.rs", include_str!("../../../../guest/json-text/src/string.rs")),
    ("vendor/json-text/src/trusted.rs", include_str!("../../../../guest/json-text/src/trusted.rs")),
];

/// The default mapping, for mappings that are a variation of it.
const DEFAULT_MAPPING: &[File] = &[
    ("vendor/default-mapping/Cargo.toml", include_str!("../../../../guest/default-mapping/Cargo.toml")),
    ("vendor/default-mapping/src/equality.rs", include_str!("../../../../guest/default-mapping/src/equality.rs")),
    ("vendor/default-mapping/src/groups.rs", include_str!("../../../../guest/default-mapping/src/groups.rs")),
    ("vendor/default-mapping/src/lib.rs", include_str!("../../../../guest/default-mapping/src/lib.rs")),
    ("vendor/default-mapping/src/lookup.rs", include_str!("../../../../guest/default-mapping/src/lookup.rs")),
    ("vendor/default-mapping/src/mapping.rs", include_str!("../../../../guest/default-mapping/src/mapping.rs")),
    ("vendor/default-mapping/src/primary.rs", include_str!("../../../../guest/default-mapping/src/primary.rs")),
    ("vendor/default-mapping/src/settings.rs", include_str!("../../../../guest/default-mapping/src/settings.rs")),
    ("vendor/default-mapping/src/traits.rs", include_str!("../../../../guest/default-mapping/src/traits.rs")),
    ("vendor/default-mapping/src/user.rs", include_str!("../../../../guest/default-mapping/src/user.rs")),
    ("vendor/default-mapping/src/variation.rs", include_str!("../../../../guest/default-mapping/src/variation.rs")),
    (
        "vendor/default-mapping/src/settings.schema.json",
        include_str!("../../../../guest/default-mapping/src/settings.schema.json"),
    ),
];

const SELECTOR: &[File] = &[
    ("Cargo.toml", include_str!("../../../templates/rust/group-selector/Cargo.toml")),
    ("vendor/Cargo.toml", include_str!("../../../templates/rust/group-selector/vendor.toml")),
    ("src/lib.rs", include_str!("../../../templates/rust/group-selector/lib.rs")),
    ("src/settings.schema.json", include_str!("../../../templates/common/group-selector/settings.schema.json")),
];

const MAPPING: &[File] = &[
    ("Cargo.toml", include_str!("../../../templates/rust/mapping/Cargo.toml")),
    ("vendor/Cargo.toml", include_str!("../../../templates/rust/mapping/vendor.toml")),
    ("src/lib.rs", include_str!("../../../templates/rust/mapping/lib.rs")),
    ("src/settings.schema.json", include_str!("../../../templates/common/mapping/settings.schema.json")),
];

const TOOLS: &str = "\
Building needs Rust 1.95 or later with the target `wasm32-unknown-unknown` (`rustup target add wasm32-unknown-unknown`; on
Debian `apt-get install cargo-web rustc-web rust-web-src lld`). `cargo test` runs the tests in `src/lib.rs` natively.
`vendor/` holds the crate `accoil-plugin` that the plugin is written with: read `vendor/sdk/src/lib.rs`.";

/// What mappings have beside that.
const VARIATION: &str = "
A mapping that does what the default one does but for a thing or two implements `default_mapping::Variation` instead of
`Mapping`, and is a few lines: read `vendor/default-mapping/src/variation.rs`. It has the default mapping's settings too.";

pub(super) fn template(world: World) -> Template {
    let (files, tools) = match world {
        World::GroupSelector => ([SHARED, SELECTOR].concat(), TOOLS.to_owned()),
        World::Mapping => ([SHARED, DEFAULT_MAPPING, MAPPING].concat(), TOOLS.to_owned() + VARIATION),
    };
    Template { files, source: "src/lib.rs", tools, ignored: "/target\n" }
}
