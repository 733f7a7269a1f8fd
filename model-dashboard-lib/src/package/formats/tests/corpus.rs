//! What the fuzzer kept as worth trying, tried again.

use super::*;
use crate::package::formats::fuzzing;

fn replay(target: &str, attempt: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut tried = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        attempt(&std::fs::read(file.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried > 20, "{target} has {tried} files");
}

#[test]
fn the_corpus_of_graphs_is_read_in_peace() {
    replay("model_protobuf", fuzzing::model_protobuf);
}

#[test]
fn the_corpus_of_headers_is_read_in_peace() {
    replay("model_header", fuzzing::model_header);
}
