//! HTTP, as far as it is nobody's in particular: whom to trust and through which proxy, when a server counts as gone, what must not be printed,
//! and documents and times read as widely as they are written.

pub(super) mod body;
pub(super) mod client;
pub(super) mod clock;
pub(super) mod date;
pub(super) mod late_body;
pub(super) mod patience;
pub(super) mod proxy;
pub(super) mod reach;
pub(super) mod secrets;
pub(super) mod settings;
pub(super) mod tls;
pub(super) mod wire;
pub(super) mod xml;
