#![allow(clippy::unwrap_used, clippy::panic)]

mod hostile;
mod rules;
mod values;

use super::*;

fn found(bytes: &[u8]) -> Found {
    walk(bytes, &Limits::default())
}

fn names(found: &Found) -> Vec<String> {
    found.names.iter().map(ToString::to_string).collect()
}

/// Text of protocol 4.
fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x8c, u8::try_from(text.len()).unwrap()];
    bytes.extend(text.as_bytes());
    bytes
}

fn pickle(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0x80, 4];
    bytes.extend(parts.concat());
    bytes
}

#[test]
fn names_that_genuine_files_hold_are_expected() {
    let bytes = pickle(&[&text("collections"), &text("OrderedDict"), b"\x93)R."]);
    let found = found(&bytes);
    assert_eq!(names(&found), ["collections.OrderedDict"]);
    assert_eq!((found.pickles, found.calls), (1, 1));
    assert_eq!(found.verdict(), Verdict::Expected);
}

#[test]
fn a_name_is_expected_letter_by_letter_alone() {
    for (module, name) in [
        ("collections", "OrderedDict "),
        ("collections ", "OrderedDict"),
        ("collections.abc", "OrderedDict"),
        ("Collections", "OrderedDict"),
        ("collections", "orderedDict"),
        ("torch._utils", "_rebuild_tensor_v22"),
        ("sklearn.tree", "DecisionTreeClassifier"),
    ] {
        let found = found(&pickle(&[&text(module), &text(name), b"\x93)R."]));
        assert_eq!(found.verdict(), Verdict::Unknown, "{module} {name}");
        assert_eq!(found.unexpected().count(), 1);
    }
}

#[test]
fn what_runs_something_is_dangerous_by_every_opcode() {
    for bytes in [
        &b"cos\nsystem\n(S'true'\ntR."[..],
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x02cposix\nsystem\n)\x81.",
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93)}\x92.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        // Below an allowed module, and through an attribute of an allowed function.
        b"\x80\x04\x8c\x0ctorch._utils\x8c\x1e_rebuild_tensor_v2.__globals__\x93.",
        // What the name is gets known while it is loaded.
        b"\x80\x04\x8c\x02os\x8c\x06system\x85\x93.",
        b"\x80\x02\x82\x01.",
        // What a call returned is called, and what was imported is changed.
        b"\x80\x02c_codecs\nencode\n)R)R.",
        b"\x80\x02ccollections\nOrderedDict\n}b.",
        // Names from places where nothing is.
        b"\x80\x04h\x00h\x01\x93.",
        b"\x80\x04\x93.",
    ] {
        assert_eq!(found(bytes).verdict(), Verdict::Dangerous, "{bytes:?}");
    }
}

#[test]
fn names_come_from_the_memo_as_they_were_put_there() {
    // "os" and "system" are put there first and fetched after harmless text.
    let bytes = pickle(&[
        &text("os"),
        b"\x94",
        &text("system"),
        b"\x94",
        &text("collections"),
        &text("OrderedDict"),
        b"0000h\x00h\x01\x93.",
    ]);
    assert_eq!(names(&found(&bytes)), ["os.system"]);
}

#[test]
fn a_place_in_the_memo_can_be_written_over() {
    let bytes = pickle(&[
        &text("collections"),
        b"q\x00",
        &text("os"),
        b"q\x00",
        b"00h\x00",
        &text("system"),
        b"\x93.",
    ]);
    assert_eq!(names(&found(&bytes)), ["os.system"]);
}

#[test]
fn names_of_python_2_are_those_of_python_3() {
    let apply = found(b"c__builtin__\nreduce\n.c__builtin__\nset\n.");
    assert_eq!(names(&apply), ["builtins.set", "functools.reduce"]);
    assert_eq!(apply.verdict(), Verdict::Dangerous);
}

#[test]
fn places_in_the_memo_are_numbers_as_python_reads_them() {
    let odd = found(b"Vos\np10\nVsystem\np11\n00g1_0\ng +011\n\x93.");
    assert_eq!(names(&odd), ["os.system"]);
}

#[test]
fn letters_that_look_like_others_are_dangerous() {
    for name in ["OrderedD\u{456}ct", "OrderedDict\0", "Ordered\u{200b}Dict"] {
        let found = found(&pickle(&[&text("collections"), &text(name), b"\x93."]));
        assert_eq!(found.verdict(), Verdict::Dangerous, "{name:?}");
    }
}

#[test]
fn escaped_text_is_read_as_python_reads_it() {
    for (line, name) in [
        (&b"Vo\\u0073\n"[..], "os"),
        (b"V\\U0000006fs\n", "os"),
        // A backslash that begins no escape stays, and takes the next one with it.
        (b"V\\x6f\\\\u0073\n", r"\x6f\\u0073"),
        (b"Vs\\\n", r"s\"),
        (b"V\xf6\n", "\u{f6}"),
        (b"S'\\x6f\\163'\n", "os"),
        (b"S\"\\157\\x73\"\n", "os"),
        (b"S'\\1570'\n", "o0"),
        (b"S'\\557\\7'\n", "o\u{7}"),
        (
            b"S'\\\\\\'\\\"\\a\\b\\f\\n\\r\\t\\v\\o'\n",
            "\\'\"\u{7}\u{8}\u{c}\n\r\t\u{b}\\o",
        ),
    ] {
        let read = read(&[line, b"."].concat()[..], &Limits::default()).unwrap();
        assert_eq!(read.root().as_str(), Some(name), "{line:?}");
        let found = found(&[b"\x80\x04", line, b"\x8c\x06system\x93."].concat());
        assert_eq!(names(&found), [format!("{name}.system")], "{line:?}");
    }
    for broken in [
        &b"Vo\\u007\n."[..],
        b"V\\U00110000\n.",
        b"V\\u007g\n.",
        b"S'\\x7'\n.",
        b"S'\\xg0'\n.",
        b"S'o\\'\n.",
        b"S'o\n.",
        b"S'\n.",
        b"X\x01\0\0\0\xff.",
        b"X\x03\0\0\0\xed\xa0a.",
    ] {
        assert_eq!(
            found(broken).problem,
            Some(Problem::Malformed),
            "{broken:?}"
        );
    }
}

#[test]
fn text_that_can_be_read_in_more_than_one_way_is_no_name() {
    for text in [
        &b"S'\\xf6s'\n"[..],
        b"U\x02\xc3\xb6",
        b"V\\ud800\n",
        b"X\x03\0\0\0\xed\xa0\x80",
    ] {
        let found = found(&[b"\x80\x04", text, b"\x8c\x06system\x93."].concat());
        assert_eq!((found.unresolved, found.problem), (1, None), "{text:?}");
    }
}

#[test]
fn tensors_ask_for_storages_and_for_nothing_else() {
    let storage =
        found(b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x007X\x03\x00\x00\x00cpuK\x02tQ.");
    let bytes = &storage.storages["7"];
    assert_eq!(
        (&*bytes.kind, bytes.length, bytes.bytes()),
        ("FloatStorage", 2, Some(8))
    );
    assert_eq!(storage.verdict(), Verdict::Expected);
    for other in [
        &b"\x80\x02(X\x06\x00\x00\x00moduleNNNNtQ."[..],
        b"\x80\x02(X\x07\x00\x00\x00storagetQ.",
        b"\x80\x02K\x01Q.",
        b"Pstorage\n.",
    ] {
        assert_eq!(found(other).verdict(), Verdict::Unknown, "{other:?}");
    }
}

#[test]
fn what_comes_after_the_end_is_read_too() {
    let found = found(b"\x80\x02K\x01.cos\nsystem\n.");
    assert_eq!(found.pickles, 2);
    assert_eq!(found.verdict(), Verdict::Dangerous);
}

#[test]
fn what_was_found_before_a_break_stays_found() {
    let broken = found(b"\x80\x02cos\nsystem\n\xff");
    assert_eq!(broken.problem, Some(Problem::UnknownOpcode(0xff)));
    assert_eq!(broken.verdict(), Verdict::Dangerous);
    for (bytes, problem) in [
        (&b"\x80\x02K\x01"[..], Problem::Truncated),
        (b"\x80\x02X\xff\xff\xff\xffabc", Problem::Truncated),
        (b"\x80\x048e\x93.", Problem::UnknownOpcode(b'8')),
        (b"\x80\x02R.", Problem::Malformed),
        (b"\x80\x02K\x01(R.", Problem::Malformed),
        (b".", Problem::Malformed),
    ] {
        let found = found(bytes);
        assert_eq!(found.problem, Some(problem), "{bytes:?}");
        assert_eq!(found.verdict(), Verdict::Unscannable);
    }
    assert_eq!(found(b"").verdict(), Verdict::Unscannable);
}

#[test]
fn every_bound_holds() {
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let number = b"\x80\x02K\x01.";
    let exact = limits(|it| it.bytes = 5);
    assert_eq!(walk(&number[..], &exact).verdict(), Verdict::Expected);
    for (bytes, limits) in [
        (&number[..], limits(|it| it.bytes = 4)),
        (b"((((((.", limits(|it| it.depth = 5)),
        (b"]]]]]].", limits(|it| it.depth = 5)),
        (b"]q\x00q\x01q\x02.", limits(|it| it.depth = 2)),
        (b"NNNN.", limits(|it| it.opcodes = 4)),
        (b"\x8c\x05abcde\x8c\x05abcde.", limits(|it| it.text = 8)),
    ] {
        let found = walk(bytes, &limits);
        assert_eq!(found.problem, Some(Problem::TooLarge), "{bytes:?}");
    }
    let few = limits(|it| it.names = 1);
    let found = walk(&b"ca\nb\nca\nb\nca\nc\n."[..], &few);
    assert_eq!((found.names.len(), found.unresolved), (1, 1));
}

mod any_bytes {
    use proptest::prelude::*;

    use super::*;

    /// Opcodes are more likely than other bytes, so that walks come far.
    fn byte() -> impl Strategy<Value = u8> {
        let opcodes = b"(.012FIJKLMNPQRSTUVXabc}degh ijl]opqrstu)GBC\n'\x80\x81\x82\x85\x88\x8a\x8c\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98";
        prop_oneof![
            3 => prop::sample::select(opcodes.to_vec()),
            1 => 0_u8..8,
            1 => any::<u8>(),
        ]
    }

    proptest! {
        #[test]
        fn nothing_panics_and_only_what_was_read_is_expected(
            bytes in prop::collection::vec(byte(), 0..400),
        ) {
            let found = found(&bytes);
            if found.verdict() == Verdict::Expected {
                prop_assert!(found.problem.is_none());
                prop_assert_eq!(found.unexpected().count(), 0);
            }
        }
    }
}
