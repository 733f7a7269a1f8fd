//! Files that different loaders take for different things.

use super::*;

/// What runs a command when it is loaded.
const EVIL: &[u8] = b"cos\nsystem\n(S'true'\ntR.";

fn scanned(name: &str, bytes: impl Into<Vec<u8>>) -> Scan {
    let source: Arc<dyn Source> = Arc::new(InMemory::from(bytes.into()));
    scan(name, &source)
}

fn assert_dangerous(name: &str, bytes: impl Into<Vec<u8>>) {
    let scan = scanned(name, bytes);
    assert_eq!(scan.verdict, Some(Verdict::Dangerous), "{name}: {scan:?}");
    let names: Vec<String> = scan.names.iter().map(ToString::to_string).collect();
    assert!(names.contains(&"os.system".to_owned()), "{name}: {names:?}");
}

#[test]
fn a_pickle_that_begins_as_a_picture_is_one() {
    // G is a floating-point number of the eight bytes behind it, 0 takes it away.
    let picture = [b"GIF8\0\0\0\0\x000", EVIL].concat();
    for name in ["weights.pkl", "weights.gif", "weights"] {
        assert_dangerous(name, picture.clone());
    }
    let (gif, png) = (
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    );
    assert_eq!(scanned("progress.gif", *gif).verdict, None);
    assert_eq!(scanned("progress.png", *png).verdict, None);
}

#[test]
fn what_comes_before_rubbish_is_called() {
    let evil = EVIL.strip_suffix(b".").unwrap();
    let broken = [evil, "cé\nx\n".as_bytes()].concat();
    for name in ["weights.bin", "weights.dat", "weights"] {
        assert_dangerous(name, broken.clone());
    }
    // As much as numbers by chance hold.
    assert_eq!(scanned("weights.bin", *b"c\xe9\n\nR\0\xff").verdict, None);
}

/// A pickle that asks for the bytes of a tensor.
fn asking_for(key: &str, bytes: usize) -> Vec<u8> {
    let storage = format!(
        "(S'storage'\nctorch\nByteStorage\nS'{key}'\nS'cpu'\nI{bytes}\ntQI0\n(I{bytes}\nt(I1\nt"
    );
    let rebuilt = format!("ctorch._utils\n_rebuild_tensor_v2\n({storage}I00\nccollections\n");
    format!("{rebuilt}OrderedDict\n(tRtR.").into_bytes()
}

#[test]
fn nothing_but_the_bytes_of_tensors_is_left_out_for_being_asked_for() {
    let archive_of = |key: &str, bytes: &[u8]| {
        let pickle = asking_for(key, bytes.len());
        let path = format!("data/{key}");
        archive(&[
            ("data.pkl", &*pickle),
            ("data/version", b"3\n"),
            (&path, bytes),
        ])
    };
    let tensor = scanned("weights.pth", archive_of("0", &[7; 40]));
    assert_eq!(tensor.verdict, Some(Verdict::Expected), "{tensor:?}");
    // Torch's reader does not tell small letters from capitals.
    assert_dangerous("weights.pth", archive_of("DATA.PKL", EVIL));
    let array = array("'|O'", EVIL);
    assert_dangerous("weights.npz", archive_of("arr_0.npy", &array));
    assert_dangerous("weights.npz", archive_of("0", &array));
    assert_dangerous("weights.npz", archive_of("0", EVIL));
    let inner = archive(&[("x.pkl", EVIL)]);
    assert_dangerous("weights.pth", archive_of("0", &inner));
}

/// An array with this type in its header.
fn array(descr: &str, data: &[u8]) -> Vec<u8> {
    header_of(
        &format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}"),
        data,
    )
}

fn header_of(literal: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{literal:117}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), data].concat()
}

#[test]
fn arrays_of_objects_are_pickles_however_their_type_is_written() {
    for descr in [
        "'|O'",
        "'object'",
        "'|\\x4f'",
        "'O8'",
        "'|' 'O'",
        "[('a', '|O')]",
    ] {
        assert_dangerous("a.npy", array(descr, EVIL));
        assert_dangerous("a", array(descr, EVIL));
    }
    // The last of two counts.
    let twice = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'desc' 'r': '|O'}";
    assert_dangerous("a.npy", header_of(twice, EVIL));
    for descr in ["'<f8'", "'>i4'", "'|b1'", "'<U12'", "'|S3'", "'<c16'"] {
        let scan = scanned("a.npy", array(descr, &[0; 16]));
        assert_eq!(scan.verdict, None, "{descr}: {scan:?}");
    }
    let cut_off = scanned("a.npy", *b"\x93NUMPY\x01\0\xff\0{'descr'");
    assert_eq!(cut_off.verdict, Some(Verdict::Unscannable));
}

/// A member of a tar archive, with what is written where the kind of archive stands.
fn member(name: &[u8], kind: u8, size: usize, magic: &[u8], data: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name);
    let numbers = format!("0000644\x000000000\x000000000\x00{size:011o}\x0000000000000\0");
    header[100..148].copy_from_slice(numbers.as_bytes());
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..257 + magic.len()].copy_from_slice(magic);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut all = header.to_vec();
    all.extend(data);
    all.resize(all.len().next_multiple_of(512), 0);
    all
}

#[test]
fn a_tar_is_one_by_the_sum_of_its_header() {
    let ustar = b"ustar\x0000";
    let storages = |magic| member(b"storages", b'0', EVIL.len(), magic, EVIL);
    let end = vec![0; 1024];
    let names: [&[u8]; 4] = [b"GIF8", b"storage", LEGACY, b"\x93NUMPY"];
    for name in names {
        for magic in [&ustar[..], b""] {
            let first = member(name, b'0', 0, magic, b"");
            assert_dangerous(
                "weights.pth",
                [first, storages(magic), end.clone()].concat(),
            );
        }
    }
    // All of it a pickle, too: bytes that are taken off the stack, and nothing.
    let storages = storages(b"");
    let length = u32::try_from(512 - 5 + storages.len() + 1024).unwrap();
    let name = [b"B", &length.to_le_bytes()[..]].concat();
    let first = member(&name, b'0', 0, b"", b"");
    assert_dangerous(
        "weights.pth",
        [first, storages, end, b".".to_vec()].concat(),
    );
}

/// What torch's older files begin with.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

#[test]
fn nothing_hides_in_the_folders_of_a_tar() {
    let ustar = b"ustar\x0000";
    let storages = member(b"storages", b'0', EVIL.len(), ustar, EVIL);
    let end = vec![0; 1024];
    for (name, kind) in [(&b"d/"[..], b'5'), (b"d/", 0), (b"d", b'5')] {
        let folder = |size| member(name, kind, size, ustar, b"");
        let hidden = [folder(storages.len()), storages.clone(), end.clone()].concat();
        let scan = scanned("weights.pth", hidden);
        assert!(scan.verdict >= Some(Verdict::Unscannable), "{scan:?}");
        let told = [folder(0), storages.clone(), end.clone()].concat();
        assert_dangerous("weights.pth", told);
    }
    let mut broken = storages.clone();
    broken[0] = b'S';
    let first = member(b"sys_info", b'0', 0, ustar, b"");
    let scan = scanned("weights.pth", [first, broken, end].concat());
    assert!(scan.verdict >= Some(Verdict::Unscannable), "{scan:?}");
}
