//! As whom a server is asked: what stands in a configuration, or in files that are written anew now and then.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::environment::Secret;
use crate::http::header::HeaderValue;
use crate::small_file;

/// As whom it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Authorization {
    Basic {
        username: Given,
        password: Given,
    },
    /// A kind such as `Bearer`, and what follows it.
    Other {
        kind: String,
        credentials: Given,
    },
}

/// What stands in a configuration, or in a file that is written anew now and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Text(Secret),
    /// What is no secret.
    Plain(String),
    File {
        key: String,
        path: PathBuf,
    },
}

impl Authorization {
    /// The header, and what of it is secret. The error says which file cannot be read.
    pub(super) async fn header(&self) -> Result<(HeaderValue, Vec<Secret>), String> {
        let (text, secrets) = match self {
            Self::Basic { username, password } => {
                let (username, password) = (username.read().await?, password.read().await?);
                let pair = STANDARD.encode(format!("{username}:{password}"));
                (format!("Basic {pair}"), vec![password, pair])
            }
            Self::Other { kind, credentials } => {
                let credentials = credentials.read().await?;
                (format!("{kind} {credentials}"), vec![credentials])
            }
        };
        let value = header(&text).ok_or("credentials that no header can hold")?;
        Ok((value, secrets.into_iter().map(Secret::new).collect()))
    }
}

impl Given {
    /// What tells it from others, with nothing read.
    pub(super) fn identity(&self) -> String {
        match self {
            Self::Text(text) => text.expose().to_owned(),
            Self::Plain(text) => text.clone(),
            Self::File { path, .. } => path.to_string_lossy().into_owned(),
        }
    }

    /// The text now. The error says which file cannot be read.
    pub(super) async fn read(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.expose().to_owned()),
            Self::Plain(text) => Ok(text.clone()),
            Self::File { key, path } => {
                let text = small_file::text(&path.to_string_lossy()).await;
                let text = text.map_err(|err| {
                    let path = small_file::shown_path(&path.to_string_lossy());
                    format!("{key}: read {path}: {err}")
                })?;
                Ok(text.trim().to_owned())
            }
        }
    }
}

/// The value of a header, which is never printed; `None` where no header can hold it.
pub(super) fn header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(text.as_bytes()).ok()?;
    value.set_sensitive(true);
    Some(value)
}
