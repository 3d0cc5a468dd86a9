//! Components that can't run here and settings that don't fit: nothing is mapped, and what is said
//! names the file and what is wrong with it.

use super::support::*;

/// What is said, without the word `error`.
fn refusal(folder: &Folder, arguments: &[&str], exit: i32) -> String {
    let ran = folder.run(arguments);
    assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{arguments:?}: {}", ran.err);
    ran.err.trim_end().strip_prefix("error").unwrap().to_owned()
}

#[test]
fn components_that_are_none() {
    let echo = echo_component();
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let folder = Folder::with(&[
        ("events", events(&["one"]).as_bytes()),
        ("text.wasm", b"export function transform() {}"),
        ("empty.wasm", b""),
        ("half.wasm", &echo[..echo.len() / 2]),
        ("core.wasm", &wat("(module)")),
        ("nothing.wasm", &wat("(component)")),
        ("wasi.wasm", &wat("(component (import \"wasi:clocks/wall-clock@0.2.0\" (instance)))")),
        ("version.wasm", &wat("(component (instance $i) (export \"accoil:event-stream/plugin@2.0.0\" (instance $i)))")),
        ("world.wasm", &wat("(component (instance $i) (export \"wasi:http/handler@0.2.0\" (instance $i)))")),
        (
            "selector.wasm",
            &wat("(component (instance $i)
                (export \"accoil:event-stream/plugin@1.0.0\" (instance $i))
                (export \"accoil:event-stream/group-selection@1.0.0\" (instance $i)))"),
        ),
        (
            "shape.wasm",
            &wat("(component (instance $i)
                (export \"accoil:event-stream/plugin@1.0.0\" (instance $i))
                (export \"accoil:event-stream/mapping@1.0.0\" (instance $i)))"),
        ),
    ]);
    std::fs::create_dir(folder.path("folder.wasm")).unwrap();
    let mut said = String::new();
    for name in [
        "missing", "folder", "text", "empty", "half", "core", "nothing", "wasi", "version", "world", "selector",
        "shape",
    ] {
        let file = format!("{name}.wasm");
        let refused = refusal(&folder, &["transform", "events", "--mapping", &file], 3);
        // The same words, wherever it is met; but to `check` a selector is welcome.
        let checked = refusal(&folder, &["check", &file], 3);
        if name == "selector" {
            assert!(
                checked.starts_with("[component-contract]: selector.wasm: group selector: does not fit"),
                "{checked}"
            );
        } else {
            assert_eq!(refused, checked);
        }
        // What the parser of WebAssembly adds about bytes that are none goes over lines.
        said.push_str(refused.lines().next().unwrap());
        said.push('\n');
    }
    insta::assert_snapshot!(said, @r#"
    [component-open]: missing.wasm: No such file or directory (os error 2)
    [component-open]: folder.wasm: Is a directory (os error 21)
    [component-not-wasm]: text.wasm: not WebAssembly: it does not begin with the bytes `\0asm`
    [component-not-wasm]: empty.wasm: not WebAssembly: it does not begin with the bytes `\0asm`
    [component-not-wasm]: half.wasm: not WebAssembly: unexpected end-of-file (at offset 0x280)
    [component-core-module]: core.wasm: a core module, not a component: turn it into one with your toolchain's componentize step (wasm-tools component new)
    [component-export]: nothing.wasm: does not export `accoil:event-stream/plugin@1.0.0`, so it is no mapping; it exports nothing
    [component-import]: wasi.wasm: imports `wasi:clocks/wall-clock@0.2.0`, which this host does not offer: a mapping may import only `accoil:event-stream/types@1.0.0` and `accoil:event-stream/group-choice@1.0.0` (no WASI, clock, random or network)
    [component-export]: version.wasm: does not export `accoil:event-stream/plugin@1.0.0`, so it is no mapping; it exports `accoil:event-stream/plugin@2.0.0`, and this host speaks version 1.0.0 of the contract
    [component-export]: world.wasm: does not export `accoil:event-stream/plugin@1.0.0`, so it is no mapping; it exports `wasi:http/handler@0.2.0`
    [component-export]: selector.wasm: does not export `accoil:event-stream/mapping@1.0.0`, so it is no mapping; it is a group selector
    [component-contract]: shape.wasm: does not fit the contract: instance export `accoil:event-stream/plugin@1.0.0` does not have export `describe`
    "#);
}

#[test]
fn settings_that_do_not_fit() {
    let files = [
        ("type.json", "{\"properties\":\"plan\"}", 3),
        ("unknown.json", "{\"propertys\":[\"plan\"]}", 3),
        ("list.json", "[]", 3),
        ("type.toml", "properties = 3", 3),
        ("broken.json", "{\"properties\":\n[}", 2),
        ("empty.json", "", 2),
        ("broken.toml", "properties = [", 2),
        ("nan.toml", "properties = nan", 2),
        ("toml.json", "properties = []", 2),
    ];
    let folder = Folder::with(&[("events", events(&["one"]).as_bytes())]);
    let mut said = String::new();
    for (name, text, exit) in files {
        folder.write(name, text);
        said.push_str(&refusal(&folder, &["transform", "events", "--settings", name], exit));
        said.push('\n');
    }
    said.push_str(&refusal(&folder, &["transform", "events", "--settings", "missing.json"], 2));
    insta::assert_snapshot!(said, @r#"
    [settings-invalid]: type.json: settings at `/properties`: "plan" is not of type "array"
    [settings-invalid]: unknown.json: settings at the top: Additional properties are not allowed ('propertys' was unexpected)
    [settings-invalid]: list.json: settings must be a JSON object: expected an object at column 1
    [settings-invalid]: type.toml: settings at `/properties`: 3 is not of type "array"
    [settings-file]: broken.json: expected value at line 2 column 2
    [settings-file]: empty.json: EOF while parsing a value at line 1 column 0
    [settings-file]: broken.toml: TOML parse error at line 1, column 15
      |
    1 | properties = [
      |               ^
    unclosed array, expected `]`
    [settings-file]: nan.toml: properties: json has no infinite number and no nan
    [settings-file]: toml.json: expected value at line 1 column 1
    [settings-file]: missing.json: No such file or directory (os error 2)
    "#);
}
