//! Events with groups of every shape: what becomes of them is the choice of the account.

use super::words::{STRINGS, VALUES};
use super::{Fields, Sample};

/// More than any event of Amplitude's names.
const HUNDREDS: usize = 400;

/// None, one, many, hundreds; ids of every sort; equal ids of different types.
pub(in crate::conformance) fn groups() -> Vec<Sample> {
    let event =
        |groups: &str, properties: &str| Fields::full().with("groups", groups).with("group_properties", properties);
    let mut samples = vec![
        event("{}", "{}").sample("no groups"),
        event("null", r#"{"Account":{"7":{"plan":"pro"}}}"#).sample("traits without groups"),
        event(r#"{"Account":"7"}"#, "null").sample("a group without traits"),
        event(r#"{"Account":"7"}"#, r#"{"Account":{"7":{"plan":"pro"}}}"#).sample("one group"),
        event(r#"{"Account":["7"]}"#, r#"{"Team":{"7":{"plan":"pro"}}}"#).sample("traits of another type"),
        event(r#"{"Account":["7"],"Team":["7"],"Org":7}"#, r#"{"Account":{"7":{"a":1}},"Team":{"7":{"a":2}}}"#)
            .sample("equal ids of different types"),
        event(r#"{"Account":["7","7",7,"07","7.0"," 7"]}"#, r#"{"Account":{"7":{"a":1}}}"#)
            .sample("ids that are alike"),
        event(r#"{"":["7"],"Account":[""]}"#, r#"{"":{"7":{}}}"#).sample("an empty type and an empty id"),
        event(r#"{"Account":[null,true,[],{},"7",["8"]]}"#, r#"{"Account":{"7":{}}}"#).sample("ids that are none"),
        event(r#"["Account","7"]"#, r#"["7"]"#).sample("groups that are an array"),
    ];
    for value in VALUES {
        let properties = format!("{{\"Account\":{{\"7\":{value}}},\"Team\":{value}}}");
        samples.push(event(r#"{"Account":"7","Team":"8"}"#, &properties).sample(format!("traits are {value}")));
        samples.push(event(&format!("{{\"Account\":{value}}}"), &properties).sample(format!("an id is {value}")));
    }
    let ids: Vec<&str> = STRINGS.iter().map(|(_, text)| *text).collect();
    let traits: Vec<String> = ids.iter().map(|id| format!("{id}:{{\"name\":{id},\"plan\":\"pro\"}}")).collect();
    let list = format!("{{\"Account\":[{}]}}", ids.join(","));
    samples.push(event(&list, &format!("{{\"Account\":{{{}}}}}", traits.join(","))).sample("ids of every script"));
    samples.extend(many());
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(100_000));
    samples.push(Fields::full().with_group("\"Account\"", "\"7\"", &large).sample("large traits"));
    samples
}

fn many() -> [Sample; 3] {
    let types: Vec<String> = (0..20).map(|number| format!("\"Type {number}\":[\"{number}\",\"b\",\"a\"]")).collect();
    let types = format!("{{{}}}", types.join(","));
    let ids: Vec<String> = (0..HUNDREDS).map(|number| format!("\"{}\"", number * 7919 % HUNDREDS)).collect();
    let traits: Vec<String> =
        ids.iter().enumerate().map(|(rank, id)| format!("{id}:{{\"mrr\":{rank},\"plan\":\"pro\"}}")).collect();
    let ids = format!("{{\"Account\":[{}]}}", ids.join(","));
    let traits = format!("{{\"Account\":{{{}}}}}", traits.join(","));
    [
        Fields::full().with("groups", types).with("group_properties", "{}").sample("many groups of many types"),
        Fields::full().with("groups", &*ids).with("group_properties", "{}").sample("hundreds of groups"),
        Fields::full().with("groups", ids).with("group_properties", traits).sample("hundreds of groups with traits"),
    ]
}
