//! The page in a real browser.

use std::path::Path;
use std::process::Command;

use super::{PROGRAM, missing, output_of, packages};
use crate::coverage::notice;

/// Where Debian and Ubuntu, Fedora, and macOS install it. `CHROMIUM` names another program.
const BROWSERS: &[&str] = &[
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Runs the tests of `tests/clients/browser`.
#[test]
fn page_works_in_chromium() {
    let named = std::env::var("CHROMIUM").ok();
    let found = named.as_deref().or_else(|| BROWSERS.iter().copied().find(|browser| Path::new(browser).exists()));
    let Some(browser) = found else {
        missing("the page is not tested: Chromium is not installed, and CHROMIUM names no browser");
        return;
    };
    let Some(folder) = packages("browser") else { return };
    let files = ["page.test.mjs", "accessibility.test.mjs"].map(|file| folder.join(file));
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap", "--test-timeout=120000"]).args(files);
    let output =
        output_of(node.env("SPECULARITE", PROGRAM).env("CHROMIUM", browser)).unwrap_or_else(|why| panic!("{why}"));
    let figures = output.lines().filter(|line| line.starts_with("# 1,000 tables") || line.starts_with("# pass"));
    notice(&format!("the page in Chromium: {}", figures.collect::<Vec<_>>().join(", ")));
}
