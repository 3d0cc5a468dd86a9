//! `config check`: everything that can be found wrong in a configuration before it is used.

use std::path::PathBuf;

use clap::Args;

use crate::cli::mapping::Checker;
use crate::cli::{Exit, Failure, complain, print};
use crate::config::{self, Config, ConfigError, Tenant};
use crate::outbound::{self, Destination, OutboundError, tls};
use crate::server::Identity;

/// Say everything that is wrong in a configuration
///
/// One line for each problem, with file, line and key: unknown keys, values,
/// secrets that can't be had; and when there are none of these, endpoints,
/// components, and settings that do not fit their component. The exit code
/// is 2 if there was anything.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The configuration.
    #[arg(value_name = "accoil.toml", default_value = "accoil.toml")]
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let path = &arguments.file;
    let text = config::read_text(path).map_err(|error| Failure::new(Exit::Usage, error.code(), error))?;
    let config = match config::parse_all(&text, path) {
        Ok(config) => config,
        Err(problems) => {
            problems.iter().for_each(tell);
            return Ok(Exit::Usage);
        }
    };
    let problems = in_use(&config, &text)?;
    if problems.is_empty() {
        let count = config.tenants.len();
        let tenants = if count == 1 { "tenant" } else { "tenants" };
        return print(format!("{}: ok, {count} {tenants}\n", path.display()).as_bytes());
    }
    problems.iter().for_each(tell);
    Ok(Exit::Usage)
}

fn tell(problem: &ConfigError) {
    complain(problem.code(), &problem.to_string());
}

/// What turns out to be wrong when destinations and mappings are made.
fn in_use(config: &Config, text: &str) -> Result<Vec<ConfigError>, Failure> {
    let mut problems = Vec::new();
    if let Some(Err(error)) = config.server.tls.as_ref().map(Identity::load) {
        problems.push(config::problem_at(text, &config.path, &["server", "tls"], error.to_string()));
    }
    if let Some(Err(error)) = config.server.traces.as_ref().map(outbound::traces::client) {
        let key = if matches!(error, OutboundError::CaFile { .. }) { "ca_file" } else { "endpoint" };
        problems.push(config::problem_at(text, &config.path, &["server", "traces", key], error.to_string()));
    }
    let mut checker = Checker::new(config)?;
    for (index, tenant) in config.tenants.iter().enumerate() {
        let index = index.to_string();
        let mut problem = |table: &str, key: &str, problem: String| {
            let problem = format!("tenant {}: {problem}", tenant.name);
            problems.push(config::problem_at(text, &config.path, &["tenants", &index, table, key], problem));
        };
        if let Err(error) = destination(tenant) {
            problem("accoil", key_of(&error, tenant), error.to_string());
        }
        if let Err((table, key, said)) = checker.check(tenant) {
            problem(table, key, said);
        }
    }
    Ok(problems)
}

fn destination(tenant: &Tenant) -> Result<(), OutboundError> {
    Destination::new(&tenant.accoil)?;
    tls::client_config(tenant.accoil.ca_file.as_deref()).map(drop)
}

fn key_of(error: &OutboundError, tenant: &Tenant) -> &'static str {
    match error {
        OutboundError::Url { key, .. } => key,
        OutboundError::Key => "api_key",
        OutboundError::CaFile { .. } => "ca_file",
        OutboundError::Address(_) | OutboundError::Client(_) if tenant.accoil.combined_url.is_some() => "combined_url",
        OutboundError::Address(_) | OutboundError::Client(_) => "endpoint",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a configuration in a folder with a key and a file that is no component.
    fn said(text: &str) -> (Exit, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accoil.toml");
        std::fs::write(folder.path().join("key"), "canary").unwrap();
        std::fs::write(folder.path().join("text.wasm"), "text").unwrap();
        std::fs::write(&path, text).unwrap();
        let config = config::parse_all(text, &path).unwrap();
        let said = in_use(&config, text).unwrap();
        let said = said.iter().map(|problem| problem.to_string().split_once("accoil.toml:").unwrap().1.to_owned());
        (run(&Arguments { file: path.clone() }).unwrap(), said.collect())
    }

    #[test]
    fn endpoints_components_and_settings_are_looked_at_for_every_tenant() {
        let tenant = |name: &str, rest: &str| {
            format!("[[tenants]]\nname = \"{name}\"\n[tenants.accoil]\napi_key = \"file:key\"\n{rest}\n")
        };
        assert_eq!(said(&tenant("good", "")), (Exit::Success, vec![]));
        let bad = [
            tenant("a", "endpoint = \"http://127.0.0.1:1\""),
            tenant("b", "ca_file = \"none.pem\"\n[tenants.mapping]\ncomponent = \"text.wasm\""),
            tenant("c", "[tenants.mapping]\ncomponent = \"none.wasm\""),
            tenant("d", "[tenants.mapping.settings]\npropertys = []"),
        ];
        let (exit, said) = said(&bad.concat());
        let starts = [
            "5: tenants[0].accoil.endpoint: tenant a: endpoint is plain http",
            "10: tenants[1].accoil.ca_file: tenant b: ca_file ",
            "12: tenants[1].mapping.component: tenant b: ",
            "18: tenants[2].mapping.component: tenant c: ",
            "23: tenants[3].mapping.settings: tenant d: settings at the top: Additional",
        ];
        assert_eq!((exit, said.len()), (Exit::Usage, starts.len()), "{said:#?}");
        for (line, start) in said.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }
}
