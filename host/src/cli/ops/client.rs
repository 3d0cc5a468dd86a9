//! Asking the admin listener of a service that runs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Exit, Failure, print, printable};
use crate::config::{self, ConfigError, Problems, ServiceAddress};
use crate::outbound::tls;
use crate::secret::{Secret, SecretSource};

/// Where `serve` keeps the token that it makes when none is configured, in `data_dir`.
const TOKEN_FILE: &str = "admin-token";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer is waited for that should come at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options of every command that asks a service.
#[derive(Debug, Args)]
pub(in crate::cli) struct Service {
    /// The configuration that the service runs with.
    #[arg(long, value_name = "accoil.toml", default_value = "accoil.toml")]
    pub(in crate::cli) config: PathBuf,

    /// Print what the service answered, as JSON.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// A service that can be asked.
#[derive(Debug)]
pub(in crate::cli) struct Admin {
    pub(in crate::cli) address: ServiceAddress,
    json: bool,
    config: PathBuf,
    base: Url,
    authorization: HeaderValue,
    http: reqwest::Client,
    runtime: Runtime,
}

/// An answer that succeeded, with its headers.
pub(in crate::cli) struct Fetched {
    pub(in crate::cli) headers: HeaderMap,
    pub(in crate::cli) bytes: Vec<u8>,
}

/// An answer, whatever it says.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

/// An error in an answer.
#[derive(Debug, Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

impl Service {
    /// Finds out where the service listens, and with which token.
    pub(in crate::cli) fn find(&self) -> Result<Admin, Failure> {
        let address = config::load_address(&self.config).map_err(|problems| problems_failure(&problems))?;
        let token = token(&address)?;
        let authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let mut authorization = authorization.map_err(|_| {
            Failure::new(Exit::Usage, "admin-token", "the admin token holds a character that no http header can carry")
        })?;
        authorization.set_sensitive(true);
        let listen = address.server.admin_listen;
        let base = format!("http://{}", reachable(listen));
        let base = Url::parse(&base).map_err(|error| Failure::new(Exit::Usage, "admin-listen", error))?;
        let runtime = runtime()?;
        Ok(Admin { address, json: self.json, config: self.config.clone(), base, authorization, http: http()?, runtime })
    }
}

/// All problems of a configuration end a command.
pub(super) fn problems_failure(problems: &Problems) -> Failure {
    let code = problems.iter().next().map_or("config", ConfigError::code);
    Failure::new(Exit::Usage, code, problems)
}

pub(super) fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::new(Exit::Output, "runtime", error))
}

/// A client that goes nowhere but where it is told.
pub(super) fn http() -> Result<reqwest::Client, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, "http-client", error);
    let tls = tls::client_config(None).map_err(|error| failed(&error))?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(|error| failed(&error))
}

/// The address to connect to for one that is listened on.
pub(super) fn reachable(listen: std::net::SocketAddr) -> std::net::SocketAddr {
    use std::net::{Ipv4Addr, Ipv6Addr};
    let ip = match listen.ip() {
        std::net::IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, listen.port()).into()
}

fn token(address: &ServiceAddress) -> Result<Secret, Failure> {
    if let Some(token) = &address.server.admin_token {
        return Ok(token.clone());
    }
    let file = SecretSource::File(address.server.data_dir.join(TOKEN_FILE));
    file.resolve(std::path::Path::new("")).map_err(|error| {
        let advice = "the service writes it when it starts with this configuration, for its own user to read";
        Failure::new(Exit::Usage, "admin-token", format!("{error}; {advice}"))
    })
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

impl Admin {
    /// Asks; `path` in parts that are escaped here.
    pub(in crate::cli) fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<String, Failure> {
        Ok(text(self.fetch(path, query)?.bytes))
    }

    /// The same for what is no text, or has headers that count.
    pub(in crate::cli) fn fetch(&self, path: &[&str], query: &[(&str, String)]) -> Result<Fetched, Failure> {
        let (status, fetched) = self.ask(Method::GET, path, query, None, Some(PATIENCE))?;
        if status.is_success() { Ok(fetched) } else { Err(self.refused(status, &text(fetched.bytes))) }
    }

    /// Commands; waits for as long as it takes.
    pub(super) fn post(&self, path: &[&str], body: &impl Serialize) -> Result<String, Failure> {
        let Answer { status, text } = self.try_post(path, body)?;
        if status.is_success() { Ok(text) } else { Err(self.refused(status, &text)) }
    }

    /// Commands what may be done in part: gives also what is no success.
    pub(super) fn try_post(&self, path: &[&str], body: &impl Serialize) -> Result<Answer, Failure> {
        let body = serde_json::to_string(body).map_err(|error| Failure::new(Exit::Usage, "admin-body", error))?;
        let (status, fetched) = self.ask(Method::POST, path, &[], Some(body), None)?;
        Ok(Answer { status, text: text(fetched.bytes) })
    }

    /// Whether answers are to be printed as they came.
    pub(super) fn prints_json(&self) -> bool {
        self.json
    }

    /// One tenant by its name; the only one when none is named.
    pub(in crate::cli) fn tenant(&self, asked: Option<&str>) -> Result<String, Failure> {
        let tenant = self.address.tenant(asked).map(str::to_owned);
        tenant.map_err(|error| Failure::new(Exit::Usage, error.code(), error))
    }

    /// Prints an answer as it came, or as `human` tells it.
    pub(super) fn print<T: DeserializeOwned>(
        &self,
        answer: &str,
        human: impl FnOnce(T) -> String,
    ) -> Result<Exit, Failure> {
        if self.json {
            return print(format!("{}\n", answer.trim_end()).as_bytes());
        }
        print(printable(&human(self.read(answer)?)).as_bytes())
    }

    /// Reads an answer.
    pub(in crate::cli) fn read<T: DeserializeOwned>(&self, answer: &str) -> Result<T, Failure> {
        serde_json::from_str(answer).map_err(|error| {
            let problem = format!("{} answered what this release does not understand ({error})", self.base);
            Failure::new(Exit::Incomplete, "admin-answer", format!("{problem}; are both the same release?"))
        })
    }

    fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<String>,
        patience: Option<Duration>,
    ) -> Result<(StatusCode, Fetched), Failure> {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.clear().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url).header(AUTHORIZATION, self.authorization.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        if let Some(patience) = patience {
            request = request.timeout(patience);
        }
        let answer = self.runtime.block_on(async {
            let mut answer = request.send().await?;
            let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
            Ok((status, Fetched { headers, bytes: answer.bytes().await?.into() }))
        });
        answer.map_err(|error: reqwest::Error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let base = self.base.as_str().trim_end_matches('/');
        if error.is_timeout() {
            return Failure::new(Exit::Usage, "service-silent", format!("{base} does not answer; is it too busy?"));
        }
        let problem = if error.is_connect() { "nothing answers there" } else { "the connection broke off" };
        let config = self.config.display();
        let advice = format!("start the service with accoil-stream serve --config {config}, or name its configuration");
        Failure::new(Exit::Usage, "service-unreachable", format!("{base}: {problem}; {advice} with --config"))
    }

    /// The failure that an answer tells of.
    pub(super) fn refused(&self, status: StatusCode, text: &str) -> Failure {
        let exit = match status {
            StatusCode::UNAUTHORIZED => Exit::Usage,
            // A component, or its settings.
            StatusCode::UNPROCESSABLE_ENTITY => Exit::Refused,
            _ => Exit::Incomplete,
        };
        match serde_json::from_str::<Refusal>(text) {
            Ok(refusal) => Failure::new(exit, refusal.code, refusal.message),
            Err(_) => {
                let message = format!("{} answered {status}, which is no answer of accoil-stream", self.base);
                Failure::new(exit, "admin-answer", message)
            }
        }
    }
}
