//! What the fuzzer kept as worth trying, tried again.

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_of_headers_is_read_as_the_standards_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/tus_headers");
    let mut tried = 0;
    for file in fs::read_dir(folder).expect("a corpus") {
        super::tus_headers(&fs::read(file.expect("a file").path()).expect("its bytes"));
        tried += 1;
    }
    assert!(tried > 20, "{tried} files");
}
