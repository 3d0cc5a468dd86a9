//! Rules in scripts, run by the language's own interpreter: the plugin's files as they are, its exported function called
//! with a batch as the sandbox does.

use std::path::{Path, PathBuf};
use std::process::Command;

use accoil_stream::event::Event;
use serde_json::json;

/// A script that calls the plugin, and what it took.
pub(crate) struct Native {
    pub(crate) name: String,
    /// Microseconds an event of the best round.
    pub(crate) best: f64,
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

impl Native {
    /// The script prints microseconds an event.
    pub(crate) fn run(&mut self, events: &Path) {
        let output = Command::new(&self.program).args(&self.arguments).arg(events).output().expect("an interpreter");
        let text = String::from_utf8_lossy(&output.stdout);
        let micros: Option<f64> = text.trim().parse().ok();
        let Some(micros) = micros else {
            eprintln!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
            return;
        };
        self.best = self.best.min(micros);
    }
}

/// How a plugin that was built is run natively; nothing for languages that are compiled.
pub(crate) fn of(folder: &Path, language: &str, world: &str) -> Option<Native> {
    let plugin = super::plugin(language, world);
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/languages");
    let built = folder.join("target/plugins");
    let (interpreter, program, arguments) = match language {
        "typescript" => {
            ("Node", PathBuf::from("node"), vec![scripts.join("native.mjs"), built.join(format!("{plugin}.js"))])
        }
        "python" => {
            let environment = folder.join(&plugin).join(".venv/bin");
            let bindings = built.join(format!("{plugin}.bindings"));
            let _ = std::fs::remove_dir_all(&bindings);
            let mut made = Command::new(environment.join("componentize-py"));
            let of_world = if world == "mapping" { "mapping-component" } else { world };
            made.args(["--wit-path", "wit", "--world", of_world, "bindings"]).arg(&bindings);
            assert!(made.current_dir(folder.join(&plugin)).status().expect("componentize-py").success());
            let sources = built.join(format!("{plugin}.src"));
            ("Python", environment.join("python3"), vec![scripts.join("native.py"), bindings, sources])
        }
        _ => return None,
    };
    Some(Native { name: format!("{world} by {interpreter}"), best: f64::INFINITY, program, arguments })
}

/// Writes events as the contract has them, for the scripts.
pub(crate) fn write(path: &Path, events: &[Event<'_>]) {
    let records = events.iter().map(|event| {
        json!({
            "id": event.id, "eventType": event.event_type, "userId": event.user_id, "deviceId": event.device_id,
            "time": event.time, "eventProperties": event.event_properties, "userProperties": event.user_properties,
            "groups": event.groups, "groupProperties": event.group_properties, "attributes": event.attributes,
        })
    });
    let text = serde_json::Value::from_iter(records).to_string();
    std::fs::write(path, text).expect("a file");
}
