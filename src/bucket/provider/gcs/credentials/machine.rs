//! The token of the machine itself, from the server that machines in Google's cloud have beside them.

use std::time::Duration;

use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::Url;
use reqwest::header::HeaderValue;
use tokio::time::{sleep, timeout};

use super::ask;
use super::token::{Failure, Token};

/// How often that server is looked for, and how long each time: elsewhere nobody answers at its address.
const TRIES: usize = 3;
/// How long is waited between two of them.
const PAUSE: Duration = Duration::from_secs(2);

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the server at that host. One that `was_there` before is only away for a while.
pub(super) async fn token(
    host: &str,
    network: &HttpClient,
    scopes: &[&str],
    was_there: bool,
) -> Result<Token, Failure> {
    let url = format!(
        "http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={}",
        scopes.join("%2C").replace(':', "%3A").replace('/', "%2F")
    );
    let url = Url::parse(&url).map_err(|err| Failure::final_one(err.to_string()))?;
    let mut why = String::new();
    for number in 0..TRIES {
        if number > 0 {
            // The metadata of a pod are not there yet for some seconds after its start.
            sleep(PAUSE).await;
        }
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        ask::address(&mut request, &url)?;
        request
            .headers_mut()
            .insert("metadata-flavor", HeaderValue::from_static("Google"));
        match timeout(PATIENCE, ask::token(network, request, &url, &[])).await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(failure)) if !failure.passes => return Err(failure),
            Ok(Err(failure)) => why = failure.why,
            Err(_) => why = format!("no answer in {} seconds", PATIENCE.as_secs()),
        }
    }
    if was_there {
        return Err(Failure::passing(why));
    }
    Err(Failure::final_one(format!(
        "no credentials were found: there is no config.service_account, no GOOGLE_APPLICATION_CREDENTIALS and no file of gcloud, and the metadata server at {host} gives none: {why}"
    )))
}
