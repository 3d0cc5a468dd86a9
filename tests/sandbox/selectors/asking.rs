//! Mappings that ask in ways that nobody should.

use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{FaultKind, Metering, OnFault, Outcome, PluginKind, Sandbox};

use super::super::guest::{SANDBOX, soon};
use super::{BY_TYPE, PATIENT, asking, chooser, members, run};

const ONCE: &str = "(call $ask (local.get $index) (i32.const 1))";

/// Cases of the selections, as the skips of a mapping tell them; a fault as text.
fn told(outcomes: &[Outcome]) -> Vec<String> {
    let told = |outcome: &Outcome| match outcome {
        Outcome::Skip(reason) => reason.clone(),
        Outcome::Fault(fault) => fault.to_string(),
        other => panic!("{other:?}"),
    };
    outcomes.iter().map(told).collect()
}

#[test]
fn the_skeleton_works() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter);
    let ran = run(&asking(&PATIENT, ONCE), &chooser, &members(&["-", "none", "0", "c"]));
    assert_eq!(told(&ran.outcomes), ["0", "1", "2", "3"]);
    assert_eq!(ran.usage.selector.calls, 4);
}

#[test]
fn about_an_event_that_is_not_in_the_batch() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DefaultRule);
    for beyond in ["2", "-1"] {
        let ask = format!("(call $ask (i32.add (local.get $index) (i32.const {beyond})) (i32.const 1))");
        let ran = run(&asking(&PATIENT, &ask), &chooser, &members(&["0", "0"]));
        for outcome in &ran.outcomes {
            let Outcome::Fault(fault) = outcome else { panic!("{outcome:?}") };
            assert_eq!((fault.plugin, fault.kind), (PluginKind::Mapping, FaultKind::InvalidOutput), "{fault}");
            assert!(fault.detail.contains("asks the group selector about event"), "{fault}");
        }
    }
}

#[test]
fn thousands_of_times_about_one_event() {
    // All answers about an event have one deadline.
    let chooser = chooser(&SANDBOX, BY_TYPE, OnFault::DeadLetter);
    let ask = "(local.set $turns (i32.const 5000))
        (loop $again
          (call $ask (local.get $index) (i32.const 1))
          (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))";
    let ran = soon(|| run(&asking(&SANDBOX, ask), &chooser, &members(&["none"])));
    // The guest's allocator never frees: it is given a fresh instance more than once.
    assert_eq!(told(&ran.outcomes), ["1"]);
    assert_eq!(ran.usage.selector.calls, 5000);
    // One that fails is asked once.
    let ran = soon(|| run(&asking(&SANDBOX, ask), &chooser, &members(&["zero"])));
    assert!(told(&ran.outcomes)[0].starts_with("group selector: panic: "), "{ran:?}");
    assert_eq!(ran.usage.selector.calls, 1);
}

#[test]
fn with_candidates_that_are_garbage() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter);
    let ran =
        run(&asking(&PATIENT, "(call $ask (local.get $index) (i32.const 2))"), &chooser, &members(&["1", "2", "none"]));
    let told = told(&ran.outcomes);
    assert_eq!((told[0].as_str(), told[2].as_str()), ("2", "1"));
    assert!(told[1].contains("chooses candidate 2, and there are 2"), "{told:?}");
    // Beyond its memory, and more than it has.
    for ask in [
        "(call $choose (local.get $index) (i32.const 65528) (i32.const 2) (i32.const 256))",
        "(call $choose (local.get $index) (i32.const 0) (i32.const 100000000) (i32.const 256))",
        "(call $choose (local.get $index) (i32.const 130) (i32.const 1) (i32.const 256))",
    ] {
        let ran = soon(|| run(&asking(&PATIENT, ask), &chooser, &members(&["1"])));
        let [Outcome::Fault(fault)] = &ran.outcomes[..] else { panic!("{ran:?}") };
        assert_eq!(fault.plugin, PluginKind::Mapping, "{fault}");
        assert_eq!(ran.usage.selector.calls, 0);
    }
}

#[test]
fn with_no_candidates() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter);
    let ran = run(
        &asking(&PATIENT, "(call $ask (local.get $index) (i32.const 0))"),
        &chooser,
        &members(&["0", "none", "c", "-"]),
    );
    let told = told(&ran.outcomes);
    assert_eq!(told[1..], ["1", "3", "0"]);
    assert!(told[0].contains("chooses candidate 0, and there are 0"), "{told:?}");
}

/// Where its answer has no room the fault is the mapping's.
#[test]
fn with_no_room_for_the_answer() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DefaultRule);
    let ask = "(call $choose (local.get $index) (i32.const 128) (i32.const 1) (i32.const -8))";
    let ran = run(&asking(&PATIENT, ask), &chooser, &members(&["none"]));
    let [Outcome::Fault(fault)] = &ran.outcomes[..] else { panic!("{ran:?}") };
    assert_eq!(fault.plugin, PluginKind::Mapping, "{fault}");
}

/// The stack of a thread holds both: a mapping that is deep in itself, and a selector that goes on without end. This
/// is a thread as the commands have it.
#[test]
fn from_the_bottom_of_the_stack() {
    let limits = Limits { deadline_ms: 3000, ..Limits::default() };
    let sandbox = Sandbox::new(&limits, Metering::Off).unwrap();
    let chooser = chooser(&sandbox, BY_TYPE, OnFault::DeadLetter);
    let deep =
        |levels: u32| asking(&sandbox, &format!("(drop (call $deeper (i32.const {levels}) (local.get $index)))"));
    // Frames of some tens of bytes: how deep it can go is found out by going.
    let deepest = (0..).map(|step| 1000 << step).find(|levels| {
        let ran = run(&deep(*levels), &chooser, &members(&["0"]));
        matches!(ran.outcomes[0], Outcome::Fault(_))
    });
    let deep = deep(deepest.unwrap() / 2);
    let thread = std::thread::Builder::new().stack_size(limits.stack_bytes * 4);
    let ran = thread.spawn(move || run(&deep, &chooser, &members(&["recursion", "1", "recursion", "none"])));
    let ran = ran.unwrap().join().unwrap();
    let told = told(&ran.outcomes);
    assert_eq!(told[3], "1");
    for recursive in [&told[0], &told[2]] {
        assert_eq!(recursive, "group selector: stack: needs more than 524288 bytes of stack");
    }
}
