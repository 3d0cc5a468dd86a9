//! The text of a configuration file.

use std::path::Path;

use accoil_stream::config::{Config, changes, parse_all};

/// All codes that an error of a text may have.
const CODES: [&str; 4] = ["config-syntax", "config-unknown-key", "config-value", "config-not-built"];

/// Where the file is said to be: nothing is there, so that no path in it leads anywhere.
const PLACE: &str = "/no/such/folder/accoil.toml";

/// Reads bytes as a configuration.
///
/// # Panics
///
/// When an error has no code, no place or more than one line, tells a secret, or when reading it twice gives two
/// different configurations.
pub fn configuration(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    // Files that have no end, or that wait for somebody to write.
    if ["/dev", "/proc", "/sys"].iter().any(|folder| text.contains(folder)) {
        return;
    }
    // A variable that every process has stands for a secret.
    let secret = std::env::var("PATH").unwrap_or_default();
    let read = || parse_all(text, Path::new(PLACE));
    match read() {
        Ok(config) => {
            assert!(!config.tenants.is_empty());
            assert!(secret.is_empty() || !format!("{config:?}").contains(&secret), "it tells a secret");
            is_the_same(&config, &read().expect("what was read once"));
        }
        Err(problems) => {
            let lines = 1 + text.bytes().filter(|byte| *byte == b'\n').count();
            let mut last = 0;
            for problem in problems.iter() {
                let said = problem.to_string();
                assert!(CODES.contains(&problem.code()), "{}", problem.code());
                assert!((1..=lines).contains(&problem.line()), "line {} of {lines}: {said}", problem.line());
                assert!(problem.line() >= last, "not in the order of the lines: {problems}");
                assert!(said.starts_with(&format!("{PLACE}:{}: ", problem.line())), "{said}");
                assert!(!said.contains(char::is_control), "it reaches into the terminal: {said:?}");
                assert!(secret.is_empty() || !said.contains(&secret), "it tells a secret: {said}");
                last = problem.line();
            }
        }
    }
}

fn is_the_same(before: &Config, after: &Config) {
    let changes = changes(before, after);
    assert!(changes.is_empty(), "{changes:?}");
}
