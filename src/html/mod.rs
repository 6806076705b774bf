//! What pages of HTML are made of, whatever they tell: text that is never markup, tables that can be read aloud, and how they look.
//! A page needs no script, and nothing from elsewhere.

mod escape;
mod table;

pub(crate) use escape::Text;
pub(crate) use table::{Cell, Column, Table};

/// How pages look: in light and dark, on paper and on a phone.
pub(crate) const STYLE: &str = include_str!("style.css");
