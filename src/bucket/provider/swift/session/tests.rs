#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::sync::Mutex as StdMutex;

use async_trait::async_trait;
use futures::future::join_all;
use object_store::client::{
    HttpError, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody, HttpService,
};
use reqwest::Url;

use super::super::authorizing::Authorizing;
use super::*;
use crate::environment::Secret;
use crate::error::Kind;

/// Gives tokens that are numbered, and takes those from a number on.
#[derive(Debug)]
struct Cluster {
    given: StdMutex<u32>,
    /// The number from which on tokens are taken, and the last that is known.
    takes: StdMutex<u32>,
    knows: StdMutex<u32>,
    lives: Option<u64>,
    /// Whether a token is given again until it ends, and refused from then on.
    gives_again: bool,
    ends: StdMutex<Option<Instant>>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            given: StdMutex::default(),
            takes: StdMutex::default(),
            knows: StdMutex::new(1000),
            lives: None,
            gives_again: false,
            ends: StdMutex::default(),
        }
    }
}

impl Cluster {
    /// The number of a token, and how long it still lives.
    fn give(&self) -> (u32, Option<u64>) {
        let (mut given, mut ends) = (self.given.lock().unwrap(), self.ends.lock().unwrap());
        let left = ends.and_then(|ends| ends.checked_duration_since(Instant::now()));
        if let (true, Some(left)) = (self.gives_again, left) {
            return (*given, Some(left.as_secs()));
        }
        *given += 1;
        *ends = self
            .lives
            .map(|secs| Instant::now() + Duration::from_secs(secs));
        (*given, self.lives)
    }

    fn takes(&self, number: u32) -> bool {
        let has_ended = || {
            self.ends
                .lock()
                .unwrap()
                .is_some_and(|ends| ends <= Instant::now())
        };
        number >= *self.takes.lock().unwrap()
            && number <= *self.knows.lock().unwrap()
            && !(self.gives_again && has_ended())
    }
}

#[derive(Debug, Clone)]
struct Served(Arc<Cluster>);

#[async_trait]
impl HttpService for Served {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = HttpResponse::new(HttpResponseBody::from(String::new()));
        let path = request.uri().path().to_owned();
        // Others are asked meanwhile.
        tokio::task::yield_now().await;
        if path == "/auth/v1.0" {
            let (given, lives) = self.0.give();
            let headers = answer.headers_mut();
            headers.insert("x-auth-token", format!("t{given}").parse().unwrap());
            headers.insert("x-storage-url", "http://swift/v1/AUTH_a".parse().unwrap());
            if let Some(seconds) = lives {
                headers.insert("x-auth-token-expires", seconds.into());
            }
            return Ok(answer);
        }
        let token = request.headers().get("x-auth-token").unwrap();
        let number: u32 = token.to_str().unwrap()[1..].parse().unwrap();
        if !self.0.takes(number) {
            *answer.status_mut() = 401.try_into().unwrap();
        }
        Ok(answer)
    }
}

fn client(cluster: &Arc<Cluster>) -> HttpClient {
    let network = HttpClient::new(Served(Arc::clone(cluster)));
    let auth = Auth {
        url: Url::parse("http://swift/auth/v1.0").unwrap(),
        how: How::V1 {
            user: "a:u".to_owned(),
            key: Secret::new("secret".to_owned()),
        },
        project: None,
    };
    let sessions = Arc::new(Sessions::new(Arc::new(auth), None, network.clone()));
    HttpClient::new(Authorizing {
        inner: network,
        sessions,
    })
}

/// How many of so many requests at once are taken.
async fn taken(client: &HttpClient, requests: usize) -> usize {
    let ask = || {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = "http://swift/v1/AUTH_a/c".parse().unwrap();
        client.execute(request)
    };
    let answers = join_all((0..requests).map(|_| ask())).await;
    let mut answers = answers.into_iter().map(|it| it.unwrap().status().as_u16());
    answers.by_ref().filter(|it| *it == 200).count()
}

/// S-3.41: one asks, and the others wait for what comes.
#[tokio::test(start_paused = true)]
async fn a_refused_token_is_had_anew_once_for_all_who_wait() {
    let cluster = Arc::new(Cluster::default());
    let client = client(&cluster);
    let given = || *cluster.given.lock().unwrap();
    assert_eq!(taken(&client, 20).await, 20);
    assert_eq!(given(), 1);
    *cluster.takes.lock().unwrap() = 2;
    assert_eq!(taken(&client, 20).await, 20);
    assert_eq!(given(), 2);
    // What is given is not taken at once.
    *cluster.takes.lock().unwrap() = 4;
    assert_eq!(taken(&client, 20).await, 20);
    assert_eq!(given(), 4);
    // Nobody is taken any more.
    *cluster.takes.lock().unwrap() = 1000;
    assert_eq!(taken(&client, 20).await, 0);
    assert_eq!(given(), 6);
}

/// S-3.41
#[tokio::test]
async fn what_was_never_taken_is_not_had_anew() {
    let cluster = Arc::new(Cluster {
        takes: StdMutex::new(1000),
        ..Cluster::default()
    });
    let client = client(&cluster);
    assert_eq!(taken(&client, 20).await, 0);
    assert_eq!(taken(&client, 20).await, 0);
    assert_eq!(*cluster.given.lock().unwrap(), 1);
}

/// S-3.41: while the old one is good, a new one that the store does not know yet ends nothing.
#[tokio::test(start_paused = true)]
async fn a_new_token_that_is_refused_gives_way_to_the_old_one() {
    let cluster = Arc::new(Cluster {
        lives: Some(3600),
        ..Cluster::default()
    });
    let client = client(&cluster);
    assert_eq!(taken(&client, 1).await, 1);
    tokio::time::advance(Duration::from_secs(3500)).await;
    *cluster.knows.lock().unwrap() = 1;
    assert_eq!(taken(&client, 20).await, 20);
    *cluster.knows.lock().unwrap() = 1000;
    tokio::time::advance(PAUSE).await;
    assert_eq!(taken(&client, 20).await, 20);
    assert_eq!(*cluster.given.lock().unwrap(), 3);
}

/// S-3.41
#[tokio::test(start_paused = true)]
async fn a_token_is_had_anew_before_it_expires() {
    for (lives, expected) in [(Some(3600), 2), (Some(2), 4), (Some(0), 4), (None, 1)] {
        let cluster = Arc::new(Cluster {
            lives,
            ..Cluster::default()
        });
        let client = client(&cluster);
        for pause in [0, 0, 2, 2, 3595] {
            tokio::time::advance(Duration::from_secs(pause)).await;
            assert_eq!(taken(&client, 2).await, 2);
        }
        assert_eq!(*cluster.given.lock().unwrap(), expected, "{lives:?}");
    }
}

/// S-3.41: some give the same token until it ends, also in its last second.
#[tokio::test(start_paused = true)]
async fn a_token_that_is_given_again_until_it_ends_ends_nothing() {
    let cluster = Arc::new(Cluster {
        lives: Some(60),
        gives_again: true,
        ..Cluster::default()
    });
    let client = client(&cluster);
    for _ in 0..400 {
        tokio::time::advance(Duration::from_millis(700)).await;
        assert_eq!(taken(&client, 3).await, 3);
    }
}

/// S-3.41: an answer in place of the service's, or one without what it is asked for.
#[tokio::test]
async fn why_no_token_comes_is_told_in_one_line() {
    #[derive(Debug)]
    struct Answers(u16, &'static str);

    #[async_trait]
    impl HttpService for Answers {
        async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
            let mut answer = HttpResponse::new(HttpResponseBody::from(self.1.to_owned()));
            *answer.status_mut() = self.0.try_into().unwrap();
            answer
                .headers_mut()
                .insert("x-subject-token", "gAAAA".parse().unwrap());
            Ok(answer)
        }
    }

    use crate::bucket::provider::swift::config::{User, Who};
    let catalogue = r#"{"token": {"catalog": [{"type": "object-store", "endpoints": [{"interface": "public", "region": "One", "url": "https://one/v1/AUTH_a"}]}]}}"#;
    for (status, body, region, kind, expected) in [
        (
            401,
            r#"{"error": {"code": 401, "message": "The request you have made requires\n authentication, and not hunter2.", "title": "Unauthorized"}}"#,
            None,
            Kind::Credentials,
            "https://k/v3/auth/tokens does not take the credentials of the configuration (401): The request you have made requires authentication, and not <secret>.",
        ),
        (
            404,
            "<html>",
            None,
            Kind::Credentials,
            "config.auth_url and config.auth_version",
        ),
        (503, "", None, Kind::Transient, "gives no token now (503)"),
        (201, "<html>", None, Kind::Transient, "brings no token"),
        (
            201,
            r#"{"token": {"catalog": null}}"#,
            None,
            Kind::Credentials,
            "config.project_id",
        ),
        (
            201,
            catalogue,
            Some("Two"),
            Kind::Credentials,
            "config.region_name \"Two\": the catalogue that came has an object-store in One",
        ),
    ] {
        let auth = Auth {
            url: Url::parse("https://k/v3").unwrap(),
            how: How::V3 {
                who: Who::Password {
                    user: User::default(),
                    password: Secret::new("hunter2".to_owned()),
                },
                scope: None,
            },
            project: None,
        };
        let network = HttpClient::new(Answers(status, body));
        let region = region.map(str::to_owned);
        let sessions = Sessions::new(Arc::new(auth), region, network);
        let failure = sessions.get().await.unwrap_err();
        assert!(failure.to_string().contains(expected), "{failure}");
        assert_eq!(failure.kind(), kind);
        assert_eq!(failure.to_string().lines().count(), 1);
    }
}
