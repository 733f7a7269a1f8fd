//! The command line beside a running server on the same data.

use std::time::{Duration, Instant};

use model_dashboard::audit::ChainState;
use model_dashboard::config::Config;
use model_dashboard::connect::{connect, connect_in_background};
use model_dashboard::dashboard::RequestInfo;
use model_dashboard::model::Via;

use crate::installation::Installation;

/// How soon a server has to see a change, and some for a busy machine.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_running_server_sees_what_was_changed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let here = Installation::new();
    here.run(&["user", "create", "bot", "--service", "--team", "ct"])
        .succeeds();
    let flags = [("--data-dir", here.path("data").to_str().unwrap().to_owned())];
    // A folder of its own keeps the tests' working folder out.
    let folder = here.path("data");
    let config = Config::load(Some(&folder), [], flags).unwrap();
    let server = runtime.block_on(connect(&config)).unwrap().dashboard;
    let request = || RequestInfo::new(Via::Api, "127.0.0.1", "1");

    let made = here.json(&["token", "create", "--owner", "bot", "-d", "x"]);
    let secret = made["secret"].as_str().unwrap().to_owned();
    let caller = runtime
        .block_on(server.caller_from_token(&secret, request()))
        .expect("a new token works at once");

    here.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    wait_until("the model is there", || {
        let picture = runtime.block_on(server.picture(&caller)).unwrap();
        !picture.is_empty()
    });

    let id = made["token"]["id"].to_string();
    here.run(&["token", "revoke", &id, "--yes"]).succeeds();
    wait_until("the token is refused", || {
        let again = server.caller_from_token(&secret, request());
        runtime.block_on(again).is_err()
    });
    // One chain with one key, whoever writes: the command's events fit between the server's.
    runtime.block_on(server.note_start());
    here.run(&["model", "create", "nnUNet/Lung"]).succeeds();
    let host = server.host_caller("test");
    let state = runtime.block_on(server.verify_audit(&host)).unwrap();
    assert!(matches!(state, ChainState::Intact { .. }), "{state:?}");
    runtime.block_on(server.shutdown());
    here.run(&["audit", "verify"]).succeeds();
}

#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn beside_a_server_that_writes_alone_models_are_read_and_accounts_changed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let here = Installation::new()
        .with("STORAGE_SINGLE_WRITER", "true")
        .with("API_PORT", "0")
        .with("DASHBOARD_PORT", "0");
    here.run(&["init", "--sample"]).succeeds();
    let folder = here.path("data");
    let flags = [("--data-dir", folder.to_str().unwrap().to_owned())];
    let variables = [("STORAGE_SINGLE_WRITER".into(), "true".into())];
    let config = Config::load(Some(&folder), variables, flags).unwrap();
    let server = runtime.block_on(connect_in_background(&config)).unwrap();

    let second = runtime.block_on(connect_in_background(&config));
    let refused = second.unwrap_err().to_string();
    assert!(refused.contains("model_db.single_writer"), "{refused}");

    here.run(&["user", "create", "bot", "--service", "--team", "ct"])
        .succeeds();
    here.run(&["model", "list"]).succeeds();
    here.run(&["model", "create", "nnUNet/Liver"])
        .ends_with(6)
        .tells("end it first");
    let checks = here.run(&["doctor"]).succeeds().stdout;
    assert!(checks.contains("STORAGE_SINGLE_WRITER"), "{checks}");

    runtime.block_on(server.dashboard.shutdown());
    drop(server);
    wait_until("the server is gone", || {
        here.run(&["model", "create", "nnUNet/Liver"]).code == 0
    });
}
