//! Which model, and which state of it, is meant: `TYPE/NAME`, `TYPE/NAME@12`, `NAME@sha256:…`.

use model_dashboard::dashboard::{MAX_HISTORY_PAGE, ModelRevision};
use model_dashboard::model::{ContentDigest, ModelKey, ModelRef, Selector};

use crate::failure::{Failure, Kind};
use crate::installation::Installation;

/// The model and the state that `text` names. A model that is called as the whole text, with an
/// `@` in it, is meant before a revision of another one.
pub(super) async fn resolve(
    text: &str,
    installation: &Installation,
) -> Result<(ModelKey, Selector), Failure> {
    let name_start = text.find('/').map_or(0, |slash| slash + 1);
    let at = text[name_start..].rfind('@').map(|at| name_start + at);
    let Some(at) = at else {
        return Ok((past_key(text, installation).await?, Selector::Current));
    };
    match past_key(text, installation).await {
        Ok(key) if is_there(&key, installation).await? => return Ok((key, Selector::Current)),
        Ok(_) => {}
        Err(failure) if failure.kind() == Kind::NotFound => {}
        Err(failure) => return Err(failure),
    }
    let key = past_key(&text[..at], installation).await?;
    let reference: Result<ModelRef, _> = format!("{key}{}", &text[at..]).parse();
    let reference = reference.map_err(Failure::usage)?;
    Ok((reference.key, reference.selector))
}

/// The model that `text` names, also a deleted one.
pub(super) async fn past_key(text: &str, installation: &Installation) -> Result<ModelKey, Failure> {
    let failure = match installation.model_key(text).await {
        Err(failure) if failure.kind() == Kind::NotFound => failure,
        known => return known,
    };
    let Installation {
        dashboard, caller, ..
    } = installation;
    let deleted = dashboard.deleted(caller).await?;
    let named = |key: &&ModelKey| key.name.as_str() == text;
    let mut keys = deleted.iter().map(|entry| entry.key()).filter(named);
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key.clone()),
        (Some(one), Some(another)) => {
            let message = format!("several deleted models are called “{text}”");
            Err(Failure::new(Kind::Conflict, message).hint(format!(
                "write the type as well, such as {one} or {another}"
            )))
        }
        _ => Err(failure),
    }
}

async fn is_there(key: &ModelKey, installation: &Installation) -> Result<bool, Failure> {
    let picture = installation.dashboard.picture(&installation.caller).await?;
    Ok(picture.get(key).is_some() || picture.deleted(key).is_some())
}

/// The revision that a selector names; `None` for the present state.
pub(super) async fn revision(
    key: &ModelKey,
    selector: Selector,
    installation: &Installation,
) -> Result<Option<ModelRevision>, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    match selector {
        Selector::Current => Ok(None),
        Selector::Revision(number) => {
            let revision = dashboard.revision(caller, key, number.get()).await;
            Ok(Some(revision?))
        }
        Selector::Digest(digest) => with_digest(key, digest, installation).await.map(Some),
        other => Err(Failure::usage(format!("{other:?} cannot be looked up"))),
    }
}

/// The last revision with this content.
async fn with_digest(
    key: &ModelKey,
    digest: ContentDigest,
    installation: &Installation,
) -> Result<ModelRevision, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let held = |revision: &ModelRevision| {
        let definition = revision.definition();
        definition.is_some_and(|definition| definition.content_digest() == digest)
    };
    let mut before = None;
    loop {
        let page = dashboard.history(caller, key, before, MAX_HISTORY_PAGE);
        let page = page.await?;
        let mut revisions = page.steps.into_iter().map(|step| step.revision);
        if let Some(revision) = revisions.find(held) {
            return Ok(revision);
        }
        before = page.next;
        if before.is_none() {
            let message = format!("no revision of {key} has the digest {digest}");
            return Err(Failure::new(Kind::NotFound, message));
        }
    }
}
