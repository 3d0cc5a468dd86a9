//! See `accoil_stream_fuzz::retry_after`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| accoil_stream_fuzz::retry_after(data));
