//! Checks of what a plugin says about itself, and of its settings.

use serde_json::{Map, Value};

use crate::conformance::corpus::{self, Sample};
use crate::conformance::report::{Failure, Verdict};
use crate::conformance::settings::{self, Named};
use crate::conformance::subject::Given;
use crate::conformance::suite::Suite;
use crate::sandbox::{beginning, fits};

/// Usual events that settings are tried on.
const EVENTS: usize = 60;

/// How many combinations of settings are tried.
const TOGETHER: usize = 4;

pub(super) fn describes(suite: &mut Suite<'_>) -> Verdict {
    let description = suite.subject.description();
    if description.name.trim().is_empty() {
        return Verdict::fail("its name is empty");
    }
    if is_version(&description.version) {
        return Verdict::pass();
    }
    let version = beginning(&description.version, 40);
    Verdict::fail(format!("its version is {version:?}: it should be three numbers such as 1.4.0"))
}

/// MAJOR.MINOR.PATCH, with something behind `-` or `+` perhaps.
fn is_version(text: &str) -> bool {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.split('.').count() == 3 && numbers.split('.').all(is_number)
}

pub(super) fn describes_again(suite: &mut Suite<'_>) -> Verdict {
    let told = suite.subject.description();
    let describe = match suite.subject.describe_twice() {
        Ok(describe) => describe,
        Err(fault) => return Verdict::fail(fault.to_string()),
    };
    for (description, when) in describe.iter().zip(["in another instance", "for the second time"]) {
        let fields = [
            ("name", &told.name, &description.name),
            ("version", &told.version, &description.version),
            ("summary", &told.summary, &description.summary),
            ("settings-schema", &told.settings_schema, &description.settings_schema),
        ];
        if let Some((field, first, then)) = fields.into_iter().find(|(_, first, then)| first != then) {
            let (first, then) = (beginning(first, 100), beginning(then, 100));
            return Verdict::fail(format!("its {field} is {first:?} first, and {then:?} when asked {when}"));
        }
    }
    Verdict::pass()
}

fn schema(suite: &Suite<'_>) -> Value {
    // It was read at admission.
    serde_json::from_str(&suite.subject.description().settings_schema).unwrap_or_default()
}

pub(super) fn required(suite: &mut Suite<'_>) -> Verdict {
    let Err(error) = suite.subject.given("{}") else { return Verdict::pass() };
    let schema = schema(suite);
    let names: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() {
        return Verdict::fail(format!(
            "{error}: `{{}}` does not fit, and its schema says by no `required` what is missing"
        ));
    }
    Verdict::pass_with(format!("it needs {}", names.join(", ")))
}

pub(super) fn values(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let named = settings::named(&schema(suite));
    if named.is_empty() {
        return Verdict::not_applicable("its schema names no defaults, examples or choices");
    }
    for Named { place, keyword, schema, value, .. } in &named {
        if fits(schema, value) == Some(false) {
            return Verdict::fail(format!("{keyword} at {place} does not fit its own schema: {value:.200}"));
        }
    }
    let base: Map<String, Value> = serde_json::from_str(&given.text).unwrap_or_default();
    let samples = [corpus::usual(EVENTS), corpus::groups(), corpus::types()].concat();
    let mut tried = 0;
    for Named { place, keyword, settings, .. } in &named {
        match tried_with(suite, &base, settings, &samples) {
            Some(Err(failure)) => return failed(*failure, &format!("with the {keyword} at {place}")),
            Some(Ok(())) => tried += 1,
            None => {}
        }
    }
    let mut together = 0;
    for round in 0..TOGETHER {
        match tried_with(suite, &base, &combined(&named, round), &samples) {
            Some(Err(failure)) => return failed(*failure, "with several together"),
            Some(Ok(())) => together += 1,
            None => {}
        }
    }
    let note = format!("{tried} of {} tried alone, {together} combinations", named.len());
    if tried == named.len() {
        Verdict::pass_with(note)
    } else {
        Verdict::pass_with(note + "; the others need more beside them")
    }
}

/// Runs events with settings on top of others. Nothing if they do not fit.
fn tried_with(
    suite: &mut Suite<'_>,
    base: &Map<String, Value>,
    settings: &Value,
    samples: &[Sample],
) -> Option<Result<(), Box<Failure>>> {
    let mut whole = base.clone();
    for (name, value) in settings.as_object()? {
        whole.insert(name.clone(), value.clone());
    }
    let given = suite.subject.given(&Value::Object(whole).to_string()).ok()?;
    Some(suite.first_failure(&given, samples).map_or(Ok(()), |failure| Err(Box::new(failure))))
}

/// One value of each setting at the top: of those that are named, the one whose turn it is.
fn combined(named: &[Named], round: usize) -> Value {
    let mut by_name: Vec<(&String, Vec<&Value>)> = Vec::new();
    for (name, value) in named.iter().filter_map(|named| named.settings.as_object()).flatten() {
        match by_name.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => values.push(value),
            None => by_name.push((name, vec![value])),
        }
    }
    let whose_turn = |values: &[&Value]| values.get(round % values.len().max(1)).copied().cloned().unwrap_or_default();
    by_name.into_iter().map(|(name, values)| (name.clone(), whose_turn(&values))).collect::<Map<_, _>>().into()
}

fn failed(mut failure: Failure, when: &str) -> Verdict {
    failure.problem = format!("{when}: {}", failure.problem);
    Verdict::Fail(Box::new(failure))
}

pub(super) fn limits(suite: &mut Suite<'_>, _: &Given) -> Verdict {
    match &suite.beyond {
        Some((check, fault)) => Verdict::fail(format!("in {check}: {fault}")),
        None => Verdict::pass(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn versions_are_three_numbers() {
        assert!(["0.1.0", "1.4.0", "10.20.30", "1.0.0-rc.1", "1.0.0+build-5"].iter().all(|text| is_version(text)));
        assert!(["", "1", "1.0", "v1.0.0", "1.0.0.0", "1..0", "1.0.x"].iter().all(|text| !is_version(text)));
    }
}
