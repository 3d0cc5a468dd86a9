//! The bindings that plugins are written with are what wit-bindgen makes of the contract.
//!
//! With `ACCOIL_STREAM_BINDINGS=write` they are written instead of compared.

use std::path::{Path, PathBuf};

use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::WithOption;

const TYPES: &str = "accoil:event-stream/types@1.0.0";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Makes the bindings of a world.
fn generated(world: &str, generator: &mut dyn WorldGenerator) -> Vec<(String, String)> {
    let mut resolve = Resolve::default();
    let contract = include_str!("../../wit/event-stream.wit");
    let package = resolve.push_str("event-stream.wit", contract).unwrap();
    let world: WorldId = resolve.select_world(&[package], Some(world)).unwrap();
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files).unwrap();
    files.iter().map(|(name, bytes)| (name.to_owned(), String::from_utf8(bytes.to_vec()).unwrap())).collect()
}

#[track_caller]
fn expect(path: PathBuf, text: &str) {
    if std::env::var("ACCOIL_STREAM_BINDINGS").is_ok_and(|value| value == "write") {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(found == text, "{}: not what is generated; see the head of this test", path.display());
}

#[test]
fn those_for_rust() {
    for (world, module) in [("group-selector", "selector"), ("mapping-component", "mapping")] {
        let mut options = wit_bindgen_rust::Opts {
            format: true,
            pub_export_macro: true,
            default_bindings_module: Some(format!("accoil_plugin::contract::{module}")),
            additional_derive_attributes: vec!["PartialEq".to_owned()],
            ..Default::default()
        };
        if module == "mapping" {
            // A crate with both worlds has one set of types.
            let types = "crate::contract::selector::accoil::event_stream::types".to_owned();
            options.with.push((TYPES.to_owned(), WithOption::Path(types)));
        }
        let files = generated(world, &mut options.build());
        let [(_, text)] = files.as_slice() else { panic!("{files:?}") };
        // Macros of a crate share one namespace, and both worlds export a `plugin`.
        let text = match module {
            "mapping" => {
                text.replace("__export_accoil_event_stream_plugin_1_0_0_cabi", "__export_mapping_component_plugin_cabi")
            }
            _ => text.clone(),
        };
        expect(root().join("guest/sdk/src/contract").join(module).with_extension("rs"), &text);
    }
}

#[test]
fn those_for_c() {
    for world in ["group-selector", "mapping-component"] {
        let options = wit_bindgen_c::Opts { no_object_file: true, ..Default::default() };
        for (name, text) in generated(world, options.build().as_mut()) {
            // `build` gives the module its world; there is no object file to link for it.
            let kept = text.split("\n// Ensure that the *_component_type.o object is linked in").next().unwrap();
            expect(root().join("host/templates/c/bindings").join(name), kept);
        }
    }
}
