//! The fields of small JSON bodies, read one by one, so that all that is wrong is named at once.

use model_dashboard::auth::{Permissions, Role};
use model_dashboard::model::{DuplicateKeys, FieldError, JsonObject};
use serde::de::DeserializeOwned;

use super::parameters::unknown;

/// What is read from an object whose fields are all known.
pub(super) trait Body: Sized {
    /// Takes its fields; `None` if one that is needed cannot be had.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// What a field can be.
pub(super) trait Field: Sized {
    /// Reads the JSON of a field.
    ///
    /// # Errors
    /// What it has to be, or what is wrong inside.
    fn read(json: &str) -> Result<Self, Vec<FieldError>>;
}

/// The fields of an object while they are read.
#[derive(Debug)]
pub(super) struct Fields {
    object: JsonObject,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

/// Reads an object.
///
/// # Errors
/// All that is wrong, by field; what is no JSON, by line and column.
pub(super) fn parse<T: Body>(json: &[u8]) -> Result<T, Vec<FieldError>> {
    let object = JsonObject::parse(json, DuplicateKeys::Refuse)
        .map_err(|error| vec![FieldError::json("", &error)])?;
    let mut fields = Fields {
        object,
        known: Vec::new(),
        errors: Vec::new(),
    };
    let read = T::read(&mut fields);
    let Fields {
        object,
        known,
        mut errors,
    } = fields;
    let names = object.iter().map(|(name, _)| name);
    errors.extend(
        names
            .filter(|name| !known.contains(name))
            .map(|name| FieldError::new(name, unknown(name, &known))),
    );
    match read {
        Some(read) if errors.is_empty() => Ok(read),
        _ => Err(errors),
    }
}

impl Fields {
    /// A field that may be left out, or null.
    pub(super) fn optional<T: Field>(&mut self, name: &'static str) -> Option<T> {
        self.known.push(name);
        let json = self.object.get(name).filter(|json| *json != "null")?;
        match T::read(json) {
            Ok(value) => Some(value),
            Err(inside) => {
                self.errors.extend(inside.into_iter().map(|error| {
                    let field = match error.field.as_str() {
                        "" => name.to_owned(),
                        inner => format!("{name}.{inner}"),
                    };
                    FieldError::new(field, error.message)
                }));
                None
            }
        }
    }

    /// A field that must be there.
    pub(super) fn needed<T: Field>(&mut self, name: &'static str) -> Option<T> {
        let errors = self.errors.len();
        let value = self.optional(name);
        if value.is_none() && self.errors.len() == errors {
            self.errors.push(FieldError::new(name, "is needed"));
        }
        value
    }
}

fn value<T: DeserializeOwned>(json: &str, expected: &str) -> Result<T, Vec<FieldError>> {
    serde_json::from_str(json).map_err(|_| must_be(expected))
}

/// That a field is something else.
pub(super) fn must_be(expected: &str) -> Vec<FieldError> {
    vec![FieldError::new("", format!("must be {expected}"))]
}

fn named<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T, Vec<FieldError>> {
    text.parse()
        .map_err(|error: T::Err| vec![FieldError::new("", error.to_string())])
}

impl Field for String {
    fn read(json: &str) -> Result<Self, Vec<FieldError>> {
        value(json, "a text")
    }
}

impl Field for bool {
    fn read(json: &str) -> Result<Self, Vec<FieldError>> {
        value(json, "true or false")
    }
}

impl Field for u16 {
    fn read(json: &str) -> Result<Self, Vec<FieldError>> {
        value(json, "a whole number from 0 to 65535")
    }
}

impl Field for Role {
    fn read(json: &str) -> Result<Self, Vec<FieldError>> {
        named(&value::<String>(json, "the name of a role")?)
    }
}

impl Field for Permissions {
    fn read(json: &str) -> Result<Self, Vec<FieldError>> {
        let expected = r#"a list of scopes, such as ["models:read"]"#;
        let names: Vec<String> = value(json, expected)?;
        names.iter().map(|name| named(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::dto::{AccountChange, NewAccount, NewToken, PasswordReset, Rename};
    use super::*;

    fn wrong<T: Body>(json: &str) -> String {
        let errors = parse::<T>(json.as_bytes()).err().unwrap();
        let one = |error: FieldError| format!("{}: {}", error.field, error.message);
        errors.into_iter().map(one).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn everything_wrong_is_named_with_what_is_expected() {
        let owner = r#"owner: must be an object such as {"source": "service", "subject": "1"}"#;
        let token = r#"{"description":"x","owner":"service:1"}"#;
        assert_eq!(
            wrong::<NewToken>(token),
            format!("scopes: is needed\n{owner}")
        );
        let token = r#"{"description":1,"scopes":"models:read","expires_in_days":-1,
                        "owner":{"source":"service","sub":2}}"#;
        assert_eq!(
            wrong::<NewToken>(token),
            "description: must be a text\n\
             scopes: must be a list of scopes, such as [\"models:read\"]\n\
             expires_in_days: must be a whole number from 0 to 65535\n\
             owner.subject: is needed\n\
             owner.sub: is not known; did you mean subject?"
        );
        assert_eq!(
            wrong::<AccountChange>(r#"{"is_active":"yes"}"#),
            "is_active: must be true or false"
        );
        assert_eq!(wrong::<Rename>("{}"), "name: is needed");
        assert_eq!(
            wrong::<PasswordReset>(r#"{"pasword":"x"}"#),
            "pasword: is not known; did you mean password?"
        );
        assert!(wrong::<NewAccount>(r#"{"username":"a","role":"boss"}"#).starts_with("role: "));
    }

    #[test]
    fn what_is_no_object_says_nothing_of_the_program() {
        for json in ["[]", "\"x\"", "{", "", r#"{"a":1,"a":2}"#] {
            let errors = parse::<NewToken>(json.as_bytes()).err().unwrap();
            let told = format!("{errors:?}");
            assert!(
                !told.contains("NewToken") && !told.contains("struct"),
                "{told}"
            );
        }
    }

    #[test]
    fn null_is_as_if_left_out() {
        let change: AccountChange = parse(br#"{"email":null,"team":"a"}"#).unwrap();
        assert_eq!((change.email, change.team.as_deref()), (None, Some("a")));
    }
}
