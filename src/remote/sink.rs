//! Who takes what is read.

use crate::error::Result;
use crate::samples::Item;

/// Takes what a server tells, as it comes. Its errors end the reading, and are handed up as they are.
pub type Sink<'a> = dyn FnMut(Item) -> Result<()> + Send + 'a;
