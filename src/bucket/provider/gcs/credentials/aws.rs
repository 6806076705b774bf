//! An identity of AWS: a request to Amazon's service that tells who asks, signed and not sent. Google's token service sends it, and believes the
//! answer.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::ask::escaped;
use super::super::config::{Aws, AwsKeys, Given, REGION};
use super::ask;
use super::token::Failure;
use crate::bucket::values;
use crate::environment::Secret;
use crate::hexadecimal::hexadecimal;

const SESSION: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const SESSION_LIFE: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// How long a machine's session is asked for: for a few requests in a row.
const LIFE_SECS: &str = "300";

/// What a machine's role is given.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lent {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
}

/// The signed request, as the token service wants it. A machine is asked for what is not given, through `beside`.
pub(super) async fn subject(
    aws: &Aws,
    audience: &str,
    beside: &HttpClient,
    now: DateTime<Utc>,
) -> Result<Secret, Failure> {
    let machine = Machine {
        network: beside,
        session: session(aws, beside).await?,
    };
    let lent;
    let keys = match &aws.keys {
        Given::Here(keys) => keys,
        Given::At(url) => {
            lent = machine.keys(url).await?;
            &lent
        }
    };
    let region = match &aws.region {
        Given::Here(region) => region.clone(),
        Given::At(url) => machine.region(url).await?,
    };
    let address = aws.verification_url.replace(REGION, &region);
    signed(&address, &region, keys, audience, now)
}

/// Asks the machine for a session, where it wants one, and it has to be asked for anything.
async fn session(aws: &Aws, network: &HttpClient) -> Result<Option<Secret>, Failure> {
    let is_asked = matches!(aws.keys, Given::At(_)) || matches!(aws.region, Given::At(_));
    let Some(url) = aws.session_url.as_ref().filter(|_| is_asked) else {
        return Ok(None);
    };
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.method_mut() = Method::PUT;
    let life = HeaderValue::from_static(LIFE_SECS);
    request.headers_mut().insert(SESSION_LIFE, life);
    ask::address(&mut request, url)?;
    let answer = ask::answer(network, request, url, &[]).await?;
    one_line(&answer.body, url).map(|token| Some(Secret::new(token)))
}

/// The server that machines in Amazon's cloud have beside them.
struct Machine<'a> {
    network: &'a HttpClient,
    session: Option<Secret>,
}

impl Machine<'_> {
    async fn ask(&self, url: &Url) -> Result<Vec<u8>, Failure> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        ask::address(&mut request, url)?;
        if let Some(session) = &self.session {
            let unfit = |_| Failure::final_one("the session of the machine fits into no header");
            let value = HeaderValue::from_str(session.expose()).map_err(unfit)?;
            request.headers_mut().insert(SESSION, value);
        }
        let secrets: Vec<Secret> = self.session.iter().cloned().collect();
        let answer = ask::answer(self.network, request, url, &secrets).await?;
        Ok(answer.body)
    }

    /// Of the role that the machine has.
    async fn keys(&self, url: &Url) -> Result<AwsKeys, Failure> {
        let role = one_line(&self.ask(url).await?, url)?;
        let of_role = format!("{}/{}", url.as_str().trim_end_matches('/'), escaped(&role));
        let url = Url::parse(&of_role).map_err(|_| odd(url))?;
        let lent: Lent = serde_json::from_slice(&self.ask(&url).await?).map_err(|_| odd(&url))?;
        let session = lent.token.filter(|token| !token.is_empty());
        let is_odd = |text: &String| values::fault(text).is_some();
        let told = [&lent.access_key_id, &lent.secret_access_key];
        if told.into_iter().chain(&session).any(is_odd) {
            return Err(odd(&url));
        }
        Ok(AwsKeys {
            id: lent.access_key_id,
            secret: Secret::new(lent.secret_access_key),
            session: session.map(Secret::new),
        })
    }

    /// Of the zone that the machine is in, which has a letter more.
    async fn region(&self, url: &Url) -> Result<String, Failure> {
        let mut zone = one_line(&self.ask(url).await?, url)?;
        zone.pop();
        let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if zone.is_empty() || !zone.chars().all(is_fit) {
            return Err(odd(url));
        }
        Ok(zone)
    }
}

fn one_line(body: &[u8], url: &Url) -> Result<String, Failure> {
    let text = std::str::from_utf8(body).map(str::trim);
    let text = text.ok().filter(|text| values::fault(text).is_none());
    text.map(str::to_owned).ok_or_else(|| odd(url))
}

fn odd(url: &Url) -> Failure {
    let server = ask::shown(url);
    Failure::passing(format!(
        "the answer of {server} is none of Amazon's metadata service"
    ))
}

/// The request with its signature of version 4, as one text.
fn signed(
    address: &str,
    region: &str,
    keys: &AwsKeys,
    audience: &str,
    now: DateTime<Utc>,
) -> Result<Secret, Failure> {
    let unfit = || Failure::final_one("regional_cred_verification_url is no address");
    let url = Url::parse(address).map_err(|_| unfit())?;
    let host = url.host_str().ok_or_else(unfit)?;
    let service = host.split('.').next().unwrap_or_default();
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let (day, time) = (now.format("%Y%m%d"), now.format("%Y%m%dT%H%M%SZ"));
    // In the order in which they are signed.
    let mut headers = vec![("host", host), ("x-amz-date", time.to_string())];
    let session = keys.session.as_ref().map(Secret::expose);
    headers.extend(session.map(|session| ("x-amz-security-token", session.to_owned())));
    if !audience.is_empty() {
        headers.push(("x-goog-cloud-target-resource", audience.to_owned()));
    }
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let lines = lines.concat();
    let mut query: Vec<String> = url
        .query_pairs()
        .map(|(name, value)| format!("{}={}", escaped(&name), escaped(&value)))
        .collect();
    query.sort();
    let request = format!(
        "POST\n{}\n{}\n{lines}\n{names}\n{}",
        url.path(),
        query.join("&"),
        hexadecimal(&Sha256::digest(b""))
    );
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let digest = hexadecimal(&Sha256::digest(request));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let key = format!("AWS4{}", keys.secret.expose()).into_bytes();
    let signature = scope
        .split('/')
        .chain([to_sign.as_str()])
        .try_fold(key, |key, text| mac(&key, text))
        .ok_or_else(|| Failure::final_one("the key of AWS signs nothing"))?;
    headers.push((
        "Authorization",
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            keys.id,
            hexadecimal(&signature)
        ),
    ));
    headers.sort();
    let headers: Vec<_> = headers
        .into_iter()
        .map(|(name, value)| json!({"key": name, "value": value}))
        .collect();
    let told = json!({"url": address, "method": "POST", "headers": headers});
    Ok(Secret::new(escaped(&told.to_string())))
}

fn mac(key: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-3.29: what Google's own library is tested with.
    #[test]
    fn a_request_is_signed_as_googles_own_library_signs_it() {
        const ADDRESS: &str =
            "https://sts.us-east-2.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
        let now = DateTime::from_timestamp(1_597_128_922, 0).unwrap();
        for (session, signature) in [
            (
                Some("sessionTok"),
                "48541de09ff691ab53f9e017f5123ce338fecbadc1b278480bab3af221ca4f38",
            ),
            (
                None,
                "bff58112d4696faecff9c104c8b7b963141e8b3cc4ba46a0664938fe6d112e41",
            ),
        ] {
            let keys = AwsKeys {
                id: "accessKeyID".to_owned(),
                secret: Secret::new("secret".to_owned()),
                session: session.map(|text| Secret::new(text.to_owned())),
            };
            let told = signed(ADDRESS, "us-east-2", &keys, "", now).unwrap();
            let expected = escaped(&format!("Signature={signature}"));
            assert!(told.expose().contains(&expected), "{}", told.expose());
            assert!(told.expose().contains(&escaped(ADDRESS)));
        }
    }
}
