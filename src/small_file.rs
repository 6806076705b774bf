//! Files that somebody names in a configuration or a variable: read to their end, or not at all.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// The largest that is read. Configurations, tokens and bundles of certificates are smaller.
pub const LIMIT_BYTES: u64 = 1 << 20;

/// The file's content. One that is longer, or has no end, is an error of the kind [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // One byte more than is allowed at most, so that too long a file shows.
    File::open(path)?
        .take(LIMIT_BYTES + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 > LIMIT_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is too long: at most 1 MiB of it would be read",
        ));
    }
    Ok(content)
}

/// The text in the file now, read beside what else goes on. A token's file is written anew before the token expires.
pub async fn text(path: &str) -> io::Result<String> {
    let path = PathBuf::from(path);
    let read = tokio::task::spawn_blocking(move || read(&path));
    let content = read.await.map_err(io::Error::other)??;
    String::from_utf8(content).map_err(io::Error::other)
}

/// How errors speak of a file: by its path, or without it where the file's content may have been given in its place.
#[must_use]
pub fn shown_path(path: &str) -> String {
    if is_a_path(path) {
        format!("{path:?}")
    } else {
        "what is given (it is not repeated, for it may be a secret)".to_owned()
    }
}

/// Whether it can only be a path: keys in base64 have slashes too.
fn is_a_path(text: &str) -> bool {
    let is_name = |name: &str| {
        let letters = name.chars().any(|c| c.is_ascii_alphabetic());
        let digits = name.chars().any(|c| c.is_ascii_digit());
        let capitals = name.chars().any(|c| c.is_ascii_uppercase());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        name.chars().all(is_plain) && !(letters && digits && (capitals || name.len() > 12))
    };
    Path::new(text).is_absolute()
        && Path::new(text)
            .components()
            .all(|component| match component {
                Component::Normal(name) => name.to_str().is_some_and(is_name),
                _ => true,
            })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn a_file_without_an_end_is_not_read_to_it() {
        let err = read(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(Path::new("/dev/null")).unwrap(), b"");
    }
}
