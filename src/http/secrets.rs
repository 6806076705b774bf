//! What a request proves itself with, and a server's words without it: some quote the request that they refuse.

use object_store::client::HttpRequest;
use regex::Regex;

use crate::environment::Secret;

/// What is shorter is a word like any other, and no secret.
const SHORTEST: usize = 3;

/// This many letters and digits in a row are hidden too, however the characters between such runs were escaped.
const SHORTEST_RUN: usize = 12;

/// What stands in place of a secret.
const HIDDEN: &str = "<secret>";

/// Where the requests of a provider carry secrets.
#[derive(Debug)]
pub(crate) struct Carriers {
    /// What stands before one in the header `authorization`, and what after it.
    pub(crate) authorization: &'static [(&'static str, char)],
    /// Headers that hold nothing else.
    pub(crate) headers: &'static [&'static str],
    /// Names in a query.
    pub(crate) query: &'static [&'static str],
}

/// The secrets of one request, the longest first. An answer bears those of the signature that it answers.
#[derive(Clone)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// The configured secrets, and those that the request carries in the places that `carriers` names.
    pub(crate) fn of(request: &HttpRequest, configured: &[Secret], carriers: &Carriers) -> Self {
        let header = |name: &str| request.headers().get(name)?.to_str().ok();
        let authorization = header("authorization").unwrap_or_default();
        let within = |name: &str, end: char| {
            let (_, after) = authorization.split_once(name)?;
            after.split(end).next()
        };
        let query = request.uri().query().unwrap_or_default().split('&');
        let in_query = query.filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            carriers.query.contains(&name).then_some(value)
        });
        let credentials = carriers.authorization.iter();
        let credentials = credentials.filter_map(|(name, end)| within(name, *end));
        let headers = carriers.headers.iter().filter_map(|name| header(name));
        let configured = configured.iter().map(Secret::expose);
        Self::among(configured.chain(credentials).chain(headers).chain(in_query))
    }

    /// These, and what is recognised of them.
    pub(crate) fn of_texts(texts: &[Secret]) -> Self {
        Self::among(texts.iter().map(Secret::expose))
    }

    /// Those of both.
    pub(crate) fn and(mut self, others: Option<&Self>) -> Self {
        self.0
            .extend(others.into_iter().flat_map(|others| others.0.clone()));
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        self
    }

    fn among<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let whole: Vec<&str> = texts.filter(|secret| secret.len() >= SHORTEST).collect();
        let runs = whole.iter().flat_map(|secret| {
            let runs = secret.split(|c: char| !c.is_ascii_alphanumeric());
            runs.filter(|run| run.len() >= SHORTEST_RUN)
        });
        let mut all: Vec<String> = whole.iter().copied().chain(runs).map(Into::into).collect();
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        all.dedup();
        Self(all)
    }

    /// The text with every secret replaced by `<secret>`.
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        let hide = |text: String, secret: &String| match however_escaped(secret) {
            Some(pattern) => pattern.replace_all(&text, HIDDEN).into_owned(),
            None => text.replace(secret.as_str(), HIDDEN),
        };
        self.0.iter().fold(text.to_owned(), hide)
    }
}

/// Matches the secret with each of its ASCII signs as it is or escaped as in URLs (`%2f`), XML (`&#x2f;`) and JSON (`\u002f`).
fn however_escaped(secret: &str) -> Option<Regex> {
    let written = |sign: char| {
        let number = u32::from(sign);
        let plain = regex::escape(&sign.to_string());
        if sign.is_ascii_alphanumeric() || !sign.is_ascii() {
            return plain;
        }
        format!("(?:{plain}|(?i:%{number:02x}|&#x0*{number:x};|\\\\u{number:04x})|&#0*{number};)")
    };
    let pattern: String = secret.chars().map(written).collect();
    Regex::new(&pattern).ok()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use object_store::client::HttpRequestBody;

    const CARRIERS: Carriers = Carriers {
        authorization: &[("Credential=", '/'), ("Signature=", ',')],
        headers: &[
            "x-amz-security-token",
            "x-amz-server-side-encryption-customer-key",
        ],
        query: &["WebIdentityToken"],
    };

    /// S-2.6
    #[test]
    fn what_a_request_carries_is_hidden_however_it_is_escaped() {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = "https://sts/?Action=A&WebIdentityToken=eyJhbGciOiJSUzI1NiJ9.payload"
            .parse()
            .unwrap();
        let signature = "f".repeat(64);
        for (name, value) in [
            (
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIAKEY/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={signature}"
                ),
            ),
            (
                "x-amz-security-token",
                "IQoJb3JpZ2luX2VjEAYaCXVz/TokenTokenToken==".to_owned(),
            ),
            (
                "x-amz-server-side-encryption-customer-key",
                "Y3VzdG9tZXJrZXk=".to_owned(),
            ),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let secrets = Secrets::of(&request, &[Secret::new("hunter2".to_owned())], &CARRIERS);
        for text in [
            "AKIAKEY",
            "hunter2",
            &signature,
            "IQoJb3JpZ2luX2VjEAYaCXVz/TokenTokenToken==",
            "IQoJb3JpZ2luX2VjEAYaCXVz%2FTokenTokenToken%3D%3D",
            "eyJhbGciOiJSUzI1NiJ9.payload",
            "Y3VzdG9tZXJrZXk=",
            "Y3VzdG9tZXJrZXk%3d",
            "Y3VzdG9tZXJrZXk&#61;",
            "Y3VzdG9tZXJrZXk&#x3D;",
            "Y3VzdG9tZXJrZXk\\u003D",
        ] {
            let told = secrets.hidden_in(&format!("You sent {text}, which is wrong."));
            let rest = told
                .replace(HIDDEN, "")
                .replace("%2F", "")
                .replace("%3D", "");
            assert_eq!(rest, "You sent , which is wrong.", "{told}");
        }
    }
}
