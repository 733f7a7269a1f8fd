//! People who left a directory: how they are found, shown, and believed to have left.

use http::StatusCode;
use model_dashboard::auth::Permissions;

use crate::app::PASSWORD;
use crate::clinic::{Clinic, post, sign_in};

#[tokio::test]
async fn who_left_is_re_checked_from_their_page_and_shown_as_such() {
    let clinic = Clinic::new(true, &["bo"]);
    let app = clinic.serve().await;
    let (bo, ..) = sign_in(&app, "clinic", "bo", PASSWORD).await;
    let admin = app.signed_in("admin").await;
    let page = "/admin/users/clinic:id-of-bo";
    let shown = admin.get(page).await.text();
    assert!(shown.contains("Re-check now") && shown.contains("id-of-bo"));
    assert!(
        !shown.contains("name=\"role\""),
        "the role is not offered: {shown}"
    );
    let (status, _) = post(&admin, &format!("{page}/recheck"), &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(bo.get("/profile").await.status, StatusCode::OK);

    clinic.people.lock().unwrap().clear();
    let csrf = admin.get("/profile").await.csrf();
    let left = admin
        .post_form(&format!("{page}/recheck"), &[("csrf", &csrf)])
        .await;
    let told = left.cookie("_status");
    let told = told.replace("%20", " ");
    assert!(told.contains("bo left and is deactivated"), "{told}");
    assert!(told.contains("1 session ended"), "{told}");
    assert!(bo.get("/profile").await.location().starts_with("/login"));
    let shown = admin.get(page).await.text();
    for told in [
        "does not let this person sign in any more",
        "Last role",
        "Last groups",
        "It was given by",
        "before they left",
        "Keep out",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!shown.contains("Given by"), "as if it were so: {shown}");
    // Nobody asked for it: the directory said so.
    let log = admin.get("/admin/audit?action=user.update").await.text();
    assert!(
        log.contains("the server") && !log.contains("unknown"),
        "{log}"
    );
}

#[tokio::test]
async fn why_somebody_left_and_what_was_done_to_them_is_found_on_their_page() {
    let clinic = Clinic::new(true, &["bo", "ann"]);
    let app = clinic.serve().await;
    for name in ["bo", "ann"] {
        let (_, status, _) = sign_in(&app, "clinic", name, PASSWORD).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
    }
    let (_, status, _) = sign_in(&app, "clinic", "BO", "wrong").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let admin = app.signed_in("admin").await;
    let person = "/admin/users/clinic:id-of-bo";
    clinic.people.lock().unwrap().remove("id-of-bo");
    let (status, _) = post(&admin, &format!("{person}/recheck"), &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let page = admin.get(person).await.text();
    let why =
        "does not let this person sign in any more: <strong>not in the required group</strong>";
    assert!(page.contains(why), "{page}");
    let mut found = Vec::new();
    for link in ["What they did", "What was done to them", "Refused sign-ins"] {
        let (before, _) = page.split_once(&format!("\">{link}</a>")).unwrap();
        let (_, href) = before.rsplit_once("href=\"").unwrap();
        found.push(admin.get(&href.replace("&amp;", "&")).await.text());
    }
    let tells = |page: &str, action: &str| page.contains(&format!("\">{action}</code>"));
    assert!(tells(&found[0], "sign-in") && !tells(&found[0], "user.update"));
    let told = "deactivated, clinic does not let them sign in any more: not in the required group";
    assert!(found[1].contains(told), "{}", found[1]);
    let refused = found[2].matches("password has expired").count();
    assert_eq!(refused, 1, "{}", found[2]);
    let api = app.token(Permissions::all()).await;
    let account = api.get("/api/v1/users/clinic/id-of-bo").await.json();
    assert_eq!(account["left_reason"], "not in the required group");
    // Once more is no news.
    let (_, _) = post(&admin, &format!("{person}/recheck"), &[]).await;
    let events = api.get("/api/v1/audit?action=user.update").await.json();
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
}

#[tokio::test]
async fn what_is_doubted_is_believed_as_it_was_seen_on_the_page() {
    let names = ["ann", "bo", "cy", "di"];
    let clinic = Clinic::new(true, &names);
    let app = clinic.serve().await;
    for name in &names[..3] {
        assert_eq!(sign_in(&app, "clinic", name, PASSWORD).await.1, 303);
    }
    let admin = app.signed_in("admin").await;
    let path = "/admin/directories/clinic/recheck";
    let people = std::mem::take(&mut *clinic.people.lock().unwrap());
    let (_, page) = post(&admin, path, &[]).await;
    let seen = doubted(&page);
    let believe = async |seen: &[String; 3]| {
        let [left, asked, since] = seen.each_ref().map(String::as_str);
        let fields = [("left", left), ("asked", asked), ("since", since)];
        post(&admin, path, &fields).await.1
    };
    // Somebody else is gone by then, too.
    *clinic.people.lock().unwrap() = people.clone();
    assert_eq!(sign_in(&app, "clinic", "di", PASSWORD).await.1, 303);
    clinic.people.lock().unwrap().clear();
    let page = believe(&seen).await;
    assert!(page.contains("4 people are said to have left"), "{page}");
    assert!(
        page.contains("They did leave: disable 4 accounts"),
        "{page}"
    );
    let page = believe(&doubted(&page)).await;
    assert!(page.contains("0 still there, 4 left"), "{page}");
    assert!(!page.contains("They did leave"), "{page}");
}

/// What a page says is doubted, as its form posts it.
fn doubted(page: &str) -> [String; 3] {
    ["left", "asked", "since"].map(|name| {
        let (_, rest) = page
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split('"').next().unwrap().to_owned()
    })
}
