//! JSON as Python's `json` reads it: `NaN` and `Infinity` are numbers, of a key that is there twice
//! the last value counts, members keep their order.

use std::collections::HashMap;

use super::value::Value;

/// The deepest nesting.
const DEPTH: usize = 100;

/// The most values.
const VALUES: usize = 2_000_000;

/// Why a text is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonFault {
    #[error("it is not JSON")]
    Syntax,
    #[error("it is nested more than {DEPTH} times")]
    TooDeep,
    #[error("it holds more than {VALUES} values")]
    TooLarge,
}

/// Reads one value, which is all of the text.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonFault::Syntax)?;
    let mut parser = Parser {
        rest: text.trim_start_matches('\u{feff}'),
        values: 0,
    };
    let value = parser.value(0)?;
    parser.skip_blanks();
    if parser.rest.is_empty() {
        Ok(value)
    } else {
        Err(JsonFault::Syntax)
    }
}

struct Parser<'a> {
    rest: &'a str,
    values: usize,
}

impl Parser<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Takes this text if it comes next, after blanks.
    fn takes(&mut self, text: &str) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str) -> Result<(), JsonFault> {
        self.takes(text).then_some(()).ok_or(JsonFault::Syntax)
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonFault> {
        if depth > DEPTH {
            return Err(JsonFault::TooDeep);
        }
        self.values += 1;
        if self.values > VALUES {
            return Err(JsonFault::TooLarge);
        }
        self.skip_blanks();
        match self.rest.as_bytes().first() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.text().map(Value::Text),
            Some(b'-' | b'0'..=b'9') if !self.rest.starts_with("-I") => self.number(),
            _ => {
                let words = [
                    ("null", Value::Null),
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("NaN", Value::Float(f64::NAN)),
                    ("Infinity", Value::Float(f64::INFINITY)),
                    ("-Infinity", Value::Float(f64::NEG_INFINITY)),
                ];
                let found = words.into_iter().find(|(word, _)| self.takes(word));
                found.map(|(_, value)| value).ok_or(JsonFault::Syntax)
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, JsonFault> {
        self.expect("[")?;
        let mut items = Vec::new();
        if self.takes("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.takes(",") {
                break;
            }
        }
        self.expect("]")?;
        Ok(Value::List(items))
    }

    fn map(&mut self, depth: usize) -> Result<Value, JsonFault> {
        self.expect("{")?;
        let mut members: Vec<(String, Value)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        if self.takes("}") {
            return Ok(Value::Map(members));
        }
        loop {
            self.skip_blanks();
            let key = self.text()?;
            self.expect(":")?;
            let value = self.value(depth + 1)?;
            match places.get(&key).and_then(|place| members.get_mut(*place)) {
                Some(member) => member.1 = value,
                None => {
                    places.insert(key.clone(), members.len());
                    members.push((key, value));
                }
            }
            if !self.takes(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(Value::Map(members))
    }

    fn number(&mut self) -> Result<Value, JsonFault> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        if let Ok(whole) = digits.parse::<i64>() {
            return Ok(Value::Int(whole));
        }
        let number = digits.parse().map_err(|_| JsonFault::Syntax)?;
        Ok(Value::Float(number))
    }

    fn text(&mut self) -> Result<String, JsonFault> {
        let mut rest = self.rest.strip_prefix('"').ok_or(JsonFault::Syntax)?;
        let mut text = String::new();
        loop {
            let end = rest.find(['"', '\\']).ok_or(JsonFault::Syntax)?;
            let (plain, after) = rest.split_at(end);
            text.push_str(plain);
            let mut next = after.chars();
            if next.next() == Some('"') {
                self.rest = next.as_str();
                return Ok(text);
            }
            let escaped = next.next().ok_or(JsonFault::Syntax)?;
            rest = next.as_str();
            text.push(match escaped {
                '"' | '\\' | '/' => escaped,
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => unicode(&mut rest)?,
                _ => return Err(JsonFault::Syntax),
            });
        }
    }
}

/// The character that `\u` stands for, with the second half of a pair. Half a pair, which Python
/// accepts, stands for what cannot be shown.
fn unicode(rest: &mut &str) -> Result<char, JsonFault> {
    let mut unit = || {
        let digits = rest.get(..4).ok_or(JsonFault::Syntax)?;
        let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let unit = u32::from_str_radix(digits, 16).map_err(|_| JsonFault::Syntax)?;
        *rest = rest.get(4..).unwrap_or_default();
        all_hex.then_some(unit).ok_or(JsonFault::Syntax)
    };
    let first = unit()?;
    if (0xd800..0xdc00).contains(&first)
        && let Some(after) = rest.strip_prefix("\\u")
        && let Some(second) = after
            .get(..4)
            .and_then(|it| u32::from_str_radix(it, 16).ok())
        && (0xdc00..0xe000).contains(&second)
    {
        *rest = after.get(4..).unwrap_or_default();
        let joined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return char::from_u32(joined).ok_or(JsonFault::Syntax);
    }
    Ok(char::from_u32(first).unwrap_or('\u{fffd}'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_python_writes_is_read() {
        let text = br#"{"b": [1, -2.5, 1e3, NaN, -Infinity], "a": "\u0024\ud83d\ude00\ud800", "b2": null}"#;
        let value = parse(text).unwrap();
        let keys: Vec<_> = value.members().iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["b", "a", "b2"]);
        let items = value.get("b").unwrap().items();
        let numbers: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
        assert_eq!(numbers[..3], [1.0, -2.5, 1000.0]);
        assert!(numbers[3].is_nan() && numbers[4] == f64::NEG_INFINITY);
        // A report could not hold them.
        assert!(value.get("b").unwrap().numbers().is_empty());
        assert_eq!(value.get("a").unwrap().as_str(), Some("$😀\u{fffd}"));
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_last_value_counts() {
        let value = parse(br#"{"a": 1, "b": 2, "a": {"c": 3}}"#).unwrap();
        assert_eq!(value.at(&["a", "c"]).and_then(Value::as_u64), Some(3));
        assert_eq!(value.members().len(), 2);
    }

    /// What `serde_json` makes of a text; its maps are sorted.
    fn sorted(value: &Value) -> serde_json::Value {
        match value {
            Value::Bool(value) => (*value).into(),
            Value::Int(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(sorted).collect(),
            Value::Map(members) => {
                let member = |(key, value): &(String, Value)| (key.clone(), sorted(value));
                members.iter().map(member).collect()
            }
            _ => serde_json::Value::Null,
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_another_writer_writes_is_read(json in any_json(), pretty in any::<bool>()) {
            let text = match pretty {
                true => serde_json::to_string_pretty(&json).unwrap(),
                false => json.to_string(),
            };
            prop_assert_eq!(sorted(&parse(text.as_bytes()).unwrap()), json);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_signs_of_json_are_read_or_refused(text in r#"[\[\]{}":,\\u0-9aNI.e+ -]{0,60}"#) {
            let _ = parse(text.as_bytes());
        }
    }

    #[test]
    fn large_texts_are_read_in_linear_time() {
        let text = format!("{{\"a\": \"{}\"}}", "\\n".repeat(1 << 20));
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(
            value.get("a").and_then(Value::as_str).map(str::len),
            Some(1 << 20)
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\" 1}",
            "\"a",
            "nul",
            "1 2",
            "\"\\x\"",
            "--1",
            "[1",
            "\"\\u+123\"",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(JsonFault::Syntax), "{text}");
        }
        let deep = "[".repeat(10_000);
        assert_eq!(parse(deep.as_bytes()), Err(JsonFault::TooDeep));
        let many = format!("[{}0]", "0,".repeat(VALUES));
        assert_eq!(parse(many.as_bytes()), Err(JsonFault::TooLarge));
    }
}
