//! How models and accounts are named at the command line.

use model_dashboard::auth::{Source, User, UserFilter, Username};
use model_dashboard::model::{ModelKey, ModelName, NetworkType};

use super::Installation;
use crate::failure::{Failure, Kind};

impl Installation {
    /// The model that `text` names: `type/name`, or a name that is there once.
    pub(crate) async fn model_key(&self, text: &str) -> Result<ModelKey, Failure> {
        if text.contains('/') {
            return text.parse().map_err(|error| {
                Failure::usage(format!("“{text}” cannot be a model: each part {error}"))
            });
        }
        let picture = self.dashboard.picture(&self.caller).await?;
        if let [key] = picture.find_by_name(text).as_slice() {
            return Ok(key.clone());
        }
        let model = self.dashboard.find(&self.caller, text).await?;
        Ok(model.key)
    }

    /// The account that `text` names: a username of `source`, or where none is given a username that
    /// one source has, or `source:username`, or an id as lists show it.
    pub(crate) async fn account(
        &self,
        text: &str,
        source: Option<&Source>,
    ) -> Result<User, Failure> {
        let people = UserFilter {
            source: source.cloned(),
        };
        let all = self.dashboard.users(&self.caller, &people).await?;
        let named = Username::parse(text).ok();
        let is_named = |user: &User| named.as_ref() == Some(&user.username);
        let mut found: Vec<&User> = all.iter().filter(|user| is_named(user)).collect();
        if found.is_empty() {
            let in_full = |user: &User| {
                let prefixed = text
                    .split_once(':')
                    .filter(|(source, _)| *source == user.id.source.as_str())
                    .and_then(|(_, name)| Username::parse(name).ok());
                user.id.to_string() == text || prefixed.as_ref() == Some(&user.username)
            };
            found = all.iter().filter(|user| in_full(user)).collect();
        }
        match found.as_slice() {
            [user] => Ok((*user).clone()),
            [] => match source {
                Some(source) => {
                    let found = self.dashboard.user_by_name(&self.caller, source, text);
                    Ok(found.await?)
                }
                None => self.account_of_source(text).await,
            },
            several => {
                let full = |user: &User| format!("{}:{}", user.id.source, user.username);
                // Who left a directory may have had the name of somebody else there.
                let is_of_two =
                    |name: &str| several.iter().filter(|it| full(it) == name).count() > 1;
                let names = several.iter().map(|user| match full(user) {
                    name if is_of_two(&name) => user.id.to_string(),
                    name => name,
                });
                let names = names.collect::<Vec<_>>().join(", ");
                let message = format!("several accounts are called “{text}”");
                Err(Failure::new(Kind::Conflict, message).hint(format!("choose one of {names}")))
            }
        }
    }

    /// Asks a source by itself: for the error with names like it, and as lists have an end.
    async fn account_of_source(&self, text: &str) -> Result<User, Failure> {
        let parsed = text
            .split_once(':')
            .and_then(|(source, name)| Some((Source::parse(source).ok()?, name)));
        let (source, name) = parsed.clone().unwrap_or((Source::local(), text));
        let found = self.dashboard.user_by_name(&self.caller, &source, name);
        let failure = match found.await.map_err(Failure::from) {
            Ok(user) => return Ok(user),
            Err(failure) if failure.kind() != Kind::NotFound => return Err(failure),
            Err(failure) => failure,
        };
        let advice = failure.advice().map(str::to_owned).unwrap_or_else(|| {
            "`model-dashboard user list` shows all; people of a directory have an account after \
             their first sign-in"
                .to_owned()
        });
        let failure = match parsed {
            Some(_) => failure,
            None => Failure::new(Kind::NotFound, format!("no account is called “{text}”")),
        };
        Err(failure.hint(advice))
    }
}

/// A key for something new; a name alone takes the type of `like`.
pub(crate) fn new_key(text: &str, like: Option<&NetworkType>) -> Result<ModelKey, Failure> {
    let wrong = |part: &str, error: &dyn std::fmt::Display| {
        Failure::usage(format!("{part} of “{text}” {error}"))
            .hint("write a model as TYPE/NAME, such as nnUNet_v2/Dataset220_KiTS2023")
    };
    let (network_type, name) = match (text.split_once('/'), like) {
        (Some((network_type, name)), _) => {
            let network_type = NetworkType::parse(network_type);
            (network_type.map_err(|e| wrong("the type", &e))?, name)
        }
        (None, Some(like)) => (like.clone(), text),
        (None, None) => return Err(wrong("the type", &"is missing")),
    };
    let name = ModelName::parse(name).map_err(|e| wrong("the name", &e))?;
    Ok(ModelKey::new(network_type, name))
}
