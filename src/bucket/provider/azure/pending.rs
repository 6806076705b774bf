//! Copies that go on behind their answer. None is asked for here, but a service may take one for such; then it is ended, for it would take the place of
//! what is put meanwhile, or keep it from being put.

use object_store::Result;
use object_store::path::Path;
use reqwest::Method;
use reqwest::header::HeaderMap;

use super::asked::Asked;
use super::container::Container;
use super::refusal::{Refusal, is_pending};
use crate::causes;
use crate::error::Kind;
use crate::http::percent::{escaped, unescaped};

/// Ends the copy of the object at that address that is pending under a name, if there is one. Others' copies are left alone.
pub(super) async fn abort(container: &Container, to: &Path, from: &str) -> Result<()> {
    let mut question = container.asker.about(Asked::Head, Method::HEAD, to, "")?;
    question.once = true;
    let headers = match container.ask(&question).await {
        Ok(answer) => answer.headers,
        Err(err) if is_absent(&err) => return Ok(()),
        Err(err) => return Err(err),
    };
    let (Some(id), Some(source)) = (
        header(&headers, "x-ms-copy-id"),
        header(&headers, "x-ms-copy-source"),
    ) else {
        return Ok(());
    };
    if !is_pending(&headers) || !is_one_address(source, from) {
        return Ok(());
    }
    let query = format!("?comp=copy&copyid={}", escaped(id, b""));
    let question = container
        .asker
        .about(Asked::AbortCopy, Method::PUT, to, &query)?
        .with("x-ms-copy-action", "abort")?;
    container.ask(&question).await.map(drop)
}

fn is_absent(err: &object_store::Error) -> bool {
    causes::first::<Refusal>(err).is_some_and(|it| it.kind() == Kind::NotFound)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether both name one object: what proves the right to it is not told, and names may be escaped otherwise.
fn is_one_address(told: &str, asked: &str) -> bool {
    let place = |url: &str| {
        let without_query = url.split('?').next().unwrap_or_default();
        unescaped(without_query).unwrap_or_else(|| without_query.as_bytes().to_vec())
    };
    place(told) == place(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-5.20: whoever has asked for it.
    #[test]
    fn the_copy_that_is_ended_is_the_one_that_was_asked_for() {
        let ours = "https://hot.blob.core.windows.net/c/a%20b/meta.json";
        for (told, expected) in [
            (ours, true),
            ("https://hot.blob.core.windows.net/c/a b/meta.json", true),
            (
                "https://hot.blob.core.windows.net/c/a%20b/meta.json?sv=2022&sig=x",
                true,
            ),
            ("https://hot.blob.core.windows.net/c/a%20b/index", false),
            (
                "https://cold.blob.core.windows.net/c/a%20b/meta.json",
                false,
            ),
        ] {
            assert_eq!(is_one_address(told, ours), expected, "{told}");
        }
    }
}
