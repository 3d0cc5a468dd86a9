//! Bindings of the contract in `wit/`.

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::indexing_slicing,
    reason = "generated from wit/, where everything is documented"
)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "mapping-component",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

pub(super) use bindings::accoil::event_stream::group_choice;
pub(super) use bindings::accoil::event_stream::types::{self, Event, Group, Selection};
pub(super) use bindings::{MappingComponent, MappingComponentPre};

/// What a plugin says about itself.
pub use bindings::accoil::event_stream::types::Description;
