//! A test of the way to Accoil, step by step: name, connection, TLS, one harmless request.
//!
//! It says what each step proved and, as plainly, what none of them can: Accoil answers 202 before
//! it looks at the key, so a wrong key cannot be seen from here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::DeliveryConfig;
use crate::outbound::{Answer, Client, Destination, OutboundError, tls};

/// What no test of the connection can tell.
pub const NOT_PROVED: &[&str] = &[
    "whether the api key is right: accoil answers 202 before it checks the key, so this test did not send it",
    "whether calls will be accepted: accoil checks their content only after it has answered",
    "whether events arrive: look at the product in accoil after the first ones have been sent",
];

/// The steps done; after one that failed, those that rest on it are missing.
#[derive(Debug, Clone)]
pub struct Report {
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// `resolve`, `connect`, `tls` or `request`.
    pub name: &'static str,
    /// How long it took.
    pub took: Duration,
    /// What it proved, or what went wrong.
    pub result: Result<String, String>,
}

impl Report {
    /// Whether every step was done and proved something.
    pub fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.result.is_ok())
    }

    /// Does a step and notes how it went; gives what the next one needs.
    async fn step<T>(
        &mut self,
        name: &'static str,
        limit: Duration,
        work: impl Future<Output = Result<(T, String), String>>,
    ) -> Option<T> {
        let start = Instant::now();
        let done = tokio::time::timeout(limit, work).await;
        let done = done.unwrap_or_else(|_| Err(format!("no answer within {} ms", limit.as_millis())));
        let (value, result) = match done {
            Ok((value, proved)) => (Some(value), Ok(proved)),
            Err(problem) => (None, Err(problem)),
        };
        self.steps.push(Step { name, took: start.elapsed(), result });
        value
    }
}

/// Tests the way to a destination. What goes wrong is in the report.
///
/// # Errors
/// [`OutboundError`] when the destination's CA file or the client cannot be used, before anything
/// is tried.
pub async fn test_connection(destination: &Destination, delivery: &DeliveryConfig) -> Result<Report, OutboundError> {
    let tls = Arc::new(tls::client_config(destination.ca_file.as_deref())?);
    let client = Client::new(destination.clone(), delivery)?;
    let mut report = Report { steps: Vec::new() };
    try_steps(&mut report, destination, delivery, tls, &client).await;
    Ok(report)
}

/// `None` when a step has failed.
async fn try_steps(
    report: &mut Report,
    destination: &Destination,
    delivery: &DeliveryConfig,
    tls: Arc<rustls::ClientConfig>,
    client: &Client,
) -> Option<()> {
    let limit = delivery.connect_timeout();
    let addresses = report.step("resolve", limit, resolve(destination)).await?;
    let stream = report.step("connect", limit, connect(&addresses)).await?;
    if destination.is_https() {
        report.step("tls", limit, shake_hands(destination, tls, stream)).await?;
    }
    report.step("request", delivery.request_timeout(), request(destination, client)).await
}

async fn resolve(destination: &Destination) -> Result<(Vec<SocketAddr>, String), String> {
    let host = destination.host();
    let found = destination.addresses.lookup(host, destination.port()).await.map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err(format!("{host} has no address"));
    }
    let list: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
    let proved = format!("{host} is {}", list.join(", "));
    Ok((found, proved))
}

async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, String), String> {
    let mut problems = Vec::new();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok((stream, format!("{address} takes connections"))),
            Err(error) => problems.push(format!("{address}: {error}")),
        }
    }
    Err(problems.join("; "))
}

async fn shake_hands(
    destination: &Destination,
    config: Arc<rustls::ClientConfig>,
    stream: TcpStream,
) -> Result<((), String), String> {
    let host = destination.host();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| format!("{host}: {error}"))?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| error.to_string())?;
    let (_, session) = stream.get_ref();
    let version = session.protocol_version().map_or_else(|| "TLS".to_owned(), |version| format!("{version:?}"));
    let protocol = String::from_utf8_lossy(session.alpn_protocol().unwrap_or(b"http/1.1")).into_owned();
    Ok(((), format!("the certificate is valid for {host}; {version}, {protocol}")))
}

/// Asks for a path of the API with GET and without the key.
///
/// The request must not leave a trace in anyone's data. GET is safe by definition (RFC 9110,
/// section 9.2.1), and Accoil documents its paths for POST alone, so whatever comes back, nothing
/// was taken in. A POST with an empty body would be answered 202, queued and failed later, out of
/// sight. The key is left out since it would not be checked.
async fn request(destination: &Destination, client: &Client) -> Result<((), String), String> {
    let path = destination.combined_path().unwrap_or("/v2/identify");
    match client.get_without_key(path).await {
        Answer::Network { problem } | Answer::AddressRefused { problem } => Err(problem),
        Answer::Http { status: status @ 300..=399, .. } => {
            Err(format!("answered {status}, a redirect; delivery follows none, so set the endpoint it leads to"))
        }
        Answer::Http { status: status @ 500..=599, .. } => Err(format!("answered {status}: the service has trouble")),
        Answer::Http { status, .. } => Ok(((), format!("http is answered ({status} to a get, which creates nothing)"))),
    }
}
