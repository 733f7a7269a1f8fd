//! Plain data: of JSON, or of a pickle that was read without running it.

/// How many characters of a key are told.
const LONGEST_KEY: usize = 100;

/// A value. Members keep their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// Something that is no plain data.
    Other,
}

impl Value {
    /// The member of that name.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|(name, _)| name == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The member at the end of this way through maps.
    pub(super) fn at(&self, way: &[&str]) -> Option<&Self> {
        way.iter().try_fold(self, |value, key| value.get(key))
    }

    pub(super) fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Map(members) => members,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, also one that was written with a point.
    pub(super) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(number) => u64::try_from(*number).ok(),
            Self::Float(number) if number.fract() == 0.0 && (0.0..9e15).contains(number) => {
                Some(*number as u64)
            }
            _ => None,
        }
    }

    pub(super) fn as_u32(&self) -> Option<u32> {
        u32::try_from(self.as_u64()?).ok()
    }

    pub(super) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// A text that is not blank, or a number as text.
    pub(super) fn to_text(&self) -> Option<String> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Self::Int(number) => Some(number.to_string()),
            Self::Float(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A list of whole numbers, or nothing if it is none.
    pub(super) fn whole_numbers(&self) -> Vec<u64> {
        let numbers: Option<Vec<u64>> = self.items().iter().map(Self::as_u64).collect();
        numbers.unwrap_or_default()
    }

    /// A list of numbers, or nothing if it is none: JSON has none that are not finite.
    pub(super) fn numbers(&self) -> Vec<f64> {
        let finite = |item: &Self| item.as_f64().filter(|number| number.is_finite());
        let numbers: Option<Vec<f64>> = self.items().iter().map(finite).collect();
        numbers.unwrap_or_default()
    }

    /// The texts of a list, or of the values of a map.
    pub(super) fn texts(&self) -> Vec<String> {
        let texts: Vec<_> = match self {
            Self::Map(members) => members.iter().map(|(_, value)| value).collect(),
            _ => self.items().iter().collect(),
        };
        texts.into_iter().filter_map(Self::to_text).collect()
    }

    /// Visits every text with the way to it (`a[0].b`, long keys cut), keys of maps too: those with
    /// `true`.
    pub(super) fn visit_texts(&self, visit: &mut dyn FnMut(&str, &str, bool)) {
        self.visit(&mut String::new(), visit);
    }

    fn visit(&self, way: &mut String, visit: &mut dyn FnMut(&str, &str, bool)) {
        let here = way.len();
        match self {
            Self::Text(text) => visit(way, text, false),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    way.push_str(&format!("[{index}]"));
                    item.visit(way, visit);
                    way.truncate(here);
                }
            }
            Self::Map(members) => {
                for (key, value) in members {
                    way.extend((here > 0).then_some('.'));
                    way.extend(key.chars().take(LONGEST_KEY));
                    visit(way, key, true);
                    value.visit(way, visit);
                    way.truncate(here);
                }
            }
            _ => {}
        }
    }
}
