//! Configurations that are given as text (`--x.config`) or by path (`--x.config-file`), as Thanos takes them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::flags::Origins;
use crate::bucket::Environment;
use crate::error::{Error, Result};
use crate::small_file;
use crate::yaml;

/// A configuration as given. Errors about it name the flag and the path, never the text, which may hold secrets.
pub(super) struct Document {
    name: String,
    text: String,
}

impl Document {
    /// Takes the text, or reads the file; `flag` is the name of the one for text. `None` where neither is given.
    pub(super) fn read(
        flag: &str,
        text: Option<String>,
        path: Option<PathBuf>,
        origins: &Origins<'_>,
    ) -> Result<Option<Self>> {
        let file_flag = format!("{flag}-file");
        let document = match (text, path) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let (one, other) = (origins.name(flag), origins.name(&file_flag));
                return Err(Error::usage(format!(
                    "{one} and {other} are both given: expected one of them"
                )));
            }
            (Some(text), None) => Self {
                name: origins.name(flag),
                text,
            },
            (None, Some(path)) => Self::of_file(flag, &path, &origins.name(&file_flag))?,
        };
        if document.text.trim().is_empty() {
            return Err(document.wrong("it is empty: expected YAML"));
        }
        Ok(Some(document))
    }

    /// Reads a file of JSON; `flag` is the name of the one that gives its path.
    pub(super) fn of_json(path: &Path, flag: &str) -> Result<Self> {
        let name = format!("{flag} {:?}", path.to_string_lossy());
        let wrong = |why: String| Error::usage(format!("{name}: {why}"));
        let content = small_file::read(path).map_err(|err| match err.kind() {
            ErrorKind::FileTooLarge => wrong("it is too long: expected at most 1 MiB".to_owned()),
            _ => wrong(format!("cannot be read: {err}")),
        })?;
        let text = String::from_utf8(content)
            .map_err(|_| wrong("it is not UTF-8: expected JSON".to_owned()))?;
        // Some editors put a mark before the text.
        let text = text.trim_start_matches('\u{feff}').to_owned();
        Ok(Self { name, text })
    }

    /// What `parse` makes of the text. Its errors are told as errors of this flag.
    pub(super) fn parse<T>(&self, parse: impl FnOnce(&str) -> Result<T>) -> Result<T> {
        parse(&self.text).map_err(|err| {
            if Path::new(self.text.trim()).is_file() {
                return self.wrong("expected YAML, and this is the path of a file: give it to the flag whose name ends with -file");
            }
            self.wrong(&format!("{err:#}"))
        })
    }

    /// Likewise, after `$(VAR)` is replaced from the environment, as Thanos does with all such flags.
    pub(super) fn parse_expanded<T>(
        &self,
        environment: &Environment,
        parse: impl FnOnce(&str) -> Result<T>,
    ) -> Result<T> {
        let variable = |name: &str| environment.get(name).map(str::to_owned);
        self.parse(|text| parse(&yaml::expand(text, &variable)?))
    }

    /// The flag, or the variable, and the path.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn of_file(flag: &str, path: &Path, file_flag: &str) -> Result<Self> {
        let name = format!("{file_flag} {:?}", path.to_string_lossy());
        let content = match small_file::read(path) {
            Ok(content) => content,
            Err(err) if err.kind() == ErrorKind::FileTooLarge => {
                return Err(Error::usage(format!(
                    "{name}: it is too long: expected at most 1 MiB of YAML"
                )));
            }
            Err(_) if looks_like_yaml(path) => {
                return Err(Error::usage(format!(
                    "{file_flag}: expected a path, and this is YAML: give it as --{flag}"
                )));
            }
            Err(err) => {
                return Err(Error::usage(format!("{name}: cannot be read: {err}")));
            }
        };
        match String::from_utf8(content) {
            Ok(text) => Ok(Self { name, text }),
            Err(_) => Err(Error::usage(format!(
                "{name}: it is not UTF-8: expected YAML"
            ))),
        }
    }

    fn wrong(&self, why: &str) -> Error {
        // YAML errors may quote line feeds; the complaint is one line all the same.
        let why = why.replace(['\n', '\r'], " ");
        Error::usage(format!("{}: {why}", self.name))
    }
}

fn looks_like_yaml(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.contains(['\n', '{']) || text.contains(": ")
}
