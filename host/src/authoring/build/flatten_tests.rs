use wasmparser::{Parser, Payload, Validator};

use super::*;

/// As `componentize-qjs` makes them: a resource and functions of WASI lowered between what is kept, and another
/// component around it all that answers an import.
const LIKE_THE_TOOLS: &str = r#"
(component
  (component $inner
    (type (instance (export "error" (type (sub resource)))))
    (import "wasi:io/error@0.2.12" (instance $error (type 0)))
    (alias export $error "error" (type $error-type))
    (type (instance
      (alias outer 1 $error-type (type))
      (export "error" (type (eq 0)))
      (type (own 1))
      (type (func (param "at" u64) (result 2)))
      (export "get" (func (type 3)))))
    (import "wasi:clocks/wall-clock@0.2.12" (instance $clock (type 2)))
    (type (instance (export "active" (func (result bool)))))
    (import "accoil:event-stream/group-choice@1.0.0" (instance $choice (type 3)))
    (core module $code
      (import "clock" "get" (func $get (param i64) (result i32)))
      (import "clock" "drop" (func $drop (param i32)))
      (import "choice" "active" (func $active (result i32)))
      (func (export "run") (result i32) (call $drop (call $get (i64.const 1))) (call $active)))
    (alias export $clock "get" (func $get))
    (core func $get-lowered (canon lower (func $get)))
    (alias export $choice "active" (func $active))
    (core func $active-lowered (canon lower (func $active)))
    (core func $drop (canon resource.drop $error-type))
    (core instance $clock-core (export "get" (func $get-lowered)) (export "drop" (func $drop)))
    (core instance $choice-core (export "active" (func $active-lowered)))
    (core instance $run (instantiate $code (with "clock" (instance $clock-core)) (with "choice" (instance $choice-core))))
    (type $run-type (func (result bool)))
    (alias core export $run "run" (core func $run-core))
    (func $init (type $run-type) (canon lift (core func $run-core)))
    (export "init" (func $init))
    (func $made (type $run-type) (canon lift (core func $run-core)))
    (instance $plugin (export "run" (func $made)))
    (export "accoil:event-stream/plugin@1.0.0" (instance $plugin)))
  (component $stub)
)"#;

fn names(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for payload in outermost(component).unwrap() {
        match payload {
            Payload::ComponentImportSection(section) => {
                imports.extend(section.into_iter().map(|import| import.unwrap().name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) => {
                exports.extend(section.into_iter().map(|export| export.unwrap().name.name.to_owned()));
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn only_the_contract_is_left() {
    let flat = flatten(&wat::parse_str(LIKE_THE_TOOLS).unwrap()).unwrap();
    Validator::new().validate_all(&flat).unwrap();
    let (imports, exports) = names(&flat);
    assert_eq!(imports, ["accoil:event-stream/group-choice@1.0.0"]);
    assert_eq!(exports, ["accoil:event-stream/plugin@1.0.0"]);
    let nested =
        Parser::new(0).parse_all(&flat).filter(|payload| matches!(payload, Ok(Payload::ComponentSection { .. })));
    assert_eq!(nested.count(), 0);
}

#[test]
fn what_is_flat_stays_so() {
    let once = flatten(&wat::parse_str(LIKE_THE_TOOLS).unwrap()).unwrap();
    let twice = flatten(&once).unwrap();
    Validator::new().validate_all(&twice).unwrap();
    assert_eq!(names(&once), names(&twice));
}

#[test]
fn what_no_tool_makes_is_refused() {
    for (text, said) in [
        ("(component)", "it has no code"),
        ("(component (import \"f\" (func)) (core module))", "it imports f, which is no interface"),
        ("(component (core module $m) (export \"m\" (core module $m)))", "it exports m"),
    ] {
        let error = flatten(&wat::parse_str(text).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), said);
    }
    assert!(flatten(b"no component").is_err());
}
