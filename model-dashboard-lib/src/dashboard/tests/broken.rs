//! Definitions that cannot be read.

use super::models::ANY;
use super::*;
use crate::model::Version;

#[tokio::test]
async fn a_broken_definition_is_shown_with_its_place_and_mended() {
    let world = World::new().await;
    let broken = key("nnUNet/Broken");
    world
        .repository
        .write_outside(&broken, &b"{\"alias\": \"x\",\n \"enabled\": tru"[..]);
    world.dashboard.inner.catalog.refresh().await.unwrap();
    let host = world.host();
    match world.dashboard.model(&host, &broken).await {
        Err(Error::Broken {
            key,
            position: Some(position),
            ..
        }) => {
            assert_eq!((key, position.line), (broken.clone(), 2));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.dashboard.broken(&host).await.unwrap().len(), 1);
    let raw = world.dashboard.raw(&host, &broken).await.unwrap();
    assert!(raw.broken.is_some());
    let editor = world.caller(Role::Editor).await;
    let mend = |text: &'static str, version: Version| {
        let (dashboard, editor, key) = (world.dashboard.clone(), editor.clone(), broken.clone());
        async move {
            dashboard
                .replace_raw(&editor, &key, text.as_bytes(), version, "")
                .await
        }
    };
    match mend("{\n \"alias\": }", raw.version).await {
        Err(Error::Invalid(errors)) => assert_eq!(errors[0].position.unwrap().line, 2),
        other => panic!("{other:?}"),
    }
    let stale = mend(r#"{"alias":"x"}"#, Version::of(b"another")).await;
    assert!(matches!(stale, Err(Error::Conflict { .. })));
    let mended = mend(r#"{"alias":"x"}"#, raw.version).await.unwrap();
    assert_eq!(mended.definition.name().unwrap(), "Broken");
    assert!(world.dashboard.broken(&host).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_broken_definition_that_another_reader_may_take_as_enabled_counts_as_enabled() {
    let world = World::new().await;
    let odd = key("nnUNet/Odd");
    world
        .repository
        .write_outside(&odd, &br#"{"enabled" : true, "loss": NaN}"#[..]);
    world.dashboard.inner.catalog.refresh().await.unwrap();
    let editor = world.caller(Role::Editor).await;
    let denied = world.dashboard.delete(&editor, &odd, ANY, "why").await;
    assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
    let silent = world.dashboard.delete(&world.host(), &odd, ANY, "").await;
    assert_eq!(wrong_fields(silent), ["message"]);
    world
        .dashboard
        .delete(&world.host(), &odd, ANY, "why")
        .await
        .unwrap();
}
