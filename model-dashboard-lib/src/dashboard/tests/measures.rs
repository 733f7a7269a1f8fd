//! Numbers for a monitor.

use super::*;
use crate::auth::Permission;

#[tokio::test]
async fn models_are_counted_by_state_and_tokens_that_end_soon() {
    let world = World::new().await;
    let host = world.host();
    let account = NewServiceAccount {
        username: "pipeline".to_owned(),
        display_name: String::new(),
        team: "Physics".to_owned(),
        role: Role::Viewer,
    };
    let account = world.dashboard.create_service_account(&host, account);
    let owner = account.await.unwrap().id;
    for days in [3, 30] {
        let request = NewTokenRequest {
            description: "a pipeline's".to_owned(),
            scopes: [Permission::ModelsRead].into_iter().collect(),
            expires_in_days: Some(days),
            owner: Some(owner.clone()),
        };
        world.dashboard.create_token(&host, request).await.unwrap();
    }
    // Old ones, as many as a list holds.
    let expired = Timestamp::now().minus(HOUR);
    for n in 0..10 {
        let (name, hash) = (format!("old-{n}"), PasswordHash::unusable());
        let owner = world.account(&name, Role::Viewer, hash).await;
        for _ in 0..1000 {
            world
                .token_until(&owner, Permissions::NONE, Some(expired))
                .await;
        }
    }
    let content = definition("{}");
    let created = world
        .dashboard
        .create(&host, key("nnUNet/Lung"), content, "");
    created.await.unwrap();

    let measures = world.dashboard.measures().await;
    assert_eq!(measures.tokens_expiring, Some(1));
    assert_eq!((measures.models.all, measures.models.disabled), (1, 1));
    assert_eq!(measures.audit_events_waiting, 0);
}
