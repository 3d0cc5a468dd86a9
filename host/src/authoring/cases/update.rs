//! Writing what came as what is expected. All else in the file stays as it is.

use std::io::{self, Write};
use std::path::Path;

use super::case::Case;
use super::diff;
use super::pretty;

/// How much deeper a level stands, where the file does not show it.
const UNIT: &str = "  ";

/// Writes outcomes, as JSON text, into a case's file as what is expected. Says whether that changed the file: what means
/// the same is left as it is written.
///
/// # Errors
///
/// When the file can't be written. It is then as it was.
pub fn update(case: &Case, outcomes: &[String]) -> io::Result<bool> {
    let is_same = |(expected, came): (&String, &String)| diff::differences(expected, came).is_empty();
    if let Some(expected) = &case.expected
        && expected.len() == outcomes.len()
        && expected.iter().zip(outcomes).all(is_same)
    {
        return Ok(false);
    }
    replace(&case.file, &updated(case, outcomes))?;
    Ok(true)
}

/// The text of a case's file with these outcomes.
fn updated(case: &Case, outcomes: &[String]) -> String {
    let text = case.text.as_str();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let line = part(0..case.layout.first).rsplit('\n').next().unwrap_or_default();
    // A member that does not begin its line shows nothing.
    let unit = if line.is_empty() || !line.chars().all(char::is_whitespace) { UNIT } else { line };
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut value = String::new();
    pretty::push(&mut value, &format!("[{}]", outcomes.join(",")), unit, unit);
    let value = value.replace('\n', newline);
    match case.layout.expected.clone() {
        Some(place) => format!("{}{value}{}", part(0..place.start), part(place.end..text.len())),
        None => {
            let last = case.layout.last;
            let (before, after) = (part(0..last), part(last..text.len()));
            format!("{before},{newline}{unit}\"expected\": {value}{after}")
        }
    }
}

/// Puts a text in the place of a file, whole or not at all.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    // Where it really is, if it is linked from here.
    let file = file.canonicalize()?;
    let folder = file.parent().ok_or_else(|| io::Error::other("it is in no folder"))?;
    let mut new = tempfile::Builder::new().prefix(".case-").tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(std::fs::metadata(&file)?.permissions())?;
    new.persist(&file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> String {
        let outcome = r#"{"outcome":"skip","reason":"r"}"#.to_owned();
        updated(&Case::parse(Path::new("c.json"), text.to_owned()).unwrap(), &[outcome])
    }

    #[test]
    fn only_the_expectation_changes() {
        let text = "{\n    \"expected\": [1,2],\n    \"events\":  [ {\"event_type\":\"a\"} ]\n}\n";
        let expected =
            "[\n        {\n            \"outcome\": \"skip\",\n            \"reason\": \"r\"\n        }\n    ]";
        assert_eq!(after(text), text.replace("[1,2]", expected));
    }

    #[test]
    fn an_expectation_that_is_missing_comes_last() {
        let added = "{\"events\":[1],\n  \"expected\": [\n    {\n      \"outcome\": \"skip\",\n      \"reason\": \"r\"\n    }\n  ]}";
        assert_eq!(after("{\"events\":[1]}"), added);
        let tabs = after("{\r\n\t\"events\":[1]\r\n}\r\n");
        assert!(
            tabs.starts_with("{\r\n\t\"events\":[1],\r\n\t\"expected\": [\r\n\t\t{\r\n\t\t\t\"outcome\""),
            "{tabs:?}"
        );
        assert!(tabs.ends_with("\r\n\t]\r\n}\r\n") && tabs.matches('\n').count() == tabs.matches("\r\n").count());
    }

    #[test]
    fn what_was_written_is_read_again_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.json");
        std::fs::write(&file, r#"{"events":[{}]}"#).unwrap();
        let outcomes = [r#"{"outcome":"skip","reason":"r"}"#.to_owned()];
        assert!(update(&Case::read(&file).unwrap(), &outcomes).unwrap());
        let case = Case::read(&file).unwrap();
        assert_eq!(case.expected.as_deref(), Some(outcomes.as_slice()));
        assert!(!update(&case, &outcomes).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
