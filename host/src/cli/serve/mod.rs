//! `serve`: takes events in, keeps them, delivers them.

mod logs;
mod traces;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Exit, Failure, complain};
use crate::admin::{self, Admin, Token};
use crate::config::{self, Config};
use crate::ingest;
use crate::queue::{Queue, SqliteQueue};
use crate::server::{self, Identity, ServerLimits};
use crate::service::{self, Service};

/// Connections that operators and scrapers may have.
const ADMIN_CONNECTIONS: usize = 512;

/// Longest time for the head of an operator's request.
const ADMIN_HEAD: Duration = Duration::from_secs(2);

/// Longest time for sending the last traces when the service stops.
const TRACES_PATIENCE: Duration = Duration::from_secs(2);

/// Take events in, keep them, deliver them
///
/// Listens for Amplitude's SDKs and its webhook destination, keeps what comes
/// on disk before it says so, maps it, and delivers it to Accoil. Stops on
/// SIGTERM and on Ctrl-C: what is under way is finished within drain_s, the
/// rest stays in the store. Reads the configuration again on SIGHUP, and when
/// its file changes.
///
///     [server]
///     listen = "127.0.0.1:8080"
///     admin_listen = "127.0.0.1:8081"
///     data_dir = "data"
///     [[tenants]]
///     name = "acme"
///     ingest_keys = ["env:ACME_INGEST_KEY"]
///     [tenants.accoil]
///     api_key = "env:ACME_ACCOIL_KEY"
///
/// Point an SDK at http://127.0.0.1:8080/2/httpapi, with the ingest key as its
/// API key. It then no longer reaches Amplitude.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "accoil.toml", default_value = "accoil.toml")]
    config: PathBuf,
    /// Start although the store is damaged, with what can be read of it.
    #[arg(long)]
    accept_damage: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let config = match config::load_all(&arguments.config) {
        Ok(config) => config,
        Err(problems) => {
            problems.iter().for_each(|problem| complain(problem.code(), &problem.to_string()));
            return Ok(Exit::Usage);
        }
    };
    logs::start(&config.server)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Output, "runtime", error))?;
    let exit = runtime.block_on(serve(config, arguments.accept_damage));
    // A thread that hangs on a file must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

async fn serve(config: Config, accept_damage: bool) -> Result<Exit, Failure> {
    // From the first moment on, so that it does not end the process while it starts.
    let _hangup = signal(SignalKind::hangup());
    let server = config.server.clone();
    // Before anything else, so that a port that is taken costs nothing.
    let (listener, admin_listener) = (bind(server.listen).await?, bind(server.admin_listen).await?);
    // The ports in use, also where the configuration says 0.
    let (listen, admin_listen) = (address_of(&listener)?, address_of(&admin_listener)?);
    let identity = server.tls.as_ref().map(Identity::load).transpose();
    let identity = identity.map_err(|error| Failure::new(Exit::Usage, error.code(), error))?;
    let tls = identity.as_ref().map(Identity::server_config).transpose();
    let tls = tls.map_err(|error| Failure::new(Exit::Usage, error.code(), error))?;
    let traces = traces::start(server.traces.as_ref())?;
    let (folder, queue_config) = (server.data_dir.clone(), config.queue.clone());
    let opened = tokio::task::spawn_blocking(move || SqliteQueue::open(&folder, &queue_config, accept_damage)).await;
    let queue: Arc<dyn Queue> = match opened {
        Ok(Ok(queue)) => Arc::new(queue),
        Ok(Err(error)) => return Err(Failure::new(Exit::Input, error.code(), error)),
        Err(error) => return Err(Failure::new(Exit::Input, "queue-open", error)),
    };
    let limits = ServerLimits {
        connections: config.ingest.connections,
        head_timeout: Duration::from_millis(config.ingest.head_timeout_ms),
    };
    let token = match &server.admin_token {
        Some(secret) => Token::of(secret),
        None => Token::kept_in(&server.data_dir).map_err(|error| {
            let file = Token::file(&server.data_dir);
            Failure::new(Exit::Output, "admin-token", format!("{}: {error}", file.display()))
        })?,
    };
    let tenants = config.tenants.len();
    let service = Service::start(config, Arc::clone(&queue), identity).await;
    let service = match service {
        Ok(service) => service,
        Err(error) => {
            queue.close();
            return Err(Failure::new(Exit::Refused, error.code(), error));
        }
    };
    let admin = Admin::new(Arc::clone(&service), token);
    let closing = service.closing();
    let events =
        tokio::spawn(server::serve(listener, ingest::router(service.door()), tls, limits, closing, server.drain));
    let admin_limits =
        ServerLimits { connections: ADMIN_CONNECTIONS, head_timeout: limits.head_timeout.min(ADMIN_HEAD) };
    let (admin_stop, admin_stopped) = tokio::sync::watch::channel(false);
    let operators = tokio::spawn(server::serve(
        admin_listener,
        admin::router(&admin),
        None,
        admin_limits,
        admin_stopped,
        Duration::from_secs(1),
    ));
    tokio::spawn(service::watch(Arc::clone(&service)));
    tokio::spawn(service::watch_folder(Arc::clone(&service)));
    tokio::spawn(admin::sample(admin));
    tracing::info!(tenants, "serving events on {listen}, operators on {admin_listen}");
    wait_for_stop().await;
    service.close();
    tracing::info!(drain_s = server.drain.as_secs(), "stopping: what is under way is finished");
    // How a listener ended is of no use any more.
    let _ = tokio::join!(events, service.finish(server.drain));
    service.shut().await;
    admin_stop.send_replace(true);
    let _ = operators.await;
    if let Some(traces) = traces {
        traces.shut(TRACES_PATIENCE).await;
    }
    tracing::info!("stopped");
    Ok(Exit::Success)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure::new(Exit::Usage, "listen", format!("{address} can't be listened on: {error}")))
}

fn address_of(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::new(Exit::Usage, "listen", error))
}

/// Waits for SIGTERM or Ctrl-C. Another one ends the process at once.
async fn wait_for_stop() {
    let mut terminate = signal(SignalKind::terminate()).ok();
    let terminated = async {
        match &mut terminate {
            Some(terminate) => drop(terminate.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
}
