//! A pipe that stays open: nobody waits for its end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Far more than it takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn what_came_is_printed_before_more_comes() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_accoil-stream-under-test"))
        .args(["transform", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = child.stdout.take().unwrap();
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    for user in ["a", "b"] {
        writeln!(stdin, r#"{{"event_type":"x","user_id":"{user}"}}"#).unwrap();
        stdin.flush().unwrap();
        // The pipe is still open: without handing on what came, this would wait for ever.
        let line = lines.recv_timeout(PATIENCE).unwrap();
        assert_eq!(line, format!(r#"{{"outcome":"deliver","events":[{{"userId":"{user}","event":"x"}}]}}"#));
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(lines.recv().is_err(), "nothing more was printed");
}
