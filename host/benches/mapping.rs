//! What each step of an event's way costs, and what the sandbox costs beside the
//! same code run natively. See BENCHMARKS.md for how to read it.

#![allow(missing_docs, clippy::expect_used, clippy::missing_panics_doc, reason = "a benchmark fails by panicking")]

mod events;

use std::hint::black_box;
use std::sync::Arc;

use accoil_stream::accoil::write_request_line;
use accoil_stream::event::Event;
use accoil_stream::limits::Limits;
use accoil_stream::outbound::{Dialect, render};
use accoil_stream::sandbox::{Chooser, DEFAULT_COMPONENT, Mapping, Metering, OnFault, Outcome, Sandbox, Settings};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use default_mapping::types;

// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SETTINGS: &str = r#"{"properties":["plan","user_properties.email","duration_ms"]}"#;

struct Ready {
    sandbox: Sandbox,
    mapping: Mapping,
    settings: Settings,
}

fn ready() -> Ready {
    let sandbox = Sandbox::new(&Limits::default(), Metering::Off).expect("an engine");
    let mapping = sandbox.admit(DEFAULT_COMPONENT).expect("the default mapping");
    let settings = mapping.settings(SETTINGS).expect("settings");
    Ready { sandbox, mapping, settings }
}

/// The records of the contract, as the native code takes them.
fn record(event: &Event<'_>) -> types::Event {
    let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    types::Event {
        id: event.id.as_deref().unwrap_or_default().to_owned(),
        event_type: event.event_type.clone().into_owned(),
        user_id: owned(&event.user_id),
        device_id: owned(&event.device_id),
        time: event.time.clone(),
        event_properties: event.event_properties.clone().into_owned(),
        user_properties: event.user_properties.clone().into_owned(),
        groups: event.groups.clone().into_owned(),
        group_properties: event.group_properties.clone().into_owned(),
        attributes: event.attributes.clone(),
    }
}

fn steps(criterion: &mut Criterion) {
    let texts: Vec<String> = (0..256).map(events::text).collect();
    let events: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).expect("an event")).collect();
    let ready = ready();
    let mut group = criterion.benchmark_group("step");
    group.throughput(Throughput::Elements(256));
    group.bench_function("canonicalise", |bencher| {
        bencher.iter(|| texts.iter().filter(|text| Event::read(black_box(text).as_bytes()).is_ok()).count());
    });
    group.bench_function("map natively", |bencher| {
        bencher.iter_batched(
            || events.iter().map(record).collect::<Vec<_>>(),
            |records| default_mapping::map_events(ready.settings.text(), records, &default_mapping::NoChoice),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("map in the sandbox", |bencher| {
        bencher.iter(|| ready.mapping.run(&ready.settings, black_box(&events)));
    });
    let outcomes = ready.mapping.run(&ready.settings, &events);
    group.bench_function("render and print requests", |bencher| {
        bencher.iter(|| {
            let mut printed = String::new();
            let mut calls = Vec::new();
            for outcome in &outcomes {
                if let Outcome::Deliver(events) = outcome {
                    events.iter().for_each(|event| render(event, &Dialect::V2, &mut calls));
                }
            }
            calls.iter().for_each(|call| write_request_line(call, &mut printed));
            printed
        });
    });
    group.finish();
}

/// A selector by hand that looks at nothing and chooses the first candidate, and gives back what it took: what is left is
/// what asking costs.
fn quick() -> Vec<u8> {
    let usual = [
        include_str!("../../tests/sandbox/guests/usual/memory.wat"),
        include_str!("../../tests/sandbox/guests/usual/alloc.wat"),
        include_str!("../../tests/sandbox/guests/usual/realloc.wat"),
        include_str!("../../tests/sandbox/guests/usual/describe.wat"),
        include_str!("../../tests/sandbox/guests/usual/select.wat"),
        r#"(func (export "cabi_post_select") (param i32) (global.set $top (i32.const 32768)))
           (func $on_select (param i32) (param $answer i32) (i32.store8 (local.get $answer) (i32.const 2)))"#,
    ];
    let text = include_str!("../../tests/sandbox/guests/selector.wat");
    let text = text.replace("{before}", "").replace("{with}", "").replace("{guest}", &usual.concat());
    wat::parse_str(text).expect("a component")
}

/// A selector as an author has it: one of the examples in Rust, which looks at the event's type and at the candidates.
fn in_rust() -> Vec<u8> {
    let beside = std::env::temp_dir().join("accoil-stream-bench");
    let built = guest_builder::build(&guest_builder::Request {
        manifest_dir: concat!(env!("CARGO_MANIFEST_DIR"), "/../guest").into(),
        package: "plugin-account-by-event-type".into(),
        target_dir: beside.join("target"),
        profile: "release".into(),
        rustflags: Vec::new(),
        link_args: Vec::new(),
        locked: true,
        component: beside.join("selector.wasm"),
    });
    built.expect("a component").bytes
}

fn chooser(sandbox: &Sandbox, component: &[u8], settings: &str) -> Arc<Chooser> {
    let selector = sandbox.admit_selector(component).expect("a selector");
    let settings = selector.settings(settings).expect("settings");
    Arc::new(Chooser::new(Arc::new(selector), settings, OnFault::DeadLetter))
}

fn selectors(criterion: &mut Criterion) {
    let texts: Vec<String> = (0..256).map(events::text).collect();
    let events: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).expect("an event")).collect();
    let ready = ready();
    let quick = chooser(&ready.sandbox, &quick(), "{}");
    let rules =
        r#"{"rules":[{"events":["Invoice *"],"group_type":"Team"},{"events":["Report *"],"group_type":"Account"}]}"#;
    let in_rust = chooser(&ready.sandbox, &in_rust(), rules);
    let mut group = criterion.benchmark_group("selector");
    group.throughput(Throughput::Elements(256));
    for (name, chooser) in [("without", None), ("that does nothing", Some(&quick)), ("in Rust", Some(&in_rust))] {
        let ran = ready.mapping.run_with(&ready.settings, chooser, &events);
        assert_eq!(ran.usage.selector.calls, chooser.map_or(0, |_| 256), "the mapping asks about each event");
        assert!(ran.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Deliver(_))), "the selector answers");
        group.bench_function(name, |bencher| {
            bencher.iter(|| ready.mapping.run_with(&ready.settings, chooser, black_box(&events)));
        });
    }
    group.finish();
}

fn batches(criterion: &mut Criterion) {
    let texts: Vec<String> = (0..1000).map(events::text).collect();
    let events: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).expect("an event")).collect();
    let ready = ready();
    let mut group = criterion.benchmark_group("batch");
    for size in [1, 10, 100, 1000] {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &size, |bencher, size| {
            let batch = events.get(..*size).expect("that many events");
            bencher.iter(|| ready.mapping.run(&ready.settings, black_box(batch)));
        });
    }
    group.finish();
    // An empty batch is an instance and a call, and nothing else.
    criterion.bench_function("instance start", |bencher| {
        bencher.iter(|| ready.mapping.run(&ready.settings, black_box(&[])));
    });
    criterion.bench_function("admit the default mapping", |bencher| {
        let sandbox = Sandbox::new(&Limits::default(), Metering::Off).expect("an engine");
        bencher.iter(|| sandbox.admit(black_box(DEFAULT_COMPONENT)).is_ok());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(3));
    targets = steps, selectors, batches
}
criterion_main!(benches);
