//! S3: Amazon's, `MinIO`'s, and whatever speaks it.

mod answers;
mod ask;
mod asked;
mod clock;
mod code;
mod config;
mod connector;
mod credentials;
mod object;
mod page;
mod patience;
mod receipt;
mod refusal;
mod secrets;
mod store;
mod tag;
mod tls;
mod wire;

pub(super) use config::Config;
pub(super) use object::Odd;
pub(super) use page::Fault;
pub(super) use refusal::Refusal;
pub(super) use store::Endless;

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum, resolve_bucket_region};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{Attribute, Attributes, BackoffConfig, Certificate, ClientOptions, RetryConfig};

use super::{Backend, EtagMeaning, Listings, Location, Prefix, Secret, Store};
use crate::error::{Error, Result};
use config::{Credentials, Encryption, Http};

/// The metadata key that Thanos takes for the storage class.
const STORAGE_CLASS: &str = "x-amz-storage-class";

/// How long a request is repeated: within it the signature stays the same, and that is good for 15 minutes.
const REPEATING_TIME: Duration = Duration::from_mins(12);

/// Opens the bucket. Credentials are looked for here, and only here is anything contacted. A `wire` stands in for the network.
pub(super) async fn open(
    config: &Config,
    location: Location,
    prefix: Prefix,
    wire: Option<HttpClient>,
) -> Result<Backend> {
    let options = client_options(&config.http, config.insecure)?;
    let region = region(config, &options).await?;
    let scheme = if config.insecure { "http" } else { "https" };
    let virtual_hosted = config.virtual_hosted();
    let endpoint = if virtual_hosted {
        format!("{scheme}://{}.{}", config.bucket, config.endpoint)
    } else {
        format!("{scheme}://{}", config.endpoint)
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&config.bucket)
        .with_endpoint(&endpoint)
        .with_region(&region)
        .with_allow_http(config.insecure)
        .with_virtual_hosted_style_request(virtual_hosted)
        .with_client_options(options.clone())
        // One deletion a request: some servers want a checksum of the bulk form that this client does not send.
        .with_disable_bulk_delete(true)
        .with_disable_tagging(true)
        .with_retry(retries(config));
    if config.checksum {
        builder = builder.with_checksum_algorithm(Checksum::SHA256);
    }
    builder = match &config.encryption {
        None => builder,
        Some(Encryption::S3) => builder.with_config(encryption_key()?, "AES256"),
        Some(Encryption::Kms(key)) => builder.with_sse_kms_encryption(key),
        Some(Encryption::Customer(key)) => builder.with_ssec_encryption(key.expose()),
    };
    let found = credentials::find(config, &region).await?;
    let mut is_anonymous = false;
    builder = match (&found, &config.web_identity) {
        (Some(provider), _) => builder.with_credentials(Arc::clone(provider)),
        (None, Some(identity)) => with_web_identity(builder, config, identity),
        (None, None) => {
            is_anonymous = true;
            builder.with_skip_signature(true)
        }
    };
    let heard = clock::Heard::default();
    let connector = connector::Connector {
        wire,
        heard: heard.clone(),
        http: config.http.clone(),
        insecure: config.insecure,
        secrets: config.secrets(),
    };
    let failed = |err| super::classify::error(err, format!("open {location}"));
    let http = connector.connect(&options).map_err(failed)?;
    let store = builder
        .with_http_connector(connector::Shared(http.clone()))
        .build()
        .map_err(failed)?;
    let asker = ask::Asker {
        http,
        bucket: if virtual_hosted {
            endpoint
        } else {
            format!("{endpoint}/{}", config.bucket)
        },
        region,
        credentials: (!is_anonymous).then(|| Arc::clone(store.credentials())),
        list: config.list,
        retries: u32::try_from(retries(config).max_retries).unwrap_or(u32::MAX),
    };
    let store: Arc<dyn Store> = Arc::new(store::Store::new(store, asker));
    let clock = clock::Clock {
        heard,
        store: Arc::clone(&store),
        prefix: prefix.clone(),
    };
    Ok(Backend {
        store,
        clock: Some(Arc::new(clock)),
        location,
        prefix,
        put_attributes: attributes(config),
        part_size_bytes: config.part_size_bytes,
        multipart: config.multipart,
        etags: match config.encryption {
            // With keys that the tag does not know of, it is no digest of the content.
            Some(Encryption::Kms(_) | Encryption::Customer(_)) => EtagMeaning::VersionOnly,
            Some(Encryption::S3) | None => EtagMeaning::Content,
        },
        listings: Listings::Strong,
    })
}

/// Requests are repeated above the client too, so the client's own patience is short unless the configuration says otherwise.
fn retries(config: &Config) -> RetryConfig {
    RetryConfig {
        max_retries: config.max_attempts.map_or(3, |attempts| attempts - 1),
        retry_timeout: REPEATING_TIME,
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
    }
}

/// For what is asked without our own connector.
fn client_options(http: &Http, insecure: bool) -> Result<ClientOptions> {
    let mut options = ClientOptions::new()
        .with_allow_http(insecure)
        .with_connect_timeout(http.connect_timeout())
        .with_allow_invalid_certificates(http.tls.skip_verification);
    if let Some(pem) = &http.tls.authorities {
        let authorities = Certificate::from_pem_bundle(pem).map_err(|err| {
            Error::usage("config.http_config.tls_config.ca_file cannot be read").because(err)
        })?;
        options = options.with_no_system_certificates(true);
        for authority in authorities {
            options = options.with_root_certificate(authority);
        }
    }
    Ok(options)
}

/// As configured, as Amazon's host names say, or as Amazon answers; other servers do not care.
async fn region(config: &Config, options: &ClientOptions) -> Result<String> {
    if let Some(region) = &config.region {
        return Ok(region.clone());
    }
    let host = config.endpoint.split(':').next().unwrap_or_default();
    let amazon = host
        .strip_suffix(".amazonaws.com.cn")
        .or_else(|| host.strip_suffix(".amazonaws.com"));
    let Some(name) = amazon else {
        return Ok("us-east-1".to_owned());
    };
    let named = name
        .split('.')
        .rev()
        .map(|label| label.strip_prefix("s3-").unwrap_or(label))
        .find(|label| label.matches('-').count() >= 2);
    match named {
        Some(region) => Ok(region.to_owned()),
        None => resolve_bucket_region(&config.bucket, options)
            .await
            .map_err(|err| {
                let attempt = format!("find the region of bucket {}", config.bucket);
                super::classify::error(err, attempt)
            }),
    }
}

fn encryption_key() -> Result<AmazonS3ConfigKey> {
    "aws_server_side_encryption"
        .parse()
        .map_err(|err| super::classify::error(err, "set up encryption"))
}

fn with_web_identity(
    builder: AmazonS3Builder,
    config: &Config,
    identity: &config::WebIdentity,
) -> AmazonS3Builder {
    let mut builder = builder
        .with_config(
            AmazonS3ConfigKey::WebIdentityTokenFile,
            &identity.token_file,
        )
        .with_config(AmazonS3ConfigKey::RoleArn, &identity.role_arn);
    if let Some(name) = &identity.session_name {
        builder = builder.with_config(AmazonS3ConfigKey::RoleSessionName, name);
    }
    if let Some(endpoint) = &config.sts_endpoint {
        builder = builder.with_config(AmazonS3ConfigKey::StsEndpoint, endpoint);
    }
    builder
}

fn attributes(config: &Config) -> Attributes {
    config
        .put_user_metadata
        .iter()
        .map(|(name, value)| {
            let key = if name == STORAGE_CLASS {
                Attribute::StorageClass
            } else {
                Attribute::Metadata(name.clone().into())
            };
            (key, value.clone())
        })
        .collect()
}

impl Config {
    /// Whether requests must carry a signature or the run ends.
    fn insists_on_credentials(&self) -> bool {
        matches!(self.credentials, Credentials::Sdk)
    }

    /// What is configured and must not be printed, whoever says it.
    fn secrets(&self) -> Vec<Secret> {
        match &self.credentials {
            Credentials::Static {
                access_key,
                secret_key,
                session_token,
            } => [Secret::new(access_key.clone()), secret_key.clone()]
                .into_iter()
                .chain(session_token.clone())
                .collect(),
            Credentials::Sdk | Credentials::Found => Vec::new(),
        }
    }
}
