//! What expected names are called with and given: as genuine files do it, and otherwise.

use super::*;

/// A type of numpy, with its state.
fn dtype(code: &str, state: &str) -> String {
    format!("cnumpy\ndtype\n(V{code}\nI00\nI01\ntR({state}tb")
}

const NUMBER: &str = "I3\nV<\nNNNI-1\nI-1\nI0\n";

/// An array of numpy.
fn array(shape: &str, kind: &str, dtype: &str) -> String {
    format!(
        "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n({shape}tV{kind}\ntR(I1\n(I1\nt{dtype}I00\nB\x08\0\0\0\0\0\0\0\0\0\0\0tb"
    )
}

/// The bytes of a tensor, so many elements.
fn storage(kind: &str, length: i64) -> String {
    format!("(Vstorage\nctorch\n{kind}\nV0\nVcpu\nI{length}\ntQ")
}

/// A tensor that is a view of so many elements.
fn tensor(length: i64, view: &str) -> String {
    let storage = storage("FloatStorage", length);
    format!(
        "ctorch._utils\n_rebuild_tensor_v2\n({storage}{view}I00\nccollections\nOrderedDict\n)RtR"
    )
}

fn call(function: &str, arguments: &str) -> String {
    let (module, name) = function.rsplit_once('.').unwrap();
    format!("c{module}\n{name}\n({arguments}tR")
}

fn verdict(parts: &str) -> (Verdict, Found) {
    let found = found(format!("{parts}.").as_bytes());
    assert_eq!(found.problem, None, "{parts:?}");
    (found.verdict(), found)
}

#[test]
fn what_genuine_files_do_is_expected() {
    let number = dtype("f8", NUMBER);
    let view = "I2\n(I3\nI2\nt(I2\nI1\nt";
    let plain = tensor(8, view);
    let empty = "I0\n(I0\nt(I1\nt";
    for usual in [
        number.clone(),
        dtype("U3", "I3\nV<\nNNNI12\nI4\nI8\n"),
        call("__builtin__.bytes", ""),
        dtype("V3", "I3\nV|\nNNNI3\nI1\nI0\n"),
        dtype("b1", "I3\nV|\nNNNI-1\nI-1\nI0\n"),
        dtype("M8", "I4\nV<\nNNNI-1\nI-1\nI0\n(d"),
        array("I0\n", "b", &number),
        call(
            "numpy.core.multiarray.scalar",
            &(number.clone() + &call("_codecs.encode", "V12345678\nVlatin1\n")),
        ),
        call("_codecs.encode", "Va\nVlatin-1\n"),
        call("builtins.bytearray", ""),
        call("builtins.bytearray", "C\u{1}a"),
        call("builtins.bytearray", "Va\nVlatin-1\n"),
        call("builtins.complex", "F1\nF2\n"),
        call("__builtin__.set", "(lI1\na"),
        call("collections.Counter", "(d"),
        call("collections.OrderedDict", "(lI1\na"),
        call("collections.OrderedDict", "") + "Va\nI1\ns(dVb\nI1\nsb",
        call("torch.Size", "(I1\nt"),
        call("torch.device", "Vcuda\nI0\n"),
        plain.clone(),
        tensor(1, "I0\n(t(t"),
        tensor(0, empty),
        call(
            "torch._utils._rebuild_parameter",
            &format!("{plain}I01\nccollections\nOrderedDict\n)R"),
        ),
        call(
            "torch._utils._rebuild_parameter_with_state",
            &format!("{plain}I01\n(d((dNt"),
        ),
        call(
            "torch._tensor._rebuild_from_type_v2",
            &format!(
                "ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n({}{view}I00\n(dt(d",
                storage("FloatStorage", 8)
            ),
        ),
        call(
            "torch._utils._rebuild_tensor_v3",
            &format!(
                "{}{view}I00\n(dctorch\nfloat32\nN",
                storage("UntypedStorage", 32).replace("ctorch\n", "ctorch.storage\n")
            ),
        ),
        call("torch.serialization._get_layout", "Vtorch.strided\n"),
    ] {
        let (verdict, found) = verdict(&usual);
        assert_eq!(verdict, Verdict::Expected, "{usual:?}: {found:?}");
    }
}

#[test]
fn what_they_do_not_is_unknown() {
    let number = dtype("f8", NUMBER);
    for odd in [
        call("numpy.dtype", "VO8\nI00\nI01\n"),
        call("numpy.dtype", "Vf8,f8\nI00\nI01\n"),
        call("numpy.dtype", "Vf8\n"),
        call("numpy.dtype", "(lI00\nI01\n"),
        dtype("V8", "I3\nV|\nN(Va\nt(dI8\nI1\nI0\n"),
        dtype("f8", "I3\nV<\n"),
        number.clone() + "I1\nb",
        array("I1\n", "b", &number),
        array("I0\nI0\n", "b", &number),
        array("I0\n", "O", &number),
        array("I0\n", "b", "N"),
        array("I0\n", "b", &number).replace("cnumpy\nndarray\n", "cnumpy\ndtype\n"),
        call("numpy.ndarray", "I1000000\n"),
        call("numpy.core.multiarray.scalar", "Vf8\nC\u{1}a"),
        call("numpy.core.multiarray.scalar", &format!("{number}I5\n")),
        call("_codecs.encode", "Va\nVutf-7\n"),
        call("_codecs.encode", "Va\n"),
        call("builtins.bytearray", "I1000000\n"),
        call("builtins.bytes", "I1000000\n"),
        call("__builtin__.set", "Va\n"),
        call("collections.OrderedDict", "I1\n"),
        call("collections.OrderedDict", "") + "I1\nb",
        call("collections.OrderedDict", "") + "I1\na",
        "ccollections\nOrderedDict\nNR".to_owned(),
        call("torch.FloatStorage", "I1000000\n"),
        call("torch.Tensor", "I1000000\n"),
        call("torch.Size", "I1\n"),
        call("torch.device", ""),
        // Beyond its bytes, by offset, length and step; and where numbers end.
        tensor(8, "I3\n(I3\nI2\nt(I2\nI1\nt"),
        tensor(8, "I2\n(I4\nI2\nt(I2\nI1\nt"),
        tensor(8, "I2\n(I3\nI2\nt(I3\nI1\nt"),
        tensor(8, "I9223372036854775807\n(I3\nt(I9223372036854775807\nt"),
        tensor(8, "I9223372036854775808\n(I3\nt(I1\nt"),
        tensor(8, "I-1\n(I3\nt(I1\nt"),
        tensor(8, "I8\n(I3\nt(I-1\nt"),
        tensor(8, "I0\n(I-3\nt(I1\nt"),
        tensor(8, "I0\n(I3\nt(I1\nI1\nt"),
        tensor(8, "I0\nN(I1\nt"),
        tensor(0, "I0\n(t(t"),
        tensor(8, "I0\n(I1\nt(I1\nt") + "I0\nI1\ns",
        tensor(8, "I0\n(I1\nt(I1\nt") + "I0\nb",
        tensor(8, "I0\n(I1\nt(I1\nt") + "(db",
        call("torch._utils._rebuild_tensor_v2", "NI0\n(t(tI00\nN"),
        call("torch._utils._rebuild_tensor_v2", ""),
        call("torch._utils._rebuild_sparse_tensor", "N(t"),
        call("torch._utils._rebuild_parameter", "I1\nI01\nN"),
        call(
            "torch._tensor._rebuild_from_type_v2",
            "cbuiltins\nset\nccollections\nCounter\n(t(d",
        ),
        call(
            "torch._tensor._rebuild_from_type_v2",
            "cbuiltins\nbytearray\nctorch\nTensor\n(I9\nt(d",
        ),
        call(
            "nnunetv2.postprocessing.remove_connected_components.remove_all_but_largest_component_from_segmentation",
            "I1\n",
        ),
        call(
            "torch._tensor._rebuild_from_type_v2",
            "ctorch._tensor\n_rebuild_from_type_v2\nctorch\nTensor\n(t(d",
        ),
        "ccollections\nOrderedDict\n(tR(dS'__setstate__'\ncbuiltins\nbytearray\nsb".to_owned(),
        "(S'__class__'\nI1\nd".to_owned(),
        storage("FloatStorage", 2) + "0" + &storage("FloatStorage", 3),
        "I1\nI1\na".to_owned(),
        "(dI1\nb".to_owned(),
    ] {
        let (verdict, found) = verdict(&odd);
        assert_eq!(verdict, Verdict::Unknown, "{odd:?}: {found:?}");
        assert_eq!(found.unexpected().count(), 0, "{odd:?}");
        assert!(!found.unusual.is_empty(), "{odd:?}");
    }
}

#[test]
fn what_makes_numpy_take_bytes_for_pointers_is_dangerous() {
    for harmful in [
        // Objects whose flags say that they are none, numbers whose flags say that they are objects.
        dtype("O8", "I3\nV|\nNNNI8\nI8\nI0\n"),
        dtype("f8", "I3\nV<\nNNNI-1\nI-1\nI63\n"),
        dtype("U3", "I3\nV<\nNNNI12\nI4\nI63\n"),
        // Longer than the type says.
        dtype("V3", "I3\nV|\nNNNI9\nI1\nI0\n"),
        dtype("U3", "I3\nV<\nNNNI-12\nI4\nI0\n"),
        // What is imported is changed.
        "ccollections\nOrderedDict\nI0\nI1\ns".to_owned(),
        "ccollections\nOrderedDict\nI0\na".to_owned(),
    ] {
        let (verdict, found) = verdict(&harmful);
        assert_eq!(verdict, Verdict::Dangerous, "{harmful:?}: {found:?}");
    }
}

#[test]
fn of_names_that_are_not_expected_nothing_else_is_told() {
    let (verdict, found) = verdict("(imy\nThing\nI1\nI2\nsI3\naI4\nb");
    assert_eq!(verdict, Verdict::Unknown);
    assert_eq!(names(&found), ["my.Thing"]);
    assert!(found.unusual.is_empty());
}

#[test]
fn arguments_by_name_are_not_usual() {
    let found = found(b"ccollections\nOrderedDict\n(t(d\x92.");
    assert_eq!(
        (found.problem.clone(), found.verdict()),
        (None, Verdict::Unknown)
    );
    assert_eq!(found.unusual.len(), 1, "{found:?}");
}

#[test]
fn calls_within_calls_are_not_gone_down_into() {
    let deep = "ctorch._tensor\n_rebuild_from_type_v2\np0\n0ctorch\nTensor\np1\n0(tp2\n0"
        .to_owned()
        + &"(g0\ng1\ng2\nNtp2\n0".repeat(300_000)
        + "g0\ng2\nR";
    assert_eq!(verdict(&deep).0, Verdict::Unknown);
}
