//! What stays behind.

/// Names of files and folders that are not packed: a file or folder of that name at any depth, or a
/// file of that name before one of its dots. `checkpoint_best` is `checkpoint_best.pth`, `validation`
/// a folder with all that is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Without(Vec<String>);

/// The name of nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a file or folder: names have no slashes and are not empty")]
pub struct WithoutError(String);

impl Without {
    /// # Errors
    /// If a name is empty, `.`, `..`, or a path.
    pub fn names<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, WithoutError> {
        let check = |name: String| {
            let is_one = !matches!(&*name, "" | "." | "..") && !name.contains(['/', '\\']);
            if is_one {
                Ok(name)
            } else {
                Err(WithoutError(name))
            }
        };
        let names = names.into_iter().map(|name| check(name.into()));
        Ok(Self(names.collect::<Result<_, _>>()?))
    }

    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The place of the name that this one falls under.
    pub(super) fn rule_of(&self, name: &str, is_folder: bool) -> Option<usize> {
        let falls_under = |rule: &String| match name.strip_prefix(&**rule) {
            Some("") => true,
            Some(rest) => !is_folder && rest.starts_with('.'),
            None => false,
        };
        self.0.iter().position(falls_under)
    }
}
