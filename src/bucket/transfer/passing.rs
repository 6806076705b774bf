//! What is learnt of an object's bytes while they pass: their SHA-256, where `meta.json` knows it, and the digest by which the target will tell
//! what it has, where the source does not tell that one. Nothing is hashed that nobody will compare.

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest as Crc};
use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::block::{Fingerprint, Form, Object, ObjectPath};
use crate::bucket::location::Location;
use crate::error::{Error, Kind, Result};
use crate::hexadecimal::hexadecimal;

/// The digests of what has passed so far.
#[derive(Clone)]
pub(super) struct Passing {
    sha256: Option<Sha256>,
    told: Told,
}

#[derive(Clone)]
enum Told {
    Nothing,
    Md5(Md5),
    Crc32c(Box<Crc>),
}

impl Passing {
    /// Of an object whose SHA-256 is known or not, on its way to a bucket that tells of digests of that form, or of none.
    pub(super) fn new(object: &Object, sha256: Option<&str>, target: Option<Form>) -> Self {
        let form = target.filter(|form| !object.fingerprint.knows(*form));
        Self {
            sha256: sha256.map(|_| Sha256::new()),
            told: match form {
                None => Told::Nothing,
                Some(Form::Md5) => Told::Md5(Md5::new()),
                Some(Form::Crc32c) => Told::Crc32c(Box::new(Crc::new(CrcAlgorithm::Crc32Iscsi))),
            },
        }
    }

    /// Counts what came, in the object's order.
    pub(super) fn update(&mut self, bytes: &Bytes) {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        match &mut self.told {
            Told::Nothing => {}
            Told::Md5(md5) => md5.update(bytes),
            Told::Crc32c(crc) => crc.update(bytes),
        }
    }

    /// What the object has that passed whole.
    ///
    /// Errors: [`Kind::Corrupt`] where its SHA-256 is not the `expected` one.
    pub(super) fn finish(
        self,
        expected: Option<&str>,
        path: &ObjectPath,
        source: &Location,
    ) -> Result<Fingerprint> {
        if let (Some(digest), Some(expected)) = (self.sha256, expected) {
            check(digest, expected, path, source)?;
        }
        Ok(match self.told {
            Told::Nothing => Fingerprint::UNKNOWN,
            Told::Md5(md5) => Fingerprint::md5(md5.finalize().into()),
            // Its 32 bits stand in the lower half.
            Told::Crc32c(crc) => {
                u32::try_from(crc.finalize()).map_or(Fingerprint::UNKNOWN, Fingerprint::crc32c)
            }
        })
    }
}

/// Whether what came is what `meta.json` says.
fn check(digest: Sha256, expected: &str, path: &ObjectPath, source: &Location) -> Result<()> {
    let actual = hexadecimal(&digest.finalize());
    if actual.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let attempt = format!("read {path} in {source}");
    let why = format!("its SHA-256 is {actual}, meta.json says {expected}");
    Err(Error::new(Kind::Corrupt, attempt).because(why))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn object(fingerprint: Fingerprint) -> Object {
        Object {
            name: "index".into(),
            size_bytes: 9,
            modified: None,
            version: None,
            fingerprint,
            archived: false,
            file: None,
            left_out: None,
        }
    }

    /// S-5.6: the check values that the algorithms' own documents give for `123456789`.
    #[test]
    fn what_the_target_will_tell_is_known_of_what_passed() {
        let md5 = 0x25f9_e794_323b_4538_85f5_181f_1b62_4d0b_u128.to_be_bytes();
        let unknown = Fingerprint::UNKNOWN;
        for (source, target, expected) in [
            (unknown, None, unknown),
            (unknown, Some(Form::Md5), Fingerprint::md5(md5)),
            (
                unknown,
                Some(Form::Crc32c),
                Fingerprint::crc32c(0xe306_9283),
            ),
            // What the source tells need not be found out.
            (Fingerprint::md5(md5), Some(Form::Md5), unknown),
            (Fingerprint::crc32c(7), Some(Form::Crc32c), unknown),
            (
                Fingerprint::md5(md5),
                Some(Form::Crc32c),
                Fingerprint::crc32c(0xe306_9283),
            ),
        ] {
            let mut passing = Passing::new(&object(source), None, target);
            for piece in [&b"1234"[..], b"", b"56789"] {
                passing.update(&Bytes::from_static(piece));
            }
            let path = ObjectPath::new("index");
            let found = passing
                .finish(None, &path, &Location::named("s3://hot"))
                .unwrap();
            assert_eq!(found, expected);
        }
    }
}
