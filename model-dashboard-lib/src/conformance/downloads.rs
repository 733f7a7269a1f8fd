//! What every [`DownloadCounts`] must do.
//!
//! ```ignore
//! // One test per case; each gets a fresh, empty store, and keeps what comes with it.
//! model_dashboard::download_counts_conformance!(async { (MyStore::fresh().await, ()) }.await);
//! ```

use std::time::Duration;

use futures::future::join_all;

use crate::downloads::{DOWNLOAD_DAYS, DownloadCount, DownloadCounts, MAX_DOWNLOAD_PURPOSES};
use crate::model::{ModelId, Timestamp};

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh, empty store and whatever has to live as long as it does (a temporary
/// folder, or `()`).
#[macro_export]
macro_rules! download_counts_conformance {
    ($fresh:expr) => {
        $crate::download_counts_conformance! { @cases $fresh;
            what_was_never_fetched_has_no_counts
            counts_are_by_model_revision_day_and_purpose
            counts_at_once_all_count
            days_long_past_are_one_count_of_each_revision
            too_many_purposes_of_a_day_count_as_none
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let (store, _keep) = $fresh;
            $crate::conformance::downloads::$case(&store).await;
        }
    )*};
}

/// The beginning of a day.
const BEGIN: i64 = 1_799_971_200;

/// Noon of a day.
fn noon(day: u32) -> Timestamp {
    day_begin(day).plus(Duration::from_secs(12 * 60 * 60))
}

fn day_begin(day: u32) -> Timestamp {
    let begin = Timestamp::from_unix_micros(BEGIN * 1_000_000);
    begin.plus(Duration::from_secs(24 * 60 * 60) * day)
}

fn count(day: Option<u32>, revision: u64, purpose: &str, count: u64) -> DownloadCount {
    DownloadCount {
        revision,
        day: day.map(day_begin),
        purpose: purpose.to_owned(),
        count,
    }
}

async fn fetch(store: &impl DownloadCounts, model: &ModelId, fetched: &[(u32, u64, &str)]) {
    for (day, revision, purpose) in fetched {
        let counted = store.count_download(model, *revision, purpose, noon(*day));
        counted.await.unwrap();
    }
}

/// Nor an error.
pub async fn what_was_never_fetched_has_no_counts(store: &impl DownloadCounts) {
    let counts = store.downloads(&ModelId::new(), noon(0)).await;
    assert_eq!(counts.unwrap(), []);
}

/// In that order; a day begins at midnight in UTC.
pub async fn counts_are_by_model_revision_day_and_purpose(store: &impl DownloadCounts) {
    let (model, other) = (ModelId::new(), ModelId::new());
    let odd = "O'Brien's \"Läsion\"";
    let fetched = [
        (1, 2, "b"),
        (1, 2, "a"),
        (1, 1, ""),
        (1, 2, "b"),
        (0, 2, odd),
    ];
    fetch(store, &model, &fetched).await;
    fetch(store, &other, &[(1, 2, "b")]).await;
    let last = day_begin(2).minus(Duration::from_micros(1));
    store.count_download(&model, 2, "a", last).await.unwrap();
    let expected = [
        count(Some(0), 2, odd, 1),
        count(Some(1), 1, "", 1),
        count(Some(1), 2, "a", 2),
        count(Some(1), 2, "b", 2),
    ];
    assert_eq!(store.downloads(&model, noon(1)).await.unwrap(), expected);
    let others = store.downloads(&other, noon(1)).await.unwrap();
    assert_eq!(others, [count(Some(1), 2, "b", 1)]);
}

/// None is lost.
pub async fn counts_at_once_all_count(store: &impl DownloadCounts) {
    let model = ModelId::new();
    let counting = (0..40).map(|_| store.count_download(&model, 1, "x", noon(0)));
    for counted in join_all(counting).await {
        counted.unwrap();
    }
    let counts = store.downloads(&model, noon(0)).await.unwrap();
    assert_eq!(counts, [count(Some(0), 1, "x", 40)]);
}

/// Whether or not it is fetched again.
pub async fn days_long_past_are_one_count_of_each_revision(store: &impl DownloadCounts) {
    let model = ModelId::new();
    fetch(
        store,
        &model,
        &[(0, 1, "a"), (0, 2, "b"), (1, 2, "c"), (1, 2, "")],
    )
    .await;
    let kept = DOWNLOAD_DAYS as u32;
    let still = store.downloads(&model, noon(kept - 1)).await.unwrap();
    assert_eq!(still.iter().filter(|it| it.day.is_some()).count(), 4);
    let first_is_past = [
        count(None, 1, "", 1),
        count(None, 2, "", 1),
        count(Some(1), 2, "", 1),
        count(Some(1), 2, "c", 1),
    ];
    let counts = store.downloads(&model, noon(kept)).await.unwrap();
    assert_eq!(counts, first_is_past);
    let all_are_past = [count(None, 1, "", 1), count(None, 2, "", 3)];
    let counts = store.downloads(&model, noon(kept + 1)).await.unwrap();
    assert_eq!(counts, all_are_past);
    fetch(store, &model, &[(kept, 3, "d")]).await;
    let counts = store.downloads(&model, noon(kept)).await.unwrap();
    assert_eq!(counts[..4], first_is_past);
    assert_eq!(counts[4..], [count(Some(kept), 3, "d", 1)]);
    fetch(store, &model, &[(3 * kept, 3, "e")]).await;
    let counts = store.downloads(&model, noon(3 * kept)).await.unwrap();
    assert_eq!(
        counts[2..],
        [count(None, 3, "", 1), count(Some(3 * kept), 3, "e", 1)]
    );
}

/// And those that are there go on.
pub async fn too_many_purposes_of_a_day_count_as_none(store: &impl DownloadCounts) {
    let model = ModelId::new();
    let purposes: Vec<String> = (0..MAX_DOWNLOAD_PURPOSES + 5)
        .map(|n| format!("purpose {n:03}"))
        .collect();
    for purpose in purposes.iter().chain(&purposes[..1]) {
        let counted = store.count_download(&model, 1, purpose, noon(0));
        counted.await.unwrap();
    }
    let counts = store.downloads(&model, noon(0)).await.unwrap();
    assert_eq!(counts.len(), MAX_DOWNLOAD_PURPOSES + 1);
    assert_eq!(
        counts[..2],
        [
            count(Some(0), 1, "", 5),
            count(Some(0), 1, "purpose 000", 2)
        ]
    );
    // The next day has room again.
    fetch(store, &model, &[(1, 1, "more")]).await;
    let counts = store.downloads(&model, noon(1)).await.unwrap();
    assert_eq!(counts.last(), Some(&count(Some(1), 1, "more", 1)));
}
