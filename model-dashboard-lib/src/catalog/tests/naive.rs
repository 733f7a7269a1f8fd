//! The picture against a plain list that is filtered and sorted anew for every question.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Catalog, Query, catalog_of, key, stored, stored_bytes};
use crate::catalog::edit::Edit;
use crate::catalog::order::Natural;
use crate::catalog::{Cursor, Page, Picture, Sort, SortBy, StateFilter};
use crate::model::{ModelKey, ModelSummary, NetworkType, StoredDate, fold_for_search};
use crate::repository::StoredModel;

const TYPES: [&str; 3] = ["MIST", "nnUNet", "nnUNet_v2"];
const TAGS: [&str; 3] = ["ct", "mr", "Ünsafe \"tag\""];
const OWNERS: [&str; 2] = ["Radiology", "physics"];

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<StoredModel>),
    Remove(ModelKey),
}

fn any_key() -> impl Strategy<Value = String> {
    (0..TYPES.len(), 0..24).prop_map(|(t, n)| format!("{}/m{n}", TYPES[t]))
}

fn any_definition() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec![
        "",
        "Liver",
        "liver",
        "ÄRA 2",
        "a\"b\\c\n",
        "kidney left",
    ]);
    let date = prop::sample::select(vec!["", "1/2/24", "2024-01-02", "12/1/99", "soon"]);
    let version = prop::sample::select(vec!["", "2.9", "2.10", "1", "v1"]);
    let tags = prop::sample::subsequence(TAGS.to_vec(), 0..=TAGS.len());
    let owner = prop::option::of(prop::sample::select(OWNERS.to_vec()));
    let labels = prop::collection::vec(prop::sample::select(vec!["Spleen", "LUNG", "aorta"]), 0..4);
    (any::<bool>(), text.clone(), text, date.clone(), date, version, tags, owner, labels, 0..20)
        .prop_map(|(enabled, alias, description, created, modified, version, tags, owner, labels, special)| {
            let labels: BTreeMap<String, &str> =
                labels.into_iter().enumerate().map(|(n, name)| (n.to_string(), name)).collect();
            let mut definition = json!({
                "enabled": enabled, "alias": alias, "description": description,
                "create_date": created, "last_modified_date": modified, "version": version,
                "contour_names": labels,
                "registry": { "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "revision": 1, "tags": tags, "owner": owner },
            });
            match special {
                0 => definition = json!([]),
                1 => definition["registry"]["deleted"] = json!({}),
                2 => definition["registry"] = Value::Null,
                _ => {}
            }
            definition
        })
}

fn any_stored() -> impl Strategy<Value = StoredModel> {
    (any_key(), any_definition()).prop_map(|(at, definition)| stored(&at, &definition))
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any_stored().prop_map(|stored| Step::Put(vec![stored])),
        2 => prop::collection::vec(any_stored(), 0..40).prop_map(Step::Put),
        1 => any_key().prop_map(|at| Step::Remove(key(&at))),
    ]
}

fn any_query() -> impl Strategy<Value = Query> {
    let search = prop::sample::select(vec![
        "",
        "liver",
        "LIV",
        "m1",
        "spleen lung",
        "ära",
        "radio",
        "a",
        "nnunet",
        "ct mr",
        "\"b",
        "zzz",
    ]);
    let types = prop::sample::subsequence(vec!["MIST", "nnUNet", "other"], 0..=2);
    let state = prop::sample::select(vec![
        StateFilter::All,
        StateFilter::Valid,
        StateFilter::Enabled,
        StateFilter::Disabled,
        StateFilter::Broken,
    ]);
    let tag = prop::option::weighted(
        0.3,
        prop::sample::select(vec!["ct", "Ünsafe \"tag\"", "none"]),
    );
    let owner = prop::option::weighted(0.3, prop::sample::select(vec!["physics", "nobody"]));
    let sort = (prop::sample::select(SortBy::ALL.to_vec()), any::<bool>());
    (
        search,
        types,
        state,
        tag,
        owner,
        sort,
        0..8_usize,
        0..12_usize,
    )
        .prop_map(
            |(search, types, state, tag, owner, (by, descending), offset, limit)| Query {
                search: search.to_owned(),
                network_types: types
                    .iter()
                    .map(|t| NetworkType::parse(t).unwrap())
                    .collect(),
                state,
                tag: tag.map(str::to_owned),
                owner: owner.map(str::to_owned),
                sort: Sort { by, descending },
                offset,
                after: None,
                limit,
                counts_words: true,
            },
        )
}

/// What the plain list holds: a summary, or `None` for what is broken.
type Naive = BTreeMap<ModelKey, (StoredModel, Option<ModelSummary>)>;

fn apply(naive: &mut Naive, step: &Step) {
    match step {
        Step::Put(all) => {
            for stored in all {
                let summary = ModelSummary::read(stored.key.clone(), &stored.bytes).ok();
                naive.insert(stored.key.clone(), (stored.clone(), summary));
            }
        }
        Step::Remove(key) => drop(naive.remove(key)),
    }
}

fn state_number(summary: Option<&ModelSummary>) -> u32 {
    match summary {
        Some(summary) if summary.enabled => 0,
        Some(_) => 1,
        None => 2,
    }
}

fn fits_state(summary: Option<&ModelSummary>, filter: StateFilter) -> bool {
    match filter {
        StateFilter::All => true,
        StateFilter::Valid => summary.is_some(),
        StateFilter::Enabled => state_number(summary) == 0,
        StateFilter::Disabled => state_number(summary) == 1,
        StateFilter::Broken => state_number(summary) == 2,
    }
}

fn fits_type(key: &ModelKey, query: &Query) -> bool {
    query.network_types.is_empty() || query.network_types.contains(&key.network_type)
}

fn fits_rest(key: &ModelKey, summary: Option<&ModelSummary>, query: &Query) -> bool {
    let text = summary.map_or_else(
        || fold_for_search(&format!("{}\n{}", key.name, key.network_type)).into_owned(),
        |summary| summary.search_text().to_owned(),
    );
    let folded = fold_for_search(&query.search);
    let tag = query.tag.as_deref();
    let owner = query.owner.as_deref();
    folded.split_whitespace().all(|word| text.contains(word))
        && tag.is_none_or(|tag| summary.is_some_and(|s| s.tags.iter().any(|t| **t == *tag)))
        && owner.is_none_or(|owner| summary.is_some_and(|s| s.owner.as_deref() == Some(owner)))
}

type SortKey = (u32, String, Option<Natural<'static>>, Option<StoredDate>);

fn sort_key(by: SortBy, key: &ModelKey, summary: Option<&ModelSummary>) -> SortKey {
    let fold = |text: &str| fold_for_search(text).into_owned();
    let empty = (0, String::new(), None, None);
    match by {
        SortBy::Name => empty,
        SortBy::Alias => (
            0,
            fold(summary.map_or(key.name.as_str(), |s| &s.alias)),
            None,
            None,
        ),
        SortBy::Modified => {
            let date = summary.map(|s| s.last_modified_date.clone());
            (0, String::new(), None, Some(date.unwrap_or_default()))
        }
        SortBy::Created => {
            let date = summary.map(|s| s.create_date.clone());
            (0, String::new(), None, Some(date.unwrap_or_default()))
        }
        SortBy::Version => {
            let version = summary.map_or(String::new(), |s| s.shown_version.to_string());
            (0, String::new(), Some(Natural(version.into())), None)
        }
        SortBy::Labels => (
            summary.map_or(0, |s| s.label_count),
            String::new(),
            None,
            None,
        ),
        SortBy::Owner => (
            0,
            fold(summary.and_then(|s| s.owner.as_deref()).unwrap_or("")),
            None,
            None,
        ),
        SortBy::State => (state_number(summary), String::new(), None, None),
    }
}

fn check(picture: &Picture, naive: &Naive, query: &Query) -> Result<(), TestCaseError> {
    let visible: Vec<(&ModelKey, Option<&ModelSummary>)> = naive
        .iter()
        .map(|(key, (_, summary))| (key, summary.as_ref()))
        .filter(|(_, summary)| !summary.is_some_and(|summary| summary.deleted))
        .collect();
    let fits = |(key, summary): &&(&ModelKey, Option<&ModelSummary>)| {
        fits_rest(key, *summary, query)
            && fits_type(key, query)
            && fits_state(*summary, query.state)
    };
    let mut expected: Vec<_> = visible.iter().filter(fits).collect();
    expected.sort_by(|(a, summary_a), (b, summary_b)| {
        let by = query.sort.by;
        let ordering = sort_key(by, a, *summary_a).cmp(&sort_key(by, b, *summary_b));
        let ordering = ordering.then_with(|| a.cmp(b));
        if query.sort.descending {
            ordering.reverse()
        } else {
            ordering
        }
    });
    let expected: Vec<&ModelKey> = expected.iter().map(|(key, _)| *key).collect();

    let page = picture.query(query);
    prop_assert_eq!(page.total, expected.len());
    let rows: Vec<&ModelKey> = page.rows.iter().map(|row| row.key()).collect();
    let from = query.offset.min(expected.len());
    let to = (from + query.limit).min(expected.len());
    prop_assert_eq!(&rows[..], &expected[from..to]);

    // Page by page through cursors, by way of their text: everything once.
    let mut through = Vec::new();
    let mut step = Query {
        offset: 0,
        limit: 5,
        ..query.clone()
    };
    loop {
        let page = picture.query(&step);
        through.extend(page.rows.iter().map(|row| row.key().clone()));
        let Some(next) = page.next else { break };
        let again: Cursor = next.to_string().parse().unwrap();
        prop_assert_eq!(&again, &next);
        step.after = Some(again);
        step.sort = Sort::default();
    }
    prop_assert_eq!(through.iter().collect::<Vec<_>>(), expected);

    let states = |wanted: u32| {
        let fits = |(key, summary): &&(&ModelKey, Option<&ModelSummary>)| {
            fits_rest(key, *summary, query)
                && fits_type(key, query)
                && state_number(*summary) == wanted
        };
        visible.iter().filter(fits).count()
    };
    // Choosing any word that is offered gives as many models as it says, and no other gives any.
    let total = |tag: Option<String>, owner: Option<String>| {
        let chosen = Query {
            tag,
            owner,
            counts_words: false,
            ..query.clone()
        };
        picture.query(&chosen).total
    };
    for (tag, _) in picture.tags() {
        let offered = page.tags.iter().find(|(word, _)| word == tag);
        let count = offered.map_or(0, |(_, count)| *count);
        prop_assert_eq!(count, total(Some(tag.to_owned()), query.owner.clone()));
    }
    for (owner, _) in picture.owners() {
        let offered = page.owners.iter().find(|(word, _)| word == owner);
        let count = offered.map_or(0, |(_, count)| *count);
        prop_assert_eq!(count, total(query.tag.clone(), Some(owner.to_owned())));
    }
    // A search that need not count words reads less, and finds the same.
    let uncounted = picture.query(&Query {
        counts_words: false,
        ..query.clone()
    });
    let keys = |page: &Page| {
        page.rows
            .iter()
            .map(|row| row.key.clone())
            .collect::<Vec<_>>()
    };
    prop_assert_eq!(keys(&uncounted), keys(&page));
    prop_assert_eq!(&uncounted.counts, &page.counts);
    prop_assert_eq!(page.counts.enabled, states(0));
    prop_assert_eq!(page.counts.disabled, states(1));
    prop_assert_eq!(page.counts.broken, states(2));
    prop_assert_eq!(page.counts.all, states(0) + states(1) + states(2));
    let mut by_type: BTreeMap<NetworkType, usize> = BTreeMap::new();
    for (key, summary) in &visible {
        if fits_rest(key, *summary, query) && fits_state(*summary, query.state) {
            *by_type.entry(key.network_type.clone()).or_default() += 1;
        }
    }
    prop_assert_eq!(
        &page.counts.by_type,
        &by_type.into_iter().collect::<Vec<_>>()
    );
    Ok(())
}

fn check_whole(catalog: &Catalog, naive: &Naive) -> Result<(), TestCaseError> {
    let picture = catalog.current();
    let at_once = catalog_of(
        &naive
            .values()
            .map(|(stored, _)| stored.clone())
            .collect::<Vec<_>>(),
    );
    prop_assert_eq!(picture.version(), at_once.current().version());
    prop_assert_eq!(picture.keys.len(), naive.len());
    for (network_type, n) in TYPES.iter().flat_map(|t| (0..24).map(move |n| (t, n))) {
        let key = key(&format!("{network_type}/m{n}"));
        let known = picture.known(&key).map(|entry| entry.key());
        prop_assert_eq!(known, naive.get_key_value(&key).map(|(key, _)| key));
    }
    let live = naive
        .values()
        .filter_map(|(_, summary)| summary.as_ref())
        .filter(|s| !s.deleted);
    let json: Vec<String> = live.clone().map(ModelSummary::list_entry_json).collect();
    let given: Vec<&[u8]> = picture.entries_json().collect();
    prop_assert_eq!(given, json.iter().map(String::as_bytes).collect::<Vec<_>>());
    for summary in live.clone() {
        let entry = picture.get(&summary.key).unwrap();
        prop_assert_eq!(&*entry.alias(), &*summary.alias);
        prop_assert_eq!(&*entry.description(), &*summary.description);
        prop_assert_eq!(&*entry.shown_version(), &*summary.shown_version);
        prop_assert_eq!(&*entry.create_date(), summary.create_date.as_str());
        prop_assert_eq!(entry.created(), summary.create_date.instant());
        prop_assert_eq!(
            &*entry.last_modified_date(),
            summary.last_modified_date.as_str()
        );
        prop_assert_eq!(entry.modified(), summary.last_modified_date.instant());
        prop_assert_eq!(entry.label_count(), summary.label_count);
        prop_assert_eq!(entry.owner(), summary.owner.as_deref());
        prop_assert_eq!(
            entry.tags().collect::<Vec<_>>(),
            summary.tags.iter().map(|t| &**t).collect::<Vec<_>>()
        );
        prop_assert_eq!(entry.version(), Some(summary.version));
    }
    let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for summary in live {
        summary
            .tags
            .iter()
            .for_each(|tag| *tags.entry(tag).or_default() += 1);
        summary
            .owner
            .iter()
            .for_each(|owner| *owners.entry(owner).or_default() += 1);
    }
    prop_assert_eq!(
        picture.tags().collect::<Vec<_>>(),
        tags.into_iter().collect::<Vec<_>>()
    );
    prop_assert_eq!(
        picture.owners().collect::<Vec<_>>(),
        owners.into_iter().collect::<Vec<_>>()
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_history_of_writes_looks_like_a_plain_list(
        steps in prop::collection::vec(any_step(), 1..20),
        queries in prop::collection::vec(any_query(), 1..8),
    ) {
        let catalog = catalog_of(&[]);
        let mut naive = Naive::new();
        for step in &steps {
            match step {
                Step::Put(all) => catalog.apply_all(all),
                Step::Remove(key) => {
                    let next = catalog.current().with(vec![Edit::Remove(key.clone())]);
                    catalog.inner.picture.store(next.into());
                }
            }
            apply(&mut naive, step);
            for query in &queries {
                check(&catalog.current(), &naive, query)?;
            }
        }
        check_whole(&catalog, &naive)?;
    }
}

#[test]
fn more_than_one_chunk_is_kept_in_order_through_changes() {
    let name = |n: usize| format!("{}/m{n}", TYPES[n % 3]);
    let model = |n: usize, alias: usize| stored(&name(n), &json!({ "alias": format!("a{alias}") }));
    let catalog = catalog_of(
        &(0..1_000)
            .map(|n| model(n, n * 7 % 1_000))
            .collect::<Vec<_>>(),
    );
    let mut naive = Naive::new();
    apply(
        &mut naive,
        &Step::Put((0..1_000).map(|n| model(n, n * 7 % 1_000)).collect()),
    );
    let mut next = Vec::new();
    for n in (0..1_000).step_by(3) {
        next.push(Edit::Remove(key(&name(n))));
        apply(&mut naive, &Step::Remove(key(&name(n))));
    }
    catalog
        .inner
        .picture
        .store(catalog.current().with(next).into());
    for n in (500..1_500).step_by(2) {
        let changed = model(n, n * 13 % 1_000);
        catalog.apply(&changed);
        apply(&mut naive, &Step::Put(vec![changed]));
    }
    catalog.apply(&stored_bytes("MIST/m1", b"broken"));
    apply(
        &mut naive,
        &Step::Put(vec![stored_bytes("MIST/m1", b"broken")]),
    );
    for by in SortBy::ALL {
        let sort = Sort {
            by,
            descending: false,
        };
        check(
            &catalog.current(),
            &naive,
            &Query {
                sort,
                search: "a1".into(),
                ..Query::default()
            },
        )
        .unwrap();
        check(
            &catalog.current(),
            &naive,
            &Query {
                sort,
                ..Query::default()
            },
        )
        .unwrap();
    }
    check_whole(&catalog, &naive).unwrap();
    // Slots of what has gone are used again.
    let picture = catalog.current();
    assert!(picture.chunks.len() <= 1_500_usize.div_ceil(super::super::picture::CHUNK));
}
