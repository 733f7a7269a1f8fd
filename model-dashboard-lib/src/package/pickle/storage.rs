//! The bytes of tensors that pickles ask for.

use super::arena::{Arena, Slot};

/// The bytes of a tensor, or of several that share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// What torch calls its type, as `FloatStorage`.
    pub kind: Box<str>,
    /// How many elements it has.
    pub length: u64,
}

impl Storage {
    /// What torch writes for an id (`torch/serialization.py`): with its type, key, place and length,
    /// in older files with a view, which is none of those known here.
    pub(super) fn of(arena: &Arena, id: Slot) -> Option<(&str, Self)> {
        let ([mark, of, key, place, length] | [mark, of, key, place, length, Slot::None]) =
            arena.tuple(id)?
        else {
            return None;
        };
        let (Slot::Text(_), Slot::Int(length)) = (place, length) else {
            return None;
        };
        let (name, key) = (arena.name(*of)?, arena.text(*key)?);
        let is_torch = matches!(&*name.module, "torch" | "torch.storage");
        let is_storage = is_torch && name.name.ends_with("Storage");
        (arena.text(*mark) == Some("storage") && is_storage).then_some(())?;
        let storage = Self {
            kind: name.name.clone(),
            length: u64::try_from(*length).ok()?,
        };
        Some((key, storage))
    }

    /// How many bytes it has.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        let each = match &*self.kind {
            "ComplexDoubleStorage" => 16,
            "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
            "FloatStorage" | "IntStorage" | "QInt32Storage" => 4,
            "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
            _ => 1,
        };
        self.length.checked_mul(each)
    }
}
