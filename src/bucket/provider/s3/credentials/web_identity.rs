//! Credentials for a token that Kubernetes gives, from the service that knows what it is good for.

use std::time::SystemTime;

use async_trait::async_trait;
use chrono::DateTime;
use object_store::aws::AwsCredential;
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};

use super::super::config::{Config, WebIdentity};
use super::super::endpoint::partition;
use super::super::region::element;
use super::source::{Failure, Fetched, Source};
use crate::causes;
use crate::environment::Secret;
use crate::http::body::whole;
use crate::http::form;
use crate::http::secrets::Secrets;
use crate::small_file;

/// What is read of the answer.
const LONGEST: usize = 64 << 10;

/// Regions that had no service of their own once, and which `AWS_STS_REGIONAL_ENDPOINTS=legacy` sends to the one for all.
const LEGACY: [&str; 16] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "aws-global",
];

#[derive(Debug)]
pub(super) struct Service {
    client: HttpClient,
    url: String,
    token_file: String,
    role_arn: Option<String>,
    session_name: Option<String>,
}

impl Service {
    pub(super) fn new(identity: &WebIdentity, config: &Config, client: HttpClient) -> Self {
        let region = config.aws_region.as_deref();
        let region = region
            .or(config.region.as_deref())
            .or(config.endpoint.region());
        Self {
            client,
            url: match &config.sts_endpoint {
                Some(url) => url.clone(),
                None => url(region, identity.legacy),
            },
            token_file: identity.token_file.clone(),
            role_arn: identity.role_arn.clone(),
            session_name: identity.session_name.clone(),
        }
    }

    /// What is asked with this token.
    fn question<'a>(&'a self, token: &'a str) -> Vec<(&'static str, &'a str)> {
        let mut pairs = vec![
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
        ];
        if let Some(role) = &self.role_arn {
            let name = self.session_name.as_deref().unwrap_or("thanos-bucket");
            pairs.extend([("RoleArn", role.as_str()), ("RoleSessionName", name)]);
        }
        pairs.push(("WebIdentityToken", token));
        pairs
    }
}

#[async_trait]
impl Source for Service {
    async fn fetch(&self) -> Result<Fetched, Failure> {
        let lasting = |why: String| Failure { why, passes: false };
        let token = small_file::text(&self.token_file).await.map_err(|err| {
            lasting(format!(
                "read the token file that AWS_WEB_IDENTITY_TOKEN_FILE names: {err}"
            ))
        })?;
        let token = token.trim();
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        form::post(&mut request, &self.question(token));
        *request.uri_mut() = self
            .url
            .parse()
            .map_err(|_| lasting("the address is none".to_owned()))?;
        let asked = format!("ask {} for credentials", self.url);
        let answer = self.client.execute(request).await.map_err(|err| Failure {
            why: format!("{asked}: {}", causes::told(&err)),
            passes: true,
        })?;
        let status = answer.status();
        let body = whole(answer.into_body(), LONGEST)
            .await
            .map_err(|err| Failure {
                why: format!("{asked}: {}", causes::told(&err)),
                passes: true,
            })?;
        let told = |name: &str| {
            let secrets = Secrets::of_texts(&[Secret::new(token.to_owned())]);
            element(&body, name).map(|text| secrets.hidden_in(&text))
        };
        if !status.is_success() {
            let code = told("Code").unwrap_or_default();
            let message = told("Message").unwrap_or_default();
            return Err(Failure {
                why: format!("{asked}: status {}: {code}: {message}", status.as_u16()),
                passes: status.is_server_error() || matches!(status.as_u16(), 408 | 429),
            });
        }
        let found = || {
            let expires = element(&body, "Expiration")?;
            Some(Fetched {
                credential: AwsCredential {
                    key_id: element(&body, "AccessKeyId")?,
                    secret_key: element(&body, "SecretAccessKey")?,
                    token: element(&body, "SessionToken").filter(|token| !token.is_empty()),
                }
                .into(),
                expires: DateTime::parse_from_rfc3339(&expires)
                    .ok()
                    .map(SystemTime::from),
            })
        };
        found().ok_or_else(|| lasting(format!("{asked}: the answer holds no credentials")))
    }
}

/// Where the service is.
fn url(region: Option<&str>, legacy: bool) -> String {
    match region {
        Some(region) if !(legacy && LEGACY.contains(&region)) => {
            format!("https://sts.{region}.{}", partition(region))
        }
        _ => "https://sts.amazonaws.com".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.9
    #[test]
    fn each_partition_has_its_own_service() {
        for (region, legacy, expected) in [
            (None, false, "https://sts.amazonaws.com"),
            (
                Some("eu-west-1"),
                false,
                "https://sts.eu-west-1.amazonaws.com",
            ),
            (Some("eu-west-1"), true, "https://sts.amazonaws.com"),
            (
                Some("eu-south-1"),
                true,
                "https://sts.eu-south-1.amazonaws.com",
            ),
            (
                Some("cn-north-1"),
                false,
                "https://sts.cn-north-1.amazonaws.com.cn",
            ),
            (
                Some("cn-northwest-1"),
                true,
                "https://sts.cn-northwest-1.amazonaws.com.cn",
            ),
            (
                Some("us-gov-west-1"),
                false,
                "https://sts.us-gov-west-1.amazonaws.com",
            ),
            (
                Some("us-iso-east-1"),
                false,
                "https://sts.us-iso-east-1.c2s.ic.gov",
            ),
            (
                Some("us-isob-east-1"),
                false,
                "https://sts.us-isob-east-1.sc2s.sgov.gov",
            ),
        ] {
            assert_eq!(url(region, legacy), expected);
        }
    }
}
