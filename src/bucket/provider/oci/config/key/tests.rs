#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;

const PASSPHRASE: &str = "open sesame";

/// What `openssl rsa -pubout -outform DER | openssl md5 -c` says of the key.
const FINGERPRINT: &str = "e1:cd:bf:28:21:49:97:c5:f9:07:f9:f9:e4:59:0c:78";

/// S-3.71: one key, in every way in which it is written.
#[test]
fn a_key_is_read_however_it_is_encrypted() {
    for (name, pem) in [
        ("pkcs1", include_str!("testing/pkcs1.pem")),
        ("pkcs8", include_str!("testing/pkcs8.pem")),
        ("pkcs1-aes128", include_str!("testing/pkcs1-aes128.pem")),
        ("pkcs1-aes192", include_str!("testing/pkcs1-aes192.pem")),
        ("pkcs1-aes256", include_str!("testing/pkcs1-aes256.pem")),
        ("pkcs8-aes128", include_str!("testing/pkcs8-aes128.pem")),
        (
            "pkcs8-aes192-sha1",
            include_str!("testing/pkcs8-aes192-sha1.pem"),
        ),
        (
            "pkcs8-aes256-sha512",
            include_str!("testing/pkcs8-aes256-sha512.pem"),
        ),
    ] {
        // As the console gives it, and as Windows writes it.
        for pem in [
            pem.to_owned(),
            format!("{pem}OCI_API_KEY\n"),
            pem.replace('\n', "\r\n"),
            format!("Bag Attributes: x\n{pem}"),
        ] {
            let key = Key::read(&pem, PASSPHRASE).unwrap();
            assert_eq!(key.fingerprint().as_deref(), Some(FINGERPRINT), "{name}");
            assert_eq!(format!("{key:?}"), "<secret>");
        }
        let is_encrypted = name.contains("aes");
        for wrong in ["", "Open sesame"] {
            assert_eq!(Key::read(pem, wrong).is_err(), is_encrypted, "{name}");
        }
    }
}

/// S-3.71
#[test]
fn what_is_no_key_is_told_in_words_without_it() {
    for (pem, passphrase, expected) in [
        ("", "", NO_KEY),
        ("/home/me/.oci/key.pem", "", NO_KEY),
        ("-----BEGIN RSA PRIVATE KEY-----\n?\n-----END ", "", NO_KEY),
        (
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----",
            "",
            NO_KEY,
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
            "",
            UNUSABLE,
        ),
        (include_str!("testing/small.pem"), "", UNUSABLE),
        (include_str!("testing/public.pem"), "", PUBLIC),
        (
            include_str!("testing/pkcs1-aes128.pem"),
            "",
            "is encrypted, and no passphrase is given for it",
        ),
        (
            include_str!("testing/pkcs8-aes128.pem"),
            "other",
            decrypt::WRONG_PASSPHRASE,
        ),
    ] {
        assert_eq!(Key::read(pem, passphrase).err(), Some(expected), "{pem}");
    }
    for pem in [
        include_str!("testing/pkcs1-des3.pem"),
        include_str!("testing/pkcs8-scrypt.pem"),
    ] {
        let err = Key::read(pem, PASSPHRASE).unwrap_err();
        assert!(err.contains("not supported"), "{err}");
    }
}
