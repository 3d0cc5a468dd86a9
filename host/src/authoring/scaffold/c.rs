//! The templates in C.
//!
//! The bindings in `bindings/` are what wit-bindgen makes of the contract; a test makes them again and compares.

use super::{File, Template, World};

const JSON: File = ("src/json.h", include_str!("../../../templates/c/json.h"));

const SELECTOR: &[File] = &[
    JSON,
    ("src/plugin.c", include_str!("../../../templates/c/group-selector/plugin.c")),
    ("bindings/group_selector.c", include_str!("../../../templates/c/bindings/group_selector.c")),
    ("bindings/group_selector.h", include_str!("../../../templates/c/bindings/group_selector.h")),
];

const MAPPING: &[File] = &[
    JSON,
    ("src/plugin.c", include_str!("../../../templates/c/mapping/plugin.c")),
    ("bindings/mapping_component.c", include_str!("../../../templates/c/bindings/mapping_component.c")),
    ("bindings/mapping_component.h", include_str!("../../../templates/c/bindings/mapping_component.h")),
];

const TOOLS: &str = "\
Building needs clang 14 or later with its linker and wasi-libc (Debian: `apt-get install clang-14 lld-14 wasi-libc
libclang-rt-14-dev-wasm32`), or a WASI SDK that `WASI_SDK_PATH` names, or zig. All of `src/*.c` and `bindings/*.c` is
compiled. `src/json.h` reads and writes JSON; `bindings/` is what wit-bindgen makes of `wit/`.";

pub(super) fn template(world: World) -> Template {
    let files = match world {
        World::GroupSelector => SELECTOR,
        World::Mapping => MAPPING,
    };
    Template { files: files.to_vec(), source: "src/plugin.c", tools: TOOLS.to_owned(), ignored: "/target\n" }
}
