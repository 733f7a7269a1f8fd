//! What administrators and auditors see.

use http::StatusCode;
use model_dashboard::auth::{Permission, Permissions, Role};
use model_dashboard::dashboard::NewServiceAccount;

use crate::app::App;

#[tokio::test]
async fn the_audit_log_says_what_is_wrong_with_a_date_and_whether_its_chain_holds() {
    let app = App::start().await;
    let auditor = app.signed_in("auditor").await;
    let wrong = auditor.get("/admin/audit?from=2026-13-45").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = wrong.text();
    assert!(
        text.contains("audit-from-error") && text.contains("2026-13-45"),
        "{text}"
    );
    let export = auditor.get("/admin/audit/export.csv?from=never").await;
    assert_eq!(export.status, StatusCode::UNPROCESSABLE_ENTITY);
    let checked = auditor.get("/admin/audit?check=chain").await.text();
    assert!(
        checked.contains("events are as they were written"),
        "{checked}"
    );
}

#[tokio::test]
async fn an_export_of_the_audit_log_holds_every_event() {
    let app = App::start().await;
    let auditor = app.signed_in("auditor").await;
    let lines = auditor.get("/admin/audit/export.jsonl").await.text();
    let numbers: Vec<u64> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"]
                .as_u64()
                .unwrap()
        })
        .collect();
    let all: Vec<u64> = (1..=numbers[0]).rev().collect();
    assert_eq!(numbers, all);
}

#[tokio::test]
async fn people_are_found_by_role_and_last_sign_in() {
    let app = App::start().await;
    let admin = app.signed_in("admin").await;
    let shows = async |query: &str, name: &str| {
        let page = admin.get(&format!("/admin/users?{query}")).await.text();
        page.contains(&format!("<strong>{name}</strong>"))
    };
    assert!(shows("role=editor", "editor").await);
    assert!(!shows("role=editor", "viewer").await);
    assert!(shows("seen=week", "admin").await);
    assert!(!shows("seen=week", "viewer").await);
    assert!(shows("seen=never", "viewer").await);
    assert!(!shows("source=service", "viewer").await);
}

#[tokio::test]
async fn a_long_list_of_users_is_read_page_by_page_with_its_filters() {
    let app = App::start().await;
    let host = app.dashboard.host_caller("test@localhost");
    for n in 0..60 {
        let request = NewServiceAccount {
            username: format!("robot-{n:02}"),
            display_name: String::new(),
            team: "Image analysis".to_owned(),
            role: Role::Viewer,
        };
        app.dashboard
            .create_service_account(&host, request)
            .await
            .unwrap();
    }
    let admin = app.signed_in("admin").await;
    let robots = |text: &str| text.matches("<span class=\"reference\">robot-").count();
    let first = admin.get("/admin/users?q=robot&role=viewer").await.text();
    assert_eq!(robots(&first), 50);
    assert!(first.contains("60 people"), "all that match are counted");
    let next = "/admin/users?q=robot&amp;role=viewer&amp;page=2";
    assert!(first.contains(next), "the filters stay");
    let second = admin.get(&next.replace("&amp;", "&")).await.text();
    assert_eq!(robots(&second), 10);
    let beyond = admin.get("/admin/users?q=robot&page=99").await.text();
    assert_eq!(robots(&beyond), 10, "the last page");
}

#[tokio::test]
async fn the_system_page_says_where_everything_is_and_how_much_of_it() {
    let app = App::holding(&[("nnUNet/Broken", "{")]).await;
    let page = app.signed_in("admin").await.get("/admin/system").await;
    let text = page.text();
    for fact in [
        "Up since",
        "127.0.0.1:8501",
        "127.0.0.1:8000",
        "./data",
        "of them enabled",
        ">1 broken</a>",
        "answered",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
}

#[tokio::test]
async fn the_token_of_a_person_does_not_look_like_that_of_a_service_account() {
    let app = App::start().await;
    app.secret("viewer", Permissions::of(&[Permission::ModelsRead]))
        .await;
    let page = app.signed_in("admin").await.get("/tokens").await.text();
    assert!(page.contains("</svg> viewer"), "{page}");
    let robot = "M3 6.25h10v7H3";
    assert!(!page.contains(robot), "{page}");
}

#[tokio::test]
async fn the_store_is_checked_and_tidied_while_the_page_refreshes_itself() {
    let app = App::holding(&[("nnUNet/Broken", "{")]).await;
    let admin = app.signed_in("admin").await;
    let csrf = admin.get("/admin/storage").await.csrf();
    let run = async |task: &str| {
        let sent = admin
            .post_form(&format!("/admin/storage/{task}"), &[("csrf", &csrf)])
            .await;
        assert_eq!(sent.location(), "/admin/storage", "{task}");
        loop {
            let page = admin.get("/admin/storage").await;
            let text = page.text();
            let runs = text.contains("<progress");
            assert_eq!(!page.header("refresh").is_empty(), runs);
            assert_eq!(!text.contains("/admin/storage/check\""), runs, "{text}");
            if !runs {
                return text;
            }
        }
    };
    for task in ["check", "repair"] {
        let found = run(task).await;
        assert!(found.contains("Definitions that cannot be read"), "{found}");
        assert!(found.contains("href=\"/broken/nnUNet/Broken\""), "{found}");
        assert!(found.contains("should be seen to"), "{found}");
    }
    for (task, told) in [
        ("list-garbage", "There is nothing to delete."),
        ("delete-garbage", "Nothing was deleted."),
    ] {
        let found = run(task).await;
        assert!(found.contains(told), "{found}");
        assert!(found.contains("Checked and mended"), "{found}");
    }
}
