//! Which folder a configuration names.

use std::path::{Path, PathBuf};

use crate::bucket::location::{Address, Location};

/// A folder. Symbolic links in the part of the path that exists are resolved, so that two names of one folder are one location.
pub(super) fn location(directory: &Path, prefix: &str) -> Location {
    let directory = resolved(directory);
    let whole = resolved(&directory.join(prefix));
    let address = Address {
        server: "file://".to_owned(),
        path: whole
            .components()
            .map(|component| component.as_os_str().to_owned())
            .collect(),
    };
    let name = format!("file://{}", directory.display());
    Location::new(name, prefix, vec![address])
}

fn resolved(directory: &Path) -> PathBuf {
    let mut missing = Vec::new();
    for ancestor in directory.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return missing
                .iter()
                .rev()
                .fold(real, |path, name| path.join(name));
        }
        missing.extend(ancestor.file_name());
    }
    directory.to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn a_folder_is_itself_under_every_name() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let folder = location;
        assert!(folder(&real, "").overlaps(&folder(&link, "")));
        assert!(folder(&real, "").overlaps(&folder(&link.join("new"), "")));
        assert!(folder(&real, "a").overlaps(&folder(&link.join("a"), "")));
        assert!(!folder(&real, "a").overlaps(&folder(&real, "b")));
        assert!(!folder(&real, "").overlaps(&folder(&root.path().join("real2"), "")));
    }

    #[test]
    fn folders_print_as_urls() {
        for (prefix, expected) in [
            ("", "file:///no/such/folder"),
            ("a/b", "file:///no/such/folder/a/b"),
        ] {
            let nowhere = location(Path::new("/no/such/folder"), prefix);
            assert_eq!(nowhere.to_string(), expected);
        }
    }
}
