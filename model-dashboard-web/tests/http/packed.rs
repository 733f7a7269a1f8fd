//! Packages for tests, and uploads of them.

use std::sync::Arc;

use model_dashboard::dashboard::{Caller, Dashboard, NewUpload, RequestInfo};
use model_dashboard::model::Via;
use model_dashboard::package::pack::{FolderArchive, Listing, Without};
use model_dashboard::package::source::{Source, Stream};
use model_dashboard::repository::packages::{InPieces, PackageId};

use crate::app::App;

/// Says that it was trained on this computer.
pub const COMPUTER: &str = "gpu-17.hospital.example";

/// An empty dictionary, and a call of `os.system`.
pub const HARMLESS: &[u8] = b"\x80\x02}.";
pub const HARMFUL: &[u8] = b"cos\nsystem\n(S'id'\ntR.";

/// Files as a zip archive.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let listing = Listing::of(folder.path(), &Without::default(), &Default::default()).unwrap();
    let archive: Arc<dyn Source> = Arc::new(FolderArchive::read(listing, &mut |_| {}).unwrap());
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut Stream::new(archive), &mut bytes).unwrap();
    bytes
}

/// A package of nnU-Net called `Dataset501_HN` with these labels, and weights that hold this pickle.
pub fn nnunet(labels: &str, pickle: &[u8]) -> Vec<u8> {
    let dataset = format!(
        r#"{{"name":"HN","channel_names":{{"0":"CT"}},"labels":{labels},"numTraining":40,"file_ending":".nii.gz"}}"#
    );
    let plans = r#"{"dataset_name":"Dataset501_HN","plans_name":"nnUNetPlans","image_reader_writer":"SimpleITKIO",
        "configurations":{"3d_fullres":{"patch_size":[64,192,160],"spacing":[2.5,0.98,0.98],"batch_size":2,
        "normalization_schemes":["CTNormalization"],"architecture":{"network_class_name":
        "dynamic_network_architectures.architectures.unet.PlainConvUNet","arch_kwargs":{},"_kw_requires_import":[]}}}}"#;
    let debug = format!(r#"{{"hostname":"{COMPUTER}","output_folder":"/home/mkeller"}}"#);
    let weights = archive(&[("checkpoint/data.pkl", pickle)]);
    let root = "Dataset501_HN/nnUNetTrainer__nnUNetPlans__3d_fullres";
    let (dataset_at, plans_at) = (format!("{root}/dataset.json"), format!("{root}/plans.json"));
    let (weights_at, debug_at) = (
        format!("{root}/fold_0/checkpoint_final.pth"),
        format!("{root}/fold_0/debug.json"),
    );
    archive(&[
        (&dataset_at, dataset.as_bytes()),
        (&plans_at, plans.as_bytes()),
        (&weights_at, &weights),
        (&debug_at, debug.as_bytes()),
    ])
}

/// Somebody who is signed in at the dashboard.
pub async fn caller(app: &App, username: &str) -> Caller {
    let browser = app.signed_in(username).await;
    let secret = browser.cookie().split_once('=').unwrap().1;
    let info = RequestInfo::new(Via::Dashboard, "test", "test");
    app.dashboard
        .caller_from_session(secret, info)
        .await
        .unwrap()
}

/// An upload of this account that was looked at.
pub async fn uploaded(app: &App, username: &str, file_name: &str, bytes: Vec<u8>) -> PackageId {
    let caller = caller(app, username).await;
    sent(&app.dashboard, &caller, file_name, bytes).await
}

/// The same.
pub async fn sent(
    dashboard: &Dashboard,
    caller: &Caller,
    file_name: &str,
    bytes: Vec<u8>,
) -> PackageId {
    let new = NewUpload {
        size: bytes.len() as u64,
        file_name: file_name.to_owned(),
        client_note: String::new(),
    };
    let id = dashboard.begin_upload(caller, new).await.unwrap().id;
    let pieces = Box::new(InPieces::new([bytes]));
    dashboard
        .append_to_upload(caller, id, 0, pieces)
        .await
        .unwrap();
    dashboard.finish_upload(caller, id).await.unwrap();
    dashboard.inspected(caller, id).await.unwrap();
    id
}
