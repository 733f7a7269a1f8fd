//! Every use case for every role and every kind of credential: who may is exactly who holds the
//! permissions that the use case names, and who may not leaves everything as it was.

use futures::future::{BoxFuture, FutureExt};

use super::packages::{Packages, begin, pieces};
use super::*;
use crate::auth::Permission::{self, *};
use crate::auth::{UserChange, UserFilter};
use crate::catalog::Query;
use crate::repository::packages::PackageId;

/// A use case on things of its own, made anew for each call.
type Case = for<'a> fn(&'a World, &'a Caller) -> BoxFuture<'a, Result<(), Error>>;

/// A use case, and what it needs: permissions, and whether a session.
struct Row {
    name: &'static str,
    needs: &'static [Permission],
    session: bool,
    case: Case,
}

macro_rules! rows {
    ($($name:literal needs $needs:expr, session $session:literal: |$w:ident, $c:ident| $body:expr;)+) => {
        vec![$(Row {
            name: $name,
            needs: &$needs,
            session: $session,
            case: |$w, $c| async move { $body.map(drop) }.boxed(),
        }),+]
    };
}

/// All permissions that a role has.
const ALL: [Permission; 6] = [
    ModelsRead,
    ModelsWrite,
    ModelsEnable,
    AuditRead,
    UsersAdmin,
    SystemAdmin,
];

const ANY: Precondition = Precondition::Exists;

fn new_key(world: &World) -> ModelKey {
    key(&format!("MIST/New{}", world.number()))
}

/// The key of a model that was deleted.
async fn deleted(world: &World) -> ModelKey {
    let (host, key) = (world.host(), world.model(false).await.key);
    world.dashboard.delete(&host, &key, ANY, "").await.unwrap();
    key
}

/// A model that has a package.
async fn with_package(world: &World) -> (ModelKey, Model) {
    let (host, (key, id)) = (world.host(), drafted(world, false).await);
    let confirmed = Confirmed::default().breaking().incomplete();
    let published = world
        .dashboard
        .publish_draft(&host, &key, id, confirmed, ANY, "");
    published.await.unwrap();
    let model = world.dashboard.model(&host, &key).await.unwrap();
    (key, model)
}

/// A finished upload of this account.
async fn uploaded(world: &World, caller: &Caller) -> Result<PackageId, Error> {
    let (dashboard, bytes) = (&world.dashboard, b"weights");
    let id = begin(dashboard, caller, "a.bin", bytes.len()).await?.id;
    dashboard
        .append_to_upload(caller, id, 0, pieces(bytes))
        .await?;
    dashboard.finish_upload(caller, id).await?;
    Ok(id)
}

/// A model, and a package that is proposed to it.
async fn drafted(world: &World, enabled: bool) -> (ModelKey, PackageId) {
    let (host, key) = (world.host(), world.model(enabled).await.key);
    let id = uploaded(world, &host).await.unwrap();
    let draft = world
        .dashboard
        .draft_upload(&host, id, &key, Giving::default(), "better");
    draft.await.unwrap();
    (key, id)
}

fn rows() -> Vec<Row> {
    rows! {
        "list" needs [ModelsRead], session false: |w, c| w.dashboard.list(c, &Query::default()).await;
        "picture" needs [ModelsRead], session false: |w, c| w.dashboard.picture(c).await;
        "broken" needs [ModelsRead], session false: |w, c| w.dashboard.broken(c).await;
        "model" needs [ModelsRead], session false:
            |w, c| w.dashboard.model(c, &w.model(true).await.key).await;
        "body" needs [ModelsRead], session false:
            |w, c| w.dashboard.body(c, &w.model(true).await.key).await;
        "raw" needs [ModelsRead], session false:
            |w, c| w.dashboard.raw(c, &w.model(true).await.key).await;
        "find" needs [ModelsRead], session false:
            |w, c| w.dashboard.find(c, w.model(true).await.key.name.as_str()).await;
        "export" needs [ModelsRead], session false:
            |w, c| w.dashboard.export(c, vec![w.model(true).await.key]).await;
        "activity" needs [ModelsRead], session false:
            |w, c| w.dashboard.activity(c, &EventFilter::default(), EventPage::After(0), 10).await;

        "history" needs [ModelsRead], session false:
            |w, c| w.dashboard.history(c, &w.model(true).await.key, None, 10).await;
        "revision" needs [ModelsRead], session false:
            |w, c| w.dashboard.revision(c, &w.model(true).await.key, 1).await;
        "stored revision" needs [ModelsRead], session false:
            |w, c| w.dashboard.stored_revision(c, &w.model(true).await.key, 1).await;
        "earlier state" needs [ModelsRead], session false: |w, c| {
            let model = w.model(true).await;
            w.dashboard.earlier_state(c, &model.key, model.version, Some(1)).await
        };
        "lost race" needs [ModelsRead], session false: |w, c| {
            let model = w.model(true).await;
            w.dashboard.lost_race(c, &model.key, None, crate::dashboard::Wanted::Other).await
        };
        "compare" needs [ModelsRead], session false:
            |w, c| w.dashboard.compare(c, &w.model(true).await.key, 1, 1).await;
        "compare packages" needs [PackagesRead], session false: |w, c| {
            let model = w.model(true).await;
            let it = RevisionContent::Definition(Box::new(model.definition));
            w.dashboard.compare_packages(c, &model.key, &it, &RevisionContent::Deleted).await
        };
        "models at" needs [ModelsRead, AuditRead], session false:
            |w, c| w.dashboard.models_at(c, Timestamp::now(), None, 10).await;
        "deleted" needs [ModelsRead, SystemAdmin], session false: |w, c| w.dashboard.deleted(c).await;
        "why deleted" needs [ModelsRead, SystemAdmin], session false: |w, c| {
            let key = deleted(w).await;
            w.dashboard.why_deleted(c, &[key]).await
        };
        "history of a deleted one" needs [ModelsRead, SystemAdmin], session false: |w, c| {
            let key = deleted(w).await;
            w.dashboard.history(c, &key, None, 10).await
        };
        "restore" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let key = w.model(false).await.key;
            let patch = object(r#"{"alias":"a"}"#);
            w.dashboard.patch(&w.host(), &key, &patch, ANY, "why").await.unwrap();
            w.dashboard.restore(c, &key, 1, Confirmed::default(), ANY, "why").await
        };
        "restore an enabled one" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(true).await.key;
            let patch = object(r#"{"alias":"a"}"#);
            w.dashboard.patch(&w.host(), &key, &patch, ANY, "why").await.unwrap();
            w.dashboard.restore(c, &key, 1, Confirmed::default(), ANY, "why").await
        };
        "restore an enabled one to another package"
            needs [ModelsRead, ModelsWrite, ModelsEnable, PackagesRead], session false: |w, c| {
            let (key, _) = with_package(w).await;
            w.dashboard.enable_incomplete(&w.host(), &key, ANY, "").await.unwrap();
            w.dashboard.restore(c, &key, 1, Confirmed::default().incomplete(), ANY, "why").await
        };
        "bring back" needs [ModelsRead, ModelsWrite, SystemAdmin], session false: |w, c| {
            let key = deleted(w).await;
            w.dashboard.bring_back(c, &key, None, "why").await
        };

        "check the storage" needs [SystemAdmin], session false:
            |w, c| w.dashboard.check_storage(c, true, &|_, _| ()).await;
        "collect garbage" needs [SystemAdmin], session false:
            |w, c| w.dashboard.collect_garbage(c, HOUR, true, &|_, _| ()).await;

        "create" needs [ModelsRead, ModelsWrite], session false:
            |w, c| w.dashboard.create(c, new_key(w), definition("{}"), "").await;
        "create enabled" needs [ModelsRead, ModelsWrite, ModelsEnable], session false:
            |w, c| w.dashboard.create(c, new_key(w), definition(r#"{"enabled":true}"#), "").await;
        "replace" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let key = w.model(false).await.key;
            w.dashboard.replace(c, &key, definition(r#"{"alias":"a"}"#), ANY, "why").await
        };
        "replace an enabled one" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let (key, next) = (w.model(true).await.key, definition(r#"{"enabled":true,"alias":"a"}"#));
            w.dashboard.replace(c, &key, next, ANY, "why").await
        };
        "replace, disabling" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(true).await.key;
            w.dashboard.replace(c, &key, definition(r#"{"enabled":false}"#), ANY, "why").await
        };
        "replace, enabling" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(false).await.key;
            w.dashboard.replace(c, &key, definition(r#"{"enabled":true}"#), ANY, "why").await
        };
        "patch" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let key = w.model(false).await.key;
            w.dashboard.patch(c, &key, &object(r#"{"alias":"a"}"#), ANY, "why").await
        };
        "patch an enabled one" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(true).await.key;
            w.dashboard.patch(c, &key, &object(r#"{"alias":"a"}"#), ANY, "why").await
        };
        "patch, enabling" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(false).await.key;
            w.dashboard.patch(c, &key, &object(r#"{"enabled":true}"#), ANY, "why").await
        };
        "enable" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(false).await.key;
            w.dashboard.set_enabled(c, &key, true, ANY, "").await
        };
        "enable although something is lacking"
            needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let (key, _) = with_package(w).await;
            w.dashboard.enable_incomplete(c, &key, ANY, "").await
        };
        "disable" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(true).await.key;
            w.dashboard.set_enabled(c, &key, false, ANY, "").await
        };
        "rename" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let key = w.model(false).await.key;
            w.dashboard.rename(c, &key, &new_key(w), false, ANY, "why").await
        };
        "rename as typed" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let key = w.model(false).await.key;
            w.dashboard.rename(c, &key, &new_key(w), true, ANY, "why").await
        };
        "rename an enabled one" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(true).await.key;
            w.dashboard.rename(c, &key, &new_key(w), false, ANY, "why").await
        };
        "delete" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let key = w.model(false).await.key;
            w.dashboard.delete(c, &key, ANY, "why").await
        };
        "delete an enabled one" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let key = w.model(true).await.key;
            w.dashboard.delete(c, &key, ANY, "why").await
        };
        "derive" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let key = w.model(true).await.key;
            w.dashboard.derive(c, &key, &new_key(w), None, "").await
        };
        "replace raw" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let model = w.model(false).await;
            w.dashboard.replace_raw(c, &model.key, br#"{"alias":"a"}"#, model.version, "why").await
        };
        "bulk enable" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let keys = vec![w.model(false).await.key];
            first(w.dashboard.bulk(c, BulkAction::Enable, keys, "").await)
        };
        "bulk delete an enabled one" needs [ModelsRead, ModelsWrite, ModelsEnable], session false: |w, c| {
            let keys = vec![w.model(true).await.key];
            first(w.dashboard.bulk(c, BulkAction::Delete, keys, "why").await)
        };
        "import" needs [ModelsRead, ModelsWrite], session false: |w, c| {
            let name = format!("New{}", w.number());
            let bytes = format!(r#"{{"name":"{name}","network_type":"MIST"}}"#).into_bytes();
            let files = vec![ImportFile { name, bytes }];
            match w.dashboard.import(c, files, "", ImportMode::CreateOnly).await {
                Ok(mut outcomes) => outcomes.pop().unwrap().result,
                Err(error) => Err(error),
            }
        };

        "propose a package" needs [ModelsRead, ModelsWrite, PackagesWrite], session false: |w, c| {
            let key = w.model(true).await.key;
            match uploaded(w, c).await {
                Ok(id) => w.dashboard.draft_upload(c, id, &key, Giving::default(), "").await.map(drop),
                Err(error) => Err(error),
            }
        };
        "drafts" needs [ModelsRead, PackagesRead], session false: |w, c| {
            let (key, _) = drafted(w, true).await;
            w.dashboard.drafts(c, &key).await
        };
        "draft" needs [ModelsRead, PackagesRead], session false: |w, c| {
            let (key, id) = drafted(w, true).await;
            w.dashboard.draft(c, &key, id).await
        };
        "report of a package" needs [ModelsRead, PackagesRead], session false: |w, c| {
            let (key, model) = with_package(w).await;
            w.dashboard.package_report_of(c, &key, model.definition).await
        };
        "publish a draft" needs [ModelsRead, ModelsWrite, PackagesRead, PackagesWrite], session false: |w, c| {
            let (key, id) = drafted(w, false).await;
            w.dashboard.publish_draft(c, &key, id, Confirmed::default().breaking().incomplete(), ANY, "").await
        };
        "publish a draft of an enabled one"
            needs [ModelsRead, ModelsWrite, ModelsEnable, PackagesRead, PackagesWrite], session false: |w, c| {
            let (key, id) = drafted(w, true).await;
            w.dashboard.publish_draft(c, &key, id, Confirmed::default().breaking().incomplete(), ANY, "").await
        };
        "discard a draft" needs [ModelsRead, ModelsWrite, PackagesWrite], session false: |w, c| {
            let (key, id) = drafted(w, true).await;
            w.dashboard.discard_draft(c, &key, id, "").await
        };

        "own tokens" needs [], session false: |w, c| w.dashboard.tokens(c).await;
        "an own token" needs [ModelsRead], session true: |w, c| {
            match w.dashboard.create_token(c, token_request(None)).await {
                Err(Error::MadeWithToken) => Err(Error::SignInNeeded),
                // The host has no tokens.
                Err(Error::Invalid(_)) if c.is_host() => Err(Error::SignInNeeded),
                other => other,
            }
        };
        "all tokens" needs [UsersAdmin], session false: |w, c| w.dashboard.all_tokens(c).await;
        "revoke another's token" needs [UsersAdmin], session false: |w, c| {
            let (_, id) = w.token(&w.person(Role::Viewer).await, Permissions::of(&[ModelsRead])).await;
            match w.dashboard.revoke_token(c, id).await {
                // Nobody learns which tokens others have.
                Err(Error::NotFound { .. }) => Err(denied()),
                other => other,
            }
        };
        "a token for a service account" needs [UsersAdmin, ModelsRead], session false: |w, c| {
            let owner = service(w, Role::Viewer).await;
            w.dashboard.create_token(c, token_request(Some(owner.id))).await
        };

        "users" needs [UsersAdmin], session false:
            |w, c| w.dashboard.users(c, &UserFilter::default()).await;
        "user" needs [UsersAdmin], session false:
            |w, c| w.dashboard.user(c, &w.person(Role::Viewer).await.id).await;
        "user by name" needs [UsersAdmin], session false: |w, c| {
            let user = w.person(Role::Viewer).await;
            w.dashboard.user_by_name(c, &user.id.source, user.username.as_str()).await
        };
        "create a viewer" needs [UsersAdmin, ModelsRead], session false:
            |w, c| w.dashboard.create_user(c, new_user(w, Role::Viewer)).await;
        "create an administrator" needs ALL, session false:
            |w, c| w.dashboard.create_user(c, new_user(w, Role::Admin)).await;
        "create a service account" needs [UsersAdmin, ModelsRead], session false:
            |w, c| w.dashboard.create_service_account(c, new_service(w, Role::Viewer)).await;
        "change an account" needs [UsersAdmin], session false: |w, c| {
            let change = UserChange { display_name: Some("x".into()), ..UserChange::default() };
            w.dashboard.update_user(c, &w.person(Role::Admin).await.id, change).await
        };
        "deactivate an account" needs [UsersAdmin], session false: |w, c| {
            let change = UserChange { is_active: Some(false), ..UserChange::default() };
            w.dashboard.update_user(c, &w.person(Role::Viewer).await.id, change).await
        };
        "make an administrator" needs ALL, session false: |w, c| {
            let change = UserChange { role: Some(Role::Admin), ..UserChange::default() };
            w.dashboard.update_user(c, &w.person(Role::Viewer).await.id, change).await
        };
        "reset an administrator's password" needs ALL, session false: |w, c| {
            w.dashboard.reset_password(c, &w.person(Role::Admin).await.id, None).await
        };
        "delete an account" needs [UsersAdmin], session false:
            |w, c| w.dashboard.delete_user(c, &w.person(Role::Viewer).await.id).await;

        "events" needs [AuditRead], session false:
            |w, c| w.dashboard.events(c, &EventFilter::default(), EventPage::After(0), 10).await;
        "event" needs [AuditRead], session false: |w, c| { w.model(false).await; w.dashboard.event(c, 1).await };
        "verify the audit log" needs [AuditRead], session false: |w, c| w.dashboard.verify_audit(c).await;
        "health" needs [SystemAdmin], session false: |w, c| w.dashboard.health(c).await;
        "left out" needs [SystemAdmin], session false: |w, c| w.dashboard.left_out(c).await;

        "sessions" needs [], session true: |w, c| w.dashboard.sessions(c).await;
        "end other sessions" needs [], session true: |w, c| w.dashboard.end_other_sessions(c).await;
        "end another's session" needs [], session true: |w, c| {
            let user = w.person(Role::Viewer).await;
            let cookie = w.session(&user).await;
            let id = w.by_cookie(&cookie).await.unwrap().session_id().unwrap();
            let result = w.dashboard.end_session(c, id).await;
            assert!(w.by_cookie(&cookie).await.is_ok(), "an account ends its own sessions only");
            match result {
                Err(Error::NotFound { .. }) => Ok(()),
                other => other,
            }
        };
        "change the password" needs [], session true: |w, c| {
            let new = "another long password".to_owned();
            match w.dashboard.change_password(c, "wrong".to_owned(), new).await {
                // Allowed to try.
                Err(Error::Invalid(_)) => Ok(()),
                other => other.map(drop),
            }
        };
        "sign out" needs [], session true: |w, c| w.dashboard.sign_out(c).await;
    }
}

fn first(result: Result<Vec<BulkOutcome>, Error>) -> Result<(), Error> {
    result?.pop().unwrap().1
}

fn denied() -> Error {
    Error::Denied {
        permission: UsersAdmin,
        username: String::new(),
    }
}

fn token_request(owner: Option<crate::auth::IdentityId>) -> NewTokenRequest {
    NewTokenRequest {
        description: "pipeline".to_owned(),
        scopes: Permissions::of(&[ModelsRead]),
        expires_in_days: Some(1),
        owner,
    }
}

fn new_user(world: &World, role: Role) -> NewUserRequest {
    NewUserRequest {
        username: format!("new-{}", world.number()),
        display_name: String::new(),
        email: None,
        role,
        password: Some("long enough for a test".to_owned()),
    }
}

fn new_service(world: &World, role: Role) -> NewServiceAccount {
    NewServiceAccount {
        username: format!("service-{}", world.number()),
        display_name: String::new(),
        team: "imaging".to_owned(),
        role,
    }
}

async fn service(world: &World, role: Role) -> User {
    let request = new_service(world, role);
    world
        .dashboard
        .create_service_account(&world.host(), request)
        .await
        .unwrap()
}

/// Callers of every role with a session and with tokens of all and of single scopes.
async fn callers(world: &World) -> Vec<(String, Caller)> {
    let mut callers = vec![("host".to_owned(), world.host())];
    for role in Role::ALL {
        let user = world.person(*role).await;
        let cookie = world.session(&user).await;
        callers.push((
            format!("{role} with a session"),
            world.by_cookie(&cookie).await.unwrap(),
        ));
        let mut scopes = vec![Permissions::all(), role.permissions(), Permissions::NONE];
        scopes.extend(
            Permission::ALL
                .iter()
                .map(|scope| Permissions::of(&[*scope])),
        );
        scopes.push(Permissions::of(&[ModelsRead, ModelsWrite]));
        scopes.push(Permissions::of(&[ModelsWrite, ModelsEnable]));
        for scopes in scopes {
            let (bearer, _) = world.token(&user, scopes).await;
            let caller = world.by_token(&bearer).await.unwrap();
            assert!(caller.permissions().is_subset(role.permissions()));
            assert!(caller.permissions().is_subset(scopes));
            callers.push((format!("{role} with a token for {scopes}"), caller));
        }
    }
    callers
}

#[tokio::test]
async fn every_use_case_is_open_to_those_who_hold_its_permissions_and_to_nobody_else() {
    let world = Packages::in_memory().await.world;
    world.person(Role::Admin).await;
    let callers = callers(&world).await;
    for row in rows() {
        for (who, caller) in &callers {
            // Signing out ends the session, so it goes last and by itself.
            let result = (row.case)(&world, caller).await;
            let may = row.needs.iter().all(|p| caller.has(*p));
            let what = format!("{} by {who}", row.name);
            if row.session && caller.session_id().is_none() {
                assert!(
                    matches!(result, Err(Error::SignInNeeded)),
                    "{what}: {result:?}"
                );
            } else if may {
                assert!(result.is_ok(), "{what}: {result:?}");
            } else {
                assert!(
                    matches!(
                        result,
                        Err(Error::Denied { .. } | Error::MoreThanOwn { .. })
                    ),
                    "{what}: {result:?}"
                );
                let event = world.last_event().await;
                assert_eq!(event.action, Action::Denied, "{what}");
                assert_eq!(event.actor, caller.id().to_string(), "{what}");
            }
        }
    }
}
