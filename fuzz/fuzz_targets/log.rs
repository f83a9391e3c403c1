//! `mqtt_fuzz::log` on what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mqtt_fuzz::log(bytes));
