//! stub
use crate::error::Result;
use crate::samples::{Chunk, Labels};
use std::path::Path;
pub struct Series;
impl Series {
    pub fn open(_: &Path) -> Result<Self> {
        Ok(Self)
    }
}
impl Iterator for Series {
    type Item = Result<(Labels, Vec<Chunk>)>;
    fn next(&mut self) -> Option<Self::Item> {
        None
    }
}
