#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| model_dashboard::fuzzing::model_protobuf(data));
