//! Arguments that stand in files: `@FILE` is the lines of that file, each an argument, as Thanos takes them.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::error::{Error, Result};
use crate::small_file;

/// The arguments, of which the first is the program's name, with those of files in the place of the files. Empty lines and those that begin with
/// `#` are none, and what stands behind `--` is as it is.
pub(super) fn expanded(arguments: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>> {
    let mut expanded = Vec::new();
    let mut arguments = arguments.into_iter();
    expanded.extend(arguments.next());
    while let Some(argument) = arguments.next() {
        match argument.to_str().and_then(|text| text.strip_prefix('@')) {
            Some(path) => expanded.extend(read(path)?),
            None if argument == OsStr::new("--") => {
                expanded.push(argument);
                expanded.extend(arguments);
                break;
            }
            None => expanded.push(argument),
        }
    }
    Ok(expanded)
}

fn read(path: &str) -> Result<Vec<OsString>> {
    let wrong = |why: &dyn std::fmt::Display| {
        let argument = format!("@{path}");
        Error::usage(format!(
            "{argument:?}: the arguments in that file cannot be read: {why}"
        ))
    };
    let content = small_file::read(Path::new(path)).map_err(|err| wrong(&err))?;
    let text = String::from_utf8(content).map_err(|_| wrong(&"it is not UTF-8"))?;
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(OsString::from).collect())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn arguments(words: &[&str]) -> Result<Vec<OsString>> {
        let words = ["@program"].iter().chain(words);
        Ok(expanded(words.map(OsString::from))?.split_off(1))
    }

    /// S-14.2
    #[test]
    fn a_file_of_arguments_stands_for_its_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arguments");
        let text = "# which\n--single-run\r\n\n--matcher={a=\"b c\"}\n--id\n@01J9\n";
        std::fs::write(&path, text).unwrap();
        let file = format!("@{}", path.display());
        assert_eq!(
            arguments(&["replicate", &file, "--x=@y", "--", &file]).unwrap(),
            [
                "replicate",
                "--single-run",
                "--matcher={a=\"b c\"}",
                "--id",
                "@01J9",
                "--x=@y",
                "--",
                &file
            ]
        );
        for wrong in ["@", "@/no/such/file", "@/dev/zero", "@/"] {
            let err = arguments(&["replicate", wrong]).unwrap_err().to_string();
            let begins = format!("{wrong:?}: the arguments in that file cannot be read: ");
            assert!(err.starts_with(&begins), "{err}");
        }
    }
}
