//! The peak of memory does not follow the size of the input, however it is made.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use super::support::*;

const MIB: u64 = 1024 * 1024;

/// The peak of a `transform` in bytes, once it has printed this many lines for a file and waits for
/// more input.
fn peak(folder: &Folder, file: &str, lines: usize) -> u64 {
    let arguments = folder.echo(&["--threads", "2", file, "-"]);
    let mut child = folder.program(&arguments).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    for _ in 0..lines {
        line.clear();
        assert!(printed.read_line(&mut line).unwrap() > 0, "{file} gave too few lines");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak = peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024;
    // It really was still there.
    child.stdin.take().unwrap().write_all(events(&["last"]).as_bytes()).unwrap();
    line.clear();
    printed.read_line(&mut line).unwrap();
    assert_eq!(line, "{\"outcome\":\"skip\",\"reason\":\"last\"}\n");
    child.wait().unwrap();
    peak
}

fn assert_bounded(folder: &Folder, file: &str, lines: usize, more: u64) {
    folder.write("few", events(&["one", "two"]));
    let usual = peak(folder, "few", 2);
    let peak = peak(folder, file, lines);
    assert!(peak < usual + more, "{file}: {} MiB, usually {} MiB", peak / MIB, usual / MIB);
}

#[test]
fn a_file_a_hundred_times_as_long() {
    let folder = Folder::new();
    let line = r#"{"event_type":"Report Created","user_id":"u","event_properties":{"report":"pipeline","rows":120}}"#;
    folder.write("short", format!("{line}\n").repeat(20_000));
    folder.write("long", format!("{line}\n").repeat(200_000));
    // From the size on at which all batches that may wait do wait.
    let (short, long) = (peak(&folder, "short", 20_000), peak(&folder, "long", 200_000));
    assert!(long < short + 4 * MIB, "{} MiB, {} MiB", short / MIB, long / MIB);
    folder.write("few", format!("{line}\n").repeat(2_000));
    let few = peak(&folder, "few", 2_000);
    assert!(long < few + 12 * MIB, "{} MiB, {} MiB", few / MIB, long / MIB);
}

#[test]
fn one_long_line() {
    let folder =
        Folder::with(&[("long", ["{\"event_type\":\"", &"x".repeat(20_000_000), "\"}\n"].concat().as_bytes())]);
    assert_bounded(&folder, "long", 1, 8 * MIB);
}

#[test]
fn a_gzip_that_grows_a_thousandfold() {
    let folder = Folder::new();
    let file = std::fs::File::create(folder.path("bomb.gz")).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    let piece = vec![b'x'; MIB as usize];
    (0..300).for_each(|_| encoder.write_all(&piece).unwrap());
    encoder.finish().unwrap();
    assert_bounded(&folder, "bomb.gz", 1, 8 * MIB);
    insta::assert_snapshot!(folder.transform(&["bomb.gz"]), @r#"
    exit 4
    invalid: longer than the 1048576 bytes that an event may have (limit event_bytes)
    ---
    error[event-too-long]: bomb.gz:1: longer than the 1048576 bytes that an event may have (limit event_bytes)
    error[input-bomb]: bomb.gz:1: goes on for 268691519 bytes without an event, so the rest is not read
    0 events: 0 delivered, 0 skipped, 0 rejected, 0 faults; 1 invalid
    "#);
}

#[test]
fn lines_of_one_byte() {
    // What is said of a bad line is longer than the line.
    let folder = Folder::with(&[("tiny", "x\n".repeat(1_000_000).as_bytes())]);
    assert_bounded(&folder, "tiny", 1_000_000, 16 * MIB);
    folder.write("array", format!("[{}1]", "1,".repeat(999_999)));
    assert_bounded(&folder, "array", 1_000_000, 16 * MIB);
}
