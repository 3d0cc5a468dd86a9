//! What the shape alone cannot say: names, combinations, relative paths, secrets.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use super::locate::Source;
use super::service::{IntakeConfig, ServerConfig, TlsConfig};
use super::shape::{AccoilTable, DEFAULT_COMPONENT, DeliveryConfig, File, MappingTable, ServerTable, TenantTable};
use super::{AccoilConfig, Component, Config, ConfigError, DialectName, MappingConfig, Tenant, settings};
use crate::secret::SecretSource;

/// More requests at a time than this would need more connections than a host lets one client have.
const MOST_IN_FLIGHT: usize = 1024;

/// Times beyond these are mistakes, and a clock cannot be asked for any time there is.
const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const MONTH_S: u64 = 31 * 24 * 60 * 60;

const NAME_RULE: &str = "must be 1 to 64 ascii letters, digits, '-', '_' or '.'";

pub(super) fn config(file: File, source: &Source<'_>, path: &Path) -> Result<Config, ConfigError> {
    delivery(&file.delivery, source)?;
    if file.tenants.is_empty() {
        return Err(source.value_error(&["tenants"], "there is none; add a [[tenants]] table with name and accoil"));
    }
    let base = path.parent().unwrap_or(Path::new(""));
    let mut names = HashSet::new();
    let mut tenants = Vec::with_capacity(file.tenants.len());
    for (index, table) in file.tenants.into_iter().enumerate() {
        let place = Place { source, base, index: index.to_string() };
        let tenant = place.tenant(table)?;
        if !names.insert(tenant.name.clone()) {
            return Err(place.error(&["name"], format!("{:?} is the name of an earlier tenant too", tenant.name)));
        }
        tenants.push(tenant);
    }
    Ok(Config {
        path: path.to_owned(),
        server: server(file.server, source, base)?,
        ingest: file.ingest,
        queue: file.queue,
        tenants,
        delivery: file.delivery,
        limits: file.limits,
    })
}

fn delivery(delivery: &DeliveryConfig, source: &Source<'_>) -> Result<(), ConfigError> {
    let error = |key, problem: String| Err(source.value_error(&["delivery", key], problem));
    if delivery.in_flight.get() > MOST_IN_FLIGHT {
        return error("in_flight", format!("must be at most {MOST_IN_FLIGHT}"));
    }
    if delivery.window < delivery.in_flight {
        return error("window", format!("must be at least in_flight, which is {}", delivery.in_flight));
    }
    if delivery.retry_max_ms < delivery.retry_first_ms {
        return error("retry_max_ms", format!("must be at least retry_first_ms, which is {}", delivery.retry_first_ms));
    }
    for (key, value, most) in [
        ("connect_timeout_ms", delivery.connect_timeout_ms, HOUR_MS),
        ("request_timeout_ms", delivery.request_timeout_ms, HOUR_MS),
        ("give_up_after_s", delivery.give_up_after_s, MONTH_S),
        ("retry_max_ms", delivery.retry_max_ms, DAY_MS),
    ] {
        if value.get() > most {
            return error(key, format!("must be at most {most}"));
        }
    }
    Ok(())
}

fn server(table: ServerTable, source: &Source<'_>, base: &Path) -> Result<ServerConfig, ConfigError> {
    let secret = |path: &[&str], secret: &SecretSource| {
        secret.resolve(base).map_err(|problem| source.value_error(path, problem.to_string()))
    };
    let admin_token = table.admin_token.map(|token| secret(&["server", "admin_token"], &token)).transpose()?;
    if admin_token.is_none() && !table.admin_listen.ip().is_loopback() {
        let problem = "is beyond loopback, which needs admin_token";
        return Err(source.value_error(&["server", "admin_listen"], problem));
    }
    let tls = table.tls.map(|tls| {
        let key = secret(&["server", "tls", "key"], &tls.key)?;
        Ok(TlsConfig { certificate: base.join(tls.certificate), key })
    });
    Ok(ServerConfig {
        listen: table.listen,
        admin_listen: table.admin_listen,
        admin_token,
        data_dir: base.join(table.data_dir),
        tls: tls.transpose()?,
        drain: Duration::from_secs(table.drain_s),
        log: table.log,
        log_format: table.log_format,
    })
}

/// The tenant that is being checked.
struct Place<'a> {
    source: &'a Source<'a>,
    base: &'a Path,
    index: String,
}

impl Place<'_> {
    fn error(&self, path: &[&str], problem: impl Into<String>) -> ConfigError {
        let path: Vec<&str> = ["tenants", &self.index].into_iter().chain(path.iter().copied()).collect();
        self.source.value_error(&path, problem)
    }

    fn tenant(&self, table: TenantTable) -> Result<Tenant, ConfigError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=64).contains(&table.name.len()) || !table.name.bytes().all(allowed) {
            return Err(self.error(&["name"], NAME_RULE));
        }
        let keys = table.ingest_keys.iter().enumerate().map(|(index, key)| {
            let key = key.resolve(self.base);
            key.map_err(|problem| self.error(&["ingest_keys", &index.to_string()], problem.to_string()))
        });
        let intake = IntakeConfig {
            enabled: table.enabled,
            paused: table.paused,
            ingest_keys: keys.collect::<Result<_, _>>()?,
            remember_group_properties: table.remember_group_properties,
            remember_user_properties: table.remember_user_properties,
        };
        Ok(Tenant {
            name: table.name,
            intake,
            accoil: self.accoil(table.accoil)?,
            mapping: self.mapping(table.mapping)?,
        })
    }

    fn accoil(&self, table: AccoilTable) -> Result<AccoilConfig, ConfigError> {
        let error = |key, problem| Err(self.error(&["accoil", key], problem));
        match (table.dialect, &table.endpoint, &table.combined_url) {
            (DialectName::Combined, _, None) => {
                return error("combined_url", "is missing; dialect \"combined\" needs the url to post to");
            }
            (DialectName::Combined, Some(_), _) => {
                return error(
                    "endpoint",
                    "is not used by dialect \"combined\", which posts to combined_url; remove it",
                );
            }
            (DialectName::V2, _, Some(_)) => {
                return error("combined_url", "is for dialect = \"combined\" only; set that or remove it");
            }
            _ => {}
        }
        let api_key = table.api_key.resolve(self.base);
        Ok(AccoilConfig {
            api_key: api_key.map_err(|problem| self.error(&["accoil", "api_key"], problem.to_string()))?,
            endpoint: table.endpoint,
            allow_private_endpoint: table.allow_private_endpoint,
            auth: table.auth,
            dialect: table.dialect,
            combined_url: table.combined_url,
            ca_file: table.ca_file.map(|path| self.base.join(path)),
        })
    }

    fn mapping(&self, table: MappingTable) -> Result<MappingConfig, ConfigError> {
        let component = match table.component.as_str() {
            "" => {
                return Err(self.error(&["mapping", "component"], "is empty; write \"default\" or a path"));
            }
            DEFAULT_COMPONENT => Component::Default,
            path => Component::File(self.base.join(path)),
        };
        let settings = settings::to_json(&table.settings)
            .map_err(|(key, problem)| self.error(&["mapping", "settings", &key], problem))?;
        Ok(MappingConfig { component, settings })
    }
}
