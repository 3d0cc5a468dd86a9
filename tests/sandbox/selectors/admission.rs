//! What is no selector, and which mappings can't have one.

use accoil_stream::sandbox::{DEFAULT_COMPONENT, FaultKind, PluginKind, Refusal};

use super::super::guest::{BRISK, SANDBOX, admit, assemble, component, selector, selector_text_with, soon, text_with};

#[track_caller]
fn refusal(component: &[u8]) -> Refusal {
    soon(|| BRISK.admit_selector(component)).err().expect("it must be refused")
}

#[test]
fn the_smallest_selector_is_one() {
    let selector = SANDBOX.admit_selector(&selector("")).unwrap();
    assert_eq!(selector.description().name, "guest");
    assert_eq!(selector.inspection().kind(), Some(PluginKind::GroupSelector));
    assert_eq!(selector.inspection().imports, ["accoil:event-stream/types@1.0.0"]);
}

#[test]
fn imports_that_a_selector_has_no_right_to() {
    for name in ["accoil:event-stream/group-choice@1.0.0", "wasi:clocks/wall-clock@0.2.0", "wasi:cli/environment@0.2.6"]
    {
        let text = selector_text_with("", &format!(r#"(import "{name}" (instance))"#), "");
        let refusal = refusal(&assemble(&text));
        assert_eq!(refusal.code(), "component-import", "{refusal}");
        assert!(refusal.to_string().contains(name), "{refusal}");
        assert!(refusal.to_string().contains("a group selector may import only"), "{refusal}");
    }
}

#[test]
fn a_mapping_is_no_selector() {
    for mapping in [component(""), DEFAULT_COMPONENT.to_vec()] {
        assert_eq!(refusal(&mapping).code(), "component-import");
    }
    let without = assemble(&selector_text_with("", "", "").replace("/group-selection@1.0.0", "/group-selection@2.0.0"));
    let refusal = refusal(&without);
    assert_eq!(refusal.code(), "component-export");
    assert!(refusal.to_string().contains("speaks version 1.0.0 of the contract"), "{refusal}");
}

#[test]
fn a_selector_whose_function_has_another_type_is_refused() {
    let other = selector_text_with("", "", "")
        .replace(r#"(param "candidates" (list $group))"#, r#"(param "candidates" (list string))"#);
    assert_eq!(refusal(&assemble(&other)).code(), "component-contract");
}

#[test]
fn one_that_does_not_say_what_it_is_is_refused() {
    for fields in [include_str!("../guests/loops_in_describe.wat"), include_str!("../guests/loops_in_start.wat")] {
        match refusal(&selector(fields)) {
            Refusal::Describe(fault) => {
                assert_eq!((fault.plugin, fault.kind), (PluginKind::GroupSelector, FaultKind::Deadline), "{fault}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_mapping_that_never_asks_does_not_go_with_one() {
    assert!(SANDBOX.admit(DEFAULT_COMPONENT).unwrap().takes_selector().is_ok());
    assert!(admit("").takes_selector().is_ok());
    let choice = r#"(import "accoil:event-stream/group-choice@1.0.0" (instance $choice"#;
    let text = text_with("", "", "");
    let (before, rest) = text.split_once(choice).unwrap();
    let (_, after) =
        rest.split_once("(result $selection)))))").or_else(|| rest.split_once("(result $selection)))")).unwrap();
    let without = SANDBOX.admit(&assemble(&format!("{before}{after}"))).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(without.takes_selector().unwrap_err().code(), "mapping-without-choice");
}
