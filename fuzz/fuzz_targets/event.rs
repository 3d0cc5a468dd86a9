//! See `accoil_stream_fuzz::event`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| accoil_stream_fuzz::event(data));
