//! A package of about 2 GiB: a genuine export of nnU-Net, and beside it what it predicted of 2,000 cases.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use model_dashboard::package::Package;
use model_dashboard::package::pack::{FolderArchive, Listing, Without};
use model_dashboard::package::source::{OnDisk, Stream};
use model_dashboard_benches::sample::Numbers;

const EXPORT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../model-dashboard-lib/tests/packages/genuine/nnunet_v2_two_folds.zip"
);
const PREDICTIONS: &str =
    "Dataset901_RandomLiver/nnUNetTrainer__nnUNetPlans__3d_fullres/fold_0/validation";

/// An archive with `cases` predictions of 1 MiB, made below `folder`.
pub(crate) fn of(cases: usize, folder: &Path) -> io::Result<Vec<u8>> {
    let export = Arc::new(OnDisk::new(fs::File::open(EXPORT)?)?);
    let export = Package::open("export.zip", export, &Default::default());
    let export = export.map_err(io::Error::other)?;
    for file in export.files() {
        let to = folder.join(file.path.as_str());
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        let bytes = export.read_whole(file, 1 << 20).map_err(io::Error::other)?;
        fs::write(to, bytes)?;
    }
    let mut numbers = Numbers::new(7);
    let mut bytes = vec![0; 1 << 20];
    for case in 0..cases {
        // Enough to make every one another.
        for _ in 0..1_000 {
            let at = numbers.below(bytes.len());
            bytes[at] = numbers.below(256) as u8;
        }
        let name = format!("case_{case:04}.nii.gz");
        fs::write(folder.join(PREDICTIONS).join(name), &bytes)?;
    }
    let listing = Listing::of(folder, &Without::default(), &Default::default());
    let listing = listing.map_err(io::Error::other)?;
    let archive = FolderArchive::read(listing, &mut |_| {}).map_err(io::Error::other)?;
    let mut whole = Vec::with_capacity(cases << 20);
    Stream::new(Arc::new(archive)).read_to_end(&mut whole)?;
    Ok(whole)
}
