//! The second and third version of asking for a token: a document goes out, and one comes back with the catalogue of services.

use object_store::client::HttpClient;
use reqwest::Url;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::catalogue::{self, Endpoint};
use super::token::{Failure, Session};
use crate::bucket::provider::swift::config::{Domain, Scope, User, Who};
use crate::environment::Secret;

/// What is so long is taken for an API key first.
const SHORTEST_API_KEY: usize = 32;

#[derive(Deserialize)]
struct Given {
    token: GivenToken,
}

#[derive(Deserialize)]
struct GivenToken {
    #[serde(default)]
    expires_at: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    catalog: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default, deserialize_with = "or_none")]
    endpoints: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    interface: String,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    region_id: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

/// A list, in whose place `null` may stand where it would be empty.
fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

/// Asks for a session by the third version.
pub(super) async fn session(
    network: &HttpClient,
    url: &Url,
    who: &Who,
    scope: Option<&Scope>,
    region: Option<&str>,
) -> Result<Session, Failure> {
    let url = answer::below(url, "auth/tokens");
    let (Who::Password {
        password: secret, ..
    }
    | Who::Credential { secret, .. }
    | Who::UsersCredential { secret, .. }
    | Who::Token(secret)) = who;
    let request = answer::document(&url, &asked(who, scope));
    let answered = answer::ask(network, request, &url, &[secret]).await;
    let Answer { headers, body } = answered.map_err(|(_, failure)| failure)?;
    let token = headers.get("x-subject-token");
    let token = token.and_then(|token| token.to_str().ok());
    let given = serde_json::from_slice(&body).ok();
    let (Some(token), Some(Given { token: given })) = (token, given) else {
        return Err(no_token(&url));
    };
    let is_empty = given.catalog.is_empty();
    let stores = given
        .catalog
        .into_iter()
        .filter(|service| service.kind == catalogue::STORE);
    let endpoints = stores.flat_map(|store| store.endpoints).map(|it| Endpoint {
        public_url: it.url.filter(|_| it.interface == "public"),
        region: it.region.or(it.region_id).unwrap_or_default(),
    });
    let endpoints: Vec<Endpoint> = endpoints.collect();
    let storage = catalogue::chosen(&endpoints, region, is_empty)?;
    let expires = given.expires_at.as_deref();
    let life = expires.and_then(|expires| answer::life_until(expires, &headers));
    Session::new(token, &storage, life)
}

fn no_token(url: &Url) -> Failure {
    Failure::passing(format!("the answer of {url} brings no token"))
}

/// The document that goes out, letter by letter as Thanos' client writes it.
fn asked(who: &Who, scope: Option<&Scope>) -> Value {
    let identity = match who {
        Who::Password { user, password } => {
            let mut user = named(user);
            insert(&mut user, "password", password.expose().into());
            json!({"methods": ["password"], "password": {"user": user}})
        }
        Who::Credential { id, secret } => json!({
            "methods": ["application_credential"],
            "application_credential": {"id": id, "secret": secret.expose(), "user": {}},
        }),
        Who::UsersCredential { name, user, secret } => json!({
            "methods": ["application_credential"],
            "application_credential": {"name": name, "secret": secret.expose(), "user": named(user)},
        }),
        Who::Token(token) => json!({"methods": ["token"], "token": {"id": token.expose()}}),
    };
    let mut auth = json!({"identity": identity});
    match scope {
        Some(Scope::Project(id)) => insert(&mut auth, "scope", json!({"project": {"id": id}})),
        Some(Scope::ProjectOfName(name, domain)) => {
            let project = json!({"name": name, "domain": of_domain(domain)});
            insert(&mut auth, "scope", json!({"project": project}));
        }
        None => {}
    }
    json!({"auth": auth})
}

fn named(user: &User) -> Value {
    let mut named = json!({});
    for (key, value) in [("id", &user.id), ("name", &user.name)] {
        if let Some(value) = value {
            insert(&mut named, key, value.as_str().into());
        }
    }
    if let Some(domain) = &user.domain {
        insert(&mut named, "domain", of_domain(domain));
    }
    named
}

fn of_domain(domain: &Domain) -> Value {
    match domain {
        Domain::Id(id) => json!({"id": id}),
        Domain::Name(name) => json!({"name": name}),
    }
}

fn insert(document: &mut Value, key: &str, value: Value) {
    if let Some(members) = document.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}

/// Asks by the second version.
pub(super) struct Version2<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a Secret,
    /// Its id and its name.
    pub(super) tenant: [Option<&'a str>; 2],
}

#[derive(Deserialize)]
struct Given2 {
    access: Access2,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Access2 {
    token: Token2,
    #[serde(default, deserialize_with = "or_none")]
    service_catalog: Vec<Service2>,
}

#[derive(Deserialize)]
struct Token2 {
    id: String,
    #[serde(default)]
    expires: Option<String>,
}

#[derive(Deserialize)]
struct Service2 {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default, deserialize_with = "or_none")]
    endpoints: Vec<Place2>,
}

#[derive(Deserialize)]
struct Place2 {
    #[serde(rename = "publicURL", alias = "publicUrl", default)]
    public_url: Option<String>,
    #[serde(default)]
    region: Option<String>,
}

impl Version2<'_> {
    pub(super) async fn session(
        &self,
        network: &HttpClient,
        url: &Url,
        region: Option<&str>,
    ) -> Result<Session, Failure> {
        let url = answer::below(url, "tokens");
        let is_key = self.password.expose().len() >= SHORTEST_API_KEY;
        let ask = async |is_key| {
            let request = answer::document(&url, &self.asked(is_key));
            answer::ask(network, request, &url, &[self.password]).await
        };
        let answered = match ask(is_key).await {
            // What it is taken for is a guess.
            Err((400 | 401, first)) => ask(!is_key).await.map_err(|(status, second)| {
                if matches!(status, 400 | 401) {
                    first
                } else {
                    second
                }
            }),
            answered => answered.map_err(|(_, failure)| failure),
        };
        let Answer { headers, body } = answered?;
        let given = serde_json::from_slice(&body);
        let Ok(Given2 { access }) = given else {
            return Err(no_token(&url));
        };
        let is_empty = access.service_catalog.is_empty();
        let stores = access
            .service_catalog
            .into_iter()
            .filter(|service| service.kind == catalogue::STORE);
        let endpoints = stores.flat_map(|store| store.endpoints).map(|it| Endpoint {
            public_url: it.public_url,
            region: it.region.unwrap_or_default(),
        });
        let endpoints: Vec<Endpoint> = endpoints.collect();
        let storage = catalogue::chosen(&endpoints, region, is_empty)?;
        let expires = access.token.expires.as_deref();
        let life = expires.and_then(|expires| answer::life_until(expires, &headers));
        Session::new(&access.token.id, &storage, life)
    }

    fn asked(&self, is_key: bool) -> Value {
        let password = self.password.expose();
        let mut auth = if is_key {
            json!({"RAX-KSKEY:apiKeyCredentials": {"username": self.user, "apiKey": password}})
        } else {
            json!({"passwordCredentials": {"username": self.user, "password": password}})
        };
        let [id, name] = self.tenant;
        for (key, value) in [("tenantId", id), ("tenantName", name)] {
            if let Some(value) = value {
                insert(&mut auth, key, value.into());
            }
        }
        json!({"auth": auth})
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-3.41
    #[test]
    fn what_is_asked_is_what_thanos_asks() {
        let secret = || Secret::new("s".to_owned());
        let domain = |name: &str| Domain::Name(name.to_owned());
        let user = |id: Option<&str>, name: Option<&str>, domain| User {
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            domain,
        };
        for (who, scope, expected) in [
            (
                Who::Password {
                    user: user(None, Some("u"), Some(domain("D"))),
                    password: secret(),
                },
                Some(Scope::ProjectOfName("p".to_owned(), domain("Default"))),
                r#"{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","domain":{"name":"D"},"password":"s"}}},"scope":{"project":{"name":"p","domain":{"name":"Default"}}}}}"#,
            ),
            (
                Who::Password {
                    user: user(Some("i"), None, Some(Domain::Id("d".to_owned()))),
                    password: secret(),
                },
                Some(Scope::Project("p".to_owned())),
                r#"{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"i","domain":{"id":"d"},"password":"s"}}},"scope":{"project":{"id":"p"}}}}"#,
            ),
            (
                Who::Credential {
                    id: "c".to_owned(),
                    secret: secret(),
                },
                None,
                r#"{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"c","secret":"s","user":{}}}}}"#,
            ),
            (
                Who::UsersCredential {
                    name: "c".to_owned(),
                    user: user(None, Some("u"), Some(domain("D"))),
                    secret: secret(),
                },
                None,
                r#"{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"name":"c","secret":"s","user":{"name":"u","domain":{"name":"D"}}}}}}"#,
            ),
            (
                Who::Token(secret()),
                None,
                r#"{"auth":{"identity":{"methods":["token"],"token":{"id":"s"}}}}"#,
            ),
        ] {
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert_eq!(asked(&who, scope.as_ref()), expected);
        }
        let password = secret();
        let asked = |is_key, tenant| {
            let version = Version2 {
                user: "u",
                password: &password,
                tenant,
            };
            version.asked(is_key)
        };
        assert_eq!(
            asked(false, [None, Some("t")]),
            json!({"auth": {"passwordCredentials": {"username": "u", "password": "s"}, "tenantName": "t"}})
        );
        assert_eq!(
            asked(true, [Some("i"), None]),
            json!({"auth": {"RAX-KSKEY:apiKeyCredentials": {"username": "u", "apiKey": "s"}, "tenantId": "i"}})
        );
    }
}
