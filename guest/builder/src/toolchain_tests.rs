use super::*;

fn bare(rustc: &str, release: &str) -> Compiler {
    Compiler { rustc: rustc.into(), release: release.into(), ..Compiler::default() }
}

fn with_target(rustc: &str, release: &str) -> Compiler {
    Compiler { has_target_std: true, own_linker: Some(format!("{rustc}-lld").into()), ..bare(rustc, release) }
}

fn with_sources(rustc: &str, release: &str) -> Compiler {
    Compiler { has_std_sources: true, ..bare(rustc, release) }
}

fn machine(compilers: Vec<Compiler>, spare_linker: Option<&str>) -> Facts {
    Facts { compilers, spare_linker: spare_linker.map(PathBuf::from), notes: Vec::new() }
}

#[test]
fn an_installed_target_wins_over_sources_even_of_an_earlier_compiler() {
    let sources = Compiler { own_linker: Some("lld".into()), ..with_sources("first", "1.96.0") };
    let chosen = choose(&machine(vec![sources, with_target("second", "1.95.0")], None)).unwrap();
    assert_eq!(chosen.rustc, PathBuf::from("second"));
    assert_eq!(chosen.std, Std::Installed);
    assert_eq!(chosen.linker, None, "rustc finds the one in its sysroot");
}

#[test]
fn the_first_of_two_equal_compilers_wins() {
    let two = vec![with_target("first", "1.95.0"), with_target("second", "1.96.0")];
    assert_eq!(choose(&machine(two, None)).unwrap().rustc, PathBuf::from("first"));
}

#[test]
fn sources_borrow_a_linker() {
    let both = vec![bare("first", "1.95.0"), with_sources("second", "1.96.0")];
    let chosen = choose(&machine(both, Some("lld"))).unwrap();
    assert_eq!(chosen.rustc, PathBuf::from("second"));
    assert_eq!(chosen.std, Std::FromSources);
    assert_eq!(chosen.linker, Some("lld".into()));
}

#[test]
fn sources_prefer_the_linker_beside_them() {
    let complete = Compiler { own_linker: Some("own".into()), ..with_sources("only", "1.96.0") };
    let chosen = choose(&machine(vec![complete], Some("spare"))).unwrap();
    assert_eq!(chosen.linker, Some("own".into()));
}

#[test]
fn an_installed_target_without_its_own_linker_borrows_one() {
    let distribution = Compiler { own_linker: None, ..with_target("only", "1.96.0") };
    let chosen = choose(&machine(vec![distribution], Some("wasm-ld"))).unwrap();
    assert_eq!(chosen.std, Std::Installed);
    assert_eq!(chosen.linker, Some("wasm-ld".into()));
}

#[test]
fn an_old_compiler_is_passed_over() {
    let both = vec![with_target("old", "1.94.9"), with_sources("new", "1.96.0-nightly")];
    let chosen = choose(&machine(both, Some("old-lld"))).unwrap();
    assert_eq!(chosen.rustc, PathBuf::from("new"));
    assert_eq!(chosen.linker, Some("old-lld".into()));
}

#[test]
fn releases_are_compared_as_numbers() {
    assert!(is_recent("1.95.0") && is_recent("1.100.0") && is_recent("2.0.0"));
    assert!(!is_recent("1.9.0") && !is_recent("1.94.0") && !is_recent("0.100.0"));
    assert!(is_recent("unknown"));
}

#[test]
fn sources_without_a_linker_are_not_enough_and_the_error_says_so() {
    let facts = machine(vec![with_sources("only", "1.96.0")], None);
    assert_eq!(choose(&facts), None);
    let said = facts.to_string();
    assert!(said.contains("there is no linker"), "{said}");
    assert!(said.contains("no `rust-lld` or `wasm-ld`"), "{said}");
}

#[test]
fn the_error_names_what_was_looked_at_and_every_way_out() {
    let mut facts = machine(vec![bare("/a/rustc", "1.95.0"), bare("/b/rustc", "1.63.0")], None);
    facts.notes.push("/c/rustc: No such file or directory".into());
    assert_eq!(choose(&facts), None);
    let said = crate::Error::NoToolchain { looked_at: facts.to_string() }.to_string();
    for part in [
        "/a/rustc (rustc 1.95.0): no std for wasm32-unknown-unknown",
        "/b/rustc (rustc 1.63.0): older than",
        "/c/rustc: No such file",
        "rustup target add wasm32-unknown-unknown",
        "rustup component add rust-src",
        "rustc-web rust-web-src",
        "ACCOIL_GUEST_RUSTC=",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}
