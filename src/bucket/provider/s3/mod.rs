//! S3: Amazon's, `MinIO`'s, and whatever speaks it.

mod answers;
mod ask;
mod asked;
mod checksum;
mod class;
mod code;
mod config;
mod connector;
mod copier;
mod credentials;
mod customer_key;
mod dialect;
mod differences;
mod endpoint;
mod history;
mod hosts;
mod keeping;
mod location;
mod meaning;
mod object;
mod page;
mod policy;
mod receipt;
mod refusal;
mod region;
mod service;
mod signing;
mod store;
mod tag;
mod trace;
mod understood;
mod uploads;
mod vendor;
mod version2;
mod versions;

pub(super) use config::Config;
pub(super) use dialect::{Classes, Dialect, Hints, ListVersion, Names, Tagging};
pub(super) use endpoint::{Endpoint, Lookup};
pub(super) use hosts::{BOS, COS, OBS, OSS, Spoken, known as known_host, spoken};
pub(super) use understood::of_vendor as understood_of_vendor;
pub(super) use vendor::Vendor;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::aws::{AmazonS3Builder, AwsCredential, S3ConditionalPut};
use object_store::{BackoffConfig, RetryConfig, StaticCredentialProvider};
use reqwest::header::{HeaderName, HeaderValue};

use super::configured::{Configured, Opening, Provider};
use crate::bucket::backend::{Backend, EtagMeaning};
use crate::bucket::classify;
use crate::bucket::heard::{Clock, Heard};
use crate::bucket::location::Location;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};
use crate::bucket::storage_class::Readable;
use crate::bucket::store::Store;
use crate::environment::Secret;
use crate::error::{Error, Result};
use crate::http::ask as asking;
use crate::http::client::Connector;
use config::{Credentials, Encryption, STORAGE_CLASS, Signatures};
use differences::DIFFERENCES;
use region::Region;
use signing::{Place, Signing};

/// How long a request is repeated.
const REPEATING_TIME: Duration = Duration::from_mins(12);

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "S3",
    secrets: &["secret_key", "session_token"],
    differences: DIFFERENCES,
    parse: |section| Ok(Box::new(Config::parse(section)?)),
};

#[async_trait]
impl Configured for Config {
    fn location(&self, prefix: &Prefix) -> Location {
        let authority = self.endpoint.authority();
        match self.lookup {
            Lookup::Own => {
                let known = self.dialect.service.zip(self.name());
                location::own(authority, known, prefix.as_str())
            }
            _ => location::location(authority, &self.bucket, prefix.as_str()),
        }
    }

    fn storage_class(&self, name: &str) -> std::result::Result<Readable, String> {
        self.dialect.class(name, &self.endpoint)
    }

    fn own_storage_class(&self) -> Option<(&'static str, &str)> {
        let is_class = |(name, _): &&(String, String)| name == STORAGE_CLASS;
        let (_, class) = self.headers.iter().find(is_class)?;
        Some(("config.put_user_metadata.X-Amz-Storage-Class", class))
    }

    fn understood(&self) -> Vec<(&'static str, String)> {
        understood::understood(self)
    }

    fn policy(&self, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy {
        policy::policy(self, prefix, role, copied_from)
    }

    fn resource(&self, prefix: &Prefix) -> Option<String> {
        Some(policy::objects(self, prefix, "*"))
    }

    async fn open(&self, opening: Opening) -> Result<Backend> {
        open(self, opening).await
    }
}

/// Opens the bucket. Credentials are looked for here; only the services that give them are contacted. A `wire` replaces the network.
pub(super) async fn open(config: &Config, opening: Opening) -> Result<Backend> {
    let Opening {
        location,
        prefix,
        classes,
        wire,
        ..
    } = opening;
    let (bucket_wire, service_wire) = (wire.clone(), wire);
    let network = || service_wire.map_or_else(|| connector::to_services(config), Ok);
    let credentials = credentials::find(config, network).await?;
    let wire = bucket_wire.map_or_else(|| connector::to_bucket(config), Ok)?;
    let place = Place::of(config);
    let url = place.url("").trim_end_matches('/').to_owned();
    let headers = headers(config)?;
    let heard = Heard::default();
    let http = connector::client(config, wire, heard.clone(), |inner| Signing {
        inner,
        credentials,
        place,
        headers,
        create: config.dialect.create_header(),
        classes,
        content_md5: config.content_md5,
        version: config.signatures(),
        trace: config.trace,
    });
    // The connector signs requests; the credentials and the region given here are not used.
    let nobody = StaticCredentialProvider::new(AwsCredential {
        key_id: String::new(),
        secret_key: String::new(),
        token: None,
    });
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(config.name().unwrap_or_else(|| config.endpoint.host()))
        .with_endpoint(&url)
        .with_region(region::DEFAULT)
        .with_allow_http(!config.endpoint.is_secure())
        // The endpoint is the whole address of the bucket.
        .with_virtual_hosted_style_request(true)
        // One deletion a request: some servers want a checksum of the bulk form that this client does not send.
        .with_disable_bulk_delete(true)
        .with_disable_tagging(true)
        .with_credentials(Arc::new(nobody))
        .with_skip_signature(true)
        .with_retry(retries(config));
    if !config.dialect.creates() {
        builder = builder.with_conditional_put(S3ConditionalPut::Disabled);
    }
    if let Some(Encryption::Customer(key)) = &config.encryption {
        builder = builder.with_ssec_encryption(key.expose());
    }
    let store = builder
        .with_http_connector(Connector(http.clone()))
        .build()
        .map_err(|err| classify::error(err, &meaning::meaning, format!("open {location}")))?;
    let asker = ask::Asker {
        server: asking::Asker {
            http,
            store: ask::STORE,
        },
        bucket: url,
        list: config.list,
        dialect: config.dialect,
        archives: class::Archives::of(&config.endpoint),
        tokens: service::tokens(config),
        retries: u32::try_from(retries(config).max_retries).unwrap_or(u32::MAX),
    };
    let abode = store::Abode {
        endpoint: config.endpoint.clone(),
        bucket: config.name().map(str::to_owned),
        customer_key: match &config.encryption {
            Some(Encryption::Customer(key)) => Some(key.clone()),
            _ => None,
        },
    };
    let store: Arc<dyn Store> = Arc::new(store::Store::new(store, asker, abode));
    let clock = Clock {
        heard,
        store: Arc::clone(&store),
        prefix: prefix.clone(),
    };
    Ok(Backend {
        store,
        clock: Some(Arc::new(clock)),
        location,
        prefix,
        part_size_bytes: config.part_size_bytes,
        multipart: config.multipart,
        sizes: config.dialect.differences.sizes,
        etags: match config.encryption {
            // With keys that the tag does not know of, it is no digest of the content.
            Some(Encryption::KeyService(_) | Encryption::Customer(_)) => EtagMeaning::VersionOnly,
            Some(Encryption::Server(_)) | None => config.dialect.tags(),
        },
        tells: None,
        listings: service::listings(config),
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

/// What goes along with every object that is put.
fn headers(config: &Config) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let encryption = match &config.encryption {
        Some(Encryption::Server(headers) | Encryption::KeyService(headers)) => headers.as_slice(),
        Some(Encryption::Customer(_)) | None => &[],
    };
    let headers = config.headers.iter().chain(encryption);
    headers
        .map(|(name, value)| {
            // Looked at when they were configured.
            let wrong = || {
                Error::usage(format!(
                    "config: no header can hold what is given for {name}"
                ))
            };
            let header = name.parse().map_err(|_| wrong())?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| wrong())?;
            Ok((header, value))
        })
        .collect()
}

impl Place {
    fn of(config: &Config) -> Self {
        let known = match config.signatures() {
            Signatures::Four => config.region.as_deref().or(config.endpoint.region()),
            // They know no regions.
            Signatures::Two => Some(region::DEFAULT),
        };
        Self {
            endpoint: config.endpoint.clone(),
            bucket: config.bucket.clone(),
            lookup: config.lookup,
            dualstack: config.dualstack,
            region: Region::new(known.map(str::to_owned)),
            likely: config
                .likely_region
                .clone()
                .unwrap_or_else(|| region::DEFAULT.to_owned()),
        }
    }
}

impl Config {
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
