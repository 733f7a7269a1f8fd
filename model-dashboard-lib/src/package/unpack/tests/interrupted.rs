//! What is left of an unpacking that did not end, and of those who interfere.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A source that ends with an error when so many bytes were read, and counts them.
#[derive(Debug)]
struct Failing {
    whole: Arc<dyn Source>,
    left: Mutex<u64>,
    read: AtomicU64,
}

impl Failing {
    fn after(whole: Arc<dyn Source>, left: u64) -> Arc<Self> {
        Arc::new(Self {
            whole,
            left: Mutex::new(left),
            read: AtomicU64::new(0),
        })
    }

    fn set(&self, left: u64) -> u64 {
        *self.left.lock().unwrap() = left;
        self.read.swap(0, Ordering::Relaxed)
    }
}

impl Source for Failing {
    fn size(&self) -> u64 {
        self.whole.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut left = self.left.lock().unwrap();
        if *left == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let length = buffer
            .len()
            .min(usize::try_from(*left).unwrap_or(usize::MAX));
        let count = self.whole.read_at(offset, &mut buffer[..length])?;
        *left -= count as u64;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn left(job: &Job) -> PathBuf {
    let name: String = job.origin.package.to_hex().chars().take(16).collect();
    job.path(&format!(".model-dashboard-{name}"))
}

#[test]
fn an_interrupted_unpacking_is_gone_on_with_wherever_it_ended() {
    let whole = genuine("nnunet_v2_two_folds.zip");
    let source = Failing::after(Arc::clone(&whole), u64::MAX);
    let job = Job::of("it.zip", Arc::clone(&source) as _);
    source.set(u64::MAX);
    let fresh = tempfile::tempdir().unwrap();
    job.unpack_into(fresh.path()).unwrap();
    let all = source.set(u64::MAX);
    for step in 1..12 {
        let dir = tempfile::tempdir().unwrap();
        source.set(all * step / 12);
        let error = job.unpack_into(dir.path()).unwrap_err();
        assert!(matches!(error, UnpackError::Package(_)), "{error}");
        assert!(
            !dir.path()
                .join(job.layout.folders().next().unwrap())
                .exists()
        );
        source.set(u64::MAX);
        let unpacked = job.unpack_into(dir.path()).unwrap();
        assert!(is_clean(&unpacked), "{step}");
        assert_eq!(files(dir.path()), files(fresh.path()));
        let again = source.set(u64::MAX);
        // Of what was read before, a file and a buffer may be read again.
        assert!(
            again < all && (step < 8 || again < all * 3 / 4),
            "{step}: {again} of {all}"
        );
    }
}

#[test]
fn what_was_left_is_kept_only_if_it_is_right() {
    let job = Job::genuine("mist_ct.zip");
    let folder = left(&job).join("0");
    fs::create_dir_all(folder.join("models/model_config.json")).unwrap();
    fs::create_dir_all(folder.join("config.json")).unwrap();
    set_mode(&left(&job), 0o700);
    let file = &job
        .package
        .files()
        .iter()
        .find(|it| it.path.as_str().ends_with(".pt"))
        .unwrap();
    let (place, path) = job.layout.place(&file.path).unwrap();
    assert_eq!(place, "Liver");
    // Of the right size, with other bytes; and things that nobody expects.
    let target = folder.join(path.as_str());
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::write(&target, vec![0; file.size as usize]).unwrap();
    fs::write(folder.join("added"), "").unwrap();
    fs::write(folder.join(RECEIPT), "{}").unwrap();
    let unpacked = job.unpack().unwrap();
    assert!(is_clean(&unpacked));
    assert_eq!(files(job.dir.path()).len(), job.package.files().len());
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[test]
#[cfg(unix)]
fn links_in_what_was_left_are_not_written_through() {
    use std::os::unix::fs::symlink;

    let job = Job::genuine("mist_ct.zip");
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("config.json"), "precious").unwrap();
    let folder = left(&job).join("0");
    fs::create_dir_all(&folder).unwrap();
    set_mode(&left(&job), 0o700);
    symlink(elsewhere.path(), folder.join("models")).unwrap();
    symlink(
        elsewhere.path().join("config.json"),
        folder.join("config.json"),
    )
    .unwrap();
    let unpacked = job.unpack().unwrap();
    assert!(is_clean(&unpacked));
    assert_eq!(
        fs::read_to_string(elsewhere.path().join("config.json")).unwrap(),
        "precious"
    );
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}

#[test]
#[cfg(unix)]
fn a_folder_that_others_may_write_to_is_not_used() {
    let job = Job::genuine("mist_ct.zip");
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), left(&job)).unwrap();
    let error = job.unpack().unwrap_err();
    assert!(matches!(error, UnpackError::Foreign(_)), "{error}");
    fs::remove_file(left(&job)).unwrap();
    fs::create_dir(left(&job)).unwrap();
    set_mode(&left(&job), 0o777);
    let error = job.unpack().unwrap_err();
    assert!(matches!(error, UnpackError::Foreign(_)), "{error}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn two_do_not_unpack_the_same_at_once() {
    let job = Job::genuine("mist_ct.zip");
    let open = |when| Staging::open(job.dir.path(), &job.origin.package, when);
    let staging = open(WhenBusy::Fail).unwrap();
    let error = job.unpack().unwrap_err();
    assert!(matches!(error, UnpackError::Busy(_)), "{error}");
    drop(staging);
    assert!(is_clean(&job.unpack().unwrap()));
}

#[test]
fn whoever_waits_finds_what_the_other_one_unpacked() {
    let job = Job::genuine("mist_ct.zip");
    let staging = |when| Staging::open(job.dir.path(), &job.origin.package, when).unwrap();
    let unpack = |staging| {
        let Job {
            package,
            report,
            layout,
            origin,
            ..
        } = &job;
        unpack(package, report, layout, origin, staging, &mut |_| {}).unwrap()
    };
    let first = staging(WhenBusy::Fail);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| unpack(staging(WhenBusy::Wait)));
        let unpacked = unpack(first);
        assert!(!unpacked[0].was_there && is_clean(&unpacked));
        assert!(second.join().unwrap()[0].was_there);
    });
    let folder = left(&job);
    assert!(!folder.exists() && folder.with_added_extension("lock").exists());
}

/// Each would find its number free, and be found by the other's.
#[test]
fn of_two_packages_with_one_number_one_is_unpacked() {
    let made = |name: &str, data: &[u8]| {
        let path = |file: &str| format!("Dataset001_{name}/T__P__2d/{file}");
        let (plans, dataset) = (path("plans.json"), path("dataset.json"));
        Job::made(&[(&plans, b"{}"), (&dataset, data)])
    };
    let jobs = [made("X", b"{}"), made("Y", b"{ }")];
    let dir = tempfile::tempdir().unwrap();
    let results = std::thread::scope(|scope| {
        jobs.each_ref()
            .map(|job| scope.spawn(|| job.unpack_into(dir.path())))
            .map(|thread| thread.join().unwrap())
    });
    let count = results.iter().filter(|it| it.is_ok()).count();
    assert_eq!(count, 1, "{results:?}");
    let refused = |it: &Result<_, _>| matches!(it, Err(UnpackError::SameNumber(_)));
    assert_eq!(results.iter().filter(|it| refused(it)).count(), 1);
}

#[test]
fn what_nobody_went_on_with_for_long_is_removed() {
    let job = Job::genuine("mist_ct.zip");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 24 * 60 * 60);
    let stage = |name: &str, is_old: bool| {
        let folder = job.path(name);
        fs::create_dir_all(folder.join("0")).unwrap();
        fs::write(folder.join("package"), "half of it").unwrap();
        set_mode(&folder, 0o700);
        if is_old {
            for path in ["0", "package", ""] {
                let path = folder.join(path);
                fs::File::open(path).unwrap().set_modified(old).unwrap();
            }
        }
        folder
    };
    let abandoned = stage(".model-dashboard-0123456789abcdef", true);
    let fresh = stage(".model-dashboard-1123456789abcdef", false);
    let others = stage(".model-dashboard-notes", true);
    let used = stage(".model-dashboard-2123456789abcdef", true);
    let lock = fs::File::create(used.with_added_extension("lock")).unwrap();
    lock.lock().unwrap();
    job.unpack().unwrap();
    let there = [&abandoned, &fresh, &others, &used].map(|it| it.exists());
    assert_eq!(there, [false, true, true, true]);
}

#[test]
fn a_broken_package_leaves_nothing_in_its_place() {
    let files: [(&str, &[u8]); 2] = [("a.onnx", b"some bytes"), ("b.txt", b"text")];
    let job = Job::made(&files);
    let mut bytes = archive(&files);
    let at = bytes.windows(4).position(|it| it == b"some").unwrap();
    bytes[at] ^= 1;
    let source = Arc::new(InMemory::from(bytes));
    let job = Job {
        package: Package::open("it.zip", source, &Default::default()).unwrap(),
        ..job
    };
    let error = job.unpack().unwrap_err();
    assert!(matches!(error, UnpackError::Package(_)), "{error}");
    assert!(!job.path("Liver").exists());
}
