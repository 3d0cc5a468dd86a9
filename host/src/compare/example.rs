//! Examples: the first few events of each kind of difference.

use json_text::push_string;
use serde_json::value::RawValue;

use super::diff;
use super::kind::{Kind, Kinds};
use super::names::cut;
use super::report::{About, Bounds};
use super::summary::{Change, Example};
use crate::sandbox::Outcome;

/// How many differences of an example are told one by one.
const CHANGES: usize = 20;

/// How much of an id, a name or a value is told.
const TEXT_BYTES: usize = 256;

/// Examples, and how many there are of each kind.
#[derive(Clone, Debug)]
pub(super) struct Examples {
    kept: Vec<Example>,
    of_kind: [usize; Kind::COUNT],
}

impl Examples {
    pub(super) fn new() -> Self {
        Self { kept: Vec::new(), of_kind: [0; Kind::COUNT] }
    }

    pub(super) fn kept(&self) -> &[Example] {
        &self.kept
    }

    /// Whether one with these kinds is wanted.
    pub(super) fn wants(&self, kinds: Kinds, bounds: &Bounds) -> bool {
        self.of_kind.iter().zip(Kind::ALL).any(|(number, kind)| kinds.contains(kind) && *number < bounds.examples)
    }

    pub(super) fn push(&mut self, example: Example) {
        let kinds: Kinds = example.kinds.iter().copied().collect();
        let of_kind = self.of_kind.iter_mut().zip(Kind::ALL);
        of_kind.filter(|(_, kind)| kinds.contains(*kind)).for_each(|(number, _)| *number += 1);
        self.kept.push(example);
    }

    /// Takes those of another one that are wanted.
    pub(super) fn merge(&mut self, other: &Self, bounds: &Bounds) {
        for example in &other.kept {
            if self.wants(example.kinds.iter().copied().collect(), bounds) {
                self.push(example.clone());
            }
        }
    }
}

/// Makes an example of an event.
pub(super) fn example(
    about: &About<'_>,
    kinds: Kinds,
    baseline: &Outcome,
    candidate: &Outcome,
    bounds: &Bounds,
) -> Example {
    let mut changes = Vec::new();
    let mut more_changes = 0;
    diff::differences(baseline, candidate, about.groups, &bounds.dialect, &mut |change| {
        if changes.len() < CHANGES {
            changes.push(shortened(&change));
        } else {
            more_changes += 1;
        }
    });
    Example {
        event_id: short(about.id),
        event_type: short(about.event_type),
        user_id: about.user_id.map(short),
        kinds: kinds.iter().collect(),
        changes,
        more_changes,
        baseline: side(baseline, bounds.example_bytes),
        candidate: side(candidate, bounds.example_bytes),
    }
}

fn shortened(change: &diff::Change<'_>) -> Change {
    Change {
        kind: change.kind,
        user_id: change.user_id.as_deref().map(short),
        group: change.group.as_deref().map(short),
        name: change.name.as_deref().map(short),
        from: change.from.as_deref().map(short),
        to: change.to.as_deref().map(short),
        from_type: change.from_type.as_deref().map(short),
        to_type: change.to_type.as_deref().map(short),
    }
}

fn short(text: &str) -> String {
    let kept = cut(text, TEXT_BYTES);
    if kept.len() < text.len() { format!("{kept}…") } else { kept.to_owned() }
}

fn side(outcome: &Outcome, bytes: usize) -> Box<RawValue> {
    let mut text = String::new();
    outcome.push_json(&mut text);
    if text.len() > bytes {
        let mut shortened = format!("{{\"outcome\":\"cut\",\"bytes\":{},\"text\":", text.len());
        push_string(&mut shortened, cut(&text, bytes));
        shortened.push('}');
        text = shortened;
    }
    // It was written as JSON just now.
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
