#![allow(clippy::unwrap_used, clippy::panic)]

mod arriving;
mod interrupted;
mod layouts;
mod run_lines;
mod verified;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::model::{ModelName, Timestamp};
use crate::package::PackagePath;
use crate::package::inspect::Inspectors;
use crate::package::pack::{FolderArchive, Listing, Without};
use crate::package::source::{InMemory, Source, Stream};

fn genuine(name: &str) -> Arc<dyn Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/genuine");
    Arc::new(InMemory::from(std::fs::read(folder.join(name)).unwrap()))
}

/// An archive of these files, also of receipts, which nobody packs.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let other = RECEIPT.replacen('.', "_", 1);
    for (path, data) in files {
        let path = folder.path().join(path.replace(RECEIPT, &other));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data).unwrap();
    }
    let listing = Listing::of(folder.path(), &Without::default(), &Default::default());
    let archive = FolderArchive::read(listing.unwrap(), &mut |_| {}).unwrap();
    let mut bytes = Vec::new();
    Stream::new(Arc::new(archive))
        .read_to_end(&mut bytes)
        .unwrap();
    for at in memchr::memmem::find_iter(&bytes.clone(), &other) {
        bytes[at..at + RECEIPT.len()].copy_from_slice(RECEIPT.as_bytes());
    }
    bytes
}

/// A package, and all that is needed to unpack it.
struct Job {
    package: Package,
    report: Report,
    layout: Layout,
    origin: Origin,
    dir: TempDir,
}

impl Job {
    fn of(file_name: &str, source: Arc<dyn Source>) -> Self {
        let mut bytes = vec![0; source.size() as usize];
        assert_eq!(source.read_at(0, &mut bytes).unwrap(), bytes.len());
        let package = Package::open(file_name, source, &Default::default()).unwrap();
        let report = Inspectors::default()
            .inspect(&package, &mut |_| {})
            .unwrap();
        Self {
            layout: Layout::of(&report, &ModelName::parse("Liver").unwrap()),
            package,
            report,
            origin: Origin {
                reference: "nnUNet_v2/Liver@3".to_owned(),
                from: "https://models.example.org".to_owned(),
                package: ContentDigest::of(&bytes),
                at: Timestamp::parse("2025-03-01T12:00:00Z").unwrap(),
            },
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn genuine(name: &str) -> Self {
        Self::of(name, genuine(name))
    }

    /// Of an archive of these files.
    fn made(files: &[(&str, &[u8])]) -> Self {
        Self::of("it.zip", Arc::new(InMemory::from(archive(files))))
    }

    fn unpack_into(&self, dir: &Path) -> Result<Vec<Unpacked>, UnpackError> {
        let (mut told, size) = (Vec::new(), self.package.size());
        let progress = &mut |done| told.push(done);
        let unpacked = unpack(
            &self.package,
            &self.report,
            &self.layout,
            &self.origin,
            Staging::open(dir, &self.origin.package, WhenBusy::Fail)?,
            progress,
        )?;
        assert!(told.is_sorted() && told.last() == Some(&size), "{told:?}");
        Ok(unpacked)
    }

    fn unpack(&self) -> Result<Vec<Unpacked>, UnpackError> {
        self.unpack_into(self.dir.path())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }
}

/// The paths of all files below a folder, but receipts and locks.
fn files(dir: &Path) -> BTreeSet<String> {
    use crate::package::folder::Root;
    let leave = &mut |it: &crate::package::folder::Name<'_>| {
        it.last == RECEIPT || it.last.ends_with(".lock")
    };
    let files = crate::package::folder::walk(&Root::of(dir), 10_000, leave).unwrap();
    files
        .into_iter()
        .map(|(path, _)| path.to_string())
        .collect()
}

fn is_clean(unpacked: &[Unpacked]) -> bool {
    let verify = |it: &Unpacked| verify(&it.folder, &mut |_| {}).unwrap();
    unpacked.iter().all(|it| verify(it).is_clean())
}

#[test]
fn what_is_unpacked_is_the_package() {
    let job = Job::genuine("nnunet_v2_two_folds.zip");
    let unpacked = job.unpack().unwrap();
    let [one] = &*unpacked else {
        panic!("{unpacked:?}")
    };
    assert!(is_clean(&unpacked) && !one.was_there);
    assert_eq!(one.receipt.origin, job.origin);
    assert_eq!(one.receipt.files.len(), job.package.files().len());
    for file in job.package.files() {
        let data = job.package.read_whole(file, 1 << 30).unwrap();
        assert_eq!(fs::read(job.path(file.path.as_str())).unwrap(), data);
    }
    // Nothing else is left.
    assert_eq!(files(job.dir.path()).len(), job.package.files().len());
    let network = "nnUNetTrainer__nnUNetPlans__3d_fullres";
    assert_eq!(one.folder.file_name().unwrap(), network);
    // Nothing but locks, which hold nothing.
    let around = fs::read_dir(job.dir.path()).unwrap().map(Result::unwrap);
    let locks = around.filter(|it| it.path().extension().is_some_and(|it| it == "lock"));
    let locks: Vec<u64> = locks.map(|it| it.metadata().unwrap().len()).collect();
    assert_eq!(locks, [0, 0]);
    assert_eq!(fs::read_dir(job.dir.path()).unwrap().count(), 3);
    assert_eq!(Receipt::read(&one.folder).unwrap(), one.receipt);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&one.folder), 0o755);
        assert_eq!(mode(&one.folder.join("fold_0")), 0o755);
        assert_eq!(mode(&one.folder.join("plans.json")), 0o644);
        assert_eq!(mode(&one.folder.join(RECEIPT)), 0o644);
    }
}

#[test]
fn the_receipt_stays_readable() {
    let job = Job::made(&[("model.onnx", b"not one"), ("README.md", b"# Read")]);
    let unpacked = job.unpack().unwrap();
    let mut receipt = fs::read_to_string(unpacked[0].folder.join(RECEIPT)).unwrap();
    receipt = receipt.replace(&job.origin.package.to_string(), "sha256:…");
    insta::assert_snapshot!(receipt, @r#"
    {
      "reference": "nnUNet_v2/Liver@3",
      "from": "https://models.example.org",
      "package": "sha256:…",
      "at": "2025-03-01T12:00:00Z",
      "folders": [
        "Liver"
      ],
      "files": [
        {
          "path": "README.md",
          "size": 6,
          "digest": "sha256:5daf240f2c517263bd84f5b3308b5bfa8db58582ebde146dc4875998cece6eb8"
        },
        {
          "path": "model.onnx",
          "size": 7,
          "digest": "sha256:94bacc77a15d515ee9e1c832c26718e50bdb49c9aa03f33673860743a1e7c4da"
        }
      ]
    }
    "#);
}

#[test]
fn a_package_that_is_there_is_left_as_it_is() {
    let job = Job::genuine("nnunet_v1_two_folds.zip");
    let first = job.unpack().unwrap();
    let again = job.unpack().unwrap();
    assert!(again.iter().all(|it| it.was_there));
    assert_eq!(again[0].receipt, first[0].receipt);
    // Unless it was changed.
    fs::write(first[0].folder.join("added"), "").unwrap();
    let error = job.unpack().unwrap_err();
    assert!(matches!(error, UnpackError::Exists(there) if there == [first[0].folder.clone()]));
}

#[test]
fn what_is_in_the_way_is_listed_and_left_alone() {
    let job = Job::made(&[
        ("3d_lowres/Task055_X/T__P/plans.pkl", b"1"),
        (
            "3d_lowres/Task055_X/T__P/fold_0/model_final_checkpoint.model",
            b"1",
        ),
        ("3d_fullres/Task055_X/T__P/plans.pkl", b"1"),
        (
            "3d_fullres/Task055_X/T__P/fold_0/model_final_checkpoint.model",
            b"1",
        ),
    ]);
    let ways = ["3d_fullres", "3d_lowres"].map(|it| job.path(&format!("nnUNet/{it}/Task055_X")));
    fs::create_dir_all(&ways[0]).unwrap();
    fs::create_dir_all(ways[1].parent().unwrap()).unwrap();
    fs::write(&ways[1], "a file").unwrap();
    let error = job.unpack().unwrap_err();
    assert!(
        matches!(&error, UnpackError::Exists(there) if *there == ways),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&ways[1]).unwrap(), "a file");
    fs::remove_file(&ways[1]).unwrap();
    fs::remove_dir(&ways[0]).unwrap();
    let unpacked = job.unpack().unwrap();
    assert!(is_clean(&unpacked) && unpacked.len() == 2);
    // One of the two is there, the other is not: an earlier unpacking ended between them.
    fs::remove_dir_all(&ways[0]).unwrap();
    let unpacked = job.unpack().unwrap();
    let there: Vec<_> = unpacked.iter().map(|it| it.was_there).collect();
    assert!(is_clean(&unpacked) && there == [false, true]);
}

#[test]
fn a_second_dataset_of_the_same_number_is_refused() {
    let job = Job::genuine("nnunet_v2_two_folds.zip");
    let name = job.layout.folders().next().unwrap().to_owned();
    // It asks for no more than the beginning of the name.
    for end in ["_Other", "1_Other", ""] {
        let other = job.path(&format!("{}{end}", &name[..10]));
        fs::create_dir(&other).unwrap();
        let error = job.unpack().unwrap_err();
        assert!(
            matches!(&error, UnpackError::SameNumber(there) if *there == [other.clone()]),
            "{error}"
        );
        assert!(!job.path(&name).exists());
        fs::remove_dir(other).unwrap();
    }
    // Another network of the dataset is none.
    let dataset = name.split('/').next().unwrap();
    fs::create_dir_all(job.path(dataset).join("T__P__2d")).unwrap();
    assert!(is_clean(&job.unpack().unwrap()));
}

#[test]
fn a_second_task_of_the_same_number_is_refused_in_any_configuration() {
    let job = Job::made(&[
        ("2d/Task055_X/T__P/plans.pkl", b"1"),
        (
            "2d/Task055_X/T__P/fold_0/model_final_checkpoint.model",
            b"1",
        ),
    ]);
    for configuration in ["2d", "3d_lowres", "3d_fullres", "3d_cascade_fullres"] {
        let other = job.path(&format!("nnUNet/{configuration}/Task055_Y"));
        fs::create_dir_all(&other).unwrap();
        let error = job.unpack().unwrap_err();
        assert!(
            matches!(&error, UnpackError::SameNumber(there) if *there == [other.clone()]),
            "{error}"
        );
        fs::remove_dir(&other).unwrap();
    }
    assert!(is_clean(&job.unpack().unwrap()));
}

#[test]
fn two_of_the_same_number_in_one_package_are_refused() {
    let job = Job::made(&[
        ("2d/Task055_X/T__P/plans.pkl", b"1"),
        ("3d_fullres/Task055_Y/T__P/plans.pkl", b"1"),
    ]);
    let error = job.unpack().unwrap_err();
    assert!(
        matches!(&error, UnpackError::Ambiguous(names) if *names == ["Task055_X", "Task055_Y"]),
        "{error}"
    );
    assert!(!job.path("nnUNet").exists());
}

#[test]
fn files_that_would_have_one_place_are_refused() {
    let network = "Dataset001_X/T__P__2d";
    let plans = format!("{network}/plans.json");
    let dataset = format!("{network}/dataset.json");
    let refused = [
        vec![format!("Dataset001_X/{RECEIPT}")],
        // What lies beside the folder goes into it.
        vec![RECEIPT.to_owned()],
        vec!["Dataset001_X/LICENSE".to_owned(), "LICENSE".to_owned()],
        vec!["Dataset001_X/License".to_owned(), "LICENSE".to_owned()],
    ];
    for more in &refused {
        let mut files: Vec<(&str, &[u8])> = vec![(&plans, b"{}"), (&dataset, b"{}")];
        files.extend(more.iter().map(|path| (&**path, &b""[..])));
        let job = Job::made(&files);
        let error = job.unpack().unwrap_err();
        assert!(matches!(error, UnpackError::Taken(_)), "{more:?}: {error}");
        assert!(!job.path("Dataset001_X").exists());
    }
}

#[test]
fn a_file_that_was_not_inspected_is_refused() {
    let mut job = Job::genuine("mist_ct.zip");
    let file = job.report.files.last_mut().unwrap();
    let path = file.path.clone();
    file.digest = Some(ContentDigest::of(b"another"));
    let error = job.unpack().unwrap_err();
    assert!(
        matches!(&error, UnpackError::Digest(it) if *it == path),
        "{error}"
    );
    assert!(!job.path("Liver").exists());
}

#[test]
fn what_is_there_is_known_without_the_package() {
    let job = Job::genuine("nnunet_v2_cascade.zip");
    let dir = job.dir.path();
    let there = || there(dir, &job.origin.package, &mut |_| {}).unwrap();
    assert_eq!(there(), None);
    let unpacked = job.unpack().unwrap();
    assert_eq!(unpacked.len(), 2);
    let found = there().unwrap();
    assert!(found.iter().all(|it| it.was_there));
    let folders = |all: &[Unpacked]| all.iter().map(|it| it.folder.clone()).collect::<Vec<_>>();
    assert_eq!(folders(&found), folders(&unpacked));
    assert_eq!(folders_with_receipts(dir).unwrap(), folders(&unpacked));
    // Of one of them alone, or where something was added, that is not said.
    let check = || check(&job.layout, &job.origin.package, dir);
    check().unwrap();
    fs::write(unpacked[1].folder.join("added"), "").unwrap();
    assert_eq!(there(), None);
    assert!(matches!(check(), Err(UnpackError::Exists(it)) if it == [unpacked[1].folder.clone()]));
    fs::remove_dir_all(&unpacked[1].folder).unwrap();
    assert_eq!(there(), None);
    check().unwrap();
    assert_eq!(folders_with_receipts(dir).unwrap(), folders(&unpacked)[..1]);
    assert!(
        folders_with_receipts(&dir.join("nowhere"))
            .unwrap()
            .is_empty()
    );
}
