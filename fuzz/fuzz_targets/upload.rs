//! See `accoil_stream_fuzz::upload`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| accoil_stream_fuzz::upload(data));
