//! `login` and `logout`.

use std::fs;
use std::path::Path;

use crate::installation::Installation;
use crate::server::Server;

#[test]
fn a_login_is_kept_for_its_owner_alone_until_the_logout() {
    let server = Server::start();
    let home = Installation::new();
    let home = home.path("").to_str().unwrap().to_owned();
    let person = Installation::new().with("HOME", &home);
    let login = ["login", server.api.as_str()];
    let mistyped = format!("{}x", server.token);
    person.run_with_input(&login, &mistyped).ends_with(2);
    let unknown = "mdb_nobody";
    let refused = person.run_with_input(&login, unknown);
    assert!([2, 5].contains(&refused.code), "{}", refused.stderr);
    person
        .run_with_input(&["login", "http://models.example.org"], &server.token)
        .ends_with(2)
        .tells("plain http");
    let done = person.run_with_input(&login, &format!("{}\n", server.token));
    let done = done.succeeds().tells("logged in at").tells("bot");
    assert!(!done.stderr.contains(&server.token) && !done.stdout.contains(&server.token));
    let file = Path::new(&home).join(".config/model-dashboard/login.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    }
    person.run(&["model", "list"]).succeeds();
    // The token of one server is not for another.
    person
        .run(&["model", "list", "--server", "http://127.0.0.1:9"])
        .ends_with(5)
        .tells("no token");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        person
            .run(&["model", "list"])
            .ends_with(5)
            .tells("chmod 600");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    person.run(&["logout"]).succeeds();
    assert!(!file.exists());
    person
        .run(&["model", "list"])
        .ends_with(3)
        .tells("no installation");
    person.run(&["logout"]).succeeds().tells("nobody");
}
