//! Files and folders that appear whole, and over nothing: they are written beside their place under a name of their own, and moved.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::block::RunId;

/// What is written and not yet in its place. It is removed where it does not get there; a kill leaves it behind under a name that says what it is.
#[derive(Debug)]
pub(super) struct Draft(PathBuf);

/// The folder that a path lies in.
pub(super) fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    }
}

impl Draft {
    /// A path beside another one, at which nothing lies.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut draft = OsString::from(".");
        draft.push(name);
        draft.push(format!(".{}.unfinished", RunId::generate()));
        Ok(Self(above(path).join(draft)))
    }

    /// Where it is to be written.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Moves the file that was written to its place. Another one there stays, and is an error.
    pub(super) fn becomes_file(self, path: &Path) -> io::Result<()> {
        // Unlike a move, a link replaces nothing.
        fs::hard_link(&self.0, path)?;
        fs::remove_file(&self.0)?;
        sync(path)
    }

    /// Moves the folder that was written to its place. Another one there stays unless it is empty, and is an error.
    pub(super) fn becomes_folder(self, path: &Path) -> io::Result<()> {
        fs::File::open(&self.0)?.sync_all()?;
        fs::rename(&self.0, path)?;
        sync(path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After it got to its place there is nothing to be removed.
        if self.0.is_dir() {
            let _ = fs::remove_dir_all(&self.0);
        } else {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// The name outlasts a loss of power too.
fn sync(path: &Path) -> io::Result<()> {
    fs::File::open(above(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    /// S-11.4
    #[test]
    fn a_draft_appears_whole_and_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest");
        let draft = |text: &str| {
            let draft = Draft::beside(&path).unwrap();
            fs::write(draft.path(), text).unwrap();
            draft
        };
        drop(draft("given up"));
        assert!(names(folder.path()).is_empty());
        draft("first").becomes_file(&path).unwrap();
        draft("second").becomes_file(&path).unwrap_err();
        assert_eq!(names(folder.path()), ["manifest"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    }

    /// S-11.4
    #[test]
    fn a_folder_replaces_nothing_but_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest");
        fs::create_dir(&path).unwrap();
        for text in ["first", "second"] {
            let draft = Draft::beside(&path).unwrap();
            fs::create_dir(draft.path()).unwrap();
            fs::write(draft.path().join("unit"), text).unwrap();
            assert_eq!(draft.becomes_folder(&path).is_ok(), text == "first");
        }
        assert_eq!(names(folder.path()), ["manifest"]);
        assert_eq!(fs::read_to_string(path.join("unit")).unwrap(), "first");
    }
}
