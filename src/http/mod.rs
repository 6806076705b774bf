//! HTTP as far as it does not depend on who is asked: trust, proxies, timeouts, secrets that must not be printed, and lenient reading of XML and dates.
//!
//! Requests and answers are those of `object_store`, so that one client serves its stores and everybody else.

pub(crate) mod ask;
pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod date;
pub(crate) mod form;
pub(crate) mod hedge;
pub(crate) mod late_body;
pub(crate) mod named;
pub(crate) mod pace;
pub(crate) mod patience;
pub(crate) mod percent;
pub(crate) mod proxy;
mod quiet;
pub(crate) mod range;
pub(crate) mod reach;
pub(crate) mod request;
pub(crate) mod said;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod tls;
pub(crate) mod trust;
pub(crate) mod wire;
pub(crate) mod xml;

pub(crate) use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
};
pub(crate) use reqwest::{Url, header};
