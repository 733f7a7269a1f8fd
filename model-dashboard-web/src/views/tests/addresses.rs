//! Addresses, and the query of the list in them.

use crate::views::components::table::Order;
use crate::views::models_query::{ModelsQuery, Sort, State};
use crate::views::{Links, ModelAction};

#[test]
fn a_query_survives_the_way_through_an_address() {
    let query = ModelsQuery {
        search: "left kidney & more".to_owned(),
        state: Some(State::Disabled),
        network_type: Some("nnUNet_v2".to_owned()),
        tag: Some("ct+mr".to_owned()),
        owner: Some("Ünal".to_owned()),
        sort: Sort::Modified,
        order: Some(Order::Ascending),
        page: 3,
    };
    let href = query.href(&Links::new("/base"));
    let (_, pairs) = href.split_once('?').unwrap();
    let pairs: Vec<(String, String)> = form_urlencoded::parse(pairs.as_bytes())
        .into_owned()
        .collect();
    let borrowed = pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    assert_eq!(ModelsQuery::read(borrowed), (query, Vec::new()));
}

#[test]
fn what_an_address_does_not_mean_is_named_and_empty_values_are_not() {
    let pairs = [
        ("q", ""),
        ("state", "broken"),
        ("type", ""),
        ("page", "two"),
        ("colour", "red"),
    ];
    let (query, unknown) = ModelsQuery::read(pairs);
    assert_eq!(query, ModelsQuery::default());
    assert_eq!(unknown, ["state", "page", "colour"]);
    assert_eq!(query.href(&Links::new("")), "/");
}

#[test]
fn sorting_by_the_same_column_turns_the_order_round() {
    let first = ModelsQuery {
        page: 4,
        ..ModelsQuery::default()
    }
    .sorted_by(Sort::Modified);
    assert_eq!((first.order(), first.page), (Order::Descending, 0));
    let second = first.sorted_by(Sort::Modified);
    assert_eq!(second.order(), Order::Ascending);
    assert_eq!(second.sorted_by(Sort::Modified).order(), Order::Descending);
}

#[test]
fn names_are_encoded_once_and_whole_in_addresses() {
    let links = Links::new("/dashboard/");
    assert_eq!(
        links.model_action("nnUNet", "Name With/Spaces (v2)%2f?#", ModelAction::Edit),
        "/dashboard/models/nnUNet/Name%20With%2FSpaces%20%28v2%29%252f%3F%23/edit"
    );
    assert_eq!(links.models(), "/dashboard/");
    assert_eq!(Links::new("").models(), "/");
}
