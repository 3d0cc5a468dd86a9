//! See `accoil_stream_fuzz::queue`.

#![no_main]

libfuzzer_sys::fuzz_target!(init: accoil_stream_fuzz::may_fail(), |data: &[u8]| accoil_stream_fuzz::queue(data));
