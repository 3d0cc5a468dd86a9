//! The binary `accoil-stream`: see [`accoil_stream::cli`].

use std::process::ExitCode;

// Mapping makes a few small strings an event; this allocator halves their cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    accoil_stream::cli::run()
}
