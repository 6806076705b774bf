//! Version 1 of `ListObjects` for servers that know no other: requests and answers are translated on their way.

use async_trait::async_trait;
use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};

use super::answers::{LONGEST_PAGE, whole};

/// Signs what was translated.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) credentials: Option<AwsCredentialProvider>,
    pub(super) region: String,
}

/// A client whose listings go out in version 1.
#[derive(Debug)]
pub(super) struct Rewrite {
    inner: HttpClient,
    signer: Signer,
}

impl Rewrite {
    pub(super) fn new(inner: HttpClient, signer: Signer) -> Self {
        Self { inner, signer }
    }
}

#[async_trait]
impl HttpService for Rewrite {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let listing = query.split('&').any(|pair| pair == "list-type=2");
        if listing {
            let uri = request.uri().to_string();
            let base = uri.split('?').next().unwrap_or_default();
            let version_1 = format!("{base}?{}", version_1(&query));
            *request.uri_mut() = version_1.parse().map_err(unknown)?;
        }
        if let Some(credentials) = &self.signer.credentials {
            let credential = credentials.get_credential().await.map_err(unknown)?;
            AwsAuthorizer::new(&credential, "s3", &self.signer.region)
                .with_sign_payload(false)
                .try_authorize(&mut request, None)
                .map_err(unknown)?;
        }
        let response = self.inner.execute(request).await?;
        if !listing || !response.status().is_success() {
            return Ok(response);
        }
        let (head, body) = response.into_parts();
        let body = whole(body, LONGEST_PAGE).await?;
        let answer = String::from_utf8_lossy(&body).into_owned();
        let translated = HttpResponseBody::from(with_token(answer));
        Ok(HttpResponse::from_parts(head, translated))
    }
}

fn unknown(err: impl std::error::Error + Send + Sync + 'static) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, err)
}

/// What version 2 calls a token or a start is version 1's marker: the name after which the page begins.
fn version_1(query: &str) -> String {
    let mut marker = None;
    let mut pairs = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("list-type", _)) => {}
            // A token is further on than the start.
            Some(("continuation-token", token)) => marker = Some(token),
            Some(("start-after", start)) => marker = marker.or(Some(start)),
            _ => pairs.push(pair.to_owned()),
        }
    }
    pairs.extend(marker.map(|marker| format!("marker={marker}")));
    pairs.join("&")
}

/// Puts in the token that version 2 would have: the server's marker, or the last name of the page.
fn with_token(answer: String) -> String {
    if !answer.contains("<IsTruncated>true</IsTruncated>") {
        return answer;
    }
    let last = |name: &str| {
        let (_, after) = answer.rsplit_once(&format!("<{name}>"))?;
        let (text, _) = after.split_once(&format!("</{name}>"))?;
        Some(text.to_owned())
    };
    let token = last("NextMarker")
        .filter(|marker| !marker.is_empty())
        .or_else(|| {
            let common = answer
                .rsplit_once("<CommonPrefixes>")
                .and_then(|(_, after)| after.split_once("<Prefix>"))
                .and_then(|(_, after)| after.split_once("</Prefix>"))
                .map(|(prefix, _)| prefix.to_owned());
            last("Key").max(common)
        });
    let Some(token) = token else {
        return answer;
    };
    let token =
        format!("<NextContinuationToken>{token}</NextContinuationToken></ListBucketResult>");
    answer.replacen("</ListBucketResult>", &token, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_translated() {
        for (query, expected) in [
            ("list-type=2&prefix=a%2F", "prefix=a%2F"),
            ("list-type=2&start-after=a%2Fb", "marker=a%2Fb"),
            ("continuation-token=c&list-type=2&start-after=a", "marker=c"),
            ("start-after=a&continuation-token=c&list-type=2", "marker=c"),
        ] {
            assert_eq!(version_1(query), expected);
        }
    }

    #[test]
    fn answers_that_go_on_get_a_token() {
        let page = |middle: &str| format!("<ListBucketResult>{middle}</ListBucketResult>");
        let truncated = "<IsTruncated>true</IsTruncated>";
        for (middle, token) in [
            (
                "<IsTruncated>false</IsTruncated><Key>a</Key>".to_owned(),
                None,
            ),
            (
                format!("{truncated}<Key>a</Key><Key>b&amp;c</Key>"),
                Some("b&amp;c"),
            ),
            (
                format!("{truncated}<NextMarker>z</NextMarker><Key>b</Key>"),
                Some("z"),
            ),
            (
                format!(
                    "{truncated}<Key>b</Key><CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>"
                ),
                Some("d/"),
            ),
        ] {
            let answer = with_token(page(&middle));
            let found = answer
                .split_once("<NextContinuationToken>")
                .and_then(|(_, after)| after.split_once("</NextContinuationToken>"))
                .map(|(token, _)| token);
            assert_eq!(found, token);
        }
    }
}
