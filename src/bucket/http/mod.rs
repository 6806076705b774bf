//! HTTP as far as it does not depend on a provider: trust, proxies, timeouts, secrets that must not be printed, and lenient reading of XML and dates.

pub(super) mod ask;
pub(super) mod body;
pub(super) mod client;
pub(super) mod clock;
pub(super) mod date;
pub(super) mod form;
pub(super) mod hedge;
pub(super) mod late_body;
pub(super) mod named;
pub(super) mod pace;
pub(super) mod patience;
pub(super) mod percent;
pub(super) mod proxy;
mod quiet;
pub(super) mod range;
pub(super) mod reach;
pub(super) mod said;
pub(super) mod secrets;
pub(super) mod settings;
pub(super) mod tls;
pub(super) mod trust;
pub(super) mod wire;
pub(super) mod xml;
