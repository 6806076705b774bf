//! YAML as Go's yaml.v2 reads it: the first document only, YAML 1.1 scalars, merge keys. Limits keep hostile documents small.
//!
//! Errors name the place, and repeat a value only where it cannot be a secret: configurations hold secrets.

mod expand;
mod node;
mod quote;
mod scalar;
mod spelled;
mod tree;

pub use expand::expand;
pub use node::{Fields, Node, Unknown};
pub use quote::quoted;
pub use tree::{parse, parse_only};
