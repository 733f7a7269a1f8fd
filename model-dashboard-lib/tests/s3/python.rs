//! The Python system's way of reading, with MinIO's own client: it lists recursively, keeps keys of
//! exactly two parts, parses JSON and passes over fields that it does not know. It sees every model
//! with the right values while the registry writes.
//!
//! `MINIO_PYTHON` names a Python that has the package `minio`; with `REQUIRE_SERVICES` it must.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model_dashboard::model::{DuplicateKeys, ModelDefinition, ModelKey, Timestamp, Via};
use model_dashboard::repository::{Change, ModelRepository as _, ObjectRepository, Precondition};

use crate::server::{ACCESS_KEY, BUCKET, Habit, S3Server, SECRET_KEY};

/// Reads everything for each line of its input, and answers with a line.
const READER: &str = r#"
import json, sys
from minio import Minio

client = Minio(sys.argv[1], access_key=sys.argv[2], secret_key=sys.argv[3], secure=False)
for _ in sys.stdin:
    found = {}
    for item in client.list_objects(sys.argv[4], recursive=True):
        if len(item.object_name.split("/")) != 2:
            continue
        answer = client.get_object(sys.argv[4], item.object_name)
        model = json.loads(answer.read())
        answer.close()
        answer.release_conn()
        found[item.object_name] = [model.get("alias"), model.get("description"), model["enabled"],
                                   model["name"], model["network_type"]]
    print(json.dumps(found), flush=True)
"#;

type Seen = BTreeMap<String, (Option<String>, Option<String>, bool, String, String)>;

#[tokio::test(flavor = "multi_thread")]
async fn the_python_system_sees_whole_models_while_ours_writes() {
    let Some(python) = std::env::var_os("MINIO_PYTHON") else {
        assert!(
            std::env::var_os("REQUIRE_SERVICES").is_none(),
            "MINIO_PYTHON must name a Python that has the package minio"
        );
        eprintln!("skipped: MINIO_PYTHON names no Python that has the package minio");
        return;
    };
    let server = S3Server::with(Habit::TakesEmptyDelimiters).await;
    let repository = ObjectRepository::open_bucket(&server.config()).unwrap();
    let keys: Vec<ModelKey> = (0..8)
        .map(|n| format!("nnUNet/Task{n:03}").parse().unwrap())
        .collect();
    for key in &keys {
        write(&repository, key, 0).await;
    }
    let gone: ModelKey = "MIST/Gone".parse().unwrap();
    write(&repository, &gone, 0).await;
    let exists = Precondition::Exists;
    repository.delete(&gone, &exists, &because()).await.unwrap();

    let mut reader = Command::new(python);
    let address = server.address.to_string();
    reader.args(["-c", READER, &address, ACCESS_KEY, SECRET_KEY, BUCKET]);
    reader.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = Reader(reader.spawn().unwrap());
    let mut ask = reader.0.stdin.take().unwrap();
    let mut answers = BufReader::new(reader.0.stdout.take().unwrap()).lines();
    let mut read = || -> Seen {
        tokio::task::block_in_place(|| {
            ask.write_all(b"again\n").unwrap();
            let line = answers.next().expect("the reader goes on").unwrap();
            serde_json::from_str(&line).unwrap()
        })
    };

    let (writing, stop) = (repository.clone(), Arc::new(AtomicBool::new(false)));
    let (until, written) = (stop.clone(), keys.clone());
    let writer = tokio::spawn(async move {
        let mut n = 0;
        while !until.load(Ordering::Relaxed) {
            n += 1;
            for key in &written {
                write(&writing, key, n).await;
            }
        }
        n
    });
    for _ in 0..5 {
        let seen = read();
        assert_eq!(seen.len(), keys.len() + 1, "{seen:?}");
        for (key, (alias, description, enabled, name, network_type)) in &seen {
            assert_eq!(key, &format!("{network_type}/{name}"));
            match key == "MIST/Gone" {
                // To other readers a deleted model is a disabled one.
                true => assert!(!enabled),
                false => {
                    assert!(
                        alias.is_some() && alias == description,
                        "half a write: {seen:?}"
                    );
                    assert!(enabled);
                }
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    let last = writer.await.unwrap();
    assert!(last > 0);
    for (key, (alias, ..)) in read() {
        if key != "MIST/Gone" {
            assert_eq!(alias, Some(format!("edit {last}")), "{key}");
        }
    }
}

/// A process that ends with the test.
struct Reader(Child);

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn write(repository: &ObjectRepository, key: &ModelKey, n: usize) {
    let content = format!(
        r#"{{"name":"{}","network_type":"{}","alias":"edit {n}","enabled":true,"description":"edit {n}"}}"#,
        key.name, key.network_type
    );
    let content = ModelDefinition::parse(content.as_bytes(), DuplicateKeys::Refuse).unwrap();
    let seen = match n {
        0 => Precondition::Absent,
        _ => Precondition::Exists,
    };
    repository
        .put(key, &content, &seen, &because())
        .await
        .unwrap();
}

fn because() -> Change {
    Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    }
}
