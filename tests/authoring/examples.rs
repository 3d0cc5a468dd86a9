//! The gallery, `guest/examples`: every folder in it is built as it lies there, passes its cases, and conforms. A folder
//! that is added is tested too.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::{has_tools, run, workplace};

fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("guest/examples")
}

struct Example {
    folder: PathBuf,
    name: String,
    world: String,
    language: String,
}

impl Example {
    fn read(folder: PathBuf) -> Self {
        let text = fs::read_to_string(folder.join("plugin.toml")).unwrap();
        let value = |key: &str| {
            let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
            line.split('"').nth(1).unwrap().to_owned()
        };
        Self { name: value("name"), world: value("world"), language: value("language"), folder }
    }

    fn component(&self) -> String {
        format!("{}.wasm", self.name)
    }

    fn cases(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder.join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// The settings of the first case that has some, in a file.
    fn settings(&self) -> Option<PathBuf> {
        let read = |path: PathBuf| serde_json::from_slice::<serde_json::Value>(&fs::read(path).unwrap()).unwrap();
        let settings = self.cases().into_iter().map(read).find_map(|case| case.get("settings").cloned())?;
        let file = workplace(&format!("example-{}", self.name)).join("settings.json");
        fs::write(&file, settings.to_string()).unwrap();
        Some(file)
    }

    /// Uses what was installed for another one of the same language.
    fn share(&self, first: &Self, installed: &str) {
        let (from, to) = (first.folder.join(installed), self.folder.join(installed));
        if first.folder != self.folder && from.exists() && !to.exists() {
            std::os::unix::fs::symlink(from, to).unwrap();
        }
    }
}

fn examples() -> Vec<Example> {
    let folders = fs::read_dir(gallery()).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.into_iter().map(Example::read).collect()
}

#[track_caller]
fn expect(example: &Example, arguments: &[&str]) {
    let ran = run(&example.folder, arguments);
    assert_eq!(ran.exit, 0, "{}: {arguments:?}\n{}{}", example.name, ran.out, ran.err);
}

fn expect_all_hold(language: &str, installed: &str) {
    let examples: Vec<Example> = examples().into_iter().filter(|example| example.language == language).collect();
    for example in &examples {
        example.share(&examples[0], installed);
        expect(example, &["build"]);
        let component = example.component();
        expect(example, &["test"]);
        let settings = example.settings().filter(|_| example.world == "mapping");
        let settings = settings.as_ref().map(|file| ["--settings", file.to_str().unwrap()]);
        let conformance = ["check", &component, "--conformance"];
        expect(example, &[&conformance[..], settings.as_ref().map_or(&[][..], |settings| settings)].concat());
    }
}

#[test]
fn those_in_rust_hold() {
    expect_all_hold("rust", "target");
}

#[test]
fn those_in_c_hold() {
    if has_tools("c") {
        expect_all_hold("c", "target");
    }
}

#[test]
fn those_in_typescript_hold() {
    if has_tools("typescript") {
        expect_all_hold("typescript", "node_modules");
    }
}

#[test]
fn those_in_python_hold() {
    if has_tools("python") {
        expect_all_hold("python", ".venv");
    }
}

#[test]
fn each_is_in_the_table_and_has_what_one_looks_for() {
    let table = fs::read_to_string(gallery().join("README.md")).unwrap();
    let examples = examples();
    for example in &examples {
        let Example { folder, name, world, language } = example;
        assert_eq!(folder.file_name().unwrap().to_str(), Some(name.as_str()));
        assert!(table.contains(&format!("[{name}]({name})")), "{name} is not in the table");
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(readme.lines().count() <= 45, "{name}: a README is one screen");
        assert!(readme.contains("\n> \""), "{name}: the wish, as it was said");
        assert!((2..=5).contains(&example.cases().len()), "{name}: {:?}", example.cases());
        assert!(["mapping", "group-selector"].contains(&world.as_str()), "{name}: {language}");
    }
    for language in ["rust", "typescript", "python", "c"] {
        assert!(examples.iter().any(|example| example.language == language), "none in {language}");
    }
}
