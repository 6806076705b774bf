//! Who may use the API: whoever shows the token that stands in a file now.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use crate::error::{Error, Kind, Result};
use crate::small_file;

/// The token in a file, which is read anew for each request: it may be changed while the process goes on.
#[derive(Debug, Clone)]
pub struct Token(PathBuf);

/// Whether somebody may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The token is the right one.
    Right,
    /// There is none, or another one.
    Wrong,
}

impl Token {
    /// The token in that file.
    ///
    /// Errors, of kind [`Kind::Usage`]: there is none in it now.
    pub fn in_file(path: PathBuf) -> Result<Self> {
        let shown = path.to_string_lossy().into_owned();
        let content = small_file::read(&path)
            .map_err(|err| Error::usage(format!("{shown:?}: cannot be read")).because(err))?;
        match token(&content) {
            Some(_) => Ok(Self(path)),
            None => Err(Error::usage(format!("{shown:?}: {EXPECTED}"))),
        }
    }

    /// Whether everybody on this machine may read the file.
    #[must_use]
    pub fn is_public(&self) -> bool {
        fs::metadata(&self.0).is_ok_and(|about| about.permissions().mode() & 0o004 != 0)
    }

    /// Looks at what a request shows in `Authorization`.
    ///
    /// Errors: the file holds no token now, so that nobody's can be right.
    pub(super) async fn shown(&self, authorization: Option<&[u8]>) -> Result<Shown> {
        let attempt = || format!("read the token in {:?}", self.0.to_string_lossy());
        let path = self.0.clone();
        let read = tokio::task::spawn_blocking(move || small_file::read(&path)).await;
        let content = read
            .map_err(|err| Error::new(Kind::Other, attempt()).because(err))?
            .map_err(|err| Error::new(Kind::Other, attempt()).because(err))?;
        let Some(expected) = token(&content) else {
            return Err(Error::new(Kind::Other, attempt()).because(EXPECTED.to_owned()));
        };
        let Some(shown) = authorization.and_then(bearer) else {
            return Ok(Shown::Wrong);
        };
        // Digests are of one length, so that not even the token's can be found out by trying.
        let digests = [expected, shown].map(|token| digest(&SHA256, token));
        let [expected, shown] = &digests;
        match verify_slices_are_equal(expected.as_ref(), shown.as_ref()) {
            Ok(()) => Ok(Shown::Right),
            Err(_) => Ok(Shown::Wrong),
        }
    }
}

const EXPECTED: &str = "expected a token: one line of ASCII characters without spaces";

/// The token that the content is, but for white space around it.
fn token(content: &[u8]) -> Option<&[u8]> {
    let token = content.trim_ascii();
    let is_sound = !token.is_empty() && token.iter().all(u8::is_ascii_graphic);
    is_sound.then_some(token)
}

/// What stands behind `Bearer`, in whatever case that is spelled.
fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = authorization.split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-23.44
    #[tokio::test]
    async fn the_token_in_the_file_now_is_right_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for content in ["", "\n", "two words\n", "two\nlines\n", "ü"] {
            fs::write(&path, content).unwrap();
            assert!(Token::in_file(path.clone()).is_err(), "{content:?}");
        }
        fs::write(&path, "s3cret\n").unwrap();
        let token = Token::in_file(path.clone()).unwrap();
        let shown = async |text: Option<&str>| token.shown(text.map(str::as_bytes)).await;
        for (authorization, expected) in [
            (Some("Bearer s3cret"), Shown::Right),
            (Some("bearer  s3cret "), Shown::Right),
            (Some("Bearer s3cre"), Shown::Wrong),
            (Some("Bearer s3crets"), Shown::Wrong),
            (Some("Bearer "), Shown::Wrong),
            (Some("Bearer"), Shown::Wrong),
            (Some("Basic s3cret"), Shown::Wrong),
            (Some("s3cret"), Shown::Wrong),
            (None, Shown::Wrong),
        ] {
            assert_eq!(
                shown(authorization).await.unwrap(),
                expected,
                "{authorization:?}"
            );
        }
        fs::write(&path, "another").unwrap();
        assert_eq!(shown(Some("Bearer s3cret")).await.unwrap(), Shown::Wrong);
        assert_eq!(shown(Some("Bearer another")).await.unwrap(), Shown::Right);
        fs::write(&path, "").unwrap();
        assert!(shown(Some("Bearer ")).await.is_err());
        fs::remove_file(&path).unwrap();
        assert!(shown(Some("Bearer another")).await.is_err());
    }
}
