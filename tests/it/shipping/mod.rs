//! What users are given: the image, the archive of a release, and the workflows that make them.

mod archive;
mod dockerfile;
mod image;
mod workflows;
