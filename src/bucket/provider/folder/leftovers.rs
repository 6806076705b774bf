//! Files in staging folders: what a process that was killed has left there, or one that is at work has just begun.

use std::ffi::OsStr;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::Result;
use object_store::path::Path as Location;
use rustix::fs::FileType;
use ulid::Ulid;

use super::anchor;
use super::blocking::in_folder;
use super::directory::{Directory, is_absence};
use super::failure::Attempt::{Read, Write};
use super::failure::failed;
use super::root::{Root, STAGING};
use super::store::Folder;
use crate::block::BlockId;
use crate::bucket::unfinished::{Begun, Form, Unfinished};

#[async_trait]
impl Unfinished for Folder {
    /// From now on nothing that is written sweeps up by itself: whoever asks wants to decide.
    async fn begun(&self, _: Option<&Location>) -> Result<Vec<Begun>> {
        in_folder(Arc::clone(&self.root), |root| {
            root.is_first_write();
            all(root)
        })
        .await
    }

    async fn look_at(&self, begun: &Begun) -> Result<Option<Begun>> {
        let begun = begun.clone();
        in_folder(Arc::clone(&self.root), move |root| {
            let Some((_, staging)) = place(root, &begun)? else {
                return Ok(None);
            };
            staged(&staging, OsStr::new(&begun.id), &begun.key)
        })
        .await
    }

    async fn end(&self, begun: &Begun) -> Result<()> {
        let begun = begun.clone();
        in_folder(Arc::clone(&self.root), move |root| {
            root.refuse_reader()?;
            let Some((home, staging)) = place(root, &begun)? else {
                return Ok(());
            };
            match staging.remove(OsStr::new(&begun.id)) {
                Err(err) if !is_absence(&err) => {
                    let path = staging.path().join(&begun.id);
                    return Err(failed(Write("delete"), &path)(err));
                }
                _ => {}
            }
            // Only an empty one can be removed.
            home.remove_folder(OsStr::new(STAGING)).ok();
            Ok(())
        })
        .await
    }
}

/// Those of the bucket's own folder, and of the folders of blocks that files cannot be moved into.
fn all(root: &Root) -> Result<Vec<Begun>> {
    let Some(home) = root.anchor().folder()? else {
        return Ok(Vec::new());
    };
    let mut begun = Vec::new();
    those_of(&home, "", &mut begun)?;
    let entries = home.entries().map_err(failed(Read("list"), home.path()))?;
    for (name, kind) in entries {
        let may_be_block = !matches!(kind, FileType::RegularFile | FileType::Symlink);
        let Some(block) = name.to_str().filter(|_| may_be_block) else {
            continue;
        };
        if block.parse::<BlockId>().is_ok()
            && let Some(folder) = root.enter(&home, &name)?
        {
            those_of(&folder, &format!("{block}/"), &mut begun)?;
        }
    }
    Ok(begun)
}

fn those_of(home: &Directory, below: &str, begun: &mut Vec<Begun>) -> Result<()> {
    let Some(staging) = anchor::enter(home, OsStr::new(STAGING))? else {
        return Ok(());
    };
    let path = staging.path();
    for (name, _) in staging.entries().map_err(failed(Read("list"), path))? {
        // Only this program gives such names there.
        let Some(id) = name.to_str().filter(|id| Ulid::from_string(id).is_ok()) else {
            continue;
        };
        let key = format!("{below}{STAGING}/{id}");
        begun.extend(staged(&staging, &name, &key)?);
    }
    Ok(())
}

/// The file of that name in a staging folder; `None` where none is there.
fn staged(staging: &Directory, name: &OsStr, key: &str) -> Result<Option<Begun>> {
    let facts = match staging.look(name) {
        Ok(facts) => facts,
        Err(err) if is_absence(&err) => return Ok(None),
        Err(err) => return Err(failed(Read("look at"), &staging.path().join(name))(err)),
    };
    Ok((facts.kind == FileType::RegularFile).then(|| Begun {
        form: Form::StagedFile,
        key: key.to_owned(),
        id: name.to_string_lossy().into_owned(),
        touched: written(facts.modified_seconds()),
    }))
}

fn written(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).filter(|_| seconds > 0)
}

/// The staging folder in which it lies, and the folder that holds that; `None` where there is none by now.
fn place(root: &Root, begun: &Begun) -> Result<Option<(Arc<Directory>, Directory)>> {
    let Some(mut home) = root.anchor().folder()? else {
        return Ok(None);
    };
    if let Some((block, _)) = begun
        .key
        .split_once('/')
        .filter(|(name, _)| *name != STAGING)
    {
        match root.enter(&home, OsStr::new(block))? {
            Some(folder) => home = folder,
            None => return Ok(None),
        }
    }
    let staging = anchor::enter(&home, OsStr::new(STAGING))?;
    Ok(staging.map(|staging| (home, staging)))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::bucket::access::{Access, MissingRoot};
    use crate::bucket::clock::ServerClock;
    use crate::bucket::provider::folder::store::open;

    const BLOCK: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
    const STAGED: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1C";

    fn leave(folder: &std::path::Path) -> std::path::PathBuf {
        let staging = folder.join(STAGING);
        fs::create_dir_all(&staging).unwrap();
        let path = staging.join(STAGED);
        fs::write(&path, "half").unwrap();
        let old = SystemTime::now() - Duration::from_hours(72);
        fs::File::open(&path).unwrap().set_modified(old).unwrap();
        path
    }

    /// S-18.5
    #[tokio::test]
    async fn staged_files_are_told_and_removed_and_nothing_beside_them() {
        let root = tempfile::tempdir().unwrap();
        let own = leave(root.path());
        let of_block = leave(&root.path().join(BLOCK));
        let theirs = own.with_file_name("theirs");
        fs::write(&theirs, "x").unwrap();
        let folder = open(root.path(), "", Access::Write, MissingRoot::Error).unwrap();
        let mut begun = folder.begun(None).await.unwrap();
        begun.sort_by(|one, other| one.key.cmp(&other.key));
        let keys: Vec<_> = begun.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                format!("{STAGING}/{STAGED}"),
                format!("{BLOCK}/{STAGING}/{STAGED}")
            ]
        );
        // Who asks the time writes a file, and sweeps nothing up.
        folder.ask().await.unwrap();
        assert!(own.exists());
        for one in &begun {
            assert_eq!(folder.look_at(one).await.unwrap().as_ref(), Some(one));
            folder.end(one).await.unwrap();
            assert_eq!(folder.look_at(one).await.unwrap(), None);
            folder.end(one).await.unwrap();
        }
        assert!(!of_block.parent().unwrap().exists());
        assert!(theirs.exists());
    }

    #[tokio::test]
    async fn who_only_reads_removes_no_staged_file() {
        let root = tempfile::tempdir().unwrap();
        let own = leave(root.path());
        let folder = open(root.path(), "", Access::Read, MissingRoot::Error).unwrap();
        let begun = folder.begun(None).await.unwrap();
        assert!(folder.end(begun.first().unwrap()).await.is_err());
        assert!(own.exists());
    }
}
