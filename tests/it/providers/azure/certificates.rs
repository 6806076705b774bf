//! Tokens for a certificate: whoever gives them is played here, and verifies what the certificate's key has signed.

use std::path::PathBuf;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use reqwest::Url;
use serde_json::Value;

use super::identities::{Asked, Cloud, Played, entra};

/// A certificate of a key of its own.
struct Made {
    key: KeyPair,
    certificate: rcgen::Certificate,
}

fn made() -> Made {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Made { key, certificate }
}

impl Made {
    /// The key as older tools write it, which is what the newer form has in its end.
    fn older_pem(&self) -> String {
        const HEAD: usize = 26;
        let body = STANDARD.encode(&self.key.serialized_der()[HEAD..]);
        format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n")
    }

    /// What is said in that form, if the certificate's key has signed it: its header and its claims.
    fn said(&self, asked: &Asked) -> Option<(Value, Value)> {
        let form = Url::parse(&format!("http://form?{}", asked.body)).ok()?;
        let member = |name: &str| {
            let mut pairs = form.query_pairs();
            let (_, value) = pairs.find(|(found, _)| found == name)?;
            Some(value.into_owned())
        };
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        if member("client_assertion_type")? != kind || member("client_secret").is_some() {
            return None;
        }
        let assertion = member("client_assertion")?;
        let (said, signature) = assertion.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key_raw());
        key.verify(said.as_bytes(), &signature).ok()?;
        let (header, claims) = said.split_once('.')?;
        let document = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some((document(header)?, document(claims)?))
    }
}

fn variables<'a>(authority: &'a str, file: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("AZURE_AUTHORITY_HOST", authority),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_CERTIFICATE_PATH", file),
        ("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential"),
    ]
}

fn file(cloud: &Cloud, content: impl AsRef<[u8]>) -> PathBuf {
    let path = cloud.folder.path().join("client certificate.pem");
    std::fs::write(&path, content).unwrap();
    path
}

/// The certificate and its key in one file, in whatever order and form, alone and with those that vouch for it.
pub(super) fn of_a_certificate(cloud: &Cloud) {
    let (own, other) = (made(), made());
    let (pem, others) = (own.certificate.pem(), other.certificate.pem());
    let key = own.key.serialize_pem();
    for (content, sends_chain) in [
        (format!("{pem}{key}"), ""),
        (
            format!("Bag Attributes: none\n{}\n{others}{pem}", own.older_pem()),
            "0",
        ),
        (format!("{key}{others}{pem}"), "true"),
        (format!("{pem}{others}{key}"), "1"),
    ] {
        let played = Played::start(|_, _| (200, entra(3600)));
        let authority = format!("http://127.0.0.1:{}", played.port);
        let file = file(cloud, content);
        let chain = [("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", sends_chain)];
        let variables = variables(&authority, file.to_str().unwrap());
        cloud.plan("", &[&variables[..], &chain].concat()).expect(0);
        let asked = played.asked();
        assert_eq!(asked.len(), 1);
        let (header, claims) = own.said(&asked[0]).unwrap();
        assert!(other.said(&asked[0]).is_none());
        let certificate = own.certificate.der();
        let print = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, certificate));
        assert_eq!(header["alg"], "RS256");
        assert_eq!(header["x5t#S256"], print(&SHA256).as_str());
        assert_eq!(header["x5t"], print(&SHA1_FOR_LEGACY_USE_ONLY).as_str());
        let chain = [&own, &other].map(|made| STANDARD.encode(made.certificate.der()));
        let shown = matches!(sends_chain, "1" | "true");
        assert_eq!(
            header["x5c"],
            if shown {
                chain.to_vec().into()
            } else {
                Value::Null
            }
        );
        let audience = format!("{authority}/tenant/oauth2/v2.0/token");
        assert_eq!(claims["aud"], audience.as_str());
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&"client".into(), &"client".into())
        );
        let time = |name: &str| claims[name].as_i64().unwrap();
        assert!(time("nbf") < time("iat") && time("iat") < time("exp"));
        assert!(claims["jti"].is_string());
    }
}

/// One line says what is wrong with the file, and nobody is asked.
pub(super) fn of_no_certificate(cloud: &Cloud) {
    let (own, other) = (made(), made());
    let (pem, key) = (own.certificate.pem(), own.key.serialize_pem());
    let elliptic = KeyPair::generate().unwrap().serialize_pem();
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for (content, said) in [
        (Vec::new(), "it is no PEM"),
        (b"\x30\x82\x09\xfe\x02\x01\x03".to_vec(), "it is no PEM"),
        (key.clone().into_bytes(), "no certificate is in it"),
        (pem.clone().into_bytes(), "no private key is in it"),
        (
            format!("{pem}{key}{key}").into_bytes(),
            "more than one private key",
        ),
        (format!("{pem}{elliptic}").into_bytes(), "no RSA key"),
        (
            format!("{pem}{encrypted}").into_bytes(),
            "its key is encrypted",
        ),
        (
            format!("{}{key}", other.certificate.pem()).into_bytes(),
            "its key is none of its certificates'",
        ),
    ] {
        let played = Played::start(|_, _| (200, entra(3600)));
        let authority = format!("http://127.0.0.1:{}", played.port);
        let file = file(cloud, content);
        let ran = cloud.plan("", &variables(&authority, file.to_str().unwrap()));
        let ran = ran.expect(1);
        let errors: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| line.contains("level=error"))
            .collect();
        assert!(
            errors.len() == 1
                && errors[0].contains("AZURE_CLIENT_CERTIFICATE_PATH")
                && errors[0].contains(said),
            "{said}: {errors:?}"
        );
        assert_eq!(played.asked().len(), 0);
        let secret = key.lines().nth(1).unwrap();
        assert!(!format!("{ran:?}").contains(secret));
    }
    let ran = cloud.plan("", &variables("http://127.0.0.1:1", "/nowhere/at all"));
    let ran = ran.expect(1);
    assert!(
        ran.stderr.contains("AZURE_CLIENT_CERTIFICATE_PATH"),
        "{}",
        ran.stderr
    );
}
