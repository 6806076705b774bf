//! What lies beside a machine in Oracle's cloud: the metadata service, and the service that gives a session to who shows the machine's certificate.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::signature::{self, Wanted};
use super::wire::{Answer, Asked};
use super::{REGION, TENANCY};

/// The certificates, and the key of the first.
struct Machine {
    certificate: rcgen::Certificate,
    intermediate: rcgen::Certificate,
    key: KeyPair,
}

static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    let made = |unit: &str| {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let mut about = CertificateParams::new(Vec::new()).unwrap();
        let name = &mut about.distinguished_name;
        name.push(DnType::CommonName, "ocid1.instance.oc1.phx.tests");
        name.push(DnType::OrganizationalUnitName, unit);
        (about.self_signed(&key).unwrap(), key)
    };
    let (certificate, key) = made(&format!("opc-tenant:{TENANCY}"));
    let (intermediate, _) = made("opc-intermediate");
    Machine {
        certificate,
        intermediate,
        key,
    }
});

/// Sessions that go on.
#[derive(Default)]
pub struct Sessions(Mutex<BTreeMap<String, Session>>);

struct Session {
    public_key: Vec<u8>,
    /// How many requests it is still good for.
    uses: u32,
}

impl Sessions {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The public key that this token vouches for, which is used once more.
    pub fn key_of(&self, token: &str) -> Option<Vec<u8>> {
        let mut sessions = self.0.lock().unwrap();
        let session = sessions.get_mut(token)?;
        session.uses = session.uses.checked_sub(1)?;
        Some(session.public_key.clone())
    }

    /// What is answered past the service itself; `None` to what is asked of it.
    pub fn answer(&self, asked: &Asked) -> Option<Answer> {
        let names = asked.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["opc", "v2", rest @ ..] => Some(metadata(asked, &rest.join("/"))),
            ["v1", "x509"] => Some(self.begin(asked, u32::MAX)),
            // Whoever asks there gets sessions that end soon.
            [uses, "v1", "x509"] => Some(self.begin(asked, uses.parse().unwrap())),
            _ => None,
        }
    }

    fn begin(&self, asked: &Asked, uses: u32) -> Answer {
        let refused = |why: &str| Answer::refusal(401, "NotAuthenticated", why);
        let machine = &*MACHINE;
        let der = machine.certificate.der();
        let spelled = |digest: &[u8]| {
            let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            pairs.join(":")
        };
        // Clients of some age know no other.
        let old = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
        let ids = [
            format!(
                "{TENANCY}/fed-x509-sha256/{}",
                spelled(&Sha256::digest(der))
            ),
            format!("{TENANCY}/fed-x509/{}", spelled(old.as_ref())),
        ];
        let public = signature::public_key(&machine.key.serialize_pem());
        let key = |named: &str| ids.iter().any(|id| id == named).then(|| public.clone());
        if let Err(why) = signature::verified(asked, Wanted::BodyAndNoHost, key) {
            return refused(&why);
        }
        let details: Value = serde_json::from_slice(&asked.body).unwrap();
        let text = |der: &[u8]| json!(STANDARD.encode(der));
        if details["certificate"] != text(machine.certificate.der())
            || details["intermediateCertificates"] != json!([text(machine.intermediate.der())])
        {
            return refused("other certificates");
        }
        let public_key = details["publicKey"].as_str().unwrap();
        let public_key = STANDARD.decode(public_key).unwrap();
        let mut sessions = self.0.lock().unwrap();
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let now = Utc::now().timestamp();
        let claims =
            json!({"sub": "ocid1.instance", "iat": now, "exp": now + 1200, "jti": sessions.len()});
        let token = format!("{}.{}.c2ln", part(json!({"alg": "RS256"})), part(claims));
        sessions.insert(token.clone(), Session { public_key, uses });
        Answer::json(&json!({"token": token}))
    }
}

fn metadata(asked: &Asked, path: &str) -> Answer {
    if asked.header("authorization") != Some("Bearer Oracle") {
        return Answer::status(401);
    }
    let machine = &*MACHINE;
    let text = match path {
        "instance/region" => REGION.to_owned(),
        "identity/cert.pem" => machine.certificate.pem(),
        "identity/intermediate.pem" => machine.intermediate.pem(),
        "identity/key.pem" => machine.key.serialize_pem(),
        _ => return Answer::status(404),
    };
    Answer::status(200).of(text.into_bytes())
}
