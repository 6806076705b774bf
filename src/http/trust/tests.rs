#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use super::*;

/// Of whoever is called `name`, until the end of that year.
fn params(name: &str, year: i32, is_ca: bool) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_after = date_time_ymd(year, 12, 31);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn own(name: &str, year: i32, is_ca: bool) -> rcgen::Certificate {
    let key = KeyPair::generate().unwrap();
    params(name, year, is_ca).self_signed(&key).unwrap()
}

/// By an authority that nobody has named.
fn issued(name: &str, year: i32) -> rcgen::Certificate {
    let (authority, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let issuer = Issuer::new(params("authority", 2090, true), authority);
    params(name, year, false).signed_by(&key, &issuer).unwrap()
}

/// What is said of `shown` by who trusts `named` and asks for `hot`, in the year 2030.
fn said(named: &rcgen::Certificate, shown: &rcgen::Certificate) -> Result<(), String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Named::new(named.pem().as_bytes(), &provider).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_900_000_000));
    let name = ServerName::try_from("hot").unwrap();
    let answer = verifier.verify_server_cert(shown.der(), &[], &name, &[], now);
    answer.map(|_| ()).map_err(|err| {
        let err = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, err));
        let (what, hint) = distrust(&err).unwrap();
        format!("{what} ({hint})")
    })
}

/// S-6.12
#[test]
fn a_certificate_that_is_named_itself_is_trusted_for_its_name_and_its_time() {
    for make in [
        |name: &str, year| own(name, year, true),
        |name: &str, year| own(name, year, false),
        issued,
    ] {
        let good = make("hot", 2090);
        assert_eq!(said(&good, &good), Ok(()));
        let wrong = make("cold", 2090);
        let why = said(&wrong, &wrong).unwrap_err();
        assert!(why.contains("is for cold and not for hot"), "{why}");
        assert!(why.contains("server_name"), "{why}");
        assert!(!why.contains("ca_file"), "{why}");
        let old = make("hot", 2029);
        let why = said(&old, &old).unwrap_err();
        assert!(why.contains("expired at 2029-12-31T00:00:00Z"), "{why}");
        for other in [make("hot", 2090), own("hot", 2090, true)] {
            let why = said(&other, &good).unwrap_err();
            assert!(why.contains("nobody who is trusted"), "{why}");
            assert!(why.contains("ca_file"), "{why}");
        }
    }
}

#[test]
fn a_key_belongs_to_one_certificate() {
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = params("client", 2090, false).self_signed(&key).unwrap();
    let together = |key: &KeyPair| {
        let pem = format!("{}\n{}", certificate.pem(), key.serialize_pem());
        belongs_together(pem.as_bytes())
    };
    assert_eq!(together(&key), Some(true));
    assert_eq!(together(&other), Some(false));
}
