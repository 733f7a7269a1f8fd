//! Packages of a registry, whether that is a server or the installation of this machine.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use model_dashboard::client::Client;
use model_dashboard::dashboard::{Error, ErrorKind, Giving, ModelPackage, NewUpload};
use model_dashboard::model::{ContentDigest, ModelDefinition, ModelKey};
use model_dashboard::package::inspect::Report;
use model_dashboard::package::source::Source;
use model_dashboard::package::unpack::Arrival;
use model_dashboard::repository::Precondition;
use model_dashboard::repository::packages::{Piece, Pieces};

use super::asked::Asked;
use super::reference::{resolve, revision};
use super::remote;
use crate::failure::{Failure, Kind};
use crate::installation::Installation;

/// Where packages come from and go to.
pub(super) enum Registry<'a> {
    Server(&'a Client),
    Here(&'a Installation),
}

/// The package of a model.
pub(super) struct Found {
    pub(super) key: ModelKey,
    /// What jobs get may change; a revision stays.
    pub(super) revision: Option<u64>,
    /// Whether jobs may use the model now, whatever the revision said.
    pub(super) enabled: bool,
    pub(super) file_name: String,
    pub(super) size: u64,
    pub(super) digest: ContentDigest,
    /// What was found in it; without it, it has to be looked at again.
    pub(super) report: Option<Report>,
    here: Option<ModelPackage>,
}

impl Found {
    /// The model and its revision, as people write it.
    pub(super) fn reference(&self) -> String {
        match self.revision {
            Some(revision) => format!("{}@{revision}", self.key),
            None => self.key.to_string(),
        }
    }
}

impl Registry<'_> {
    /// What receipts name.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Server(client) => client.server().to_string(),
            Self::Here(_) => gethostname::gethostname().display().to_string(),
        }
    }

    /// Where jobs reach it: the dashboard's address has the API, too.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Server(client) => client.server().to_string(),
            Self::Here(installation) => match &installation.config.server.public_url {
                Some(url) => url.to_string(),
                None => "URL-OF-THE-REGISTRY".to_owned(),
            },
        }
    }

    /// The package of the model that `text` names; of this revision of it.
    pub(super) async fn find(&self, text: &str, number: Option<u64>) -> Result<Found, Failure> {
        match self {
            Self::Server(client) => {
                let (key, named) = remote::reference(text, client).await?;
                let named = one_of(number, named)?;
                let model = remote::model(&key, named, client).await?;
                let revision = named.or_else(|| model.revision());
                let package = client.package(&key, revision).await?;
                // Whether jobs may use it is said of the model as it is now.
                let enabled = match named {
                    None => model.definition.enabled(),
                    Some(_) => match client.model(&key).await {
                        Ok(now) => now.definition.enabled(),
                        Err(error) if error.kind() == Some(ErrorKind::NotFound) => false,
                        Err(error) => return Err(error.into()),
                    },
                };
                Ok(Found {
                    key,
                    revision,
                    enabled,
                    file_name: package.file_name,
                    size: package.size,
                    digest: package.digest,
                    report: package.report,
                    here: None,
                })
            }
            Self::Here(installation) => {
                let Installation {
                    dashboard, caller, ..
                } = installation;
                let (key, selector) = resolve(text, installation).await?;
                let past = revision(&key, selector, installation).await?;
                let named = one_of(number, past.map(|it| it.number))?;
                // Whether jobs may use it is said of the model as it is now.
                let (enabled, number) = match dashboard.model(caller, &key).await {
                    Ok(now) => (now.definition.enabled(), named.or_else(|| now.revision())),
                    Err(Error::NotFound { .. } | Error::Broken { .. }) if named.is_some() => {
                        (false, named)
                    }
                    Err(error) => return Err(error.into()),
                };
                let package = match number {
                    Some(number) => dashboard.package_at(caller, &key, number).await?,
                    None => dashboard.package(caller, &key).await?,
                };
                let record = dashboard.package_record(caller, &package).await?;
                Ok(Found {
                    key,
                    revision: number,
                    enabled,
                    file_name: package.head.file_name.clone(),
                    size: package.head.size,
                    digest: package.head.digest,
                    report: record.and_then(|record| record.report),
                    here: Some(package),
                })
            }
        }
    }

    /// Fetches what is missing of a package.
    pub(super) async fn fetch(
        &self,
        found: &Found,
        purpose: &str,
        mut arrival: Arrival,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Arrival, Failure> {
        match (self, &found.here) {
            (Self::Server(client), _) => {
                let package = client.package(&found.key, found.revision).await?;
                Ok(client.fetch(&package, purpose, arrival, progress).await?)
            }
            // An empty one is read, too: it leaves its trace.
            (Self::Here(installation), Some(package))
                if !arrival.is_complete() || found.size == 0 =>
            {
                let package = package.clone().fetched_for(purpose)?;
                let range = arrival.received()..found.size;
                let read =
                    installation
                        .dashboard
                        .read_package(&installation.caller, &package, range);
                let mut pieces = read.await?;
                let broken = |error: io::Error| Failure::io("the package cannot be read", &error);
                while let Some(piece) = pieces.next().await.map_err(broken)? {
                    arrival.write(&piece)?;
                    progress(arrival.received());
                }
                Ok(arrival)
            }
            (Self::Here(_), _) => Ok(arrival),
        }
    }

    /// Sends a package; its name, and what was found in it.
    pub(super) async fn send(
        &self,
        file_name: &str,
        source: &Arc<dyn Source>,
        digest: &ContentDigest,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Sent, Failure> {
        match self {
            Self::Server(client) => {
                let upload = client
                    .begin_upload(file_name, source.size(), digest)
                    .await?;
                client.send_upload(&upload.id, source, progress).await?;
                let upload = client.inspected(&upload.id, digest).await?;
                Ok(Sent {
                    report: upload.report(),
                    refused: upload.refused,
                    id: upload.id,
                })
            }
            Self::Here(installation) => {
                let Installation {
                    dashboard, caller, ..
                } = installation;
                let uploads = dashboard.uploads(caller).await?;
                // Nothing is sent again that is there.
                let there = uploads
                    .into_iter()
                    .find(|it| it.digest == Some(*digest) && it.file_name == file_name);
                let id = match there {
                    Some(upload) => upload.id,
                    None => {
                        let new = NewUpload {
                            size: source.size(),
                            file_name: file_name.to_owned(),
                            client_note: String::new(),
                        };
                        let id = dashboard.begin_upload(caller, new).await?.id;
                        let pieces = Box::new(Reading {
                            source: Arc::clone(source),
                            at: 0,
                        });
                        dashboard.append_to_upload(caller, id, 0, pieces).await?;
                        dashboard.finish_upload(caller, id).await?;
                        id
                    }
                };
                progress(source.size());
                let record = dashboard.inspected(caller, id).await?;
                Ok(Sent {
                    id: id.to_string(),
                    report: record.report,
                    refused: record.refused,
                })
            }
        }
    }

    /// Whether there is such a model.
    pub(super) async fn has(&self, key: &ModelKey) -> Result<bool, Failure> {
        let found = match self {
            Self::Server(client) => client.model(key).await.map(drop).map_err(Failure::from),
            Self::Here(installation) => {
                let found = installation
                    .dashboard
                    .model(&installation.caller, key)
                    .await;
                found.map(drop).map_err(Failure::from)
            }
        };
        match found {
            Ok(()) => Ok(true),
            Err(failure) if failure.kind() == Kind::NotFound => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Gives the package of an upload to a model, or to a new, disabled one.
    pub(super) async fn publish(
        &self,
        id: &str,
        key: &ModelKey,
        is_new: bool,
        giving: &Giving,
        message: &str,
    ) -> Result<Given, Failure> {
        match self {
            Self::Server(client) => {
                let present = (!is_new).then_some("*");
                let model = client.publish(id, key, present, giving, message);
                match model.await {
                    Ok(model) => Ok(Given::To(Box::new(model.definition))),
                    Err(error) => {
                        let asked = Asked::of_remote(error, giving.confirmed)?;
                        Ok(Given::Asks(asked))
                    }
                }
            }
            Self::Here(installation) => {
                let Installation {
                    dashboard, caller, ..
                } = installation;
                let id = id.parse().map_err(Failure::usage)?;
                let model = if is_new {
                    let definition = ModelDefinition::default();
                    let made = dashboard.publish_new(
                        caller,
                        id,
                        key.clone(),
                        definition,
                        giving.clone(),
                        message,
                    );
                    made.await
                } else {
                    let present = Precondition::Exists;
                    dashboard
                        .publish_upload(caller, id, key, giving.clone(), present, message)
                        .await
                };
                match model {
                    Ok(model) => Ok(Given::To(Box::new(model.definition))),
                    Err(error) => Ok(Given::Asks(Asked::of(error)?)),
                }
            }
        }
    }
}

/// What became of a package that was to be given to a model.
pub(super) enum Given {
    /// The model has it, and says this.
    To(Box<ModelDefinition>),
    /// This has to be confirmed before.
    Asks(Asked),
}

/// A package that arrived.
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) report: Option<Report>,
    /// Why nothing could be found in it.
    pub(super) refused: Option<String>,
}

/// The revision that is named in one way or the other.
fn one_of(option: Option<u64>, in_name: Option<u64>) -> Result<Option<u64>, Failure> {
    match (option, in_name) {
        (Some(one), Some(other)) if one != other => Err(Failure::usage(format!(
            "--revision says {one}, and the name says {other}"
        ))),
        (one, other) => Ok(one.or(other)),
    }
}

/// The bytes of a source, one after the other.
struct Reading {
    source: Arc<dyn Source>,
    at: u64,
}

#[async_trait]
impl Pieces for Reading {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        let (source, at) = (Arc::clone(&self.source), self.at);
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; 1 << 20];
            let count = source.read_at(at, &mut bytes)?;
            bytes.truncate(count);
            Ok::<_, io::Error>(bytes)
        });
        let bytes = read.await.map_err(io::Error::other)??;
        self.at += bytes.len() as u64;
        Ok((!bytes.is_empty()).then(|| bytes.into()))
    }
}
