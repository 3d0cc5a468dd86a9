//! Time: a batch has a bounded amount of it, and nobody pays for another one's.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{
    Chooser, DEFAULT_COMPONENT, FaultKind, Mapping, Metering, OnFault, Outcome, PluginKind, Ran, Sandbox,
};

use super::super::guest::{limits, soon};
use super::{BY_TYPE, account, asking, chooser, members, run};

const DEADLINE: Duration = Duration::from_millis(100);

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let deadline_ms = u64::try_from(DEADLINE.as_millis()).unwrap();
    Sandbox::new(&Limits { deadline_ms, fault_deadlines: 4, ..limits() }, Metering::Off).unwrap()
});

static DEFAULT: LazyLock<Mapping> = LazyLock::new(|| SANDBOX.admit(DEFAULT_COMPONENT).unwrap());

/// Kinds of what became of events; nothing for what was delivered or skipped.
fn kinds(ran: &Ran) -> Vec<Option<(PluginKind, FaultKind)>> {
    let kind = |outcome: &Outcome| match outcome {
        Outcome::Fault(fault) => Some((fault.plugin, fault.kind)),
        _ => None,
    };
    ran.outcomes.iter().map(kind).collect()
}

/// A selector that takes about so long for each answer.
fn slow(time: Duration) -> Arc<Chooser> {
    let patient = Sandbox::new(&limits(), Metering::Off).unwrap();
    let counting_to = |sandbox: &Sandbox, turns: u64| {
        let fields = include_str!("../guests/selector/takes_its_time.wat").replace("{turns}", &turns.to_string());
        chooser(sandbox, &fields, OnFault::DeadLetter)
    };
    const TURNS: u64 = 20_000_000;
    let mapping = patient.admit(DEFAULT_COMPONENT).unwrap();
    let measured = counting_to(&patient, TURNS);
    // Other processes can only make it longer.
    let shortest = (0..5).map(|_| run(&mapping, &measured, &members(&["-"])).usage.selector.time).min().unwrap();
    let turns = TURNS as f64 * time.as_secs_f64() / shortest.as_secs_f64();
    counting_to(&SANDBOX, turns as u64)
}

#[test]
fn a_batch_full_of_loops_is_cut_short() {
    for on_fault in [OnFault::DeadLetter, OnFault::DefaultRule] {
        let (chooser, mapping) = (chooser(&SANDBOX, BY_TYPE, on_fault), &*DEFAULT);
        let start = Instant::now();
        let ran = run(mapping, &chooser, &members(&["loop"; 256]));
        let took = start.elapsed();
        // Four deadlines, and that of the last call, with a tick of the clock for each.
        assert!(took < DEADLINE * 12, "{took:?}");
        let kinds = kinds(&ran);
        let cut_short = Some((PluginKind::GroupSelector, FaultKind::CutShort));
        let tried = kinds.iter().take_while(|kind| **kind != cut_short).count();
        assert!((1..=4).contains(&tried), "{tried}");
        assert!(kinds.iter().skip(tried).all(|kind| *kind == cut_short), "{kinds:?}");
        let named = if on_fault == OnFault::DefaultRule { tried } else { 0 };
        assert_eq!(ran.fallbacks.len(), named, "{:?}", ran.fallbacks);
    }
}

/// Each answer comes in time, all of them together do not: none of them is a fault of the selector or the mapping.
#[test]
fn a_slow_selector_is_no_fault_of_anybody() {
    let (chooser, mapping) = (slow(DEADLINE / 10), &*DEFAULT);
    let (events, mut done) = (members(&["-"; 80]), 0);
    // Whoever has events cut short runs them again, until all are done.
    for _ in 0..80 {
        let ran = run(mapping, &chooser, &events[done..]);
        let kinds = kinds(&ran);
        let answered = kinds.iter().take_while(|kind| kind.is_none()).count();
        assert!(answered > 0, "{ran:?}");
        assert!(ran.outcomes[..answered].iter().all(|outcome| account(outcome) == Some("b")), "{ran:?}");
        let cut_short = Some((PluginKind::GroupSelector, FaultKind::CutShort));
        assert!(kinds[answered..].iter().all(|kind| *kind == cut_short), "{kinds:?}");
        done += answered;
        if done == events.len() {
            return;
        }
    }
    panic!("only {done} came through");
}

/// All answers together take longer than the mapping may.
#[test]
fn a_mapping_that_waits_for_its_selector_does_not_die_of_its_own_deadline() {
    let chooser = slow(DEADLINE * 6 / 100);
    let ran = run(&DEFAULT, &chooser, &members(&["-"; 40]));
    assert!(ran.usage.selector.time > DEADLINE, "{:?}", ran.usage);
    assert!(kinds(&ran).iter().flatten().all(|(plugin, _)| *plugin == PluginKind::GroupSelector), "{ran:?}");
    assert!(matches!(ran.outcomes[0], Outcome::Deliver(_)), "{ran:?}");
}

/// Every wait is given back, but not a whole tick of the clock for each.
#[test]
fn a_mapping_that_loops_dies_however_often_it_asks() {
    let chooser = chooser(&SANDBOX, BY_TYPE, OnFault::DeadLetter);
    for ask in [
        "(loop $again (call $ask (local.get $index) (i32.const 1)) (br $again))",
        "(loop $again (call $spin (i32.const 100000)) (call $ask (local.get $index) (i32.const 1)) (br $again))",
        "(loop $again (call $spin (i32.const 1000000)) (call $ask (local.get $turns) (i32.const 1))
           (local.set $turns (i32.rem_u (i32.add (local.get $turns) (i32.const 1)) (i32.const 50)))
           (br $again))",
    ] {
        let mapping = asking(&SANDBOX, ask);
        let start = Instant::now();
        let ran = run(&mapping, &chooser, &members(&["0"; 50]));
        // A deadline for the mapping and five for the selector, twice: together, and one by one.
        assert!(start.elapsed() < DEADLINE * 20, "{:?}", start.elapsed());
        let kinds = kinds(&ran);
        assert!(matches!(kinds[0], Some((_, FaultKind::Deadline | FaultKind::InvalidOutput))), "{ask}: {kinds:?}");
        assert!(kinds.iter().all(Option::is_some), "{ask}: {kinds:?}");
    }
}

/// An event that takes all the time by itself would be put back for ever if that was said to be others' doing.
#[test]
fn an_event_that_is_asked_about_without_end_is_not_cut_short_by_itself() {
    let chooser = slow(DEADLINE * 2 / 10);
    let ask = "(local.set $turns (i32.const 1000))
        (loop $again
          (call $ask (local.get $index) (i32.const 2))
          (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))";
    let ran = soon(|| run(&asking(&SANDBOX, ask), &chooser, &members(&["-"])));
    assert_eq!(kinds(&ran), [Some((PluginKind::GroupSelector, FaultKind::Deadline))], "{ran:?}");
}

/// A mapping that asks about the others first: the first event comes through all the same.
#[test]
fn the_first_event_is_never_cut_short() {
    let chooser = chooser(&SANDBOX, BY_TYPE, OnFault::DeadLetter);
    let ask = "(if (i32.eqz (local.get $index))
        (then
          (loop $again
            (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
            (call $ask (local.get $turns) (i32.const 1))
            (br_if $again (i32.lt_u (local.get $turns) (i32.const 19))))))
      (call $ask (local.get $index) (i32.const 1))";
    let mut types = vec!["loop"; 20];
    types[0] = "none";
    let ran = soon(|| run(&asking(&SANDBOX, ask), &chooser, &members(&types)));
    assert!(!matches!(kinds(&ran)[0], Some((_, FaultKind::CutShort))), "{ran:?}");
}
