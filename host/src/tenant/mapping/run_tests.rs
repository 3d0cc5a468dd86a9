//! A version on trial, and the one that takes over what it fails on.

use std::sync::{Arc, LazyLock};

use super::run::{Ran, Repin, run};
use crate::admission::Admission;
use crate::event::Event;
use crate::limits::Limits;
use crate::queue::{Activation, UnixMs, WHOLE};
use crate::sandbox::{self, DEFAULT_COMPONENT, Fault, FaultKind, Outcome};
use crate::versions::{Candidate, Fallback, InForce, Judge, Library, Parts, Rules, Split, Tally, Version};

const RULES: Rules = Rules { failures: 3, fault_percent: 1, reject_percent: 10 };

/// The mapping is of no interest here: what each version says is made up by the tests.
static MAPPING: LazyLock<Candidate> = LazyLock::new(|| {
    Library::new(&Limits::default(), Admission::in_process())
        .unwrap()
        .candidate(&Parts::alone(DEFAULT_COMPONENT, "{}"))
        .unwrap()
});

fn version(number: u32) -> Arc<Version> {
    Arc::new(Version { number, what: MAPPING.clone() })
}

/// Version 2 is in force, watched until then by version 1.
fn watched(until: UnixMs) -> InForce {
    let activation = Activation {
        number: 1,
        from: 1,
        at: 0,
        version: 2,
        canary: None,
        fallback: None,
        by: String::new(),
        reason: String::new(),
    };
    let fallback = Some(Fallback { version: version(1), until });
    InForce { activation, live: version(2), canary: None, fallback }
}

/// Version 1 is in force, and version 2 for a part of the users.
fn canary(share: u32) -> InForce {
    InForce { live: version(1), canary: Some((Split::new("s", share), version(2))), fallback: None, ..watched(0) }
}

fn events(number: usize) -> Vec<String> {
    (0..number).map(|id| format!(r#"{{"event_type":"e{id}","user_id":"u{id}"}}"#)).collect()
}

fn fault(kind: FaultKind) -> Outcome {
    Outcome::Fault(Fault::new(kind, "x"))
}

fn skip() -> Outcome {
    Outcome::Skip("fine".to_owned())
}

/// Runs events; `bad` says what version 2 makes of an event, by its number, and `good` version 1.
fn ran(
    in_force: &InForce,
    judge: Option<&mut Judge>,
    number: usize,
    bad: impl Fn(usize) -> Outcome,
    good: impl Fn(usize) -> Outcome,
) -> Ran {
    let texts = events(number);
    let events: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).unwrap()).collect();
    let number = |event: &Event<'_>| event.event_type[1..].parse().unwrap();
    let call = |version: &Version, events: &[Event<'_>]| {
        let one = |event| if version.number == 2 { bad(number(event)) } else { good(number(event)) };
        events.iter().map(one).collect::<Vec<_>>().into()
    };
    run(in_force, in_force.trials(5), judge, false, &events, &call)
}

#[test]
fn what_the_new_version_fails_on_the_one_before_runs() {
    let mut judge = Judge::new(RULES);
    let trap = |id| if id == 3 { fault(FaultKind::Panic) } else { skip() };
    let ran = ran(&watched(9), Some(&mut judge), 10, trap, |_| Outcome::Reject("old".to_owned()));
    let versions: Vec<u32> = ran.outcomes.iter().map(|one| one.version).collect();
    assert_eq!(versions, [2, 2, 2, 1, 2, 2, 2, 2, 2, 2]);
    assert_eq!(ran.outcomes[3].outcome, Outcome::Reject("old".to_owned()));
    assert_eq!(ran.outcomes[3].repin, Some(Repin { from: 2, because: "panic: x".to_owned() }));
    assert_eq!((ran.verdict, judge.seen()), (None, Tally { events: 10, faults: 1, rejects: 0 }));
}

/// Version 2 has a selector that fails on one event, and the mapping's own rule steps in; version 1 has one that fails on
/// these.
fn fallen_back(judge: &mut Judge, good: &[usize]) -> Ran {
    let texts = events(10);
    let events: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).unwrap()).collect();
    let failed = |index| (index, Fault::of_selector(FaultKind::Panic, "x"));
    let call = |version: &Version, events: &[Event<'_>]| sandbox::Ran {
        fallbacks: if version.number == 2 { vec![failed(3)] } else { good.iter().copied().map(failed).collect() },
        ..vec![skip(); events.len()].into()
    };
    let in_force = watched(9);
    run(&in_force, in_force.trials(5), Some(judge), false, &events, &call)
}

#[test]
fn what_its_selector_fails_on_the_one_before_runs_whoever_steps_in() {
    let mut judge = Judge::new(RULES);
    let ran = fallen_back(&mut judge, &[]);
    let versions: Vec<u32> = ran.outcomes.iter().map(|one| one.version).collect();
    assert_eq!(versions, [2, 2, 2, 1, 2, 2, 2, 2, 2, 2]);
    assert_eq!(ran.outcomes[3].repin, Some(Repin { from: 2, because: "group selector: panic: x".to_owned() }));
    assert!(ran.outcomes.iter().all(|one| one.fallback.is_none()));
    assert_eq!(judge.seen(), Tally { events: 10, faults: 1, rejects: 0 });
}

#[test]
fn where_the_selectors_of_both_fail_it_stands_and_is_told() {
    let mut judge = Judge::new(RULES);
    // The only event that version 1 runs.
    let ran = fallen_back(&mut judge, &[0]);
    assert!(ran.outcomes.iter().all(|one| one.version == 2 && one.repin.is_none()));
    let told: Vec<usize> = (0..10).filter(|index| ran.outcomes[*index].fallback.is_some()).collect();
    assert_eq!((told, judge.seen()), (vec![3], Tally { events: 10, faults: 0, rejects: 0 }));
}

#[test]
fn what_both_fail_on_says_nothing_against_the_new_one() {
    let mut judge = Judge::new(RULES);
    let trap = |_| fault(FaultKind::Panic);
    let ran = ran(&watched(9), Some(&mut judge), 10, trap, |_| fault(FaultKind::Deadline));
    assert!(ran.outcomes.iter().all(|one| one.version == 2 && one.repin.is_none()));
    assert_eq!((ran.verdict, judge.seen()), (None, Tally { events: 10, faults: 0, rejects: 0 }));
}

#[test]
fn a_version_that_uses_up_its_time_is_condemned_at_once() {
    let mut judge = Judge::new(RULES);
    let slow = |id| fault(if id < 2 { FaultKind::Deadline } else { FaultKind::CutShort });
    let ran = ran(&watched(9), Some(&mut judge), 10, slow, |_| skip());
    let (slow, late) = ran.outcomes.split_at(2);
    assert!(slow.iter().all(|one| one.version == 1 && one.outcome == skip()));
    assert!(late.iter().all(|one| one.repin.is_none() && one.outcome == fault(FaultKind::CutShort)), "taken again");
    assert_eq!(ran.verdict.unwrap().tally, Tally { events: 10, faults: 10, rejects: 0 });
}

#[test]
fn new_rejects_stand_until_they_are_too_many() {
    let mut judge = Judge::new(RULES);
    let reject = |of: usize| move |id| if id < of { Outcome::Reject("new".to_owned()) } else { skip() };
    let few = ran(&watched(9), Some(&mut judge), 20, reject(2), |_| skip());
    assert_eq!(few.outcomes.iter().filter(|one| matches!(one.outcome, Outcome::Reject(_))).count(), 2);
    assert_eq!(few.verdict, None);
    let many = ran(&watched(9), Some(&mut judge), 20, reject(20), |_| skip());
    assert_eq!(many.verdict.unwrap().tally, Tally { events: 40, faults: 0, rejects: 22 });
    assert!(many.outcomes.iter().all(|one| one.version == 1 && one.outcome == skip()), "not dead-lettered");
}

#[test]
fn what_may_have_been_taken_over_is_taken_over_again() {
    let text = events(1).remove(0);
    let event = [Event::read(text.as_bytes()).unwrap()];
    let call = |version: &Version, _: &[Event<'_>]| {
        vec![if version.number == 2 { Outcome::Reject("new".to_owned()) } else { skip() }].into()
    };
    let in_force = watched(9);
    let mut again = run(&in_force, in_force.trials(0), None, true, &event, &call);
    let one = again.outcomes.remove(0);
    assert_eq!((one.version, one.outcome), (1, skip()));
    assert_eq!(one.repin, Some(Repin { from: 2, because: "rejected: new".to_owned() }));
}

#[test]
fn without_a_judge_nothing_is_condemned_but_taken_over() {
    let ran = ran(&watched(9), None, 10, |_| fault(FaultKind::Panic), |_| skip());
    assert!(ran.verdict.is_none() && ran.outcomes.iter().all(|one| one.version == 1));
}

#[test]
fn after_the_watch_a_version_stands_for_itself() {
    let mut judge = Judge::new(RULES);
    let ran = ran(&watched(5), Some(&mut judge), 10, |_| fault(FaultKind::Panic), |_| skip());
    assert!(ran.verdict.is_none() && ran.outcomes.iter().all(|one| one.version == 2 && one.repin.is_none()));
}

#[test]
fn the_canary_runs_its_users_alone_and_order_is_kept() {
    let in_force = canary(WHOLE / 2);
    let named = |name: &'static str| move |id| Outcome::Skip(format!("{name} {id}"));
    let ran = ran(&in_force, None, 200, named("new"), named("old"));
    let (split, _) = in_force.canary.as_ref().unwrap();
    for (id, one) in ran.outcomes.iter().enumerate() {
        let text = events(id + 1).pop().unwrap();
        let is_canary = split.takes(&Event::read(text.as_bytes()).unwrap());
        let expected = if is_canary { (2, format!("new {id}")) } else { (1, format!("old {id}")) };
        assert_eq!((one.version, &one.outcome), (expected.0, &Outcome::Skip(expected.1)));
    }
}

#[test]
fn only_the_canarys_events_are_judged() {
    let mut judge = Judge::new(RULES);
    let ran = ran(&canary(WHOLE / 2), Some(&mut judge), 200, |_| fault(FaultKind::Memory), |_| skip());
    let tally = ran.verdict.unwrap().tally;
    assert_eq!(
        (tally.events, tally.faults),
        (tally.faults, ran.outcomes.iter().filter(|one| one.repin.is_some()).count() as u64)
    );
    assert!((70..130).contains(&tally.events), "{tally:?}");
    assert!(ran.outcomes.iter().all(|one| one.outcome == skip()));
}

/// Version 2 is watched by version 1, and version 3 runs as a canary beside it.
#[test]
fn a_canary_does_not_end_the_watch_of_the_live_version() {
    let in_force = InForce { canary: Some((Split::new("s", WHOLE / 2), version(3))), ..watched(9) };
    let texts = events(200);
    let events: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).unwrap()).collect();
    let call = |version: &Version, events: &[Event<'_>]| {
        let one = |_| if version.number == 2 { fault(FaultKind::Panic) } else { skip() };
        events.iter().map(one).collect::<Vec<_>>().into()
    };
    let mut judge = Judge::new(RULES);
    let ran = run(&in_force, in_force.trials(5), Some(&mut judge), false, &events, &call);
    assert!(ran.outcomes.iter().all(|one| one.outcome == skip()), "nothing is lost");
    let of = |number| ran.outcomes.iter().filter(|one| one.version == number).count() as u64;
    assert_eq!((of(1) + of(3), of(2)), (200, 0));
    assert_eq!((ran.verdict, judge.seen()), (None, Tally { events: of(3), faults: 0, rejects: 0 }));
}
