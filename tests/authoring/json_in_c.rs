//! `json.h`, which plugins in C are written with, against serde_json; natively, so that sanitizers watch.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use super::support::workplace;

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = workplace("json-in-c").join("json");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compile = |flags: &[&str]| {
        let mut compiler = Command::new("cc");
        compiler.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"]).args(flags);
        compiler.arg("-I").arg(root.join("../host/templates/c")).arg(root.join("authoring/json.c"));
        compiler.arg("-o").arg(&program).stderr(Stdio::piped()).output().unwrap()
    };
    // Not every machine has the sanitizers.
    if !compile(&["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]).status.success() {
        let plain = compile(&[]);
        assert!(plain.status.success(), "{}", String::from_utf8_lossy(&plain.stderr));
    }
    program
});

/// What the program makes of lines, each its answer.
fn answers(lines: &[String]) -> Vec<String> {
    // Strings with escapes are not given back, by design.
    let mut child = Command::new(&*PROGRAM)
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let text = lines.join("\n") + "\n";
    let feeding = std::thread::spawn(move || pipe.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    assert!(output.status.success());
    // Of broken text comes what may be no text.
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// A string as JSON, some of its characters escaped.
fn escaped() -> impl Strategy<Value = String> {
    let character = (any::<char>(), 0..4u8).prop_map(|(character, how)| match how {
        0 => character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect(),
        _ => {
            let quoted = serde_json::to_string(&character.to_string()).unwrap();
            quoted[1..quoted.len() - 1].to_owned()
        }
    });
    let fixed = prop::sample::select(vec!["\\/", "\\\"", "\\\\", "a", "\\b", "\\u00e9"]).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![character, fixed], 0..8).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// A document, with white space between its tokens.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "0", "-1.50e+3", "12345678901234567890"])
            .prop_map(str::to_owned),
        escaped(),
    ];
    let space = || prop::sample::select(vec!["", "", " ", "\t "]);
    leaf.prop_recursive(4, 32, 5, move |inner| {
        let element =
            (space(), inner.clone(), space()).prop_map(|(before, value, after)| before.to_owned() + &value + after);
        let member =
            (escaped(), space(), element.clone()).prop_map(|(name, space, value)| format!("{name}{space}:{value}"));
        prop_oneof![
            prop::collection::vec(element, 0..5).prop_map(|elements| format!("[{}]", elements.join(","))),
            prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

fn documents(count: usize) -> Vec<String> {
    let mut runner = TestRunner::new(Config::default());
    let strategy = document();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn what_is_read_is_what_is_meant() {
    let documents = documents(2000);
    let answers = answers(&documents);
    assert_eq!(answers.len(), documents.len());
    for (document, answer) in documents.iter().zip(&answers) {
        let read =
            |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{document}: {error}"));
        assert_eq!(read(document), read(answer), "{document}");
    }
}

#[test]
fn half_a_surrogate_pair_is_read_as_by_the_host() {
    let texts = [r#""\ud83d""#, r#""\ude00x""#, r#""\ud83d\ud83d\ude00""#, r#""\ud83dA\u0041""#];
    for (text, answer) in texts.iter().zip(answers(&texts.map(str::to_owned))) {
        let inner = text.trim_matches('"');
        assert_eq!(serde_json::from_str::<String>(&answer).unwrap(), json_text::unescape(inner), "{text}");
    }
}

#[test]
fn broken_text_is_never_read_past_its_end() {
    let mut lines = Vec::new();
    for document in documents(500) {
        let cuts = document.char_indices().map(|(at, _)| at).filter(|at| *at > 0);
        lines.extend(cuts.map(|at| document[..at].to_owned()));
    }
    lines.extend(
        ["{", "[", "\"", "{\"a", "{\"a\"", "{\"a\":", "[1,", "\"\\", "\"\\u", "\"\\u00", "{]", "}"].map(str::to_owned),
    );
    answers(&lines);
}
