//! The servers that a plan names: their URLs, and what both have in common that are asked on one side.

use std::path::Path;

use super::tree::{Fields, Node};
use crate::environment::{Environment, Secret};
use crate::error::{Error, Result};
use crate::promql::Access;
use crate::small_file;
use crate::yaml;

/// How the servers of one side are spoken to.
pub(super) struct Side<'a> {
    folder: &'a Path,
    environment: &'a Environment,
    config: Option<Config>,
    headers: Vec<(String, Secret)>,
    headers_at: String,
}

struct Config {
    at: String,
    text: String,
    folder: std::path::PathBuf,
}

impl<'a> Side<'a> {
    /// Takes `headers` and `http_config_file`.
    pub(super) fn read(
        fields: &mut Fields<'_>,
        folder: &'a Path,
        environment: &'a Environment,
    ) -> Result<Self> {
        let headers_at = fields.path("headers");
        let headers = match fields.take("headers") {
            Some((at, node)) => headers(node, &at, environment)?,
            None => Vec::new(),
        };
        let config = match fields.take("http_config_file") {
            Some((at, node)) => {
                let path = folder.join(node.text(&at)?);
                let text = text_of(&path, &at)?;
                let folder = path.parent().unwrap_or(folder).to_owned();
                Some(Config { at, text, folder })
            }
            None => None,
        };
        Ok(Self {
            folder,
            environment,
            config,
            headers,
            headers_at,
        })
    }

    /// The server at the whole URL of that member, where it is given.
    pub(super) fn whole(
        &self,
        fields: &mut Fields<'_>,
        member: &'static str,
        example: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Access>> {
        let Some((at, node)) = fields.take(member) else {
            return Ok(None);
        };
        let url = self.url(node, &at)?;
        self.access(&at, (&url, example), warnings).map(Some)
    }

    /// The server whose API has that member, where it is given: what comes before `/api/v1`.
    pub(super) fn below(
        &self,
        fields: &mut Fields<'_>,
        member: &'static str,
        ends: &[&str],
        warnings: &mut Vec<String>,
    ) -> Result<Option<Access>> {
        let Some((at, node)) = fields.take(member) else {
            return Ok(None);
        };
        let url = self.url(node, &at)?;
        let whole = url.trim_end_matches('/');
        let mut bases = ends
            .iter()
            .filter_map(|end| Some((whole.strip_suffix(end)?, end)));
        let Some((base, end)) = bases.next() else {
            let ends = ends.join(" or ");
            return Err(Error::usage(format!(
                "{at}: expected a URL that ends in {ends}"
            )));
        };
        let example = format!("http://prometheus:9090{end}");
        self.access(&at, (base, &example), warnings).map(Some)
    }

    fn url(&self, node: &Node, at: &str) -> Result<String> {
        expanded(node.text(at)?.trim(), at, self.environment)
    }

    fn access(
        &self,
        at: &str,
        (url, example): (&str, &str),
        warnings: &mut Vec<String>,
    ) -> Result<Access> {
        // It is judged by itself first, so that an error names the right one of both.
        let named = |at: &str, err: Error| Error::usage(format!("{at}: {err:#}"));
        let mut access = Access::parse(url, example, None, self.environment, warnings)
            .map_err(|err| named(at, err))?;
        if let Some(Config { at, text, folder }) = &self.config {
            let config = Some((text.as_str(), folder.as_path()));
            access = Access::parse(url, example, config, self.environment, warnings)
                .map_err(|err| named(at, err))?;
        }
        access
            .with_headers(&self.headers)
            .map_err(|err| Error::usage(format!("{}.{err:#}", self.headers_at)))
    }

    /// Where relative paths begin.
    pub(super) fn folder(&self) -> &'a Path {
        self.folder
    }
}

fn headers(node: &Node, at: &str, environment: &Environment) -> Result<Vec<(String, Secret)>> {
    let members = node.members(at)?.rest();
    let headers = members.map(|(path, name, value)| {
        let value = expanded(value.text(&path)?, &path, environment)?;
        Ok((name.to_owned(), Secret::new(value)))
    });
    headers.collect()
}

/// `$(NAME)` is replaced from the environment, as in configurations of buckets.
pub(super) fn expanded(text: &str, at: &str, environment: &Environment) -> Result<String> {
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    yaml::expand(text, &variable).map_err(|err| Error::usage(format!("{at}: {err}")))
}

/// The text of a small file that a member names.
pub(super) fn text_of(path: &Path, at: &str) -> Result<String> {
    let read = small_file::read(path);
    let read = read.and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
    read.map_err(|err| {
        let shown = path.to_string_lossy();
        Error::usage(format!("{at}: {shown:?} cannot be read: {err}"))
    })
}
