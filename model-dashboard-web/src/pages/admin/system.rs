//! How the installation does, and its settings.

use model_dashboard::config::{Origin, Setting};
use model_dashboard::dashboard::{Dependency, DependencyState};
use warp::reply::Response;

use crate::pages::broken::left_out;
use crate::pages::visit::{Failure, Visit};
use crate::views::admin::system::{self, Health, SystemView};
use crate::views::models::Counts;

/// The page.
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let dependencies = visit.dashboard().health(&visit.caller).await?;
    let state = visit.dashboard().catalog_state();
    let settings = &visit.settings().settings;
    let view = SystemView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: Some(visit.request.site.started_at),
        addresses: addresses(settings),
        data_folder: value(settings, "data_dir").to_owned(),
        models: match state.loaded_at {
            Some(_) => Some(counts(&visit).await?),
            None => None,
        },
        last_answer: state.last_success.map(Into::into),
        dependencies: dependencies.into_iter().map(dependency).collect(),
        left_out: left_out(&visit).await?,
        settings: settings.iter().map(setting).collect(),
    };
    let frame = visit.frame().await;
    visit.page(&frame, system::page(&frame, &view)).await
}

async fn counts(visit: &Visit) -> Result<Counts, Failure> {
    let counts = visit.dashboard().picture(&visit.caller).await?.counts();
    Ok(Counts {
        enabled: counts.enabled,
        disabled: counts.disabled,
        broken: counts.broken,
    })
}

/// The value of a setting; empty if there is none.
fn value<'a>(settings: &'a [Setting], name: &str) -> &'a str {
    let found = settings.iter().find(|setting| setting.name == name);
    found
        .and_then(|setting| setting.value.as_deref())
        .unwrap_or_default()
}

/// Where the server is reached, as it is configured.
fn addresses(settings: &[Setting]) -> Vec<(String, String)> {
    let value = |name| value(settings, name);
    let listening = |host: &str, port: &str| match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    [
        ("Public URL", value("server.public_url").to_owned()),
        (
            "Dashboard",
            listening(value("server.host"), value("server.port")),
        ),
        ("API", listening(value("api.host"), value("api.port"))),
        ("Metrics", value("api.metrics_addr").to_owned()),
    ]
    .into_iter()
    .filter(|(_, address)| !address.is_empty())
    .map(|(name, address)| (name.to_owned(), address))
    .collect()
}

fn setting(setting: &Setting) -> system::Setting {
    let (section, name) = setting.name.split_once('.').unwrap_or(("", setting.name));
    system::Setting {
        section: section.to_owned(),
        name: name.to_owned(),
        value: setting.value.clone().unwrap_or_default(),
        origin: setting.origin.to_string(),
        given: setting.origin != Origin::Default,
    }
}

fn dependency(found: Dependency) -> system::Dependency {
    let directory = found.name.strip_prefix("source:").map(str::to_owned);
    let name = match (&*found.name, &directory) {
        ("models", _) => "Model store".to_owned(),
        ("accounts", _) => "Accounts, tokens, sessions".to_owned(),
        ("audit", _) => "Audit log".to_owned(),
        (_, Some(source)) => format!("Directory {source}"),
        (other, None) => other.to_owned(),
    };
    system::Dependency {
        name,
        directory,
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

#[cfg(test)]
mod tests {
    use model_dashboard::config::Config;

    use super::*;

    #[test]
    fn the_addresses_are_those_of_the_settings() {
        let pair = |name: &str, address: &str| (name.to_owned(), address.to_owned());
        let expected = [
            pair("Dashboard", "127.0.0.1:8501"),
            pair("API", "127.0.0.1:8000"),
        ];
        let config = Config::default();
        let settings = config.settings();
        assert_eq!(addresses(settings), expected);
        assert_eq!(value(settings, "data_dir"), "./data");
    }
}
