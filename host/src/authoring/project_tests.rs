use super::*;

fn read(text: &str) -> Result<Project, String> {
    Project::parse(Path::new("p"), text).map_err(|error| format!("{}: {error}", error.code()))
}

#[test]
fn what_is_right() {
    let project = read("name = \"paying-account\"\nworld = \"group-selector\"\nlanguage = \"rust\"\n").unwrap();
    assert_eq!(project.component(), Path::new("p/paying-account.wasm"));
    assert_eq!((project.world, project.language), (World::GroupSelector, Language::Rust));
}

#[test]
fn what_is_wrong_is_named_with_its_key() {
    for (text, said) in [
        ("name = ", "plugin-syntax: p/plugin.toml: not valid TOML: "),
        ("", "plugin-key: p/plugin.toml: name: is missing"),
        ("name = 7", "plugin-key: p/plugin.toml: name: must be a string"),
        ("name = \"A\"", "plugin-key: p/plugin.toml: name: \"A\" can't be the name"),
        ("name = \"a\"", "plugin-key: p/plugin.toml: world: is missing"),
        ("name = \"a\"\nworld = \"x\"", "plugin-key: p/plugin.toml: world: must be one of group-selector, mapping"),
        (
            "name = \"a\"\nworld = \"mapping\"\nlanguage = \"cobol\"",
            "plugin-key: p/plugin.toml: language: must be one of rust, typescript, python, c",
        ),
        ("nam = \"a\"", "plugin-key: p/plugin.toml: nam: unknown key; those known are name, world, language"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(said), "{text}: {error}");
    }
    let error = Project::read(Path::new("/nowhere")).unwrap_err();
    assert_eq!(error.code(), "plugin-read");
}

#[test]
fn every_name_that_is_written_is_read() {
    for name in World::NAMES {
        assert_eq!(name.parse::<World>().unwrap().name(), name);
    }
    for name in Language::NAMES {
        assert_eq!(name.parse::<Language>().unwrap().name(), name);
    }
}

#[test]
fn names() {
    let longest = "a".repeat(64);
    for name in ["a", "paying-account", "a1-2b", &longest] {
        assert_eq!(check_name(name), Ok(()));
    }
    let too_long = "a".repeat(65);
    for name in ["", "A", "1a", "-a", "a-", "a--b", "a_b", "a.b", "a/b", "..", "ä", "a b", "a\n", &too_long] {
        assert!(check_name(name).is_err(), "{name:?}");
    }
}
