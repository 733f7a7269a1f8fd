#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| model_dashboard_web::fuzzing::tus_headers(data));
