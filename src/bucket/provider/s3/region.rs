//! In which region requests are signed: as configured, as the address says, or as the server answers.

use object_store::client::{HttpResponse, HttpResponseBody};
use tokio::sync::RwLock;

use super::config;
use crate::http::body::beginning;
use crate::http::xml;

/// What is taken where nobody says another one.
pub(super) const DEFAULT: &str = "us-east-1";

/// The region of one bucket.
#[derive(Debug)]
pub(super) enum Region {
    /// Nobody is asked.
    Known(String),
    /// What the server says counts, as soon as it has said it.
    Told(RwLock<Option<String>>),
}

impl Region {
    pub(super) fn new(known: Option<String>) -> Self {
        match known {
            Some(known) => Self::Known(known),
            None => Self::Told(RwLock::new(None)),
        }
    }
}

/// Where the server says the bucket is.
pub(super) enum Told {
    Region(String),
    /// The server could not answer just now.
    NotNow(HttpResponse),
}

/// Reads the answer as Thanos' client does. Where asking is not allowed, or the server knows no regions, the region is `us-east-1`: if that is wrong,
/// the first refusal names the right one. Where the question itself, which is signed for `us-east-1`, is refused for its signature, it is the likely one.
pub(super) async fn location(answer: HttpResponse, likely: &str) -> Told {
    let status = answer.status().as_u16();
    if matches!(status, 408 | 429 | 500 | 502..=599) {
        return Told::NotNow(answer);
    }
    let is_success = answer.status().is_success();
    let (named, body, _) = read(answer).await;
    let constraint = element(&body, "LocationConstraint").map(|region| region.trim().to_owned());
    let region = match constraint.filter(|_| is_success) {
        // What Amazon once called its region in Ireland.
        Some(region) if region == "EU" => Some("eu-west-1".to_owned()),
        Some(region) => Some(region),
        None => named,
    };
    let code = element(&body, "Code");
    let is_of_signature =
        matches!(status, 400 | 403) && code.is_some_and(|code| code != "AccessDenied");
    let untold = if is_of_signature { likely } else { DEFAULT };
    Told::Region(
        region
            .filter(|region| is_fit(region))
            .unwrap_or_else(|| untold.to_owned()),
    )
}

/// The region that a refusal names, and the answer as it came.
pub(super) async fn of_refusal(answer: HttpResponse) -> (Option<String>, HttpResponse) {
    if !matches!(answer.status().as_u16(), 400 | 403) {
        return (None, answer);
    }
    let (named, body, answer) = read(answer).await;
    let is_about_it = match element(&body, "Code") {
        None => true,
        Some(code) => matches!(
            code.as_str(),
            "AuthorizationHeaderMalformed" | "InvalidRegion" | "AccessDenied"
        ),
    };
    (named.filter(|region| is_about_it && is_fit(region)), answer)
}

/// Whether the credentials of the request are refused as such, and others may do; and the answer as it came.
pub(super) async fn refuses_credentials(answer: HttpResponse) -> (bool, HttpResponse) {
    if !matches!(answer.status().as_u16(), 400 | 401 | 403) {
        return (false, answer);
    }
    let (_, body, answer) = read(answer).await;
    let code = element(&body, "Code").unwrap_or_default();
    let is_about_them = matches!(
        code.as_str(),
        "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidToken"
            | "TokenRefreshRequired"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
    );
    (is_about_them, answer)
}

/// The region that an error names, as much of the body as was read, and the answer put together again.
async fn read(answer: HttpResponse) -> (Option<String>, Vec<u8>, HttpResponse) {
    let (head, body) = answer.into_parts();
    let body = beginning(body).await;
    let header = || head.headers.get("x-amz-bucket-region")?.to_str().ok();
    let named = element(&body, "Region").filter(|region| !region.is_empty());
    let named = named.or_else(|| header().map(str::to_owned));
    let again = HttpResponseBody::from(body.clone());
    (named, body, HttpResponse::from_parts(head, again))
}

/// The text of the first element of that name.
pub(super) fn element(document: &[u8], name: &str) -> Option<String> {
    let mut found = None;
    xml::walk(document, |element| {
        if found.is_none() && element.path.last() == Some(&name) {
            found = Some(element.text.to_owned());
        }
    });
    found
}

/// What a server says goes into signatures.
fn is_fit(region: &str) -> bool {
    config::region_fault(region).is_none()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn answer(status: u16, header: Option<&str>, body: &str) -> HttpResponse {
        let mut answer = HttpResponse::new(HttpResponseBody::from(body.to_owned()));
        *answer.status_mut() = status.try_into().unwrap();
        if let Some(region) = header {
            let region = region.parse().unwrap();
            answer.headers_mut().insert("x-amz-bucket-region", region);
        }
        answer
    }

    /// S-3.8
    #[tokio::test]
    async fn the_location_is_read_as_thanos_client_reads_it() {
        let error = |code: &str, region: &str| {
            format!("<Error><Code>{code}</Code><Message>m</Message>{region}</Error>")
        };
        let named = "<Region>garage</Region>";
        for (status, header, body, expected) in [
            (
                200,
                None,
                "<LocationConstraint xmlns=\"x\">fr-par</LocationConstraint>".to_owned(),
                "fr-par",
            ),
            (
                200,
                None,
                "<?xml version=\"1.0\"?>\n<LocationConstraint>EU</LocationConstraint>".to_owned(),
                "eu-west-1",
            ),
            (
                200,
                None,
                "<LocationConstraint xmlns=\"x\"></LocationConstraint>".to_owned(),
                "us-east-1",
            ),
            (
                200,
                None,
                "<LocationConstraint xmlns=\"x\"/>".to_owned(),
                "us-east-1",
            ),
            (
                200,
                None,
                "<LocationConstraint>a/b</LocationConstraint>".to_owned(),
                "us-east-1",
            ),
            (200, None, String::new(), "us-east-1"),
            (
                400,
                None,
                error("AuthorizationHeaderMalformed", named),
                "garage",
            ),
            (403, None, error("AccessDenied", named), "garage"),
            (403, None, error("AccessDenied", ""), "us-east-1"),
            (403, None, error("SignatureDoesNotMatch", ""), "likely"),
            (
                400,
                None,
                error("AuthorizationHeaderMalformed", ""),
                "likely",
            ),
            (
                403,
                Some("eu-west-3"),
                error("AccessDenied", ""),
                "eu-west-3",
            ),
            (404, None, error("NoSuchBucket", ""), "us-east-1"),
            (405, None, String::new(), "us-east-1"),
            (501, None, error("NotImplemented", ""), "us-east-1"),
        ] {
            let told = location(answer(status, header, &body), "likely").await;
            let Told::Region(region) = told else {
                panic!("{status} {body}");
            };
            assert_eq!(region, expected, "{status} {body}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            let told = location(answer(status, None, ""), DEFAULT).await;
            assert!(matches!(told, Told::NotNow(_)), "{status}");
        }
    }

    /// S-3.8
    #[tokio::test]
    async fn a_refusal_names_the_region_or_is_about_something_else() {
        for (status, header, code, expected) in [
            (400, None, "AuthorizationHeaderMalformed", Some("garage")),
            (400, None, "InvalidRegion", Some("garage")),
            (403, None, "AccessDenied", Some("garage")),
            (403, None, "SignatureDoesNotMatch", None),
            (404, None, "NoSuchKey", None),
            (200, None, "AccessDenied", None),
        ] {
            let body = format!("<Error><Code>{code}</Code><Region>garage</Region></Error>");
            let (region, answer) = of_refusal(answer(status, header, &body)).await;
            assert_eq!(region.as_deref(), expected, "{status} {code}");
            assert_eq!(beginning(answer.into_body()).await, body.as_bytes());
        }
        // An answer to HEAD has no body.
        let (region, _) = of_refusal(answer(403, Some("eu-west-3"), "")).await;
        assert_eq!(region.as_deref(), Some("eu-west-3"));
    }
}
