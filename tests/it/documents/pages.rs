//! Pages that `report` makes, before a judge of HTML: what its rules of accessibility want, and that nothing is misplaced.
//!
//! `tests/pages/axe` looks at a page in a real browser.

use std::fs;
use std::process::Command;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::run::{OLD, Ran, binary, repository};
use crate::support::servers::program;

/// S-20.8
#[test]
fn a_page_is_what_the_rules_of_html_and_of_accessibility_want() {
    let world = World::new(&[
        Block::new(1).days(0, 1),
        Block::new(2).days(1, 2).without("chunks/000001"),
        Block::new(3)
            .days(2, 3)
            .labels(&[("cluster", "<b>\"|`&\u{202e}")]),
        Block::new(4).days(2, 3),
    ]);
    let (file, page) = (world.path("runs.ndjson"), world.path("page.html"));
    for code in [3, 3] {
        let flag = format!("--report-file={}", file.display());
        world.migrate(&[OLD, &flag]).expect(code);
    }
    fs::write(world.path("other"), "not a line\n").unwrap();
    let mut command = binary();
    command.arg("report").args([&file, &world.path("other")]);
    command.arg(format!("--html={}", page.display()));
    Ran::of(command).expect(3);
    let mut command = Command::new(program("html-validate"));
    command
        .arg("--config")
        .arg(repository("tests/pages/html-validate.json"));
    let judged = command.arg(&page).output().unwrap();
    let said = String::from_utf8_lossy(&judged.stdout);
    assert!(judged.status.success(), "{said}");
}
