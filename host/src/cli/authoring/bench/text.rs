//! What was measured, for people.

use std::fmt::Write as _;

use crate::authoring::bench::{Report, SelectorReport, SideReport};
use crate::authoring::cases::Measure;
use crate::cli::ops::text::table;
use crate::cli::printable;
use crate::sandbox::PluginKind;

/// All of it. An event may take so many instructions.
pub(super) fn of(report: &Report, fuel_per_event: u64) -> String {
    let Report { plugin, beside, ratio, .. } = report;
    let mut text = String::new();
    // Writing into a string can't fail.
    let _ = writeln!(
        text,
        "{}, a {} of {} bytes, admitted in {} ms\n{} events in {} batches; {} rounds, each {} times through\n",
        printable(&report.name).replace('\n', "\\n"),
        report.kind.name(),
        report.component_bytes,
        report.admission_ms,
        report.events,
        report.batches,
        report.rounds,
        report.passes
    );
    let (header, what) = match report.kind {
        PluginKind::Mapping => (["", "MAPPING BESIDE", "THIS MAPPING"], "the mapping beside it"),
        PluginKind::GroupSelector => (["", "WITHOUT SELECTOR", "WITH SELECTOR"], "the mapping without it"),
    };
    text.push_str(&table(&header, &rows(beside, plugin)));
    let _ = writeln!(
        text,
        "\n{:+.2} µs an event: {:.2} times the time of {what} (median of {} rounds; nine in ten at most {:.2})",
        report.extra_us, ratio.p50, report.rounds, ratio.p90
    );
    let fuel = Measure { what: "fuel", unit: "", used: plugin.fuel_per_event, limit: fuel_per_event };
    let _ = writeln!(text, "{} of {} fuel an event ({})", fuel.used, fuel.limit, fuel.share());
    if let Some(selector) = &report.selector {
        push_selector(&mut text, selector);
    }
    if plugin.faults > 0 {
        let _ = writeln!(text, "it fails on {} of the events, so these numbers say little", plugin.faults);
    }
    text
}

fn rows(beside: &SideReport, plugin: &SideReport) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: &dyn Fn(&SideReport) -> String| {
        rows.push(vec![name.to_owned(), value(beside), value(plugin)]);
    };
    row("events a second", &|side| format!("{:.0}", side.events_per_second));
    row("µs an event, in batches: p50", &|side| micros(side.batch_us.p50));
    row("  p90", &|side| micros(side.batch_us.p90));
    row("  p99", &|side| micros(side.batch_us.p99));
    row("µs an event, alone: p50", &|side| micros(side.single_us.p50));
    row("  p90", &|side| micros(side.single_us.p90));
    row("  p99", &|side| micros(side.single_us.p99));
    row("µs an instance's start: p50", &|side| micros(side.start_us.p50));
    row("fuel an event, in batches", &|side| side.fuel_per_event.to_string());
    row("fuel an event, alone: p50", &|side| side.fuel.p50.to_string());
    row("  p90", &|side| side.fuel.p90.to_string());
    row("  p99", &|side| side.fuel.p99.to_string());
    row("  most", &|side| side.fuel.max.to_string());
    row("memory in KiB", &|side| (side.memory_bytes / 1024).to_string());
    row("faults", &|side| side.faults.to_string());
    rows
}

fn micros(micros: f64) -> String {
    format!("{micros:.2}")
}

fn push_selector(text: &mut String, selector: &SelectorReport) {
    let _ = writeln!(
        text,
        "selector: asked {:.2} times an event; {:.2} µs and {} fuel a call; about {:.0} µs to start; {} KiB of memory",
        selector.calls_per_event,
        selector.call_us,
        selector.fuel_per_call,
        selector.start_us,
        selector.memory_bytes / 1024
    );
}
