//! What holds for every page, and the rules that views compute themselves.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::components::field::{Field, TextArea};
use super::components::table::Order;
use super::components::{labels, number, time};
use super::frame::Theme;
use super::models_query::{ModelsQuery, Sort, State};
use super::{Links, ModelAction, SafeHtml, components, model, samples};

/// A tag of a page; enough of a parser for what maud writes.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    /// The tags that it stands in.
    inside: Vec<String>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

const VOID: [&str; 5] = ["meta", "link", "input", "wbr", "br"];

/// The tags of a document in order; panics when they do not nest.
fn tags(page: &str, html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quoted = false;
        let end = rest
            .find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .unwrap_or_else(|| panic!("{page}: a tag is not closed"));
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(
                open.pop().as_deref(),
                Some(name),
                "{page}: </{name}> closes another element"
            );
            continue;
        }
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut pairs = Vec::new();
        while !attributes.trim().is_empty() {
            attributes = attributes.trim_start();
            let stop = attributes.find(['=', ' ']).unwrap_or(attributes.len());
            let key = attributes[..stop].to_owned();
            attributes = &attributes[stop..];
            let mut value = String::new();
            if let Some(quoted) = attributes.strip_prefix("=\"") {
                let (inner, tail) = quoted.split_once('"').unwrap();
                value = inner.to_owned();
                attributes = tail;
            }
            pairs.push((key, value));
        }
        found.push(Tag {
            name: name.to_owned(),
            attributes: pairs,
            inside: open.clone(),
        });
        if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{page}: {open:?} are not closed");
    found
}

fn pages() -> Vec<(&'static str, String, Vec<Tag>)> {
    samples::all(Theme::Dark)
        .into_iter()
        .map(|(name, markup)| {
            let html = markup.into_string();
            let tags = tags(name, &html);
            (name, html, tags)
        })
        .collect()
}

#[test]
fn every_page_has_one_heading_of_the_first_level_and_the_theme() {
    for (page, html, tags) in pages() {
        let headings = tags.iter().filter(|tag| tag.name == "h1").count();
        assert_eq!(headings, 1, "{page}");
        assert!(
            html.contains("<html lang=\"en\" data-theme=\"dark\">"),
            "{page}"
        );
    }
}

#[test]
fn ids_are_unique_and_every_reference_to_one_holds() {
    for (page, _, tags) in pages() {
        let mut ids = HashSet::new();
        for id in tags.iter().filter_map(|tag| tag.get("id")) {
            assert!(ids.insert(id), "{page}: the id {id} stands twice");
        }
        for tag in &tags {
            let references = ["for", "form", "list", "aria-labelledby", "aria-describedby"];
            for id in references
                .iter()
                .filter_map(|key| tag.get(key))
                .flat_map(str::split_whitespace)
            {
                assert!(ids.contains(id), "{page}: nothing has the id {id}");
            }
            if let Some(id) = tag.get("href").and_then(|href| href.strip_prefix('#')) {
                assert!(ids.contains(id), "{page}: #{id} leads nowhere");
            }
        }
    }
}

#[test]
fn nothing_needs_what_the_content_security_policy_blocks() {
    for (page, html, tags) in pages() {
        for tag in &tags {
            assert_ne!(tag.name, "style", "{page}");
            for (key, _) in &tag.attributes {
                assert!(
                    key != "style" && !key.starts_with("on") && !key.starts_with("hx-on"),
                    "{page}: {key} on {}",
                    tag.name
                );
            }
            if tag.name == "script" {
                assert!(tag.get("src").is_some(), "{page}");
            }
        }
        assert!(!html.contains("javascript:"), "{page}");
    }
}

#[test]
fn every_posting_form_carries_the_token_against_cross_site_requests() {
    for (page, html, tags) in pages() {
        let posting = tags
            .iter()
            .filter(|tag| tag.name == "form" && tag.get("method") == Some("post"))
            .count();
        let tokens = html
            .matches("<input type=\"hidden\" name=\"csrf\" value=\"c5rf\">")
            .count();
        assert_eq!(posting, tokens, "{page}");
        for form in tags.iter().filter(|tag| tag.name == "form") {
            assert!(
                form.get("method").is_some() && form.get("action").is_some(),
                "{page}"
            );
        }
    }
}

#[test]
fn every_control_has_a_name_for_assistive_technology() {
    for (page, _, tags) in pages() {
        let labelled: HashSet<&str> = tags
            .iter()
            .filter(|tag| tag.name == "label")
            .filter_map(|tag| tag.get("for"))
            .collect();
        for tag in &tags {
            let is_control = matches!(tag.name.as_str(), "input" | "select" | "textarea");
            if !is_control || tag.get("type") == Some("hidden") {
                continue;
            }
            let named = tag.get("aria-label").is_some()
                || tag.get("id").is_some_and(|id| labelled.contains(id))
                || tag.inside.iter().any(|outer| outer == "label");
            assert!(named, "{page}: {} {:?}", tag.name, tag.attributes);
        }
    }
}

#[test]
fn every_address_lies_below_the_base_path() {
    for (page, _, tags) in pages() {
        for tag in &tags {
            for key in ["href", "src", "action", "hx-get"] {
                if let Some(address) = tag.get(key) {
                    let below = address.starts_with("/dashboard/")
                        || address.starts_with('#')
                        || address.starts_with("https://");
                    assert!(below, "{page}: {key} {address}");
                }
            }
        }
    }
}

#[test]
fn text_enters_unescaped_in_one_file_only() {
    fn visit(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && path.file_name().is_some_and(|name| name != "tests.rs")
                && fs::read_to_string(&path).unwrap().contains("PreEscaped")
            {
                found.push(path);
            }
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    visit(&source, &mut found);
    assert_eq!(found, [source.join("views/trusted.rs")]);
}

#[test]
fn what_people_typed_is_escaped_wherever_it_stands() {
    const PAYLOAD: &str = "\"><script>alert(1)</script>";
    let view = model::ModelView {
        network_type: PAYLOAD.to_owned(),
        name: PAYLOAD.to_owned(),
        alias: PAYLOAD.to_owned(),
        message: PAYLOAD.to_owned(),
        owner: PAYLOAD.to_owned(),
        tags: vec![PAYLOAD.to_owned()],
        json: PAYLOAD.to_owned(),
        arguments: model::Arguments::Given(PAYLOAD.to_owned()),
        labels: vec![labels::Label {
            number: PAYLOAD.to_owned(),
            names: vec![PAYLOAD.to_owned()],
        }],
        description: SafeHtml::from_sanitised("<p>kept <em>as it is</em></p>".to_owned()),
        ..model::ModelView::default()
    };
    let html = model::page(&samples::frame(Theme::System), &view).into_string();
    assert!(!html.contains("<script>"));
    assert!(html.contains("<p>kept <em>as it is</em></p>"));
    tags("model", &html);
}

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

#[test]
fn a_structure_keeps_its_colour_and_sides_share_the_hue() {
    // Fixed for ever: a colour that changes with a release would be no help to anybody.
    assert_eq!(labels::colour("liver"), labels::colour("Liver"));
    let (left, right) = (
        labels::colour("kidney_left"),
        labels::colour("Right kidney"),
    );
    assert_ne!(left, right);
    assert_eq!(left.split(' ').next(), right.split(' ').next());
    assert_ne!(labels::colour("spleen"), labels::colour("liver"));
    assert_eq!(labels::colour(""), "none");
    assert_eq!(
        ["liver", "kidney_left", "kidney_right", "spleen"].map(labels::colour),
        [
            "hsl(295 75% 52%)",
            "hsl(190 58% 42%)",
            "hsl(190 58% 64%)",
            "hsl(35 74% 51%)"
        ]
    );
}

#[test]
fn times_are_told_in_the_largest_unit_that_fits() {
    let now = samples::now();
    let told = |seconds: i64| {
        let at = if seconds < 0 {
            now + Duration::from_secs(seconds.unsigned_abs())
        } else {
            now - Duration::from_secs(seconds.unsigned_abs())
        };
        let html = time::relative(now, at).into_string();
        html.split_once('>')
            .unwrap()
            .1
            .trim_end_matches("</time>")
            .to_owned()
    };
    assert_eq!(told(10), "just now");
    assert_eq!(told(-10), "in a moment");
    assert_eq!(told(60), "1 minute ago");
    assert_eq!(told(3 * 3600), "3 hours ago");
    assert_eq!(told(-5 * 86_400), "in 5 days");
    assert_eq!(told(40 * 86_400), "13 Oct 2026");
}

#[test]
fn days_have_the_names_that_people_use() {
    let now = samples::now();
    assert_eq!(time::day_heading(now, now), "Today");
    assert_eq!(time::day_heading(now, samples::ago(24)), "Yesterday");
    assert_eq!(
        time::day_heading(now, UNIX_EPOCH),
        "Thursday, 1 January 1970"
    );
}

#[test]
fn a_mistake_in_json_is_shown_in_its_line_with_a_mark_below_the_column() {
    let field = Field::new("{\n  \"a\": 1\n  \"b\": 2\n}").wrong_at("Expected a comma.", 3, 3);
    let area = TextArea {
        name: "text",
        label: "Text",
        field: &field,
        help: None,
        mono: true,
        rows: 4,
        placeholder: None,
        label_hidden: false,
    };
    let html = area.markup().into_string();
    assert!(
        html.contains("3 |   &quot;b&quot;: 2\n      <span class=\"caret\">^</span>"),
        "{html}"
    );
    assert!(html.contains("aria-describedby=\"text-error\""));
}

#[test]
fn a_first_line_break_in_a_text_is_kept() {
    let field = Field::new("\nsecond line");
    let html = TextArea {
        name: "text",
        label: "Text",
        field: &field,
        help: None,
        mono: false,
        rows: 4,
        placeholder: None,
        label_hidden: false,
    }
    .markup()
    .into_string();
    assert!(html.contains(">\n\nsecond line</textarea>"));
}

#[test]
fn a_message_becomes_a_sentence() {
    let sentence = components::sentence;
    assert_eq!(sentence("must not be empty"), "Must not be empty.");
    assert_eq!(
        sentence("expected ',' or '}' after the value"),
        "Expected ',' or '}' after the value."
    );
    assert_eq!(
        sentence("contour_names is no object"),
        "contour_names is no object."
    );
    assert_eq!(sentence("Is it so?"), "Is it so?");
    assert_eq!(sentence(""), "");
}

#[test]
fn a_stored_date_is_told_for_people_only_if_it_is_a_timestamp() {
    assert_eq!(
        time::stored("2026-11-22T21:56:11.728282Z").into_string(),
        "<time datetime=\"2026-11-22T21:56:11Z\">2026-11-22 21:56 UTC</time>"
    );
    assert_eq!(time::stored("11/15/25").into_string(), "11/15/25");
}

#[test]
fn what_is_no_model_is_named_in_one_line_each() {
    let left_out = super::left_out::LeftOut {
        count: 3,
        examples: vec!["a\nb".to_owned(), "<old>/".to_owned()],
        unreadable: Vec::new(),
    };
    let html = super::left_out::notices(&left_out).into_string();
    for text in [
        "3 objects in the model store are no definitions",
        "<code>a\\nb</code>",
        "<code>&lt;old&gt;/</code>",
        "and 1 other",
    ] {
        assert!(html.contains(text), "{text}: {html}");
    }
}

#[test]
fn numbers_are_grouped_by_thousands() {
    assert_eq!(number(7), "7");
    assert_eq!(number(1000), "1,000");
    assert_eq!(number(1_234_567), "1,234,567");
    assert_eq!(components::plural(1, "model", "models"), "1 model");
}

#[test]
fn the_first_page_with_fifty_models_stays_below_its_weight() {
    use crate::assets::{Asset, asset_url, find};
    let page = samples::models::fifty_models().into_string();
    let mut requests = 1;
    let mut bytes = crate::assets::tests::gzipped(page.as_bytes());
    for asset in [
        Asset::Css,
        Asset::Script,
        Asset::Htmx,
        Asset::Font,
        Asset::Favicon,
    ] {
        let url = asset_url("", asset);
        let name = url.strip_prefix(crate::assets::FOLDER).unwrap();
        bytes += find(name).unwrap().encoded(Some("gzip")).body.len();
        requests += 1;
    }
    assert!(bytes <= 100_000, "{bytes} bytes");
    assert!(requests <= 8, "{requests} requests");
}
