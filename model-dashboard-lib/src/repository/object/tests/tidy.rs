//! Removing on condition.

use super::*;
use crate::repository::object::conditional::Removal;

#[tokio::test]
async fn only_what_was_read_is_removed() {
    let harness = InFolder::fresh().await;
    let store = &harness.repository.store;
    let at = StoreKey::definition(&"nnUNet/A".parse().unwrap());
    let write = async |text: &str| {
        let bytes: Arc<[u8]> = text.as_bytes().into();
        let written = store.put(&at, bytes, &Condition::Always, None).await;
        written.unwrap();
        store.get(&at).await.unwrap().unwrap().tag
    };
    let before = write("before").await;
    let after = write("after").await;
    assert!(store.removes_on_condition());
    let refused = store.remove_unchanged(&at, &before).await;
    assert_eq!(refused.unwrap(), Removal::Changed);
    assert!(store.get(&at).await.unwrap().is_some());
    let removed = store.remove_unchanged(&at, &after).await;
    assert_eq!(removed.unwrap(), Removal::Done);
    assert!(store.get(&at).await.unwrap().is_none());
    let again = store.remove_unchanged(&at, &after).await;
    assert_eq!(again.unwrap(), Removal::Changed);
}

/// What lies under `.registry` and is no part of it, in a folder that has its locks and temporary
/// files there.
#[tokio::test]
async fn an_inventory_of_a_folder_names_what_is_strange() {
    let harness = InFolder::fresh().await;
    harness.repository.probe().await.unwrap();
    let inventory = harness.repository.inventory().await.unwrap();
    assert!(inventory.others.is_empty() && inventory.left_over.is_empty());
    let own = harness.folder.path().join(".registry");
    std::fs::create_dir_all(own.join("keys/nnUNet/deeper")).unwrap();
    for name in ["keys/x", "keys/nnUNet/A", "odd"] {
        std::fs::write(own.join(name), "").unwrap();
    }
    let mut inventory = harness.repository.inventory().await.unwrap();
    inventory.others.sort();
    assert_eq!(inventory.others, ["keys/nnUNet/deeper/", "keys/x", "odd"]);
    let noted: Vec<String> = inventory.noted.iter().map(ToString::to_string).collect();
    assert_eq!(noted, ["nnUNet/A"]);
}
