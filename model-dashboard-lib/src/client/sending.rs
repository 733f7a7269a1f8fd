//! Requests, and how often they are sent.

use std::time::Duration;

use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use super::Client;
use super::error::{ClientError, Problem};
use crate::tls::{self, Naming};

/// A list of very many models, and room.
const MAX_ANSWER: usize = 256 << 20;

/// The longest wait that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// When a request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Whenever no answer came: it changes nothing, or nothing more.
    Safe,
    /// Where it cannot have been worked on.
    NotArrived,
}

/// An answer that was read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer, and whether another attempt may bring one.
pub(super) enum Failed {
    For(ClientError),
    Now {
        error: ClientError,
        wait: Option<Duration>,
    },
}

/// How long an answer asks to wait.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let wait = response.headers().get(RETRY_AFTER)?;
    let seconds = wait.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl Client {
    /// Sends a request until it is answered, as often as it may be.
    pub(super) async fn send(
        &self,
        repeat: Repeat,
        request: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Answer, ClientError> {
        let mut attempt = 1;
        loop {
            let failed = match self.once(request(&self.http), repeat).await {
                Ok(response) => match self.read(response).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) if repeat == Repeat::Safe => Failed::Now { error, wait: None },
                    Err(error) => Failed::For(error),
                },
                Err(failed) => failed,
            };
            self.wait_or_fail(failed, &mut attempt).await?;
        }
    }

    /// Sends it once: an answer that is none of success is an error.
    pub(super) async fn once(
        &self,
        request: RequestBuilder,
        repeat: Repeat,
    ) -> Result<Response, Failed> {
        let response = self.once_or_led_on(request, repeat).await?;
        match response.status().is_redirection() {
            true => Err(Failed::For(self.led_astray(&response))),
            false => Ok(response),
        }
    }

    /// What is wrong with an answer that sends elsewhere.
    pub(super) fn led_astray(&self, response: &Response) -> ClientError {
        let to = response.headers().get(LOCATION);
        let to = to.and_then(|to| to.to_str().ok()).unwrap_or_default();
        // What comes behind it may let whoever reads it in.
        let to = to.split(['?', '#']).next().unwrap_or_default();
        self.not_understood(format!(
            "it sends to {to:?}; give the address of the registry itself"
        ))
    }

    /// Sends it once: an answer of success, or one that sends elsewhere.
    pub(super) async fn once_or_led_on(
        &self,
        request: RequestBuilder,
        repeat: Repeat,
    ) -> Result<Response, Failed> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let response = request.send().await.map_err(|error| {
            let again = repeat == Repeat::Safe || error.is_connect();
            match (again, self.unreachable(error)) {
                (true, error @ ClientError::Unreachable { .. }) => {
                    Failed::Now { error, wait: None }
                }
                (_, error) => Failed::For(error),
            }
        })?;
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return Ok(response);
        }
        let wait = retry_after(&response);
        let is_refused_for_now = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        let is_of_a_proxy = matches!(
            status,
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT
        );
        let again = is_refused_for_now || (is_of_a_proxy && repeat == Repeat::Safe);
        let body = match self.read(response).await {
            Ok(answer) => answer.body,
            Err(_) => Vec::new(),
        };
        let error = ClientError::of_problem(Problem::read(status, &body));
        Err(match again {
            true => Failed::Now { error, wait },
            false => Failed::For(error),
        })
    }

    /// Waits for the next attempt, unless this was the last one.
    pub(super) async fn wait_or_fail(
        &self,
        failed: Failed,
        attempt: &mut u32,
    ) -> Result<(), ClientError> {
        let (error, wait) = match failed {
            Failed::For(error) => return Err(error),
            Failed::Now { error, .. } if *attempt >= self.options.attempts => return Err(error),
            Failed::Now { error, wait } => (error, wait),
        };
        let doubled = self
            .options
            .pause
            .saturating_mul(1 << (*attempt - 1).min(16));
        let pause = wait.unwrap_or(doubled).min(LONGEST_PAUSE);
        tracing::debug!(%error, attempt, ?pause, "a request is sent again");
        tokio::time::sleep(pause).await;
        *attempt += 1;
        Ok(())
    }

    async fn read(&self, mut response: Response) -> Result<Answer, ClientError> {
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(error))?
        {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(self.not_understood("the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { headers, body })
    }

    pub(super) fn unreachable(&self, error: reqwest::Error) -> ClientError {
        let server = self.server.to_string();
        let naming = Naming {
            bundle: "MODEL_DASHBOARD_CA_FILE",
            host: "the address of the server",
        };
        if let Some(why) = tls::told(&error, naming) {
            return ClientError::Certificate { server, why };
        }
        ClientError::Unreachable {
            server,
            // The address is told already, and queries are nobody's business.
            source: error.without_url().into(),
        }
    }

    pub(super) fn not_understood(&self, why: impl Into<String>) -> ClientError {
        ClientError::NotUnderstood {
            server: self.server.to_string(),
            why: why.into(),
        }
    }

    /// A JSON answer as a value.
    pub(super) fn json<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, ClientError> {
        serde_json::from_slice(&answer.body).map_err(|error| self.not_understood(error.to_string()))
    }

    /// A GET of JSON.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        let url = self.server.api(path, query);
        let answer = self
            .send(Repeat::Safe, |http| http.get(url.clone()))
            .await?;
        self.json(&answer)
    }
}
