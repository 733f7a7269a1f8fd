//! `token`.

use crate::installation::{Installation, fields};

#[test]
fn a_token_is_printed_once_listed_and_revoked() {
    let here = Installation::new();
    here.run(&["user", "create", "nightly", "--service", "--team", "ct"])
        .succeeds();
    let create = ["token", "create", "--owner", "nightly", "-d", "pipeline"];
    let made = here.json(&create);
    assert_eq!(fields(&made), ["secret", "token"]);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("mdb_"));
    assert_eq!(made["token"]["scopes"], serde_json::json!(["models:read"]));

    let plain = here.run(&create).succeeds();
    assert!(plain.stdout.starts_with("mdb_") && plain.stdout.lines().count() == 1);

    let list = here.run(&["token", "list", "--output", "json"]).succeeds();
    assert!(!list.stdout.contains("mdb_"));
    let list = list.json();
    let token = &list["tokens"][0];
    assert_eq!(
        fields(token),
        [
            "created_at",
            "description",
            "expired",
            "expires_at",
            "id",
            "last_used_at",
            "owner",
            "scopes",
            "username"
        ]
    );
    let ids: Vec<String> = list["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 2);
    // Not asked about what is not there.
    here.run(&["token", "revoke", "999"])
        .ends_with(3)
        .tells("token 999 was not found");
    here.run(&["token", "revoke", &ids[0]])
        .ends_with(2)
        .tells("--yes");
    here.run(&["token", "revoke", &ids[0], "999", "--yes"])
        .ends_with(3)
        .tells("1 of 2 tokens failed");
    let left = here.json(&["token", "list", "--owner", "nightly"]);
    assert_eq!(left["tokens"][0]["id"].to_string(), ids[1]);
    assert_eq!(left["tokens"].as_array().unwrap().len(), 1);
}

#[test]
fn a_token_never_exceeds_its_owner() {
    let here = Installation::new();
    here.run(&["user", "create", "nightly", "--service", "--team", "ct"])
        .succeeds();
    let create = ["token", "create", "--owner", "nightly", "-d", "x"];
    here.run(&[&create[..], &["--scope", "models:write"]].concat())
        .ends_with(2)
        .tells("nightly does not have models:write itself");
    here.run(&[&create[..], &["--scope", "models:reed"]].concat())
        .ends_with(2)
        .tells("models:read");
    here.run(&[&create[..], &["--days", "4000"]].concat())
        .ends_with(2)
        .tells("expires_in_days");
    here.run(&["token", "create", "--owner", "nobody", "-d", "x"])
        .ends_with(3);
}
