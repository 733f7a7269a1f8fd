//! A package on its way.

use std::fs::File;

use super::*;

fn staging(dir: &Path, bytes: &[u8]) -> Staging {
    Staging::open(dir, &ContentDigest::of(bytes), WhenBusy::Fail).unwrap()
}

fn open(staging: &Staging, size: u64) -> Arrival {
    Arrival::open(staging, size, &mut |_| {}).unwrap()
}

#[test]
fn a_package_goes_on_where_it_broke_off() {
    let dir = tempfile::tempdir().unwrap();
    let staging = staging(dir.path(), b"hello world");
    let mut arrival = open(&staging, 11);
    arrival.write(b"hello ").unwrap();
    drop(arrival);
    let mut arrival = open(&staging, 11);
    assert_eq!((arrival.received(), arrival.is_complete()), (6, false));
    arrival.write(b"world").unwrap();
    let mut text = String::new();
    arrival.finish().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello world");
    assert!(open(&staging, 11).is_complete());
}

#[test]
fn bytes_that_are_not_the_package_are_refused_and_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let staging = staging(dir.path(), b"hello world");
    let refused = |result: Result<_, UnpackError>| {
        let error = result.map(|_| ()).unwrap_err();
        assert!(matches!(error, UnpackError::NotThePackage(_)), "{error}");
    };
    let mut arrival = open(&staging, 11);
    arrival.write(b"HELLO world").unwrap();
    refused(arrival.finish());
    // The next one begins anew.
    let mut arrival = open(&staging, 11);
    assert_eq!(arrival.received(), 0);
    refused(
        arrival
            .write(b"hello world!")
            .map(|()| File::open(dir.path()).unwrap()),
    );
    let mut arrival = open(&staging, 11);
    assert_eq!(arrival.received(), 0);
    arrival.write(b"hello").unwrap();
    refused(arrival.finish());
    assert_eq!(open(&staging, 11).received(), 5);
    // Longer than it can be.
    fs::write(staging.package_file(), "hello world, and more").unwrap();
    assert_eq!(open(&staging, 11).received(), 0);
}
