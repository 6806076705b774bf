//! `man`: writes manual pages into a folder. Nothing is contacted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::draft::Draft;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;

/// Everything that `man` was asked to write.
#[derive(Debug)]
pub struct Request {
    /// The pages.
    pub pages: Vec<Page>,
    /// Where they go.
    pub folder: PathBuf,
}

/// One page.
#[derive(Debug)]
pub struct Page {
    /// The name of its file, such as `thanos-bucket-migrate.1`.
    pub file: String,
    /// What it says, for `man` to lay out.
    pub text: String,
}

/// Runs it. On `Ok` each page is in its place; whatever happens, each that is there is whole.
///
/// Errors: the folder cannot be made, or a page cannot be written.
pub fn run(request: &Request) -> Result<Exit> {
    let folder = &request.folder;
    fs::create_dir_all(folder).map_err(|err| {
        Error::new(Kind::Other, format!("make the folder {}", folder.display())).because(err)
    })?;
    for page in &request.pages {
        let path = folder.join(&page.file);
        put(&page.text, &path).map_err(|err| {
            Error::new(Kind::Other, format!("write the page {}", path.display())).because(err)
        })?;
    }
    Ok(Exit::Done)
}

fn put(text: &str, path: &Path) -> io::Result<()> {
    let draft = Draft::beside(path)?;
    fs::write(draft.path(), text)?;
    draft.replaces_file(path)
}
