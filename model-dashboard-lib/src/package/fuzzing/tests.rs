//! What the fuzzer kept as worth trying, tried again.

use std::fs;
use std::path::Path;

fn replay(target: &str, attempt: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut tried = 0;
    for file in fs::read_dir(folder).expect("a corpus") {
        attempt(&fs::read(file.expect("a file").path()).expect("its bytes"));
        tried += 1;
    }
    assert!(tried > 20, "{target} has {tried} files");
}

#[test]
fn the_corpus_of_pickles_is_read_in_peace() {
    replay("pickle", super::pickle);
}

#[test]
fn the_corpus_of_archives_is_read_in_peace() {
    replay("archive", super::archive);
}
