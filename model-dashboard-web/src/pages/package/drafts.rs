//! What is proposed to all models.

use model_dashboard::auth::Permission;
use warp::reply::Response;

use super::draft::proposal;
use crate::pages::actor::Sources;
use crate::pages::visit::{Failure, Visit};
use crate::views::package::drafts::{self, DraftRow, DraftsView};

/// The page.
pub(in crate::pages) async fn show(visit: Visit) -> Result<Response, Failure> {
    visit.require(Permission::PackagesRead).await?;
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let drafts = dashboard.all_drafts(caller).await?;
    let picture = dashboard.picture(caller).await?;
    let sources = Sources::new(&visit);
    let rows = drafts.drafts.iter().map(|(key, draft)| {
        let entry = picture.get(key);
        DraftRow {
            network_type: key.network_type.to_string(),
            name: key.name.to_string(),
            alias: entry
                .as_ref()
                .map(|it| it.alias().into_owned())
                .unwrap_or_default(),
            enabled: entry.is_some_and(|it| it.enabled()),
            proposal: proposal(draft, &sources),
        }
    });
    let view = DraftsView {
        drafts: rows.collect(),
        more: drafts.more,
    };
    let frame = visit.frame().await;
    visit.page(&frame, drafts::page(&frame, &view)).await
}
