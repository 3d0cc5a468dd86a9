//! `--junit`: a report that other programs read.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::cli::support::echo_component;

/// Reads the report as CI systems do, with a parser that knows nothing of us.
const READER: &str = "
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.stdin.buffer).getroot()
suite = root[0]
print(root.tag, suite.tag, suite.get('name'), *(suite.get(key) for key in ('tests', 'failures', 'errors')))
for case in suite:
    assert float(case.get('time')) >= 0
    print(repr(case.get('name')), case.get('classname'), case.get('file'))
    for each in case:
        if each.tag != 'system-out':
            print(' ', each.tag, each.get('type'), repr(each.get('message')), repr(each.text))
";

fn read(xml: &str) -> String {
    let mut python = Command::new("python3");
    let mut child = python.args(["-c", READER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{xml}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn another_parser_reads_it() {
    let odd = r#"{"name": "<odd> & \"so\" \u0001\u001b]\uffff]]>\nx",
        "events": [{"event_type": "\u0001<b>]]>"}], "expected": [{"outcome": "skip", "reason": "\u0000"}]}"#;
    let folder = folder(&echo_component(), &[("types.json", ECHOED), ("odd.json", odd), ("no.json", "{")]);
    let ran = run(&folder, &["test", "x.wasm", "--junit", "report.xml"]);
    assert_eq!(ran.exit, 2);
    insta::assert_snapshot!(read(&folder.read("report.xml")), @r#"
    testsuites testsuite x 3 1 1
    '<odd> & "so" \\u{1}\\u{1b}]\\u{ffff}]]>\nx' x cases/odd.json
      failure differs 'event 0 (\\u{1}<b>]]>): the outcome is another one' '  event 0 (\\u{1}<b>]]>): the outcome is another one\n    reason\n    - "\\u0000"\n    + "\\u0001<b>]]>"'
    'types are told' x cases/types.json
    'no' x cases/no.json
      error case-syntax 'cases/no.json:1: the text ends in the middle of a value at column 2' None
    "#);
}

#[test]
fn a_report_that_can_not_be_written_is_told() {
    let folder = folder(&echo_component(), &[("types.json", ECHOED)]);
    let ran = run(&folder, &["test", "x.wasm", "--junit", "no/report.xml"]);
    assert_eq!((ran.exit, ran.err.starts_with("error[output-write]: no/report.xml: ")), (5, true), "{ran:?}");
}
