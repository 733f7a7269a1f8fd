//! How the installation does, and its settings.

use model_dashboard::config::Origin;
use model_dashboard::dashboard::{Dependency, DependencyState};
use warp::reply::Response;

use crate::pages::visit::{Failure, Visit};
use crate::views::admin::system::{self, Health, SystemView};

/// The page.
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let dependencies = visit.dashboard().health(&visit.caller).await?;
    let view = SystemView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: Some(visit.request.site.started_at),
        dependencies: dependencies.into_iter().map(dependency).collect(),
        settings: visit
            .settings()
            .settings
            .iter()
            .map(|setting| {
                let (section, name) = setting.name.split_once('.').unwrap_or(("", setting.name));
                system::Setting {
                    section: section.to_owned(),
                    name: name.to_owned(),
                    value: setting.value.clone().unwrap_or_default(),
                    origin: setting.origin.to_string(),
                    given: setting.origin != Origin::Default,
                }
            })
            .collect(),
    };
    let frame = visit.frame().await;
    visit.page(&frame, system::page(&frame, &view)).await
}

fn dependency(found: Dependency) -> system::Dependency {
    let name = match found.name {
        "models" => "Model store",
        "accounts" => "Accounts, tokens, sessions",
        "audit" => "Audit log",
        other => other,
    };
    system::Dependency {
        name: name.to_owned(),
        health: match found.state {
            DependencyState::Healthy => Health::Ok,
            DependencyState::Degraded => Health::Degraded,
            _ => Health::Down,
        },
        since: found.since.map(Into::into),
        detail: found.message,
        fix: found.fix.unwrap_or_default(),
    }
}
