//! What an edit makes of a definition: pure functions from the stored state and what was sent.

use std::collections::{HashMap, HashSet};

use super::{Error, Model};
use crate::model::{
    FieldError, JsonKind, JsonObject, ModelDefinition, ModelKey, ModelName, NameError, NetworkType,
    RegistryInfo,
};
use crate::package::inspect::{PROPOSED_FIELDS, Report, TakenPart};
use crate::repository::packages::PackageId;

/// The field of the registry itself.
const REGISTRY: &str = "registry";

/// Its members that people change.
const EDITABLE: [&str; 2] = ["owner", "tags"];

/// The longest owner or tag, in characters.
pub const MAX_TAG_CHARS: usize = 64;

/// The most tags of one model.
pub const MAX_TAGS: usize = 50;

/// Makes sure that a key for something new meets the rule for new names.
pub(super) fn check_new_key(key: &ModelKey) -> Result<(), Error> {
    let error = |field: &str, e: NameError| FieldError::new(field, e.to_string());
    let errors: Vec<FieldError> = [
        NetworkType::parse(key.network_type.as_str())
            .err()
            .map(|e| error("network_type", e)),
        ModelName::parse(key.name.as_str())
            .err()
            .map(|e| error("name", e)),
    ]
    .into_iter()
    .flatten()
    .collect();
    none(errors)
}

/// The content of a new model.
pub(super) fn new_content(
    key: &ModelKey,
    mut given: ModelDefinition,
) -> Result<ModelDefinition, Error> {
    let mut errors = given.check();
    errors.extend(contradictions(key, &given, None));
    let registry = editable(&given, &mut errors);
    none(errors)?;
    given.set_key(key);
    set_registry(&mut given, &registry)?;
    Ok(given)
}

/// What is given of a new model, and else what its package tells. `null` is given and says nothing.
pub(super) fn filled(mut given: ModelDefinition, told: &ModelDefinition) -> ModelDefinition {
    for field in PROPOSED_FIELDS {
        let object = given.as_object_mut();
        match (object.kind(field), told.as_object().get(field)) {
            (Some(JsonKind::Null), _) => drop(object.remove(field)),
            // A value of an object that was parsed.
            (None, Some(raw)) => drop(object.set_raw(field, raw)),
            _ => {}
        }
    }
    given
}

/// The content of a copy of `origin` under another key, derived from `reference`, with an alias of
/// its own if one is given.
pub(super) fn derived_content(
    key: &ModelKey,
    origin: &Model,
    reference: &str,
    alias: Option<&str>,
) -> Result<ModelDefinition, Error> {
    let mut content = origin.definition.clone();
    if let Some(alias) = alias {
        content.set_alias(alias);
        none(new_errors(&origin.definition, &content))?;
    }
    let mut registry = editable(&content, &mut Vec::new());
    registry.set_text("derived_from", reference);
    content.set_key(key);
    content.set_enabled(false);
    content.as_object_mut().remove("create_date");
    content.as_object_mut().remove("last_modified_date");
    set_registry(&mut content, &registry)?;
    Ok(content)
}

/// The content of a model that gets another package.
pub(super) fn with_package(before: &Model, package: PackageId) -> Result<ModelDefinition, Error> {
    let mut content = before.definition.clone();
    let registry = editable(&content, &mut Vec::new());
    set_registry(&mut content, &registry)?;
    set_package(&mut content, package)?;
    Ok(content)
}

/// The content of a model that gets another package in place of the one that it `had`, and takes over what
/// that tells.
pub(super) fn with_told_package(
    before: &Model,
    package: PackageId,
    gets: &Report,
    had: Option<&Report>,
    takes: &[TakenPart],
) -> Result<ModelDefinition, Error> {
    let mut content = with_package(before, package)?;
    let had = had.map(|had| &had.description);
    gets.description.give(takes, had, &mut content);
    none(new_errors(&before.definition, &content))?;
    Ok(content)
}

/// Has the repository take over a package, besides what else the field `registry` names.
pub(super) fn set_package(content: &mut ModelDefinition, package: PackageId) -> Result<(), Error> {
    let registry = content.as_object().get_object(REGISTRY);
    let mut registry = registry.unwrap_or_default();
    registry.set_text("package", &package.to_string());
    set_registry(content, &registry)
}

/// What a whole new definition makes of a model; `None` if it says what is stored already.
pub(super) fn replaced(
    before: &Model,
    mut given: ModelDefinition,
) -> Result<Option<ModelDefinition>, Error> {
    let mut errors = new_errors(&before.definition, &given);
    errors.extend(contradictions(
        &before.key,
        &given,
        Some(&before.definition),
    ));
    let registry = editable(&given, &mut errors);
    none(errors)?;
    keep_field(&mut given, &before.definition, "create_date")?;
    say_disabled(&mut given, &before.definition);
    name_like(&before.key, &mut given);
    changed(before, given, &registry)
}

/// What a text makes of a definition that could not be read.
pub(super) fn mended(
    key: &ModelKey,
    mut given: ModelDefinition,
) -> Result<Option<ModelDefinition>, Error> {
    let mut errors = given.check();
    errors.extend(contradictions(key, &given, None));
    let registry = editable(&given, &mut errors);
    none(errors)?;
    given.set_key(key);
    set_registry(&mut given, &registry)?;
    Ok(Some(given))
}

/// What a merge patch makes of a model; `None` if it changes nothing.
pub(super) fn patched(
    before: &Model,
    patch: &JsonObject,
) -> Result<Option<ModelDefinition>, Error> {
    let stored = &before.definition;
    let mut patch = patch.clone();
    let mut errors = Vec::new();
    let registry = patched_registry(&mut patch, &mut errors);
    let mut after = stored.clone();
    after.merge_patch(&patch);
    if after.create_date() != stored.create_date() && !stored.create_date().as_str().is_empty() {
        errors.push(FieldError::new("create_date", "is never rewritten"));
    }
    if after.last_modified_date() != stored.last_modified_date() {
        let message = "is set by the registry with every change";
        errors.push(FieldError::new("last_modified_date", message));
    }
    for (field, own) in [
        ("name", before.key.name.as_str()),
        ("network_type", before.key.network_type.as_str()),
    ] {
        let given: Option<String> = after.as_object().get_as(field).unwrap_or_default();
        let same = after.as_object().get(field) == stored.as_object().get(field);
        if !same && given.as_deref() != Some(own) {
            errors.push(FieldError::new(
                field,
                "cannot be changed here; rename the model",
            ));
        }
    }
    errors.extend(new_errors(stored, &after));
    none(errors)?;
    changed(before, after, &registry)
}

/// The content with what is editable of its field `registry`, unless all is as it was.
pub(super) fn changed(
    before: &Model,
    mut content: ModelDefinition,
    registry: &JsonObject,
) -> Result<Option<ModelDefinition>, Error> {
    let kept = editable(&before.definition, &mut Vec::new());
    let value = |object: &JsonObject, member: &str| {
        let raw = object
            .get(member)
            .filter(|raw| *raw != "null" && *raw != "[]");
        raw.map(str::to_owned)
    };
    let same = |member: &&str| match registry.get(member) {
        None => true,
        Some(_) => value(registry, member) == value(&kept, member),
    };
    if content.content_equals(&before.definition) && EDITABLE.iter().all(same) {
        return Ok(None);
    }
    set_registry(&mut content, registry)?;
    Ok(Some(content))
}

/// Says in so many words that a definition which leaves out `enabled` is disabled, where the stored
/// one says whether it is.
fn say_disabled(given: &mut ModelDefinition, stored: &ModelDefinition) {
    let says = |definition: &ModelDefinition| definition.as_object().get("enabled").is_some();
    if says(stored) && !says(given) {
        // `false` is JSON.
        let _ = given.as_object_mut().set_raw("enabled", "false");
    }
}

/// What is wrong with `after` that was not wrong with `before`: old faults do not hinder an edit.
fn new_errors(before: &ModelDefinition, after: &ModelDefinition) -> Vec<FieldError> {
    let mut errors = after.check();
    let old = before.check();
    errors.retain(|error| !old.contains(error));
    errors
}

/// Name and type inside that are not those of the key, unless they are as stored.
fn contradictions(
    key: &ModelKey,
    given: &ModelDefinition,
    stored: Option<&ModelDefinition>,
) -> Vec<FieldError> {
    let Some(found) = given.contradicts(key) else {
        return Vec::new();
    };
    let as_stored = |field: &str| {
        let stored = stored.and_then(|stored| stored.as_object().get(field));
        stored.is_some() && stored == given.as_object().get(field)
    };
    let fields = [
        ("name", found.name, key.name.as_str()),
        (
            "network_type",
            found.network_type,
            key.network_type.as_str(),
        ),
    ];
    let differs = fields
        .into_iter()
        .filter(|(field, inside, _)| inside.is_some() && !as_stored(field));
    differs
        .map(|(field, _, own)| {
            FieldError::new(
                field,
                format!("must be {own}, as in the key; rename the model to change it"),
            )
        })
        .collect()
}

/// Writes name and network type where the definition does not say them: its readers look there.
fn name_like(key: &ModelKey, given: &mut ModelDefinition) {
    let says = |given: &ModelDefinition, field| given.as_object().kind(field).is_some();
    if !says(given, "name") {
        given.set_name(&key.name);
    }
    if !says(given, "network_type") {
        given.set_network_type(&key.network_type);
    }
}

/// Whether a merge patch does nothing but enable or disable, which needs no reason.
pub(super) fn is_switch(patch: &JsonObject) -> bool {
    patch.len() == 1 && patch.kind("enabled").is_some()
}

/// Gives `field` its stored value back, if there is one.
pub(super) fn keep_field(
    given: &mut ModelDefinition,
    stored: &ModelDefinition,
    field: &str,
) -> Result<(), Error> {
    match stored.as_object().get(field) {
        None | Some("null" | "\"\"") => Ok(()),
        Some(raw) => given
            .as_object_mut()
            .set_raw(field, raw)
            .map_err(|error| Error::Invalid(vec![FieldError::json(field, &error)])),
    }
}

/// Owner and tags as the definition names them; members that it does not name are missing, null
/// and empty ones are null.
fn editable(definition: &ModelDefinition, errors: &mut Vec<FieldError>) -> JsonObject {
    let object = definition
        .as_object()
        .get_object(REGISTRY)
        .unwrap_or_default();
    read_editable(&object, errors)
}

fn read_editable(object: &JsonObject, errors: &mut Vec<FieldError>) -> JsonObject {
    let mut found = JsonObject::new();
    match read_owner(object) {
        Ok(Some(owner)) if owner.is_empty() => set_null(&mut found, "owner"),
        Ok(Some(owner)) => found.set_text("owner", &owner),
        Ok(None) => {}
        Err(error) => errors.push(error),
    }
    match read_tags(object) {
        Ok(Some(tags)) if tags.is_empty() => set_null(&mut found, "tags"),
        Ok(Some(tags)) => set_tags(&mut found, &tags),
        Ok(None) => {}
        Err(error) => errors.push(error),
    }
    found
}

/// `Some("")` for an owner that is taken away, `None` where it is not named.
fn read_owner(object: &JsonObject) -> Result<Option<String>, FieldError> {
    let field = "registry.owner";
    match object.kind("owner") {
        None => Ok(None),
        Some(JsonKind::Null) => Ok(Some(String::new())),
        Some(JsonKind::String) => {
            let text: Option<String> = object.get_as("owner").unwrap_or_default();
            checked_word(field, &text.unwrap_or_default()).map(Some)
        }
        Some(kind) => Err(FieldError::new(
            field,
            format!("expected a text, found {kind}"),
        )),
    }
}

fn read_tags(object: &JsonObject) -> Result<Option<Vec<String>>, FieldError> {
    let field = "registry.tags";
    let Some(kind) = object.kind("tags") else {
        return Ok(None);
    };
    let tags: Option<Vec<String>> = object
        .get_as("tags")
        .map_err(|_| FieldError::new(field, format!("expected a list of texts, found {kind}")))?;
    let mut kept: Vec<String> = Vec::new();
    for tag in tags.unwrap_or_default() {
        let tag = checked_word(field, &tag)?;
        if tag.is_empty() || kept.contains(&tag) {
            continue;
        }
        // Before the next look through them: a definition has room for 150,000.
        if kept.len() == MAX_TAGS {
            return Err(FieldError::new(field, format!("at most {MAX_TAGS} tags")));
        }
        kept.push(tag);
    }
    Ok(Some(kept))
}

fn checked_word(field: &str, text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    if text.chars().count() > MAX_TAG_CHARS {
        return Err(FieldError::new(
            field,
            format!("at most {MAX_TAG_CHARS} characters"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(FieldError::new(field, "must not hold control characters"));
    }
    Ok(text.to_owned())
}

/// Takes `registry` out of a patch: what it says of owner and tags. Anything else there is refused.
fn patched_registry(patch: &mut JsonObject, errors: &mut Vec<FieldError>) -> JsonObject {
    let kind = patch.kind(REGISTRY);
    let object = patch.get_object(REGISTRY);
    patch.remove(REGISTRY);
    let Some(object) = object else {
        if let Some(kind) = kind {
            let message = format!("expected an object with owner or tags, found {kind}");
            errors.push(FieldError::new(REGISTRY, message));
        }
        return JsonObject::new();
    };
    for (member, _) in object
        .iter()
        .filter(|(member, _)| !EDITABLE.contains(member))
    {
        let message = "is kept by the registry; only owner and tags can be changed";
        errors.push(FieldError::new(format!("{REGISTRY}.{member}"), message));
    }
    read_editable(&object, errors)
}

/// Leaves of `registry` only what the repository is to take over.
pub(super) fn set_registry(
    content: &mut ModelDefinition,
    registry: &JsonObject,
) -> Result<(), Error> {
    let written = match registry.is_empty() && content.as_object().get(REGISTRY).is_none() {
        true => Ok(()),
        false => content.as_object_mut().set(REGISTRY, registry),
    };
    written.map_err(|error| Error::Internal(Box::new(error)))
}

pub(super) fn set_null(object: &mut JsonObject, member: &str) {
    // `null` is JSON.
    let _ = object.set_raw(member, "null");
}

pub(super) fn set_tags(object: &mut JsonObject, tags: &[String]) {
    // A list of texts is JSON.
    let _ = object.set("tags", tags);
}

fn none(errors: Vec<FieldError>) -> Result<(), Error> {
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(errors)),
    }
}

/// The names of the outermost fields that differ, for the audit log.
pub(super) fn changed_fields(before: Option<&ModelDefinition>, after: &ModelDefinition) -> String {
    let Some(before) = before else {
        return "mended".to_owned();
    };
    let (old, new) = (before.as_object(), after.as_object());
    let written = |field: &str| ["last_modified_date", REGISTRY].contains(&field);
    let stored: HashMap<&str, &str> = old.iter().collect();
    let named: HashSet<&str> = new.iter().map(|(field, _)| field).collect();
    let changed = new
        .iter()
        .filter(|(field, value)| stored.get(field) != Some(value))
        .map(|(field, _)| field);
    let removed = old
        .iter()
        .map(|(field, _)| field)
        .filter(|field| !named.contains(field));
    let mut fields: Vec<&str> = changed
        .chain(removed)
        .filter(|field| !written(field))
        .take(20)
        .collect();
    let registry = |definition: &ModelDefinition| definition.registry();
    let (old, new) = (registry(before), registry(after));
    let owner = |info: &Option<RegistryInfo>| info.as_ref().and_then(|info| info.owner.clone());
    if owner(&old) != owner(&new) {
        fields.push("owner");
    }
    let tags = |info: &Option<RegistryInfo>| info.as_ref().map(|info| info.tags.clone());
    if tags(&old).unwrap_or_default() != tags(&new).unwrap_or_default() {
        fields.push("tags");
    }
    let package = |info: &Option<RegistryInfo>| info.as_ref()?.package.clone();
    if package(&old) != package(&new) {
        fields.push("package");
    }
    match fields.is_empty() {
        true => String::new(),
        false => format!("changed: {}", fields.join(", ")),
    }
}
