//! `new`: what it makes, and what it refuses.

use std::collections::BTreeSet;
use std::path::Path;

use super::support::{made, run, workplace};

const LANGUAGES: [&str; 2] = ["rust", "c"];
const WORLDS: [&str; 2] = ["group-selector", "mapping"];

/// Every file below a folder, with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn every_folder_says_what_it_is_and_what_it_should_do() {
    let workplace = workplace("new");
    for language in LANGUAGES {
        for world in WORLDS {
            let name = format!("my-{world}-{language}");
            let files = files(&made(&workplace, &name, world, language));
            let text = |path: &str| &files.iter().find(|(name, _)| name == path).unwrap_or_else(|| panic!("{path}")).1;
            assert_eq!(
                *text("plugin.toml"),
                format!("name = \"{name}\"\nworld = \"{world}\"\nlanguage = \"{language}\"\n")
            );
            assert_eq!(*text("wit/event-stream.wit"), include_str!("../../wit/event-stream.wit"));
            assert!(text(".gitignore").starts_with("*.wasm\n"));
            let readme = text("README.md");
            assert!(readme.starts_with(&format!("# {name}\n")) && readme.lines().count() <= 50, "{readme}");
            assert!(files.iter().filter(|(name, _)| name.starts_with("cases/")).count() >= 2);
            for (path, text) in &files {
                assert!(!text.contains("{{"), "{path}: nothing is left to fill in");
                // A plugin is built by people who have only the program.
                assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{path}");
            }
        }
    }
}

#[test]
fn cases_name_what_the_readme_promises() {
    let workplace = workplace("new-cases");
    for world in WORLDS {
        for (path, text) in files(&made(&workplace, world, world, "c")) {
            if !path.starts_with("cases/") {
                continue;
            }
            let case: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
            let known = BTreeSet::from(["name", "settings", "mapping_settings", "events", "expected"]);
            assert!(case.keys().all(|key| known.contains(key.as_str())), "{path}");
            assert_eq!(case["events"].as_array().unwrap().len(), case["expected"].as_array().unwrap().len(), "{path}");
        }
    }
}

#[test]
fn names_that_can_not_be_are_refused() {
    let workplace = workplace("new-names");
    for name in ["A", "a_b", "../a", "a--b", "a.", "1a", ""] {
        let ran = run(&workplace, &["new", name, "--lang", "c"]);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{name}");
        assert!(ran.err.starts_with("error[plugin-name]: "), "{name}: {}", ran.err);
    }
    assert_eq!(std::fs::read_dir(&workplace).unwrap().count(), 0);
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let workplace = workplace("new-exists");
    std::fs::create_dir(workplace.join("full")).unwrap();
    std::fs::write(workplace.join("full/mine"), "mine").unwrap();
    let ran = run(&workplace, &["new", "full", "--lang", "c"]);
    assert_eq!(ran.exit, 2);
    insta::assert_snapshot!(ran.err, @"error[plugin-exists]: full is there already and not empty; choose another name, or remove it");
    assert_eq!(std::fs::read_dir(workplace.join("full")).unwrap().count(), 1);

    std::fs::create_dir(workplace.join("empty")).unwrap();
    made(&workplace, "empty", "mapping", "c");

    std::fs::write(workplace.join("file"), "").unwrap();
    let ran = run(&workplace, &["new", "file", "--lang", "c"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.starts_with("error[plugin-write]: file: "), "{}", ran.err);
}

#[test]
fn an_unknown_language_is_answered_with_those_there_are() {
    let ran = run(&workplace("new-language"), &["new", "a", "--lang", "cobol"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.contains("[possible values: rust, typescript, python, c]"), "{}", ran.err);
}
