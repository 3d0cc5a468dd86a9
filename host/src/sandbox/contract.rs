//! Bindings of the contract in `wit/`.

/// The world of mappings.
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::indexing_slicing,
    reason = "generated from wit/, where everything is documented"
)]
mod mapping {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "mapping-component",
        ownership: Borrowing { duplicate_if_necessary: true },
        imports: { default: trappable },
    });
}

/// The world of group selectors, with the types of the other one: candidates go from the mapping to
/// the selector as they are. (Made by itself, this world does not compile: wasmtime 48 borrows in
/// types that only the other one uses.)
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::indexing_slicing,
    reason = "generated from wit/, where everything is documented"
)]
mod selector {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "group-selector",
        ownership: Borrowing { duplicate_if_necessary: true },
        with: { "accoil:event-stream/types@1.0.0": super::shared },
    });
}

/// The names by which the bindings of selectors know types.
#[allow(unreachable_pub, reason = "generated code passes them on")]
pub mod shared {
    pub use super::mapping::accoil::event_stream::types::*;

    /// JSON text.
    pub type JsonParam<'a> = &'a str;
    /// A candidate, as the mapping gave it.
    pub type GroupParam<'a> = Group;
}

pub(super) use mapping::accoil::event_stream::group_choice;
pub(super) use mapping::accoil::event_stream::types::{self, Event, Group, Selection};
pub(super) use mapping::{MappingComponent, MappingComponentPre};
pub(super) use selector::{GroupSelector, GroupSelectorPre};

/// What a plugin says about itself.
pub use mapping::accoil::event_stream::types::Description;
