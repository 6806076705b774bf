//! A folder that is a bucket, and the copying of one with nothing but the system's own means.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::ground::{Ground, Held, MARK, Site};
use crate::work::Block;

/// A source and a target that are folders, removed when dropped.
pub struct Folders {
    folder: PathBuf,
    site: Site,
}

impl Folders {
    /// Two empty ones, in a new folder of that path.
    pub fn new(folder: &Path) -> Result<Self> {
        let [source, target] = ["hot", "cold"].map(|side| folder.join(side));
        for bucket in [&source, &target] {
            fs::create_dir_all(bucket)?;
        }
        let config = |bucket: &Path| -> Result<PathBuf> {
            let path = bucket.with_extension("yaml");
            let bucket = bucket.display();
            fs::write(
                &path,
                format!("type: FILESYSTEM\nconfig:\n  directory: {bucket}\n"),
            )?;
            Ok(path)
        };
        let site = Site {
            endpoint: String::new(),
            certificate: None,
            access_key: String::new(),
            secret_key: String::new(),
            source_config: config(&source)?,
            target_config: config(&target)?,
            target_config_without_md5: config(&target)?,
            source: source.display().to_string(),
            target: target.display().to_string(),
        };
        Ok(Self {
            folder: folder.to_owned(),
            site,
        })
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Ground for Folders {
    fn site(&self) -> &Site {
        &self.site
    }

    fn fill(&self, blocks: &[Block]) -> Result<()> {
        for object in blocks.iter().flat_map(Block::objects) {
            let path = Path::new(&self.site.source).join(&object.name);
            fs::create_dir_all(path.parent().context("an object lies in no block")?)?;
            let mut file = File::create(path)?;
            for part in object.parts() {
                file.write_all(&part)?;
            }
            file.sync_all()?;
        }
        Ok(())
    }

    fn reset(&self) -> Result<()> {
        fs::remove_dir_all(&self.site.target)?;
        fs::create_dir(&self.site.target)?;
        for_each_below(Path::new(&self.site.source), &mut |path| {
            if path.ends_with(MARK) {
                fs::remove_file(path)?;
            }
            Ok(())
        })
    }

    fn source(&self) -> Result<Held> {
        held(&self.site.source)
    }

    fn target(&self) -> Result<Held> {
        held(&self.site.target)
    }

    fn requests(&self) -> Result<Option<u32>> {
        Ok(None)
    }
}

/// `cp -r` of all that lies in a folder into another that there is, and then the same flushes that thanos-bucket does: of each file, and of each
/// folder.
pub fn copy_and_flush(source: &Path, target: &Path) -> Result<()> {
    let copied = Command::new("cp")
        .arg("-r")
        .arg(source.join("."))
        .arg(target)
        .status()?;
    ensure!(copied.success(), "could not copy: cp ended with {copied}");
    for_each_below(target, &mut |path| Ok(File::open(path)?.sync_all()?))
}

fn held(folder: &str) -> Result<Held> {
    let mut held = Held::default();
    for_each_below(Path::new(folder), &mut |path| {
        if path.is_file() {
            held.add(&path.to_string_lossy(), path.metadata()?.len());
        }
        Ok(())
    })?;
    Ok(held)
}

/// Every file and folder, those inside of one before it, and the folder itself last.
fn for_each_below(folder: &Path, act: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            for_each_below(&entry.path(), act)?;
        } else {
            act(&entry.path())?;
        }
    }
    act(folder)
}
