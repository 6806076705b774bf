//! Files that somebody names in a configuration or a variable: read to their end, or not at all.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
