//! Starting the program in a folder of its own, and looking at what it did.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use accoil_stream::sink::{Given, Script, Sink, SinkOptions};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Where the program runs, and what files it finds there.
pub(crate) struct Folder(tempfile::TempDir);

/// What the program did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = Self::new();
        files.iter().for_each(|(name, bytes)| folder.write(name, bytes));
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// The program, to be started here.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        program_in(self.0.path(), arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.program(arguments).spawn().unwrap())
    }

    /// The same, with something in standard input.
    pub(crate) fn run_fed(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self.program(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let (mut pipe, input) = (child.stdin.take().unwrap(), input.to_vec());
        let feeding = thread::spawn(move || pipe.write_all(&input));
        let ran = finish(child);
        feeding.join().unwrap().unwrap();
        ran
    }

    /// The arguments of a `transform` with the mapping of `echo.wat`, which starts much faster than
    /// the built-in one.
    pub(crate) fn echo<'a>(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        self.write("echo.wasm", echo_component());
        ["transform", "--mapping", "echo.wasm"].iter().chain(arguments).copied().collect()
    }

    /// Runs that.
    pub(crate) fn transform(&self, arguments: &[&str]) -> Ran {
        self.run(&self.echo(arguments))
    }
}

fn program_in(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accoil-stream-under-test"));
    command.args(arguments).current_dir(folder).env_remove("COLUMNS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program in a folder that is there already.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    finish(program_in(folder, arguments).spawn().unwrap())
}

pub(crate) fn echo_component() -> Vec<u8> {
    wat::parse_str(include_str!("echo.wat")).unwrap()
}

/// Waits for the end. Whatever happened, nothing may panic.
pub(crate) fn finish(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran = Ran {
        exit: output.status.code().expect("ended by a signal"),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}

/// For snapshots: the exit code, each outcome in a few words, and what was said.
impl fmt::Display for Ran {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "exit {}", self.exit)?;
        for line in self.out.lines() {
            let outcome: Value = serde_json::from_str(line).unwrap();
            match (outcome["outcome"].as_str(), outcome["reason"].as_str()) {
                (Some(kind), Some(reason)) => writeln!(out, "{kind}: {reason}")?,
                _ => writeln!(out, "{line}")?,
            }
        }
        writeln!(out, "---")?;
        self.err.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
    }
}

/// Lines of events with these types.
pub(crate) fn events(types: &[&str]) -> String {
    let mut lines = String::new();
    for name in types {
        writeln!(lines, "{{\"event_type\":\"{name}\",\"user_id\":\"{name}@example.com\"}}").unwrap();
    }
    lines
}

/// Lines of bytes, each with its newline.
pub(crate) fn lines(lines: &[&[u8]]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.iter().chain(b"\n")).copied().collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive of files; a name that ends in `/` is a folder.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// Ends a process as Ctrl-C does.
pub(crate) fn interrupt(process: u32) {
    let status = Command::new("sh").args(["-c", &format!("kill -INT {process}")]).status().unwrap();
    assert!(status.success());
}

/// What no output may hold.
pub(crate) const KEY: &str = "canary-2f6c";

/// A stand-in for Accoil, with a runtime of its own.
pub(crate) struct Accoil {
    runtime: Runtime,
    sink: Sink,
}

impl Accoil {
    pub(crate) fn answering(script: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = SinkOptions { script: Script::parse(script).unwrap(), keep: 10_000, ..SinkOptions::default() };
        let sink = runtime.block_on(Sink::start("127.0.0.1:0".parse().unwrap(), options)).unwrap();
        Self { runtime, sink }
    }

    /// Waits until as many calls have come.
    pub(crate) fn await_calls(&self, calls: u64) {
        self.runtime.block_on(self.sink.received(calls));
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.sink.addr.to_string()
    }

    pub(crate) fn calls(&self) -> usize {
        self.sink.calls().len()
    }

    /// What was taken, as request lines.
    pub(crate) fn taken(&self) -> Vec<String> {
        let calls = self.sink.calls();
        assert!(calls.iter().all(|call| call.problems.is_empty() && call.remarks.is_empty()), "{calls:?}");
        let taken = calls.iter().filter(|call| call.answer == Given::Status(202));
        taken.map(|call| request_line(&call.path, call.body.as_ref().unwrap().get())).collect()
    }

    /// Writes a configuration that delivers here, one call after the other.
    pub(crate) fn configure(&self, folder: &Folder, mapping: &str) {
        configure(folder, &format!("http://{}", self.sink.addr), mapping);
    }
}

pub(crate) fn configure(folder: &Folder, endpoint: &str, mapping: &str) {
    folder.write("key", KEY);
    let text = format!(
        "[delivery]\nin_flight = 1\nretry_first_ms = 10\nretry_max_ms = 50\n\n[[tenants]]\nname = \"acme\"\n\
         [tenants.accoil]\napi_key = \"file:key\"\nendpoint = \"{endpoint}\"\nallow_private_endpoint = true\n\
         [tenants.mapping]\n{mapping}\n"
    );
    folder.write("accoil.toml", text);
}

pub(crate) fn request_line(path: &str, body: &str) -> String {
    format!(r#"{{"method":"POST","path":"{path}","body":{body}}}"#)
}

/// Runs `send`; the key is in nothing that it says or writes.
pub(crate) fn send(folder: &Folder, arguments: &[&str]) -> Ran {
    sent(folder, finish(start_send(folder, arguments)))
}

pub(crate) fn start_send(folder: &Folder, arguments: &[&str]) -> Child {
    let arguments = [&["send", "--config", "accoil.toml"], arguments].concat();
    folder.program(&arguments).spawn().unwrap()
}

/// Looks for the key in everything that there is after a `send`.
pub(crate) fn sent(folder: &Folder, ran: Ran) -> Ran {
    assert!(!ran.out.contains(KEY) && !ran.err.contains(KEY), "{ran:?}");
    for entry in std::fs::read_dir(folder.path("")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let is_there = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
        assert_eq!(is_there, path.ends_with("key"), "{}", path.display());
    }
    ran
}
