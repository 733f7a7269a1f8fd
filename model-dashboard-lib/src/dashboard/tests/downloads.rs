//! How often packages are fetched.

use super::packages::Packages;
use super::*;
use crate::repository::packages::Pieces;

async fn read_all(mut pieces: Box<dyn Pieces>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await.unwrap() {
        bytes.extend_from_slice(&piece);
    }
    bytes
}

#[tokio::test]
async fn a_package_that_is_fetched_whole_is_one_event_and_counts_once() {
    let packages = Packages::in_memory().await;
    let (dashboard, world) = (packages.dashboard(), &packages.world);
    let (publisher, viewer) = (
        world.caller(Role::Publisher).await,
        world.caller(Role::Viewer).await,
    );
    let key = key("MIST/Liver");
    let id = packages.uploaded(&publisher, "a.bin", b"first").await;
    let made = dashboard.publish_new(
        &publisher,
        id,
        key.clone(),
        definition("{}"),
        Giving::default(),
        "",
    );
    made.await.unwrap();
    let never = dashboard.downloads(&viewer, &key).await.unwrap();
    assert_eq!((never.days.len(), never.recent, never.total), (30, 0, 0));

    let events = async || {
        let events = world.events().await.into_iter();
        let fetched = events.filter(|it| it.event.action == Action::PackageDownload);
        fetched.map(|it| it.event).collect::<Vec<_>>()
    };
    let fetch = async |purpose: &str, range: std::ops::Range<u64>| {
        let package = dashboard.package(&viewer, &key).await.unwrap();
        let package = package.fetched_for(purpose).unwrap();
        let pieces = dashboard.read_package(&viewer, &package, range).await;
        read_all(pieces.unwrap()).await
    };
    assert_eq!(fetch("batch 7", 0..5).await, b"first");
    let fetched = events().await;
    assert_eq!(fetched.len(), 1, "{fetched:?}");
    assert_eq!(fetched[0].target, "model:MIST/Liver");
    assert_eq!(
        fetched[0].detail,
        format!("package:{id}; revision 1; for:batch 7")
    );

    // In two parts, it is two events and counts once more.
    fetch("", 0..2).await;
    fetch("", 2..5).await;
    assert_eq!(events().await.len(), 3);
    let next = packages.uploaded(&publisher, "b.bin", b"second").await;
    let given = dashboard.publish_upload(
        &publisher,
        next,
        &key,
        Giving::default(),
        Precondition::Exists,
        "",
    );
    given.await.unwrap();
    fetch("batch 7", 0..6).await;
    let host = world.host();
    let other: ModelKey = "MIST/Renamed".parse().unwrap();
    let renamed = dashboard.rename(&host, &key, &other, false, Precondition::Exists, "");
    renamed.await.unwrap();
    let downloads = dashboard.downloads(&viewer, &other).await.unwrap();
    assert_eq!((downloads.recent, downloads.total), (3, 3));
    assert_eq!(downloads.revisions, [(2, 1), (1, 2)]);
    assert_eq!(downloads.purposes, [("batch 7".to_owned(), 2)]);
    assert!(downloads.days.is_sorted());
    assert_eq!(
        downloads.days.iter().map(|(_, count)| count).sum::<u64>(),
        3
    );
}
