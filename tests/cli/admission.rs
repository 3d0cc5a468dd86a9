//! Components that are dangerous to compile: the child process that does it is stopped, and what is
//! said names the limit.

use std::path::Path;
use std::time::{Duration, Instant};

use accoil_stream::sandbox::DEFAULT_COMPONENT;

use super::support::*;
use crate::sandbox::{guest, hostile};

/// A configuration with a tenant for each component.
fn config(admission: &str, components: &[String]) -> String {
    let tenant = |(index, component): (usize, &String)| {
        format!(
            "[[tenants]]\nname = \"t{index}\"\n[tenants.accoil]\napi_key = \"file:key\"\n\
             [tenants.mapping]\ncomponent = \"{component}\"\n"
        )
    };
    format!("[admission]\n{admission}\n{}", components.iter().enumerate().map(tenant).collect::<String>())
}

fn folder(component: &[u8], admission: &str) -> Folder {
    let config = config(admission, &["x.wasm".to_owned()]);
    Folder::with(&[("key", b"canary"), ("x.wasm", component), ("accoil.toml", config.as_bytes())])
}

#[track_caller]
fn assert_said(ran: &Ran, words: &str) {
    assert_eq!(ran.exit, 2, "{}", ran.err);
    assert!(ran.err.contains(words), "{}", ran.err);
}

#[test]
fn a_component_that_takes_minutes_to_compile_is_stopped() {
    let bomb = hostile::compile_bomb();
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    let folder = folder(&bomb, "cpu_s = 1");
    assert_said(&folder.run(&["config", "check"]), "took more than 1 s of processor time (admission.cpu_s)");
    folder.write("accoil.toml", config("wall_s = 1", &["x.wasm".to_owned()]));
    assert_said(&folder.run(&["config", "check"]), "took more than 1 s by the clock (admission.wall_s)");
}

#[test]
fn a_component_that_takes_much_memory_to_compile_is_stopped() {
    let folder = folder(&hostile::memory_bomb(), "memory_bytes = 67108864");
    assert_said(&folder.run(&["config", "check"]), "took more than 67108864 bytes of memory (admission.memory_bytes)");
}

/// One parent, a child for each.
#[test]
fn every_cut_of_a_component_is_refused() {
    let folder = Folder::with(&[("key", b"canary")]);
    let names: Vec<String> = (0..100).map(|percent| format!("{percent}.wasm")).collect();
    for (percent, name) in names.iter().enumerate() {
        folder.write(name, &DEFAULT_COMPONENT[..DEFAULT_COMPONENT.len() * percent / 100]);
    }
    folder.write("accoil.toml", config("", &names));
    let ran = folder.run(&["config", "check"]);
    assert_eq!((ran.exit, ran.err.matches(".wasm: not WebAssembly").count()), (2, 100), "{}", ran.err);
}

#[test]
fn a_file_of_100_megabytes_is_not_even_read() {
    let folder = folder(b"", "");
    std::fs::File::create(folder.path("x.wasm")).unwrap().set_len(100 << 20).unwrap();
    let ran = folder.run(&["check", "x.wasm"]);
    assert_eq!(ran.exit, 3);
    assert!(ran.err.starts_with("error[component-too-large]: x.wasm: "), "{}", ran.err);
}

/// What a process says of itself.
fn proc(pid: u32, file: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(Path::new("/proc").join(pid.to_string()).join(file)).unwrap_or_default())
        .into_owned()
}

/// Waits for the child of a process that has started its work.
fn child_of(pid: u32) -> u32 {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let children = proc(pid, &format!("task/{pid}/children"));
        if let Some(child) = children.split_whitespace().next().and_then(|child| child.parse().ok())
            && proc(child, "limits")
                .lines()
                .any(|line| line.starts_with("Max data size") && !line.contains("unlimited"))
        {
            return child;
        }
        assert!(Instant::now() < deadline, "no child");
        // There is nothing to be told by.
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn files_of(pid: u32) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok()).collect()
}

#[test]
fn a_child_inherits_nothing_is_bounded_and_its_death_is_told() {
    let folder = folder(&hostile::compile_bomb(), "");
    let program = folder.program(&["check", "x.wasm"]).env("ACCOIL_KEY", "canary-secret").spawn().unwrap();
    let child = child_of(program.id());
    let environment = proc(child, "environ");
    assert!(environment.split_terminator('\0').all(|entry| entry.starts_with("MIMALLOC_")), "{environment:?}");
    // What all processes here were given by whoever started the tests is not the program's.
    let given = files_of(std::process::id());
    let foreign = || files_of(child).into_iter().filter(|file| !given.contains(file)).collect::<Vec<_>>();
    let is_pipe = |file: &std::path::PathBuf| file.to_string_lossy().starts_with("pipe:");
    // A file that the child opens itself (to ask how many processors it may use) is closed
    // soon; one that it inherited stays.
    let deadline = Instant::now() + Duration::from_secs(10);
    while !foreign().iter().all(is_pipe) {
        assert!(Instant::now() < deadline, "{:?}", foreign());
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(foreign().len() <= 3, "{:?}", foreign());
    let limits = proc(child, "limits");
    for (name, value) in [("Max core file size", "0"), ("Max cpu time", "120"), ("Max data size", "2147483648")] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        assert_eq!(line[name.len()..].split_whitespace().next(), Some(value), "{line}");
    }
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(child.cast_signed()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    let ran = finish(program);
    assert_eq!(ran.exit, 3);
    assert!(ran.err.contains("error[admission-died]") && ran.err.contains("signal 9"), "{}", ran.err);
}

#[test]
fn a_child_does_not_outlive_its_parent() {
    let folder = folder(&hostile::compile_bomb(), "");
    let mut program = folder.program(&["check", "x.wasm"]).spawn().unwrap();
    let child = child_of(program.id());
    program.kill().unwrap();
    program.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while proc(child, "stat").split(") ").nth(1).is_some_and(|state| !state.starts_with('Z')) {
        assert!(Instant::now() < deadline, "it lives on");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_argument_of_a_child_is_no_command_for_people() {
    let ran = Folder::new().run(&["admit-component"]);
    assert_eq!((ran.exit, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("no command for people"), "{}", ran.err);
}

#[test]
fn a_guest_that_fails_when_it_is_asked_is_refused_as_ever() {
    let folder = folder(&guest::component(include_str!("../sandbox/guests/loops_in_describe.wat")), "");
    let ran = folder.run(&["transform", "key", "--mapping", "x.wasm"]);
    assert_eq!(ran.exit, 3);
    assert!(ran.err.starts_with("error[component-describe]: x.wasm: fails when it is asked"), "{}", ran.err);
}
