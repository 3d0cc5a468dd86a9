//! Input that is broken: each kind is named with file, line and reason, the good lines around it
//! come out in order, and the exit code says whether the input was read to its end.

use std::os::unix::fs::PermissionsExt;

use super::support::*;

const ONE: &[u8] = br#"{"event_type":"one"}"#;
const TWO: &[u8] = br#"{"event_type":"two"}"#;

#[test]
fn lines_that_are_no_events() {
    let files: [(&str, Vec<u8>); 6] = [
        ("half", lines(&[br#"{"event_type":"ha"#, ONE, br#"{"event_type":"half","user_id"#, TWO])),
        ("half-a-value", lines(&[br#"{"event_type":"half""#, ONE, TWO])),
        ("utf-8", lines(&[ONE, b"{\"event_type\":\"\xff\"}", TWO])),
        ("nul", lines(&[b"\0\0\0", ONE, b"{\"event_type\":\"\0\"}", TWO, b"\0"])),
        ("no-objects", lines(&[ONE, b"null", b"7", b"\"text\"", b"[]", b"{}", br#"{"event_type":""}"#, TWO])),
        ("last", [ONE, b"\n", TWO, b"\n{\"event_type\":\"la"].concat()),
    ];
    let folder = Folder::new();
    let mut names = Vec::new();
    for (name, bytes) in &files {
        folder.write(name, bytes);
        names.push(*name);
    }
    insta::assert_snapshot!(folder.transform(&names), @r#"
    exit 1
    invalid: the text ends in the middle of a value at column 18
    skip: one
    invalid: the text ends in the middle of a value at column 30
    skip: two
    invalid: the text ends in the middle of a value at column 21
    skip: one
    skip: two
    skip: one
    invalid: not UTF-8 at byte 15
    skip: two
    invalid: expected an object at column 1
    skip: one
    invalid: a control character in a string at column 16
    skip: two
    invalid: expected an object at column 1
    skip: one
    invalid: expected an object at column 1
    invalid: expected an object at column 1
    invalid: expected an object at column 1
    invalid: expected an object at column 1
    invalid: no event_type: it must be a string with something in it
    invalid: no event_type: it must be a string with something in it
    skip: two
    skip: one
    skip: two
    invalid: the text ends in the middle of a value at column 18
    ---
    error[event-not-json]: half:1: the text ends in the middle of a value at column 18
    error[event-not-json]: half:3: the text ends in the middle of a value at column 30
    error[event-not-json]: half-a-value:1: the text ends in the middle of a value at column 21
    error[event-not-utf8]: utf-8:2: not UTF-8 at byte 15
    error[event-not-json]: nul:1: expected an object at column 1
    error[event-not-json]: nul:3: a control character in a string at column 16
    error[event-not-json]: nul:5: expected an object at column 1
    error[event-not-json]: no-objects:2: expected an object at column 1
    error[event-not-json]: no-objects:3: expected an object at column 1
    error[event-not-json]: no-objects:4: expected an object at column 1
    error[event-not-json]: no-objects:5: expected an object at column 1
    error[event-without-type]: no-objects:6: no event_type: it must be a string with something in it
    error[event-without-type]: no-objects:7: no event_type: it must be a string with something in it
    error[event-not-json]: last:3: the text ends in the middle of a value at column 18
    12 events: 0 delivered, 12 skipped, 0 rejected, 0 faults; 14 invalid
      skipped: one: 6
      skipped: two: 6
    "#);
    // The exit code is that of the worst; each alone has the same.
    for name in names {
        assert_eq!(folder.transform(&[name]).exit, 1, "{name}");
    }
}

#[test]
fn json_that_is_nested_a_hundred_thousand_deep() {
    let nested =
        |open: &str, inner: &str, close: &str| [open.repeat(100_000), inner.into(), close.repeat(100_000)].concat();
    let arrays = nested("[", "", "]");
    let objects = nested("{\"a\":", "1", "}");
    let inside = format!(r#"{{"event_type":"deep","event_properties":{{"a":{arrays}}}}}"#);
    let open = "[".repeat(100_000);
    let folder = Folder::with(&[
        ("inside", &lines(&[ONE, arrays.as_bytes(), objects.as_bytes(), inside.as_bytes(), open.as_bytes(), TWO])),
        ("objects-first", &lines(&[objects.as_bytes(), ONE])),
        ("an-array-of-them", format!("[{{\"event_type\":\"one\"}},{arrays},{objects},{inside}]").as_bytes()),
    ]);
    insta::assert_snapshot!(folder.transform(&["inside", "objects-first", "an-array-of-them"]), @r#"
    exit 1
    skip: one
    invalid: expected an object at column 1
    invalid: nested deeper than 128 levels at column 641
    invalid: nested deeper than 128 levels at column 172
    invalid: expected an object at column 1
    skip: two
    invalid: nested deeper than 128 levels at column 641
    skip: one
    skip: one
    invalid: expected an object at column 1
    invalid: nested deeper than 128 levels at column 641
    invalid: nested deeper than 128 levels at column 172
    ---
    error[event-not-json]: inside:2: expected an object at column 1
    error[event-not-json]: inside:3: nested deeper than 128 levels at column 641
    error[event-not-json]: inside:4: nested deeper than 128 levels at column 172
    error[event-not-json]: inside:5: expected an object at column 1
    error[event-not-json]: objects-first:1: nested deeper than 128 levels at column 641
    error[event-not-json]: an-array-of-them:1: expected an object at column 1
    error[event-not-json]: an-array-of-them:1: nested deeper than 128 levels at column 641
    error[event-not-json]: an-array-of-them:1: nested deeper than 128 levels at column 172
    4 events: 0 delivered, 4 skipped, 0 rejected, 0 faults; 8 invalid
      skipped: one: 3
      skipped: two: 1
    "#);
    // An array that never ends is no line.
    folder.write("open", &open);
    insta::assert_snapshot!(folder.transform(&["open"]), @r#"
    exit 4
    invalid: expected an object at column 1
    ---
    error[event-not-json]: open:1: expected an object at column 1
    error[input-truncated]: open:1: ends in the middle of an array or object
    0 events: 0 delivered, 0 skipped, 0 rejected, 0 faults; 1 invalid
    "#);
}

#[test]
fn a_line_of_twenty_megabytes() {
    let long = ["{\"event_type\":\"", &"x".repeat(20_000_000), "\"}"].concat();
    let folder = Folder::with(&[
        ("long", &lines(&[ONE, long.as_bytes(), TWO])),
        ("long-first", &lines(&[long.as_bytes(), ONE])),
        ("long-array", format!("[{long},\n{{\"event_type\":\"one\"}}]").as_bytes()),
    ]);
    insta::assert_snapshot!(folder.transform(&["long", "long-first", "long-array"]), @r#"
    exit 1
    skip: one
    invalid: longer than the 1048576 bytes that an event may have (limit event_bytes)
    skip: two
    invalid: longer than the 1048576 bytes that an event may have (limit event_bytes)
    skip: one
    invalid: longer than the 1048576 bytes that an event may have (limit event_bytes)
    skip: one
    ---
    error[event-too-long]: long:2: longer than the 1048576 bytes that an event may have (limit event_bytes)
    error[event-too-long]: long-first:1: longer than the 1048576 bytes that an event may have (limit event_bytes)
    error[event-too-long]: long-array:1: longer than the 1048576 bytes that an event may have (limit event_bytes)
    4 events: 0 delivered, 4 skipped, 0 rejected, 0 faults; 3 invalid
      skipped: one: 3
      skipped: two: 1
    "#);
}

#[test]
fn inputs_that_are_empty() {
    let files: [(&str, &[u8]); 5] = [
        ("empty", b""),
        ("blank", b" \n\r\n\t\n"),
        ("mark", "\u{feff}".as_bytes()),
        ("empty.gz", &gzip(b"")),
        ("empty.zip", &zip(&[("folder/", b"")])),
    ];
    let folder = Folder::with(&files);
    for (name, _) in files {
        let ran = folder.transform(&[name]);
        assert_eq!((ran.exit, ran.out.as_str()), (4, ""), "{name}");
        assert!(ran.err.starts_with(&format!("error[input-empty]: {name}: holds no events")), "{}", ran.err);
    }
    assert!(folder.transform(&[]).err.starts_with("error[input-empty]: standard input: "));
    // No events are something else than nothing.
    folder.write("none", "[]");
    assert_eq!(folder.transform(&["none"]).exit, 0);
}

#[test]
fn arrays_and_bodies_that_end_too_soon() {
    let folder = Folder::with(&[
        ("array", b"[{\"event_type\":\"one\"},\n{\"event_type\":\"two\"}\n"),
        ("body", b"{\"events\":[{\"event_type\":\"one\"}]"),
        ("event", b"{\n  \"event_type\": \"one\",\n  \"user_id\":"),
    ]);
    insta::assert_snapshot!(folder.transform(&["array", "body", "event"]), @r#"
    exit 4
    skip: one
    skip: two
    skip: one
    invalid: the text ends in the middle of a value at column 38
    ---
    error[event-not-json]: event:1: the text ends in the middle of a value at column 38
    error[input-truncated]: array:3: ends in the middle of an array or object
    error[input-truncated]: body:1: ends in the middle of an array or object
    error[input-truncated]: event:3: ends in the middle of an array or object
    3 events: 0 delivered, 3 skipped, 0 rejected, 0 faults; 1 invalid
      skipped: one: 2
      skipped: two: 1
    "#);
}

#[test]
fn gzip_that_is_broken() {
    let whole = gzip(events(&["one", "two", "three"]).as_bytes());
    let mut wrong_sum = whole.clone();
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    let folder = Folder::with(&[
        ("truncated.gz", &whole[..whole.len() - 12]),
        ("without-sum.gz", &whole[..whole.len() - 8]),
        ("wrong-sum.gz", &wrong_sum),
        ("half-a-header.gz", &whole[..5]),
        ("good", ONE),
    ]);
    insta::assert_snapshot!(folder.transform(&["truncated.gz", "good"]), @r#"
    exit 4
    skip: one
    skip: two
    invalid: the text ends in the middle of a value at column 34
    skip: one
    ---
    error[event-not-json]: truncated.gz:3: the text ends in the middle of a value at column 34
    error[input-read]: truncated.gz:3: can't be read further: incomplete deflate stream
    3 events: 0 delivered, 3 skipped, 0 rejected, 0 faults; 1 invalid
      skipped: one: 2
      skipped: two: 1
    "#);
    insta::assert_snapshot!(folder.transform(&["without-sum.gz", "wrong-sum.gz", "half-a-header.gz", "good"]), @r#"
    exit 4
    skip: one
    skip: two
    skip: three
    skip: one
    skip: two
    skip: three
    skip: one
    ---
    error[input-read]: without-sum.gz:4: can't be read further: unexpected end of file
    error[input-read]: wrong-sum.gz:4: can't be read further: corrupt gzip stream does not have a matching checksum
    error[input-read]: half-a-header.gz:1: can't be read further: unexpected end of file
    7 events: 0 delivered, 7 skipped, 0 rejected, 0 faults; 0 invalid
      skipped: one: 3
      skipped: three: 2
      skipped: two: 2
    "#);
    for name in ["without-sum.gz", "wrong-sum.gz", "half-a-header.gz"] {
        assert_eq!(folder.transform(&[name]).exit, 4, "{name}");
    }
}

#[test]
fn zip_that_is_broken() {
    let good = gzip(ONE);
    let bad = gzip(&lines(&[TWO, TWO]));
    let whole = zip(&[("a.json.gz", &good), ("b.json.gz", &bad[..bad.len() - 8]), ("c.json.gz", &good)]);
    let folder =
        Folder::with(&[("truncated.zip", &whole[..whole.len() - 30]), ("bad-entry.zip", &whole), ("good", ONE)]);
    insta::assert_snapshot!(folder.transform(&["truncated.zip", "good"]), @r#"
    exit 4
    skip: one
    ---
    error[input-zip]: truncated.zip: is not a zip archive that can be read, or only a part of one: invalid Zip archive: Could not find EOCD
    1 events: 0 delivered, 1 skipped, 0 rejected, 0 faults; 0 invalid
      skipped: one: 1
    "#);
    // A file that is broken does not cost the others.
    insta::assert_snapshot!(folder.transform(&["bad-entry.zip", "good"]), @r#"
    exit 4
    skip: one
    skip: two
    skip: two
    skip: one
    skip: one
    ---
    error[input-read]: bad-entry.zip:b.json.gz:3: can't be read further: unexpected end of file
    5 events: 0 delivered, 5 skipped, 0 rejected, 0 faults; 0 invalid
      skipped: one: 3
      skipped: two: 2
    "#);
}

#[test]
fn what_is_no_file() {
    let folder = Folder::with(&[("good", ONE), ("locked", TWO)]);
    std::fs::create_dir(folder.path("folder")).unwrap();
    insta::assert_snapshot!(folder.transform(&["folder", "missing", "good"]), @r#"
    exit 4
    skip: one
    ---
    error[input-directory]: folder: is a directory; name the files in it
    error[input-open]: missing: can't be opened: No such file or directory (os error 2)
    1 events: 0 delivered, 1 skipped, 0 rejected, 0 faults; 0 invalid
      skipped: one: 1
    "#);
    for name in ["folder", "missing"] {
        assert_eq!(folder.transform(&[name]).exit, 4, "{name}");
    }
    // Nobody may read this, unless they are root; nor can root read the other.
    std::fs::set_permissions(folder.path("locked"), PermissionsExt::from_mode(0o000)).unwrap();
    let is_root = std::fs::File::open(folder.path("locked")).is_ok();
    let unreadable = if is_root { "/proc/self/mem" } else { "locked" };
    let ran = folder.transform(&[unreadable, "good"]);
    assert_eq!((ran.exit, ran.out.as_str()), (4, "{\"outcome\":\"skip\",\"reason\":\"one\"}\n"));
    assert!(ran.err.starts_with(&format!("error[input-open]: {unreadable}: can't be opened: ")), "{}", ran.err);
}

#[test]
fn of_very_many_bad_lines_twenty_are_told_and_all_are_counted() {
    let folder = Folder::with(&[("bad", "x\n".repeat(10_000).as_bytes())]);
    let ran = folder.transform(&["bad"]);
    let told: Vec<&str> = ran.err.lines().collect();
    assert_eq!((ran.exit, ran.out.lines().count(), told.len()), (1, 10_000, 22));
    assert!(told[19].starts_with("error[event-not-json]: bad:20: "), "{}", told[19]);
    assert_eq!(told[20], "… and 9980 more like these");
    assert!(told[21].ends_with("10000 invalid"), "{}", told[21]);
}
