//! A report as text: worst first, no longer than a person reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cli::ops::text::{cell, count, table};
use crate::cli::printable;
use crate::compare::Sides;
use crate::compare::summary::{Change, Example, Key, Slice, Summary, Table};

/// How many lines a table has at most.
const ROWS: usize = 12;

/// How much of an outcome is shown, in characters.
const OUTCOME_CHARS: usize = 400;

/// The whole report. What comes from events or components can't command a terminal.
pub(in crate::cli) fn of(summary: &Summary) -> String {
    let mut text = head(summary);
    if !summary.differences.is_empty() {
        let rows = summary.differences.iter().map(|difference| {
            let share = percent(difference.events, summary.events.compared);
            vec![difference.kind.name().to_owned(), difference.events.to_string(), share]
        });
        section(&mut text, &["DIFFERENCE", "EVENTS", "SHARE"], rows.collect());
        slices(&mut text, "EVENT TYPE", &summary.event_types);
        slices(&mut text, "GROUP TYPE", &summary.group_types);
    }
    moves(&mut text, summary);
    keys(&mut text, "METADATA KEY", &summary.metadata_keys);
    keys(&mut text, "TRAIT", &summary.trait_keys);
    summary.examples.iter().for_each(|example| push_example(&mut text, example));
    printable(&text)
}

/// `3.2%`; what is not nothing, or not all, is not printed as if it were.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let hundredths = (u128::from(part) * 10_000 + u128::from(whole) / 2).checked_div(u128::from(whole)).unwrap_or(0);
    match (hundredths, part) {
        (0, 1..) => "<0.01%".to_owned(),
        (10_000.., _) if part < whole => ">99.99%".to_owned(),
        _ => {
            let digits = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            format!("{}%", digits.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

fn head(summary: &Summary) -> String {
    let (events, users) = (&summary.events, &summary.users);
    let about = if users.exact { "" } else { "about " };
    let mut text = String::new();
    // Writing into a string can't fail.
    let _ = writeln!(
        text,
        "events          {} compared, {} differ ({})",
        events.compared,
        events.differing,
        percent(events.differing, events.compared)
    );
    if events.sampled_out + events.shed > 0 {
        let _ = writeln!(text, "not compared    {} left out by the sample, {} shed", events.sampled_out, events.shed);
    }
    let _ = writeln!(text, "users           {about}{}, {about}{} differ", users.total, users.differing);
    let _ = writeln!(
        text,
        "primary group   changed for {about}{} ({about}{})",
        count(users.primary_group_changed, "user"),
        percent(users.primary_group_changed, users.total)
    );
    let _ = writeln!(text, "requests        {}", both(summary.requests));
    if let Some(fuel) = summary.fuel {
        let each = |fuel: u64| fuel.checked_div(events.compared).unwrap_or_default();
        let each = Sides { baseline: each(fuel.baseline), candidate: each(fuel.candidate) };
        let _ = writeln!(text, "fuel an event   {}", both(each));
    }
    if let Some(time) = summary.mapping_us {
        let _ = writeln!(text, "time            {} µs", both(time));
    }
    let faults = &summary.faults;
    if !faults.baseline.is_empty() || !faults.candidate.is_empty() {
        let _ = writeln!(text, "faults          {} → {}", kinds(&faults.baseline), kinds(&faults.candidate));
    }
    text
}

fn both(sides: Sides<u64>) -> String {
    format!("{} → {}", sides.baseline, sides.candidate)
}

fn kinds(faults: &BTreeMap<String, u64>) -> String {
    if faults.is_empty() {
        return "none".to_owned();
    }
    faults.iter().map(|(kind, events)| format!("{events} {kind}")).collect::<Vec<_>>().join(", ")
}

/// A table, if it has rows; of many the first.
fn section(text: &mut String, header: &[&str], mut rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    text.push('\n');
    text.push_str(&table(header, &rows));
    if more > 0 {
        let _ = writeln!(text, "… and {more} more: see --json");
    }
}

fn slices(text: &mut String, what: &str, slices: &Table<Slice>) {
    let row = |name: &str, slice: &Slice| {
        let share = percent(slice.differing, slice.compared);
        vec![name.to_owned(), slice.differing.to_string(), slice.compared.to_string(), share]
    };
    let named = slices.named.iter().map(|slice| row(slice.name.as_deref().unwrap_or("(none)"), slice));
    let other = slices.other.iter().map(|slice| row("(others)", slice));
    let rows = named.chain(other).filter(|row| row.get(1).is_some_and(|differing| differing != "0"));
    section(text, &[what, "DIFFER", "OF", "SHARE"], rows.collect());
}

fn moves(text: &mut String, summary: &Summary) {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "(none)".to_owned());
    let moves = &summary.primary_group_moves;
    let named = moves.named.iter().map(|each| vec![name(&each.from), name(&each.to), each.times.to_string()]);
    let other = moves.other.iter().map(|each| vec!["(others)".to_owned(), String::new(), each.times.to_string()]);
    section(text, &["PRIMARY GROUP FROM", "TO", "TIMES"], named.chain(other).collect());
}

fn keys(text: &mut String, what: &str, keys: &Table<Key>) {
    let row = |name: &str, key: &Key| {
        vec![name.to_owned(), key.added.to_string(), key.removed.to_string(), key.changed.to_string()]
    };
    let named = keys.named.iter().map(|key| row(key.name.as_deref().unwrap_or_default(), key));
    let other = keys.other.iter().map(|key| row("(others)", key));
    section(text, &[what, "ADDED", "REMOVED", "CHANGED"], named.chain(other).collect());
}

fn push_example(text: &mut String, example: &Example) {
    let user = example.user_id.as_deref().map(|user| format!(" of {}", cell(user))).unwrap_or_default();
    let _ = writeln!(text, "\n{} {}{user}", cell(&example.event_type), cell(&example.event_id));
    for change in &example.changes {
        let _ = writeln!(text, "  {}", said(change));
    }
    if example.more_changes > 0 {
        let _ = writeln!(text, "  … and {} more", example.more_changes);
    }
    for (sign, outcome) in [('-', &example.baseline), ('+', &example.candidate)] {
        let outcome = outcome.get();
        match outcome.char_indices().nth(OUTCOME_CHARS) {
            Some((end, _)) => drop(writeln!(text, "  {sign} {}…", outcome.get(..end).unwrap_or_default())),
            None => drop(writeln!(text, "  {sign} {outcome}")),
        }
    }
}

/// A difference on one line.
fn said(change: &Change) -> String {
    let typed = |value: &Option<String>, group_type: &Option<String>| match (value, group_type) {
        (Some(value), Some(group_type)) => format!("{} {}", cell(group_type), cell(value)),
        (Some(value), None) => cell(value),
        (None, _) => "none".to_owned(),
    };
    let mut text = change.kind.name().to_owned();
    change.user_id.iter().for_each(|user| text.push_str(&format!(" of {}", cell(user))));
    change.group.iter().for_each(|group| text.push_str(&format!(" of group {}", cell(group))));
    change.name.iter().for_each(|name| text.push_str(&format!(" {}", cell(name))));
    if change.from.is_some() || change.to.is_some() {
        let (from, to) = (typed(&change.from, &change.from_type), typed(&change.to, &change.to_type));
        text.push_str(&format!(": {from} → {to}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{About, Bounds, Report};
    use crate::sandbox::Outcome;

    #[test]
    fn shares_are_rounded_but_never_to_none_or_all() {
        for (part, whole, printed) in [
            (0, 0, "0%"),
            (0, 9, "0%"),
            (32, 1000, "3.2%"),
            (1, 3, "33.33%"),
            (2, 3, "66.67%"),
            (1, 1_000_000, "<0.01%"),
            (999_999, 1_000_000, ">99.99%"),
            (5, 5, "100%"),
            (1, 2, "50%"),
        ] {
            assert_eq!(percent(part, whole), printed);
        }
    }

    #[test]
    fn what_events_hold_commands_no_terminal() {
        let evil = "\u{1b}[2J\r\n\u{9b}x";
        let mut report = Report::new(Bounds::default());
        let about = About { id: evil, event_type: evil, user_id: Some(evil), groups: "null" };
        report.add(&about, &Outcome::Skip(evil.into()), &Outcome::Reject(evil.into()));
        let text = of(&report.summary());
        assert!(text.contains("\\u{1b}[2J\\r\\n\\u{9b}x"), "{text}");
        assert!(!text.contains(|character: char| character.is_control() && character != '\n'), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("\\u{9b}x")), "{text}");
    }
}
