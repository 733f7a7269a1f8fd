//! What holds for every page.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::document::{Tag, tags};
use crate::views::components::labels;
use crate::views::frame::Theme;
use crate::views::{SafeHtml, model, samples};

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
                && !path.ends_with("tests/every_page.rs")
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
