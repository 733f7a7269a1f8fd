//! The use cases over the stores in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

/// Front ends spawn what they do; a future that cannot move between threads shows here.
#[expect(dead_code, reason = "only compiled")]
fn every_use_case_can_be_spawned(
    dashboard: &Dashboard,
    caller: &Caller,
    key: &crate::model::ModelKey,
) {
    fn spawned(_: impl Future + Send) {}
    let request = || caller.request().clone();
    spawned(dashboard.caller_from_token("", request()));
    spawned(dashboard.caller_from_session("", request()));
    spawned(dashboard.model(caller, key));
    spawned(dashboard.body(caller, key));
    spawned(dashboard.export(caller, Vec::new()));
    spawned(dashboard.import(caller, Vec::new(), "", ImportMode::Replace));
    spawned(dashboard.bulk(caller, BulkAction::Delete, Vec::new(), ""));
    spawned(dashboard.change_password(caller, String::new(), String::new()));
    spawned(dashboard.shutdown());
}
