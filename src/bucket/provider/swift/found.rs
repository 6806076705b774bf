//! What was found out once of a container and of the service, and is not asked again.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::HeaderMap;
use tokio::sync::OnceCell;

/// What was found out once.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What becomes of what is overwritten or deleted.
    pub(super) versions: OnceCell<Versions>,
    /// Whether the service puts static large objects together.
    pub(super) has_static: OnceCell<bool>,
    /// What listings leave open.
    pub(super) listings: Listings,
}

/// What was found out of listings.
#[derive(Debug, Default)]
pub(super) struct Listings {
    /// Whether they tell of static large objects.
    pub(super) tell: OnceCell<bool>,
    /// Whether one has done so.
    pub(super) have_told: AtomicBool,
    /// Whether there were no segments when they were looked for.
    pub(super) without_segments: AtomicBool,
    /// Whether this process has put some.
    pub(super) puts_segments: AtomicBool,
}

impl Listings {
    /// This process puts segments: from now on there are some.
    pub(super) fn segments_are_put(&self) {
        self.puts_segments.store(true, Ordering::Relaxed);
    }
}

/// What becomes of what is overwritten or deleted in a container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Versions {
    /// It stays as an old version, and the segments of large objects are still wanted.
    pub(super) are_kept: bool,
    /// When an object is deleted, the version before it takes its place.
    pub(super) come_back: bool,
}

impl Versions {
    /// In whichever of the ways that the service has had.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let come_back = header("x-versions-location").is_some();
        let is_enabled =
            header("x-versions-enabled").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        Self {
            are_kept: is_enabled || come_back || header("x-history-location").is_some(),
            come_back,
        }
    }
}
