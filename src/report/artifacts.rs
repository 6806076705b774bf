//! The folder in which a run leaves what it found: `report.json` for programs, `report.md` for people.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{Document, Form, Output, Rows};
use crate::draft::Draft;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::report::{self, Header};

/// The form in which the document is written.
const FORM: Form = Form {
    output: Output::Json,
    rows: Rows::Auto,
    columns: None,
};

/// Makes the folder where it is missing, and tries whether it takes files: what is found missing after hours is found too late.
///
/// Errors: what could not be made.
pub fn prepare(folder: &Path) -> Result<()> {
    let tried = fs::create_dir_all(folder).and_then(|()| {
        let draft = Draft::beside(&folder.join("report.json"))?;
        File::create_new(draft.path()).map(drop)
    });
    tried.map_err(|err| {
        let attempt = format!("write into the folder {}", folder.display());
        Error::new(Kind::Other, attempt).because(err)
    })
}

/// Writes both, each whole or not at all, in the place of what an earlier run left there. The folder is made where it is missing.
///
/// Errors: what could not be written.
pub fn write(
    folder: &Path,
    document: &Document<'_>,
    markdown: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    both(folder, &|out| report::write(FORM, document, out), markdown)
}

/// Writes both of a run that failed, so that nobody takes what an earlier one left there for this one's.
///
/// Errors: what could not be written.
pub fn write_error(folder: &Path, header: &Header, why: &str, exit: Exit) -> Result<()> {
    let json =
        |out: &mut dyn Write| report::write_error(Output::Json, Some(header), why, exit, out);
    let markdown = |out: &mut dyn Write| {
        let why = crate::chronicle::code(why);
        writeln!(out, "# Run {} failed\n\nIt could not {why}", header.run)
    };
    both(folder, &json, &markdown)
}

fn both(
    folder: &Path,
    json: &dyn Fn(&mut dyn Write) -> io::Result<()>,
    markdown: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let attempt = |path: &Path| format!("write {}", path.display());
    let wrong = |path: &Path, err: io::Error| Error::new(Kind::Other, attempt(path)).because(err);
    fs::create_dir_all(folder).map_err(|err| wrong(folder, err))?;
    for (name, write) in [("report.json", json), ("report.md", markdown)] {
        let path = folder.join(name);
        one(&path, write).map_err(|err| wrong(&path, err))?;
    }
    Ok(())
}

fn one(path: &Path, write: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let draft = Draft::beside(path)?;
    let mut file = BufWriter::new(File::create_new(draft.path())?);
    write(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    draft.replaces_file(path)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::report::testing::{header, reconciled};
    use crate::report::write_reconciled;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// S-24.66
    #[test]
    fn a_report_is_left_whole_in_the_place_of_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("made/with it");
        let (header, found) = (header(), reconciled());
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        write_error(&folder, &header, "gone | `away`", Exit::Aborted).unwrap();
        assert!(read("report.json").contains("\"aborted\":\"gone | `away`\""));
        assert!(read("report.md").contains("gone"));
        let document = Document::of_reconciled(&header, &found);
        write(&folder, &document, &|out| {
            write_reconciled(&header, &found, out)
        })
        .unwrap();
        assert_eq!(names(&folder), ["report.json", "report.md"]);
        let json: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
        assert_eq!(
            json.get("kind").unwrap(),
            "backfill-cutover-check",
            "{json}"
        );
        assert!(read("report.md").starts_with("# Cutover check of a backfill"));
        let failed = write(&folder, &document, &|_| Err(io::Error::other("full")));
        assert!(failed.unwrap_err().to_string().contains("write"));
        assert_eq!(names(&folder), ["report.json", "report.md"]);
        assert!(read("report.md").starts_with("# Cutover check of a backfill"));
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "in the way").unwrap();
        write_error(&folder, &header, "gone", Exit::Aborted).unwrap_err();
    }
}
