//! Values as JSON, for what is stored as JSON elsewhere.

use super::value::{Kind, Value};

/// How deep values in values are written.
const DEPTH: usize = 100;

impl Value<'_> {
    /// It as JSON: tuples, sets and arrays of numpy as lists, its numbers as numbers, other keys than
    /// text as Python's `json` writes them, `null` for what JSON has no word for. `None` if that
    /// takes more than `limit` bytes, or goes more than a hundred levels down, as what holds itself
    /// does.
    #[must_use]
    pub fn to_json(self, limit: usize) -> Option<String> {
        let mut json = Json {
            text: String::new(),
            limit,
        };
        json.value(self, DEPTH)?;
        Some(json.text)
    }
}

struct Json {
    text: String,
    limit: usize,
}

impl Json {
    fn write(&mut self, text: &str) -> Option<()> {
        self.text.push_str(text);
        (self.text.len() <= self.limit).then_some(())
    }

    fn quoted(&mut self, text: &str) -> Option<()> {
        self.write(&serde_json::to_string(text).ok()?)
    }

    fn number(&mut self, number: f64) -> Option<()> {
        // What is no number is `null`.
        self.write(&serde_json::to_string(&number).ok()?)
    }

    fn value(&mut self, value: Value<'_>, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        if let Some(number) = value.as_i64() {
            return self.write(&number.to_string());
        }
        if let Some(number) = value.as_f64() {
            return self.number(number);
        }
        if let Some(value) = value.as_bool() {
            return self.write(if value { "true" } else { "false" });
        }
        match value.kind() {
            Kind::Text(text) => self.quoted(text),
            Kind::LongInt(digits) => self.write(digits),
            Kind::Tuple | Kind::List | Kind::Set => self.list(value.items(), depth),
            Kind::Dict => self.dict(value, depth),
            Kind::Call if value.pairs().len() > 0 => self.dict(value, depth),
            Kind::Call if value.items().len() > 0 => self.list(value.items(), depth),
            Kind::Call if value.is_mapping() => self.write("{}"),
            Kind::Call => {
                if let Some(numbers) = value.integers() {
                    return self.numbers(&numbers, |json, it| json.write(&it.to_string()));
                }
                match value.numbers() {
                    Some(numbers) => self.numbers(&numbers, |json, it| json.number(*it)),
                    None => self.write("null"),
                }
            }
            _ => self.write("null"),
        }
    }

    fn list<'a>(&mut self, items: impl Iterator<Item = Value<'a>>, depth: usize) -> Option<()> {
        self.write("[")?;
        for (place, item) in items.enumerate() {
            self.write(if place > 0 { "," } else { "" })?;
            self.value(item, depth)?;
        }
        self.write("]")
    }

    fn numbers<T>(
        &mut self,
        numbers: &[T],
        write: impl Fn(&mut Self, &T) -> Option<()>,
    ) -> Option<()> {
        self.write("[")?;
        for (place, number) in numbers.iter().enumerate() {
            self.write(if place > 0 { "," } else { "" })?;
            write(self, number)?;
        }
        self.write("]")
    }

    fn dict(&mut self, value: Value<'_>, depth: usize) -> Option<()> {
        self.write("{")?;
        for (place, (key, value)) in value.pairs().enumerate() {
            self.write(if place > 0 { "," } else { "" })?;
            match key.kind() {
                Kind::Text(text) => self.quoted(text)?,
                Kind::None => self.write("\"null\"")?,
                Kind::Bool(true) => self.write("\"true\"")?,
                Kind::Bool(false) => self.write("\"false\"")?,
                Kind::Int(number) => self.quoted(&number.to_string())?,
                Kind::Float(number) => self.quoted(&number.to_string())?,
                _ => return None,
            }
            self.write(":")?;
            self.value(value, depth)?;
        }
        self.write("}")
    }
}
