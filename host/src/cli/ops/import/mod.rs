//! `import`: feeds files through the service's own door.

mod feed;
mod item;
mod post;
mod refused;
mod source;
mod state;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use reqwest::Url;

use super::client::{http, problems_failure, reachable, runtime};
use super::text::count;
use crate::cli::{Exit, Failure, tell};
use crate::config::{self, ServiceAddress};
use crate::input::Input;
use feed::{Done, Feed};
use item::MOST_EVENTS;
use post::Door;
use refused::Refused;
use state::State;

/// Give the events of files to a running service
///
/// Reads what `transform` reads, and sends it to the service's /batch, in
/// order, unchanged, with the tenant's first ingest key. Waits when the service
/// asks it to. Events that the service refuses are told with file and line, and
/// written to a file (--refused).
///
/// How far it came is kept in a file (--state) after each request; the same
/// command goes on from there. An event without insert id that was accepted
/// just before the command was stopped may be accepted twice; the service
/// knows those with one.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    /// The files to read; - is standard input, which is read from its beginning each time.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The configuration that the service runs with.
    #[arg(long, value_name = "accoil.toml", default_value = "accoil.toml")]
    config: PathBuf,

    /// Whose events they are; needed if the configuration has several tenants.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    /// Where the service is, if not where the configuration says that it listens.
    #[arg(long, value_name = "URL")]
    url: Option<Url>,

    /// Where to keep how far it came; by default beside the first file, called as it with
    /// .import-state at the end.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Where to write events that are refused; must not exist yet, except when going on. Written
    /// only if there is something to write.
    #[arg(long, value_name = "FILE", default_value = "refused.ndjson")]
    refused: PathBuf,

    /// For how many seconds a service is waited for that takes nothing.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    patience: u64,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let address = config::load_address(&arguments.config).map_err(|problems| problems_failure(&problems))?;
    let failed = |error: config::ConfigError| Failure::new(Exit::Usage, error.code(), error);
    let tenant = address.tenant(arguments.tenant.as_deref()).map_err(failed)?.to_owned();
    let key = address.ingest_key(arguments.tenant.as_deref()).map_err(failed)?;
    let inputs: Vec<Input> = arguments.files.iter().map(|path| Input::of(path)).collect();
    let state = State::open(arguments.state_file().as_deref(), &tenant, &inputs)?;
    let refused = Refused::new(&arguments.refused, state.goes_on())?;
    state.keep()?;
    let door = Door {
        http: http()?,
        runtime: runtime()?,
        url: arguments.url(&address)?,
        key,
        patience: Duration::from_secs(arguments.patience),
    };
    let feed =
        Feed { door: &door, event_bytes: address.limits.event_bytes, state, refused, largest: MOST_EVENTS, unnamed: 0 };
    let done = feed.run(&inputs)?;
    Ok(arguments.finish(&done))
}

impl Arguments {
    /// `None` when there is nothing that could be gone on with.
    fn state_file(&self) -> Option<PathBuf> {
        let default = || {
            let file = self.files.iter().find(|path| *path != Path::new("-"))?;
            let mut name = file.clone().into_os_string();
            name.push(".import-state");
            Some(name.into())
        };
        self.state.clone().or_else(default)
    }

    fn url(&self, address: &ServiceAddress) -> Result<Url, Failure> {
        let failed = |problem: String| Failure::new(Exit::Usage, "import-url", problem);
        let mut url = match &self.url {
            Some(url) => url.clone(),
            None if address.tls => {
                return Err(failed(
                    "the service speaks TLS; name it as its certificate does, with --url https://…".into(),
                ));
            }
            None => {
                let listen = reachable(address.server.listen);
                Url::parse(&format!("http://{listen}")).map_err(|error| failed(error.to_string()))?
            }
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(failed("--url must begin with http:// or https://".into()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(failed("--url must not hold a user name or password".into()));
        }
        url.set_path(&format!("{}/batch", url.path().trim_end_matches('/')));
        Ok(url)
    }

    fn finish(&self, done: &Done) -> Exit {
        let before = match done.before {
            0 => String::new(),
            number => format!("{} were dealt with before; ", count(number, "event")),
        };
        tell(&format!("{before}{} accepted", count(done.accepted, "event")));
        if done.refused > 0 {
            tell(&format!("{} refused; they are in {}", count(done.refused, "event"), self.refused.display()));
        }
        if done.input_errors > 0 {
            Exit::Input
        } else if done.refused > 0 {
            Exit::Incomplete
        } else {
            Exit::Success
        }
    }
}
