//! The contract is frozen since 1.0.0: components that exist know nothing of what came after them.

/// What a file says without its comments, in one line.
fn without_comments(text: &str) -> String {
    assert!(!text.contains("/*"), "comments to the end of the line only");
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_contract_is_what_it_was_when_it_was_released() {
    let released = without_comments(include_str!("../golden/1.0.0/event-stream.wit"));
    let now = without_comments(include_str!("../../wit/event-stream.wit"));
    assert!(
        now == released,
        "wit/event-stream.wit has changed in more than comments, and 1.0.0 is released: a new field or case breaks \
         every component ever built. Put it back, and add what is new as a new interface in a file of its own, which \
         the host looks for in a component and does without (see tests/golden/README.md).\n\n\
         released: {released}\n\nnow: {now}"
    );
}
