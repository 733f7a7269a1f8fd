//! Lists, single models and their changes by way of a server.

use model_dashboard::client::{Change, Client, ClientError, RemoteModel};
use model_dashboard::dashboard::ErrorKind;
use model_dashboard::model::{JsonObject, ModelDefinition, ModelKey};
use serde::Serialize;

use super::{changed, key, model, reference};
use crate::failure::{Failure, Kind};
use crate::installation::{Context, new_key};
use crate::model::change::{Enable, Rename, Several, confirm_deletion, each, warn_of_package};
use crate::model::create::Create;
use crate::model::edit::Edit;
use crate::model::list::List;
use crate::model::registry::Registry;
use crate::model::show::{self, Beside, Show};
use crate::output::note;

/// A model as programs read it.
#[derive(Serialize)]
struct Shown {
    key: String,
    state: &'static str,
    alias: String,
    version: String,
    last_modified_date: String,
}

pub(super) async fn list(list: List, client: &Client, context: &Context) -> Result<(), Failure> {
    let Some(words) = list.words_alone() else {
        return Err(
            Failure::usage("by way of a server models are found by --search alone")
                .hint("the API has more: GET /api/v1/models"),
        );
    };
    let models = client.models(&words).await?;
    let shown = models.into_iter().map(|model| Shown {
        key: model.key.to_string(),
        state: if model.enabled { "enabled" } else { "disabled" },
        alias: model.alias,
        version: model.version,
        last_modified_date: model.last_modified_date,
    });
    let shown: Vec<Shown> = shown.collect();
    context.output.show(&shown, || {
        let rows = shown.iter().map(|model| {
            [
                model.key.clone(),
                model.state.to_owned(),
                model.version.clone(),
                model.alias.clone(),
            ]
        });
        context
            .output
            .table(["MODEL", "STATE", "VERSION", "ALIAS"], rows)
    })
}

pub(super) async fn show(show: &Show, client: &Client, context: &Context) -> Result<(), Failure> {
    let (key, revision) = reference(&show.model, client).await?;
    let found = model(&key, revision, client).await?;
    if show.raw {
        return context.output.bytes(&found.definition.to_bytes());
    }
    if context.output.is_json() {
        let text = found.definition.as_object().to_pretty();
        return context.output.json_text(&text);
    }
    let beside = beside(&key, &found.definition, revision, client).await;
    let number = revision.or_else(|| found.revision());
    let table = show::table(&key, &found.definition, number, &beside, context);
    context.output.text(&table)
}

/// For tokens that may read packages: to ask without is an event of the audit log.
async fn beside(
    key: &ModelKey,
    definition: &ModelDefinition,
    revision: Option<u64>,
    client: &Client,
) -> Beside {
    let told = |error: ClientError| error.to_string();
    match may_look(client).await {
        Ok(true) => {}
        Ok(false) => return Beside::default(),
        Err(error) => {
            return Beside {
                package: told(error),
                ..Beside::default()
            };
        }
    }
    let package = match show::names_package(definition) {
        true => match client.package(key, revision).await {
            Ok(it) => show::package(&it.file_name, it.size, it.digest, it.report.as_ref()),
            Err(error) => told(error),
        },
        false => String::new(),
    };
    let drafts = match revision {
        Some(_) => String::new(),
        None => match client.drafts(key).await {
            Ok(drafts) => show::waiting(drafts.len()),
            // A definition that another program wrote has none.
            Err(error) if error.kind() == Some(ErrorKind::Invalid) => String::new(),
            Err(error) => told(error),
        },
    };
    Beside { package, drafts }
}

pub(super) async fn edit(edit: Edit, client: &Client, context: &Context) -> Result<(), Failure> {
    if edit.fields.is_empty() {
        return Err(
            Failure::usage("by way of a server fields are changed by --set or --patch")
                .hint("such as --set alias=Liver"),
        );
    }
    let key = key(&edit.model, client).await?;
    let patch = edit.fields.patch()?;
    let changed = client
        .change(&key, "*", Change::Patch(&patch), &edit.reason.text)
        .await?;
    match changed.revision() {
        Some(revision) => note(format_args!("{key} is at revision {revision}")),
        None => note(format_args!("{key} is as it was")),
    }
    show_changed(&changed, context)
}

pub(super) async fn enable(
    enable: &Enable,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let keys = keys(&enable.several, client).await?;
    let patch = switch(true)?;
    let reason = &enable.several.reason.text;
    let (change, reason) = match (&enable.despite, enable.incomplete) {
        (Some(why), _) => (Change::EnableDespitePackage, why),
        (None, true) => (Change::EnableIncomplete, reason),
        (None, false) => (Change::Patch(&patch), reason),
    };
    let tells = may_look(client).await?;
    each(keys, "enabled", context, async |key| {
        client.change(key, "*", change, reason).await?;
        if tells {
            warn_of_package(&Registry::Server(client), key).await;
        }
        Ok::<_, ClientError>(())
    })
    .await
}

/// Whether the token may read packages: to ask without is an event of the audit log.
async fn may_look(client: &Client) -> Result<bool, ClientError> {
    let whoever = client.whoever().await?;
    Ok(whoever.permissions.iter().any(|it| it == "packages:read"))
}

pub(super) async fn disable(
    several: &Several,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let keys = keys(several, client).await?;
    let patch = switch(false)?;
    each(keys, "disabled", context, async |key| {
        let change = client.change(key, "*", Change::Patch(&patch), &several.reason.text);
        change.await.map(drop)
    })
    .await
}

/// Enables or disables alone.
fn switch(enabled: bool) -> Result<JsonObject, Failure> {
    let mut patch = JsonObject::new();
    let set = patch.set("enabled", &enabled);
    set.map_err(|error| Failure::new(Kind::Failed, error))?;
    Ok(patch)
}

pub(super) async fn create(
    create: Create,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let (key, definition) = create.read()?;
    let made = client
        .create(&key, &definition, &create.reason.text)
        .await?;
    note(format_args!("created {key}"));
    show_changed(&made, context)
}

pub(super) async fn rename(
    rename: &Rename,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let from = key(&rename.from, client).await?;
    let to = new_key(&rename.to, Some(&from.network_type))?;
    let reason = &rename.reason.text;
    let renamed = client.rename(&from, &to, rename.as_typed, "*", reason);
    let renamed = renamed.await?;
    note(format_args!("{from} is {to} now"));
    show_changed(&renamed, context)
}

pub(super) async fn delete(
    several: &Several,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let keys = keys(several, client).await?;
    confirm_deletion(&keys, context)?;
    each(keys, "deleted", context, async |key| {
        client.delete(key, "*", &several.reason.text).await
    })
    .await
}

async fn keys(several: &Several, client: &Client) -> Result<Vec<ModelKey>, Failure> {
    let mut keys = Vec::new();
    for text in &several.models {
        keys.push(key(text, client).await?);
    }
    Ok(keys)
}

pub(in crate::model) fn show_changed(
    model: &RemoteModel,
    context: &Context,
) -> Result<(), Failure> {
    context.output.show(&changed(model), String::new)
}
