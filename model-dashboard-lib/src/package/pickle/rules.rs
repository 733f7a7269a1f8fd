//! What expected names are called with, and what is put into what they return, in genuine files. The
//! names alone do no harm, but with other arguments some take all memory, make others read outside
//! of it, or make names that nobody can read.
//!
//! Sources: `torch/_utils.py`, `torch/_tensor.py`; numpy, `_core/src/multiarray/descriptor.c`.

use super::arena::{Arena, Slot, call};
use super::numpy::{self, Code};
use super::opcode::Container;
use super::{Name, Storage};

/// What is odd, for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Odd {
    /// What genuine files do not do.
    Unusual(String),
    /// What harms whoever loads it.
    Harmful(&'static str),
}

type Checked = Result<(), Odd>;

fn if_not(usual: bool, reason: &str) -> Checked {
    match usual {
        true => Ok(()),
        false => Err(Odd::Unusual(reason.to_owned())),
    }
}

/// Checks a call. Of names that are not expected nothing is known, and their names are told.
pub(super) fn call(arena: &Arena, callable: Slot, arguments: Slot) -> Checked {
    let Some(name) = arena.expected_name(callable) else {
        return Ok(());
    };
    let arguments = arena.tuple(arguments);
    match (&*name.module, &*name.name, arguments) {
        ("torch._utils", "_rebuild_sparse_tensor" | "_rebuild_nested_tensor", _) => if_not(
            false,
            "it holds sparse or nested tensors, whose places are not checked when it is loaded",
        ),
        ("numpy", "dtype", Some([code, _, _])) => {
            let code = arena.text(*code).and_then(Code::parse);
            if_not(
                code.is_some_and(|code| code.kind != b'O'),
                "it holds arrays of objects or structures",
            )
        }
        (
            "torch._utils",
            "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_qtensor",
            Some([storage, offset, size, stride, ..]),
        ) => view(arena, None, [*storage, *offset, *size, *stride]),
        (
            "torch._utils",
            "_rebuild_tensor_v3",
            Some([storage, offset, size, stride, _, _, of, ..]),
        ) => {
            let each = element_size(arena, *of);
            view(arena, Some(each), [*storage, *offset, *size, *stride])
        }
        ("torch._tensor", "_rebuild_from_type_v2", Some([function, of, with, state])) => {
            // It never calls itself: whoever makes it do so makes readers go down without end.
            let usual = arena.name(*function).is_some_and(|inner| inner != name)
                && is_kind_of_tensor(arena, *of)
                && is_state(arena, *state);
            if_not(usual, &others(name))?;
            call(arena, *function, *with)
        }
        (_, _, Some(arguments)) => if_not(is_usual(arena, name, arguments), &others(name)),
        (_, _, None) => if_not(false, &others(name)),
    }
}

fn others(name: &Name) -> String {
    format!("it calls {name} with other arguments than genuine files do")
}

/// Whether a function is called as genuine files do, for those that need no closer look.
fn is_usual(arena: &Arena, name: &Name, arguments: &[Slot]) -> bool {
    let is_text = |slot: &Slot| matches!(slot, Slot::Text(_) | Slot::TooLong);
    let is_bytes = |slot: &Slot| match slot {
        Slot::Bytes(_) | Slot::TooLong => true,
        Slot::Call(_) => arena
            .called(*slot)
            .is_some_and(|(name, _)| is_for_bytes(name)),
        _ => false,
    };
    let is_number = |slot: &Slot| matches!(slot, Slot::Int(_) | Slot::Float(_));
    let is_tensor = |slot: &Slot| {
        arena
            .called(*slot)
            .is_some_and(|(name, _)| is_rebuild(name))
    };
    match (&*name.module, &*name.name, arguments) {
        ("_codecs", "encode", [text, codec]) => {
            is_text(text) && arena.text(*codec).is_some_and(numpy::is_latin_1)
        }
        // How protocols before 3 write no bytes at all.
        ("builtins", "bytes" | "bytearray", []) => true,
        ("builtins", "bytearray", [bytes]) => is_bytes(bytes),
        ("builtins", "bytearray", [text, codec]) => {
            is_text(text) && arena.text(*codec).is_some_and(numpy::is_latin_1)
        }
        ("builtins", "complex", [real, imaginary]) => is_number(real) && is_number(imaginary),
        ("builtins", "set", [] | [Slot::List(_)]) => true,
        ("collections", "Counter", [] | [Slot::Dict(_)]) => true,
        ("collections", "OrderedDict", [] | [Slot::List(_)]) => true,
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct", [of, shape, kind]) => {
            let of_arrays = |name: &Name| &*name.module == "numpy" && &*name.name == "ndarray";
            let is_b = match numpy::bytes(arena, *kind) {
                Some(bytes) => *bytes == *b"b",
                None => arena.text(*kind) == Some("b"),
            };
            arena.name(*of).is_some_and(of_arrays)
                && arena.tuple(*shape) == Some(&[Slot::Int(0)])
                && is_b
        }
        ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar", [of, data]) => {
            is_dtype(arena, *of) && is_bytes(data)
        }
        ("torch", "Size", [Slot::Tuple(_)]) => true,
        ("torch", "device", [kind]) => is_text(kind),
        ("torch", "device", [kind, Slot::Int(_)]) => is_text(kind),
        ("torch._utils", "_rebuild_parameter", [data, Slot::Bool(_), _]) => is_tensor(data),
        ("torch._utils", "_rebuild_parameter_with_state", [data, Slot::Bool(_), _, state]) => {
            is_tensor(data) && is_state(arena, *state)
        }
        ("torch._utils", "_rebuild_meta_tensor_no_storage", [_, size, stride, _]) => {
            arena.tuple(*size).is_some() && arena.tuple(*stride).is_some()
        }
        ("torch._utils", "_rebuild_device_tensor_from_numpy", [array, ..]) => arena
            .called(*array)
            .is_some_and(|(name, _)| &*name.name == "_reconstruct"),
        ("torch.nn.parameter", "Parameter", [data] | [data, Slot::Bool(_)]) => is_tensor(data),
        ("torch.serialization", "_get_layout", [layout]) => is_text(layout),
        _ => false,
    }
}

/// Whether it returns bytes, which are no opcode in protocols before 3.
fn is_for_bytes(name: &Name) -> bool {
    matches!(
        (&*name.module, &*name.name),
        ("_codecs", "encode") | ("builtins", "bytes")
    )
}

/// Whether it returns tensors.
fn is_rebuild(name: &Name) -> bool {
    matches!(&*name.module, "torch._utils" | "torch._tensor") && name.name.starts_with("_rebuild_")
}

fn is_dtype(arena: &Arena, slot: Slot) -> bool {
    let of = arena.called(slot);
    of.is_some_and(|(name, _)| &*name.module == "numpy" && &*name.name == "dtype")
}

fn is_kind_of_tensor(arena: &Arena, slot: Slot) -> bool {
    arena.expected_name(slot).is_some_and(|name| {
        matches!(
            (&*name.module, &*name.name),
            ("torch", "Tensor") | ("torch.nn.parameter", "Parameter")
        )
    })
}

/// Attributes, by themselves or beside those that have places of their own.
fn is_state(arena: &Arena, state: Slot) -> bool {
    let is_part = |slot: &Slot| matches!(slot, Slot::None | Slot::Dict(_));
    is_part(&state)
        || arena
            .tuple(state)
            .is_some_and(|parts| parts.len() == 2 && parts.iter().all(is_part))
}

/// Bytes of an element of one of torch's types; the most there are, if it is not known.
fn element_size(arena: &Arena, of: Slot) -> u64 {
    match arena.name(of).map_or("", |name| &*name.name) {
        "bool" | "int8" | "qint8" | "quint8" | "uint8" => 1,
        "bfloat16" | "float16" | "int16" => 2,
        "float32" | "int32" | "qint32" => 4,
        "complex64" | "float64" | "int64" => 8,
        _ => 16,
    }
}

/// Checks that a tensor lies within its storage, whose elements are as long as its own if it does not
/// say so.
fn view(arena: &Arena, each: Option<u64>, [storage, offset, size, stride]: [Slot; 4]) -> Checked {
    let within = || {
        let Slot::Persistent(id) = storage else {
            return None;
        };
        let (_, storage) = Storage::of(arena, arena.part(id, 0))?;
        let whole = |slot: &Slot| match slot {
            Slot::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        };
        let (size, stride) = (arena.tuple(size)?, arena.tuple(stride)?);
        (size.len() == stride.len()).then_some(())?;
        let mut last = whole(&offset)?;
        let mut empty = false;
        for (length, step) in size.iter().zip(stride) {
            let (length, step) = (whole(length)?, whole(step)?);
            empty |= length == 0;
            last = last.checked_add(length.saturating_sub(1).checked_mul(step)?)?;
        }
        let there = match each {
            Some(each) => storage.bytes()? / each,
            None => storage.length,
        };
        (empty || last < there).then_some(())
    };
    if_not(within().is_some(), "a tensor lies outside of its bytes")
}

/// Checks what a state is given to.
pub(super) fn state(arena: &Arena, of: Slot, state: Slot) -> Checked {
    let callable = match of {
        Slot::Call(id) => arena.part(id, call::CALLABLE),
        _ => return if_not(false, "it gives a state to what has none"),
    };
    let Some(name) = arena.expected_name(callable) else {
        return Ok(());
    };
    match (&*name.module, &*name.name) {
        ("numpy", "dtype") => of_dtype(arena, of, state),
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
            let usual = match arena.tuple(state) {
                Some([shape, of, _, _] | [_, shape, of, _, _]) => {
                    arena.tuple(*shape).is_some() && is_dtype(arena, *of)
                }
                _ => false,
            };
            if_not(usual, "it gives arrays another state than genuine files do")
        }
        _ if is_dict(name) => if_not(
            matches!(state, Slot::Dict(_)),
            "it gives dictionaries another state than genuine files do",
        ),
        // Tensors among them: they take a state for where they lie.
        _ => if_not(false, &format!("it gives a state to what {name} returns")),
    }
}

/// The state of a type of numpy: a version, the order of bytes, what only structures have, size and
/// alignment, and flags, which say whether its bytes are pointers.
fn of_dtype(arena: &Arena, of: Slot, state: Slot) -> Checked {
    let arguments = match of {
        Slot::Call(id) => arena.tuple(arena.part(id, call::ARGUMENTS)),
        _ => None,
    };
    let code = arguments.and_then(|arguments| arena.text(*arguments.first()?));
    let code = code.and_then(Code::parse);
    let (Some(code), Some([_, _, base, names, fields, size, _, flags, ..])) =
        (code, arena.tuple(state))
    else {
        return if_not(
            false,
            "it gives types of numpy another state than genuine files do",
        );
    };
    if_not(
        [base, names, fields].iter().all(|it| **it == Slot::None),
        "it holds arrays of structures",
    )?;
    // Objects are pointers; texts are only to be set to nothing at first.
    let (usual, each): (&[i64], _) = match code.kind {
        b'O' => (&[63], None),
        b'U' => (&[0, 8], code.size.checked_mul(4)),
        b'S' | b'V' => (&[0], Some(code.size)),
        _ => (&[0], None),
    };
    let sized = each.is_none_or(|each| i64::try_from(each).is_ok_and(|it| *size == Slot::Int(it)));
    match sized && usual.iter().any(|it| *flags == Slot::Int(*it)) {
        true => Ok(()),
        false => Err(Odd::Harmful(
            "it makes numpy take bytes for what they are not",
        )),
    }
}

/// Checks the keys of a dictionary, each before its value: one may become somebody's state, and names
/// with underscores around them say what happens with that.
pub(super) fn keys(arena: &Arena, elements: &[Slot]) -> Checked {
    let is_special = |key: &Slot| {
        let text = arena.text(*key);
        text.is_some_and(|text| text.starts_with("__") && text.ends_with("__"))
    };
    let special = elements.iter().step_by(2).any(is_special);
    if_not(
        !special,
        "it holds names by which Python changes what an object does",
    )
}

/// Checks what is called with arguments by name, which no genuine file does.
pub(super) fn keywords(arena: &Arena, callable: Slot) -> Checked {
    let name = arena.expected_name(callable);
    name.map_or(Ok(()), |name| if_not(false, &others(name)))
}

/// Whether it returns dictionaries.
fn is_dict(name: &Name) -> bool {
    &*name.module == "collections" && matches!(&*name.name, "Counter" | "OrderedDict")
}

/// Checks what values are put into.
pub(super) fn put(arena: &Arena, into: Slot, kind: Container) -> Checked {
    let usual = match (into, kind) {
        (Slot::List(_), Container::List)
        | (Slot::Dict(_), Container::Dict)
        | (Slot::Set(_), Container::Set) => true,
        (Slot::Call(id), _) => match arena.expected_name(arena.part(id, call::CALLABLE)) {
            Some(name) => kind == Container::Dict && is_dict(name),
            None => true,
        },
        _ => false,
    };
    if_not(usual, "it puts values into what does not hold any")
}
