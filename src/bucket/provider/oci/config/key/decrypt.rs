//! Keys that a passphrase encrypts: PKCS#1 with `DEK-Info`, as `OpenSSL` wrote them before its version 3, and PKCS#8 (PBES2 with PBKDF2).

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use md5::{Digest as _, Md5};

use super::der::{Der, OBJECT, OCTETS, SEQUENCE};

/// What is wrong where a passphrase does not decrypt a key.
pub(super) const WRONG_PASSPHRASE: &str = "is not decrypted by the passphrase";

const NO_PASSPHRASE: &str = "is encrypted, and no passphrase is given for it";

const OTHERWISE: &str = "is encrypted in a way that is not supported: expected AES in CBC mode, which `openssl rsa -aes256` writes";

/// More rounds than anybody's computer wants to wait for.
const MOST_ROUNDS: u32 = 100_000_000;

/// Reads what is encrypted as `DEK-Info` says: `AES-128-CBC,` and the initial vector.
pub(super) fn pkcs1(
    encryption: &str,
    content: &[u8],
    passphrase: &str,
) -> Result<Vec<u8>, &'static str> {
    if passphrase.is_empty() {
        return Err(NO_PASSPHRASE);
    }
    let (algorithm, vector) = encryption.split_once(',').ok_or(OTHERWISE)?;
    let (algorithm, length) = match algorithm {
        "AES-128-CBC" => (&AES_128, 16),
        "AES-192-CBC" => (&AES_192, 24),
        "AES-256-CBC" => (&AES_256, 32),
        _ => return Err(OTHERWISE),
    };
    let vector = u128::from_str_radix(vector.trim(), 16).map_err(|_| OTHERWISE)?;
    let vector = vector.to_be_bytes();
    let (salt, _) = vector.split_at(8);
    let mut key = Vec::new();
    let mut last = Vec::new();
    while key.len() < length {
        let mut digest = Md5::new();
        digest.update(&last);
        digest.update(passphrase.as_bytes());
        digest.update(salt);
        last = digest.finalize().to_vec();
        key.extend(&last);
    }
    key.truncate(length);
    decrypted(algorithm, &key, vector, content)
}

/// Reads what is encrypted as it says itself.
pub(super) fn pkcs8(content: &[u8], passphrase: &str) -> Result<Vec<u8>, &'static str> {
    if passphrase.is_empty() {
        return Err(NO_PASSPHRASE);
    }
    let wrapping = wrapping(content).ok_or(OTHERWISE)?;
    let mut key = vec![0; wrapping.length];
    pbkdf2::derive(
        wrapping.derivation,
        wrapping.rounds,
        wrapping.salt,
        passphrase.as_bytes(),
        &mut key,
    );
    decrypted(wrapping.algorithm, &key, wrapping.vector, wrapping.content)
}

fn decrypted(
    algorithm: &'static Algorithm,
    key: &[u8],
    vector: [u8; 16],
    content: &[u8],
) -> Result<Vec<u8>, &'static str> {
    let key = UnboundCipherKey::new(algorithm, key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .map_err(|_| OTHERWISE)?;
    let mut bytes = content.to_vec();
    let from = DecryptionContext::Iv128(FixedLength::from(vector));
    match key.decrypt(&mut bytes, from) {
        Ok(decrypted) => Ok(decrypted.to_vec()),
        Err(_) => Err(WRONG_PASSPHRASE),
    }
}

/// How a key is encrypted, and the key.
struct Wrapping<'a> {
    derivation: pbkdf2::Algorithm,
    rounds: NonZeroU32,
    salt: &'a [u8],
    algorithm: &'static Algorithm,
    length: usize,
    vector: [u8; 16],
    content: &'a [u8],
}

/// `None` where it is encrypted in any other way.
fn wrapping(content: &[u8]) -> Option<Wrapping<'_>> {
    let mut all = Der(content).sequence()?;
    let mut scheme = all.sequence()?;
    let content = all.take(OCTETS)?;
    if scheme.take(OBJECT)? != PBES2 {
        return None;
    }
    let mut parameters = scheme.sequence()?;
    let (mut derivation, mut cipher) = (parameters.sequence()?, parameters.sequence()?);
    if derivation.take(OBJECT)? != PBKDF2 {
        return None;
    }
    let mut how = derivation.sequence()?;
    let salt = how.take(OCTETS)?;
    let rounds = NonZeroU32::new(how.number()?).filter(|rounds| rounds.get() <= MOST_ROUNDS)?;
    // The length of the key, which the cipher tells as well.
    let _ = how.number();
    let derivation = if how.is(SEQUENCE) {
        let function = how.sequence()?.take(OBJECT)?;
        let (_, found) = FUNCTIONS.iter().find(|(name, _)| *name == function)?;
        *found
    } else {
        pbkdf2::PBKDF2_HMAC_SHA1
    };
    let cipher_name = cipher.take(OBJECT)?;
    let (number, length) = match cipher_name.strip_prefix(&AES)? {
        [2] => (&AES_128, 16),
        [22] => (&AES_192, 24),
        [42] => (&AES_256, 32),
        _ => return None,
    };
    Some(Wrapping {
        derivation,
        rounds,
        salt,
        algorithm: number,
        length,
        vector: cipher.take(OCTETS)?.try_into().ok()?,
        content,
    })
}

/// 1.2.840.113549.1.5.13
const PBES2: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
/// 1.2.840.113549.1.5.12
const PBKDF2: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];
/// 2.16.840.1.101.3.4.1, of which 2, 22 and 42 are those in CBC mode.
const AES: [u8; 8] = [0x60, 0x86, 0x48, 1, 101, 3, 4, 1];
/// 1.2.840.113549.2 and so on.
const FUNCTIONS: [([u8; 8], pbkdf2::Algorithm); 4] = [
    (hmac(7), pbkdf2::PBKDF2_HMAC_SHA1),
    (hmac(9), pbkdf2::PBKDF2_HMAC_SHA256),
    (hmac(10), pbkdf2::PBKDF2_HMAC_SHA384),
    (hmac(11), pbkdf2::PBKDF2_HMAC_SHA512),
];

const fn hmac(number: u8) -> [u8; 8] {
    [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, number]
}
