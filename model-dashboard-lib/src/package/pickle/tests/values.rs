//! What is read of values: of every kind, within bounds, and from what the frameworks wrote as they
//! read it themselves (`tests/packages/genuine/*.expected.json`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use super::*;
use crate::package::Package;
use crate::package::archive::{Archive, ArchiveLimits};
use crate::package::source::{InMemory, OnDisk, Source};

fn values(bytes: &[u8]) -> Values {
    read(bytes, &Limits::default()).unwrap()
}

#[test]
fn every_kind_of_value_is_told() {
    let all = values(
        b"\x80\x05(N\x88I01\nI-7\nL8L\nK\x07J\xff\xff\xff\xff\x8a\x01\xffL9223372036854775808L\n\
          \x8a\x09\0\0\0\0\0\0\0\0\x01F1.5\nG?\xf8\0\0\0\0\0\0X\x02\0\0\0\xc3\xa9C\x02\0\xff)]}\x8f\
          ccollections\nOrderedDict\nccollections\nCounter\n)R\x8c\x01kQt.",
    );
    let kinds: Vec<Kind<'_>> = all.root().items().map(Value::kind).collect();
    let (ordered_dict, rest) = kinds[18..].split_first().unwrap();
    assert!(matches!(ordered_dict, Kind::Imported(name) if &*name.name == "OrderedDict"));
    assert_eq!(rest, [Kind::Call, Kind::Persistent]);
    assert_eq!(
        kinds[..18],
        [
            Kind::None,
            Kind::Bool(true),
            Kind::Bool(true),
            Kind::Int(-7),
            Kind::Int(8),
            Kind::Int(7),
            Kind::Int(-1),
            Kind::Int(-1),
            Kind::LongInt("9223372036854775808"),
            Kind::LongInt("18446744073709551616"),
            Kind::Float(1.5),
            Kind::Float(1.5),
            Kind::Text("é"),
            Kind::Bytes(b"\0\xff"),
            Kind::Tuple,
            Kind::List,
            Kind::Dict,
            Kind::Set,
        ]
    );
    let counter = all.root().at(-2).unwrap();
    assert_eq!(
        counter.callable().unwrap().to_string(),
        "collections.Counter"
    );
    assert_eq!(counter.arguments().unwrap().kind(), Kind::Tuple);
    let given = all.root().at(-1).unwrap();
    assert_eq!(given.persistent_id().unwrap().as_str(), Some("k"));
}

#[test]
fn what_is_put_into_values_is_in_all_places_where_they_are() {
    // A list that is put into a dictionary twice, and filled afterwards.
    let all =
        values(b"\x80\x02}q\x00(U\x01a]q\x01U\x01bh\x01u0h\x01K\x07ah\x01(K\x08K\x09e0h\x00.");
    let root = all.root();
    for key in ["a", "b"] {
        assert_eq!(root.get(key).unwrap().integers(), Some(vec![7, 8, 9]));
    }
    assert_eq!(root.get("b").unwrap().at(-1).unwrap().as_i64(), Some(9));
    assert!(root.get("b").unwrap().at(3).is_none());
    assert!(root.get("c").is_none());
}

#[test]
fn the_last_value_of_a_key_counts_and_numbers_can_be_keys() {
    let all = values(b"\x80\x02}(K\x00K\x01U\x01aK\x02U\x01aK\x03K\x00K\x04u.");
    assert_eq!(all.root().at(0).unwrap().as_i64(), Some(4));
    assert_eq!(all.root().get("a").unwrap().as_i64(), Some(3));
    assert_eq!(all.root().pairs().len(), 4);
}

#[test]
fn what_a_call_returns_can_be_filled_and_given_a_state() {
    let all = values(b"\x80\x02ccollections\nOrderedDict\n)R(U\x01aK\x01u}U\x01sK\x02sb.");
    let root = all.root();
    assert!(root.is_mapping());
    assert_eq!(root.get("a").unwrap().as_i64(), Some(1));
    assert_eq!(root.state().unwrap().get("s").unwrap().as_i64(), Some(2));
    let list = values(b"\x80\x02cmy\nList\n)\x81K\x01a(K\x02K\x03e.");
    assert_eq!(list.root().items().len(), 3);
    let set = values(b"\x80\x02c__builtin__\nset\n](K\x01K\x02e\x85R.");
    assert_eq!(set.root().items().len(), 2);
}

#[test]
fn bytes_of_older_protocols_are_bytes() {
    let encoded = values(b"\x80\x02c_codecs\nencode\nX\x03\0\0\0a\xc3\xbfX\x06\0\0\0latin1\x86R.");
    assert_eq!(encoded.root().as_bytes().unwrap(), &b"a\xff"[..]);
    let none = values(b"\x80\x02c__builtin__\nbytes\n)R.");
    assert_eq!(none.root().as_bytes().unwrap(), &b""[..]);
    let other = values(b"\x80\x02c_codecs\nencode\nX\x02\0\0\0bfX\x05\0\0\0rot13\x86R.");
    assert!(other.root().as_bytes().is_none());
}

/// A scalar of numpy.
fn scalar(code: &str, order: &str, data: &[u8]) -> Option<(Option<i64>, Option<f64>)> {
    let size = u8::try_from(data.len()).unwrap();
    let bytes = [
        b"\x80\x03cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n(".as_slice(),
        &text(code),
        b"\x89\x88tR(K\x03",
        &text(order),
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbC",
        &[size],
        data,
        b"\x86R.",
    ];
    let all = values(&bytes.concat());
    Some((all.root().as_i64(), all.root().as_f64()))
}

#[test]
fn numbers_of_numpy_are_numbers_in_both_orders_of_bytes() {
    for (code, order, data, number) in [
        ("f4", "<", &1.5_f32.to_le_bytes()[..], 1.5),
        ("f4", ">", &1.5_f32.to_be_bytes(), 1.5),
        ("f8", "<", &(-0.1_f64).to_le_bytes(), -0.1),
        ("f8", ">", &(-0.1_f64).to_be_bytes(), -0.1),
    ] {
        assert_eq!(
            scalar(code, order, data).unwrap(),
            (None, Some(number)),
            "{code}{order}"
        );
    }
    for (code, order, data, number) in [
        ("i4", "<", &(-5_i32).to_le_bytes()[..], -5),
        ("i4", ">", &(-5_i32).to_be_bytes(), -5),
        ("i8", "<", &(1_i64 << 40).to_le_bytes(), 1 << 40),
        ("i8", ">", &(1_i64 << 40).to_be_bytes(), 1 << 40),
        ("u2", "<", &60_000_u16.to_le_bytes(), 60_000),
        ("i1", "|", &[0xff], -1),
    ] {
        assert_eq!(
            scalar(code, order, data).unwrap().0,
            Some(number),
            "{code}{order}"
        );
    }
    // Another size than its type has, and types that are no numbers.
    for (code, data) in [
        ("f4", &[0; 8][..]),
        ("f8", &[0; 4]),
        ("O8", &[0; 8]),
        ("U2", &[0; 8]),
    ] {
        assert_eq!(scalar(code, "<", data).unwrap(), (None, None), "{code}");
    }
}

#[test]
fn what_holds_itself_or_doubles_ends() {
    let itself = values(b"\x80\x02]q\x00h\x00a.");
    let within = itself.root().at(0).unwrap().at(0).unwrap().at(0).unwrap();
    assert_eq!(within.items().len(), 1);
    assert_eq!(itself.root().to_json(1 << 20), None);
    // 2^200 empty tuples in 400 bytes.
    let doubled = [b"\x80\x02)".to_vec(), b"2\x86".repeat(200), b".".to_vec()].concat();
    assert_eq!(values(&doubled).root().to_json(1 << 20), None);
    let state = values(b"\x80\x02cmy\nThing\n)\x81q\x00h\x00b.");
    assert_eq!(
        state.root().state().unwrap().state().unwrap().kind(),
        Kind::Call
    );
    assert_eq!(state.root().to_json(100).unwrap(), "null");
}

#[test]
fn values_become_json() {
    let all = values(
        b"\x80\x04}(\x8c\x01b]\x8c\x01a(K\x01G?\xf8\0\0\0\0\0\0N\x88t\x8c\x02\"c\
          ccollections\nOrderedDict\n)RK\x07C\x01\0su.",
    );
    let json = all.root().to_json(1000).unwrap();
    assert_eq!(json, r#"{"b":[],"a":[1,1.5,null,true],"\"c":{"7":null}}"#);
    assert_eq!(all.root().to_json(json.len()), Some(json.clone()));
    assert_eq!(all.root().to_json(json.len() - 1), None);
    let array = |code: &str, data: &[u8]| {
        let bytes = [
            b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\n"
                .as_slice(),
            &text(code),
            b"\x89\x88\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89C",
            &[u8::try_from(data.len()).unwrap()],
            data,
            b"tb.",
        ];
        values(&bytes.concat()).root().to_json(100).unwrap()
    };
    assert_eq!(array("i2", &[1, 0, 0xff, 0xff]), "[1,-1]");
    assert_eq!(array("f4", &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f]), "[1.0,0.5]");
    assert_eq!(array("f4", &[0; 4]), "null");
    // A key that JSON cannot have.
    assert_eq!(values(b"\x80\x04})Ns.").root().to_json(100), None);
}

#[test]
fn numbers_of_more_than_64_bits_are_told_in_digits_that_json_has() {
    for (line, digits) in [
        ("+014570924054025338881", "14570924054025338881"),
        ("-0009223372036854775809", "-9223372036854775809"),
        ("18446744073709551616", "18446744073709551616"),
    ] {
        let all = values(format!("L{line}L\n.").as_bytes());
        assert_eq!(all.root().kind(), Kind::LongInt(digits), "{line}");
        assert_eq!(all.root().to_json(100).as_deref(), Some(digits), "{line}");
    }
    let zeros = values(format!("L-{}7L\n.", "0".repeat(40)).as_bytes());
    assert_eq!(zeros.root().kind(), Kind::Int(-7));
}

#[test]
fn every_bound_holds_for_values() {
    let limits = Limits {
        values: 1 << 16,
        ..Limits::default()
    };
    let list = [
        b"\x80\x02](".to_vec(),
        b"K\x01".repeat(10_000),
        b"e.".to_vec(),
    ]
    .concat();
    assert_eq!(read(&list[..], &limits).unwrap_err(), Problem::TooLarge);
    assert_eq!(values(&list).root().items().len(), 10_000);
    // Elements are not kept where only names matter, and nothing else differs.
    assert_eq!(walk(&list[..], &limits).problem, None);
    let tuple = [
        b"\x80\x02(".to_vec(),
        b"K\x01".repeat(10_000),
        b"t.".to_vec(),
    ]
    .concat();
    assert_eq!(walk(&tuple[..], &limits).problem, Some(Problem::TooLarge));
    let long = [
        b"\x80\x02X\x01\0\x01\0".to_vec(),
        vec![b'a'; 0x1_0001],
        b".".to_vec(),
    ]
    .concat();
    assert_eq!(values(&long).root().kind(), Kind::TooLong);
    for (bytes, problem) in [
        (&b""[..], Problem::Truncated),
        (b"\x80\x02K\x01", Problem::Truncated),
        (b"\x80\x02(K\x01d.", Problem::Malformed),
        (b"\x80\x02}(K\x01u.", Problem::Malformed),
        (b"\x80\x02\xff", Problem::UnknownOpcode(0xff)),
    ] {
        assert_eq!(read(bytes, &limits).unwrap_err(), problem, "{bytes:?}");
    }
}

#[test]
fn a_stream_is_left_after_its_first_pickle() {
    let mut stream = &b"\x80\x02K\x01.\x80\x02K\x02.rest"[..];
    for number in [1, 2] {
        let one = read(&mut stream, &Limits::default()).unwrap();
        assert_eq!(one.root().as_i64(), Some(number));
    }
    assert_eq!(stream, b"rest");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/genuine")
}

fn expected(name: &str) -> Json {
    let text = std::fs::read(folder().join(format!("{name}.expected.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn source(name: &str) -> Arc<dyn Source> {
    Arc::new(OnDisk::new(std::fs::File::open(folder().join(name)).unwrap()).unwrap())
}

fn package(name: &str) -> Package {
    Package::open(name, source(name), &ArchiveLimits::default()).unwrap()
}

/// All bytes of the file that ends so.
fn file(package: &Package, end: &str) -> Vec<u8> {
    let mut files = package.files().iter();
    let file = files
        .find(|file| file.path.as_str().ends_with(end))
        .unwrap();
    package.read_whole(file, 1 << 20).unwrap()
}

/// The values of a torch zip.
fn torch(source: Arc<dyn Source>) -> Values {
    let archive = Archive::open(source, &ArchiveLimits::default()).unwrap();
    let is_pickle = |path: &str| path.ends_with("/data.pkl");
    let mut entries = archive.entries().iter();
    let entry = entries
        .find(|entry| is_pickle(entry.path.as_str()))
        .unwrap();
    let data = archive.read(entry).unwrap();
    read(std::io::BufReader::new(data), &Limits::default()).unwrap()
}

#[test]
fn checkpoints_of_nnunet_2_say_what_the_framework_reads() {
    let mut seen = 0;
    for name in [
        "nnunet_v2_two_folds",
        "nnunet_v2_fold_all",
        "nnunet_v2_regions_ignore",
        "nnunet_v2_cascade",
        "nnunet_v2_old_plans",
        "totalsegmentator_v2",
    ] {
        let package = package(&format!("{name}.zip"));
        for model in expected(name)["models"].as_array().unwrap() {
            let folder = model["folder"].as_str().unwrap();
            for (fold, wanted) in model["checkpoints"].as_object().unwrap() {
                let path = format!("{folder}/fold_{fold}/checkpoint_final.pth");
                let bytes = file(&package, &path);
                let all = torch(Arc::new(InMemory::from(bytes)));
                checkpoint(all.root(), wanted, &format!("{name} {path}"));
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "{seen}");
}

fn checkpoint(root: Value<'_>, wanted: &Json, place: &str) {
    let at = |keys: &[&str]| {
        root.path(keys)
            .unwrap_or_else(|| panic!("{place}: no {keys:?}"))
    };
    assert_eq!(
        at(&["trainer_name"]).as_str(),
        wanted["trainer_name"].as_str(),
        "{place}"
    );
    let configuration = at(&["init_args", "configuration"]).as_str();
    assert_eq!(configuration, wanted["configuration"].as_str(), "{place}");
    let fold = at(&["init_args", "fold"]);
    assert_eq!(fold.as_i64(), wanted["fold"].as_i64(), "{place}");
    assert_eq!(fold.as_str(), wanted["fold"].as_str(), "{place}");
    let dataset = at(&["init_args", "plans", "dataset_name"]).as_str();
    assert_eq!(dataset, wanted["dataset_name"].as_str(), "{place}");
    assert_eq!(
        at(&["current_epoch"]).as_i64(),
        wanted["current_epoch"].as_i64(),
        "{place}"
    );
    assert_eq!(
        at(&["_best_ema"]).as_f64(),
        wanted["best_ema"].as_f64(),
        "{place}"
    );
    let axes = at(&["inference_allowed_mirroring_axes"]);
    let wanted_axes = wanted["mirroring_axes"].as_array();
    let wanted_axes = wanted_axes.map(|axes| axes.iter().filter_map(Json::as_i64).collect());
    assert_eq!(axes.integers(), wanted_axes, "{place}");
    assert_eq!(axes.is_none(), wanted_axes.is_none(), "{place}");
    let ended = at(&["logging", "epoch_end_timestamps"]).at(-1).unwrap();
    assert_eq!(
        ended.as_f64(),
        wanted["last_epoch_ended"].as_f64(),
        "{place}"
    );
    let dice = at(&["logging", "mean_fg_dice"]).at(-1).unwrap();
    assert_eq!(
        dice.as_f64(),
        wanted["last_mean_fg_dice"].as_f64(),
        "{place}"
    );
}

#[test]
fn checkpoints_of_nnunet_2_hold_the_files_beside_them() {
    let package = package("nnunet_v2_regions_ignore.zip");
    let bytes = file(&package, "/checkpoint_final.pth");
    let all = torch(Arc::new(InMemory::from(bytes)));
    for (key, name) in [("dataset_json", "/dataset.json"), ("plans", "/plans.json")] {
        let held = all.root().path(&["init_args", key]).unwrap();
        let held: Json = serde_json::from_str(&held.to_json(1 << 20).unwrap()).unwrap();
        let beside: Json = serde_json::from_slice(&file(&package, name)).unwrap();
        assert_eq!(held, beside, "{key}");
    }
}

#[test]
fn plans_of_nnunet_1_say_what_the_framework_reads() {
    for name in [
        "nnunet_v1_two_folds",
        "nnunet_v1_all",
        "totalsegmentator_v1",
    ] {
        let package = package(&format!("{name}.zip"));
        let expected = expected(name);
        let wanted = &expected["models"][0];
        let all = values(&file(&package, "/plans.pkl"));
        let plans = all.root();
        let mut keys: Vec<&str> = plans.pairs().filter_map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(serde_json::json!(keys), wanted["plans_keys"], "{name}");
        for (stage, of_stage) in wanted["stages"].as_object().unwrap() {
            let stages = plans.get("plans_per_stage").unwrap();
            let held = stages.at(stage.parse().unwrap()).unwrap();
            let patch = held.get("patch_size").unwrap().integers().unwrap();
            assert_eq!(serde_json::json!(patch), of_stage["patch_size"], "{name}");
            let spacing = held.get("current_spacing").unwrap().numbers().unwrap();
            assert_eq!(serde_json::json!(spacing), of_stage["spacing"], "{name}");
            let batch = held.get("batch_size").unwrap().as_i64();
            assert_eq!(batch, wanted["batch_size"].as_i64(), "{name}");
        }
        let modality = plans.get("modalities").unwrap().at(0).unwrap();
        assert_eq!(
            modality.as_str(),
            wanted["modalities"]["0"].as_str(),
            "{name}"
        );
        for fold in wanted["fold_folders"].as_array().unwrap() {
            let path = format!(
                "/{}/model_final_checkpoint.model.pkl",
                fold.as_str().unwrap()
            );
            let trainer = values(&file(&package, &path));
            let held = trainer.root().get("name").unwrap();
            assert_eq!(held.as_str(), wanted["trainer_name"].as_str(), "{name}");
        }
    }
}

#[test]
fn every_pickle_that_the_frameworks_wrote_is_read() {
    for name in ["checkpoint_numpy.ckpt", "kinds_of_tensors.pt"] {
        let all = torch(source(name));
        let keys: Vec<&str> = all
            .root()
            .pairs()
            .filter_map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(serde_json::json!(keys), expected(name)["keys"], "{name}");
    }
    assert!(
        read(
            std::fs::read(folder().join("pipeline.pkl"))
                .unwrap()
                .as_slice(),
            &Limits::default()
        )
        .is_ok()
    );
}
