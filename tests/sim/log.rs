//! What the product logs while a seed is replayed goes into the story.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::world::World;

thread_local! {
    /// Whose story is told on this thread.
    static TOLD: RefCell<Option<Arc<Mutex<World>>>> = const { RefCell::new(None) };
}

/// Until it is dropped, what is logged on this thread goes into the story of one world.
pub(crate) struct Told;

impl Told {
    pub(crate) fn of(world: &Arc<Mutex<World>>) -> Self {
        // One for all threads: what a thread without one logs first would be thought to be of no interest to anybody.
        static FOR_ALL: Once = Once::new();
        FOR_ALL.call_once(|| tracing::subscriber::set_global_default(IntoTheStory).unwrap());
        TOLD.set(Some(Arc::clone(world)));
        Self
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        TOLD.set(None);
    }
}

/// Takes every event that is worth a line, and no span.
struct IntoTheStory;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string never fails.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for IntoTheStory {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("thanos_bucket")
    }

    fn event(&self, event: &Event<'_>) {
        let Some(world) = TOLD.with_borrow(Clone::clone) else {
            return;
        };
        let mut line = Line(format!("  {}:", event.metadata().level()));
        event.record(&mut line);
        // Whoever logs may be asked by the world itself, which then is in use.
        if let Ok(mut world) = world.try_lock() {
            world.tell(|_| line.0);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
