//! What to do about an error, beside what it says itself.

use model_dashboard::dashboard::Error;

/// What goes on although a package is trusted too little.
pub(crate) const OVERRIDING: &str = "`model-dashboard model enable MODEL --override REASON` enables it all the same, for administrators";

/// What goes on although a package is for another model.
pub(crate) const AS_TYPED: &str =
    "another --name gives it to another model, --as-typed to this one; nothing is sent again";

/// What renames a model although its package is for another one.
pub(crate) const RENAMING: &str = "--as-typed renames it all the same";

/// What goes on although labels stand for something else.
pub(crate) const BREAKING: &str = "--breaking publishes it all the same, --draft keeps it beside the model; nothing is sent again";

/// What goes on although jobs may not run it correctly.
pub(crate) const INCOMPLETE: &str = "--incomplete publishes it all the same, --draft keeps it beside the model; nothing is sent again";

/// What enables a model although jobs may not run it correctly.
pub(crate) const ENABLING: &str =
    "`model-dashboard model enable MODEL --incomplete` enables it all the same";

/// What tells why something does not answer.
pub(crate) const DOCTOR: &str = "`model-dashboard doctor` tries everything and says what to fix";

/// What to do about an error, where there is something.
pub(crate) fn hint_for(error: &Error) -> Option<String> {
    Some(match error {
        Error::NotFound { near, .. } if !near.is_empty() => {
            format!("did you mean {}?", near.join(", "))
        }
        Error::Ambiguous { candidates, .. } => {
            let names: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            format!("choose one of {}", names.join(", "))
        }
        Error::Invalid(errors) if errors.iter().any(|error| error.field == "message") => {
            "give the reason with -m".to_owned()
        }
        Error::Broken { key, .. } => format!(
            "`model-dashboard model show --raw '{key}'` prints its text, `model edit '{key}'` \
             mends it"
        ),
        Error::LastAdministrator => {
            "`model-dashboard user set-role USER admin` makes another one".to_owned()
        }
        Error::Unavailable { .. } | Error::Store(_) | Error::Repository(_) => DOCTOR.to_owned(),
        // The message says what comes first.
        Error::Untrusted { enabled: true, .. } => return None,
        Error::Untrusted { .. } => OVERRIDING.to_owned(),
        Error::PackageTooLarge { .. } => "MAX_UPLOAD_SIZE says how large one may be".to_owned(),
        Error::Mismatched { upload: None, .. } => RENAMING.to_owned(),
        Error::Mismatched { .. } => AS_TYPED.to_owned(),
        Error::Breaking { .. } => BREAKING.to_owned(),
        Error::Incomplete { enabled: false, .. } => ENABLING.to_owned(),
        Error::Incomplete { .. } => INCOMPLETE.to_owned(),
        Error::PurgedBytes { digest, .. } => letting_in(&digest.to_string()),
        _ => return None,
    })
}

/// What lets bytes in again that were purged.
pub(crate) fn letting_in(digest: &str) -> String {
    format!(
        "`model-dashboard package allow {digest} --reason TEXT` lets them in again, for administrators"
    )
}
