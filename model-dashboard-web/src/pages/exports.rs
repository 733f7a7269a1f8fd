//! Several definitions as one file: a list that can be imported again.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use model_dashboard::catalog::Entry;
use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use tokio::sync::mpsc;
use warp::Reply;
use warp::reply::Response;

use super::actions::as_download;
use super::bulk::{back, selected, there_is_no};
use super::form::Form;
use super::visit::{Failure, Visit};
use crate::views::Section;
use crate::views::components::plural;
use crate::views::confirm::{self, ConfirmView};

/// The file, or, where something has to be left out, what and why before it.
pub(super) async fn several(visit: &Visit, form: &Form) -> Result<Response, Failure> {
    let (found, unknown) = selected(visit, form).await?;
    let is_broken = |entry: &Arc<Entry>| entry.broken().is_some();
    let (broken, whole): (Vec<_>, Vec<_>) = found.into_iter().partition(is_broken);
    let keys: Vec<ModelKey> = whole.iter().map(|entry| entry.key().clone()).collect();
    if broken.is_empty() && unknown.is_empty() {
        return file(visit, keys).await;
    }
    let mut consequences = Vec::new();
    if !unknown.is_empty() {
        consequences.push(there_is_no(&unknown));
    }
    if !broken.is_empty() {
        consequences.push("What cannot be read is left out:".to_owned());
    }
    let why = |entry: &Arc<Entry>| {
        let reason = entry.broken().map(|broken| broken.reason.to_string());
        (reason.unwrap_or_default(), entry.key().to_string())
    };
    let named = keys.iter().map(|key| ("model".to_owned(), key.to_string()));
    let action = ("action".to_owned(), "export".to_owned());
    let models = plural(keys.len(), "model", "models");
    let view = ConfirmView {
        section: Section::Models,
        heading: format!("Export {models}?"),
        consequences,
        items: broken.iter().map(why).collect(),
        action: visit.links().to("/models/bulk"),
        hidden: [action].into_iter().chain(named).collect(),
        button: format!("Export {models}"),
        danger: false,
        back: back(visit, form),
        reason: None,
    };
    let frame = visit.frame().await;
    visit.page(&frame, confirm::page(&frame, &view)).await
}

/// The definitions, read while they are sent, one ahead. One that cannot be read any more ends the
/// file early, which a browser tells: a file that is whole holds all of them.
async fn file(visit: &Visit, keys: Vec<ModelKey>) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard().clone(), visit.caller.clone());
    let mut keys = keys.into_iter();
    let mut text = b"[\n".to_vec();
    if let Some(first) = keys.next() {
        // A store that does not answer is told before a file begins.
        let model = dashboard.model(&caller, &first).await?;
        text.extend(model.definition.to_bytes());
    }
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, Error>>(1);
    tokio::spawn(async move {
        // Whoever has gone away takes nothing more.
        while sender.send(Ok(Bytes::from(text))).await.is_ok() {
            let Some(key) = keys.next() else {
                let _ = sender.send(Ok(Bytes::from_static(b"\n]\n"))).await;
                return;
            };
            text = b",\n".to_vec();
            match dashboard.model(&caller, &key).await {
                Ok(model) => text.extend(model.definition.to_bytes()),
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            }
        }
    });
    let chunks = stream::poll_fn(move |context| receiver.poll_recv(context));
    let body = warp::reply::stream(chunks);
    Ok(as_download(body.into_response(), "models.json"))
}
