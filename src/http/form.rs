//! Forms, as services that give tokens want to be asked.

use object_store::client::{HttpRequest, HttpRequestBody};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};

/// Makes a request one that posts a form of these pairs.
pub(crate) fn post<'a>(
    request: &mut HttpRequest,
    pairs: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
) {
    *request.method_mut() = Method::POST;
    *request.body_mut() = HttpRequestBody::from(encoded(pairs));
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, kind);
}

fn encoded<'a>(pairs: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> String {
    let mut url = Url::parse("http://form").ok();
    if let Some(mut query) = url.as_mut().map(Url::query_pairs_mut) {
        query.extend_pairs(pairs.into_iter().copied());
    }
    let form = url.as_ref().and_then(Url::query);
    form.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_form_is_escaped() {
        assert_eq!(
            encoded(&[("a", "1 2"), ("b", "x+y&z=é\n")]),
            "a=1+2&b=x%2By%26z%3D%C3%A9%0A"
        );
        assert_eq!(encoded(&[]), "");
    }
}
