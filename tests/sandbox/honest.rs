//! Guests that do what they should, to prove the skeleton that the hostile ones share.

use accoil_stream::sandbox::Outcome;

use super::guest::{SANDBOX, admit, assemble, events, run, skipped, text_with};

#[test]
fn the_smallest_guest_works() {
    let mapping = admit("");
    assert_eq!(run(&mapping, &events(&["a", "b", "a"])), [skipped("a", 0), skipped("b", 1), skipped("a", 2)]);
    assert_eq!(mapping.description().name, "guest");
    assert_eq!(run(&mapping, &[]), []);
}

#[test]
fn a_guest_that_asks_for_a_choice_hears_that_there_is_no_selector() {
    let text = text_with(
        include_str!("guests/asks_for_a_choice.wat"),
        include_str!("guests/asks_for_a_choice_before.wat"),
        r#"(with "choice" (instance (export "active" (func $active)) (export "choose" (func $choose))))
           (with "shared" (instance $shared))"#,
    );
    let mapping = SANDBOX.admit(&assemble(&text)).unwrap();
    // It answers `active` and the case of `selection`: false, and `default-rule`.
    assert_eq!(run(&mapping, &events(&["a", "b"])), vec![Outcome::Skip("00".to_owned()); 2]);
}
