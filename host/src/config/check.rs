//! What the shape alone cannot say: names, combinations, relative paths, secrets.

use std::collections::HashMap;
use std::path::Path;

use super::findings::Findings;
use super::service::IntakeConfig;
use super::shape::{AccoilTable, DEFAULT_COMPONENT, File, MappingTable, SelectorTable, TenantTable};
use super::{
    AccoilConfig, Component, Config, DeliveryConfig, DialectName, IngestConfig, MappingConfig, RolloutConfig,
    SelectorConfig, Tenant,
};
use super::{ranges, server, settings};

const NAME_RULE: &str = "must be 1 to 64 ascii letters, digits, '-', '_' or '.'";

/// Checks the file; `None` when something was found that leaves no configuration.
pub(super) fn config(file: File, findings: &mut Findings<'_>, path: &Path) -> Option<Config> {
    let base = path.parent().unwrap_or(Path::new(""));
    ranges::check(&file, findings);
    ingest(&file.ingest, findings);
    delivery(&file.delivery, findings);
    let server = server::server(file.server, findings, base);
    let tables = file.tenants.unwrap_or_default();
    if tables.is_empty() {
        findings.missing(&["tenants"], "there is none; add a [[tenants]] table with name and accoil");
    }
    let mut tenants = Vec::with_capacity(tables.len());
    for (index, table) in tables.into_iter().enumerate() {
        let mut place = Place { findings: &mut *findings, base, index: index.to_string(), delivery: &file.delivery };
        // One that can't be used is passed over, so that the others are looked at.
        tenants.extend(place.tenant(table).map(|tenant| (index, tenant)));
    }
    names(&tenants, findings);
    ingest_keys(&tenants, findings);
    Some(Config {
        path: path.to_owned(),
        server: server?,
        ingest: file.ingest,
        queue: file.queue,
        tenants: tenants.into_iter().map(|(_, tenant)| tenant).collect(),
        delivery: file.delivery,
        rollout: RolloutConfig { watch_dir: file.rollout.watch_dir.map(|folder| base.join(folder)), ..file.rollout },
        limits: file.limits,
        admission: file.admission,
    })
}

fn names(tenants: &[(usize, Tenant)], findings: &mut Findings<'_>) {
    let mut seen = HashMap::new();
    for (index, tenant) in tenants {
        if seen.insert(tenant.name.as_str(), index).is_some() {
            let problem = format!("{:?} is the name of an earlier tenant too", tenant.name);
            findings.add(&["tenants", &index.to_string(), "name"], problem);
        }
    }
}

/// A key says whose events they are, so no two tenants can have the same.
fn ingest_keys(tenants: &[(usize, Tenant)], findings: &mut Findings<'_>) {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for (index, tenant) in tenants {
        for (number, key) in tenant.intake.ingest_keys.iter().enumerate() {
            let owner = *owners.entry(key.expose()).or_insert(&tenant.name);
            if owner != tenant.name {
                let path = ["tenants", &index.to_string(), "ingest_keys", &number.to_string()];
                let problem =
                    format!("tenants {owner:?} and {:?} have the same key; each needs keys of its own", tenant.name);
                findings.add(&path, problem);
            }
        }
    }
}

fn ingest(ingest: &IngestConfig, findings: &mut Findings<'_>) {
    for (key, value) in [("batch_bytes", ingest.batch_bytes), ("waiting_bytes", ingest.waiting_bytes)] {
        if value < ingest.httpapi_bytes {
            findings
                .add(&["ingest", key], format!("must be at least httpapi_bytes, which is {}", ingest.httpapi_bytes));
        }
    }
    if ingest.waiting_bytes < ingest.batch_bytes {
        let problem = format!("must be at least batch_bytes, which is {}", ingest.batch_bytes);
        findings.add(&["ingest", "waiting_bytes"], problem);
    }
}

fn delivery(delivery: &DeliveryConfig, findings: &mut Findings<'_>) {
    if delivery.window < delivery.in_flight {
        findings.add(&["delivery", "window"], format!("must be at least in_flight, which is {}", delivery.in_flight));
    }
    if delivery.retry_max_ms < delivery.retry_first_ms {
        let problem = format!("must be at least retry_first_ms, which is {}", delivery.retry_first_ms);
        findings.add(&["delivery", "retry_max_ms"], problem);
    }
}

/// The tenant that is being checked.
struct Place<'a, 'f> {
    findings: &'a mut Findings<'f>,
    base: &'a Path,
    index: String,
    delivery: &'a DeliveryConfig,
}

impl Place<'_, '_> {
    fn add(&mut self, path: &[&str], problem: impl Into<String>) {
        let path = self.path(path);
        self.findings.add(&path.iter().map(String::as_str).collect::<Vec<_>>(), problem);
    }

    fn missing(&mut self, path: &[&str], problem: &str) {
        let path = self.path(path);
        self.findings.missing(&path.iter().map(String::as_str).collect::<Vec<_>>(), problem);
    }

    fn path(&self, path: &[&str]) -> Vec<String> {
        ["tenants", &self.index].iter().chain(path).map(|part| (*part).to_owned()).collect()
    }

    fn secret(&mut self, path: &[&str], source: &crate::secret::SecretSource) -> Option<crate::secret::Secret> {
        source.resolve(self.base).map_err(|problem| self.add(path, problem.to_string())).ok()
    }

    fn tenant(&mut self, table: TenantTable) -> Option<Tenant> {
        let name = self.name(table.name);
        let mut ingest_keys = Vec::with_capacity(table.ingest_keys.len());
        for (index, key) in table.ingest_keys.iter().enumerate() {
            ingest_keys.extend(self.secret(&["ingest_keys", &index.to_string()], key));
        }
        let intake = IntakeConfig {
            enabled: table.enabled,
            paused: table.paused,
            ingest_keys,
            remember_group_properties: table.remember_group_properties,
            remember_user_properties: table.remember_user_properties,
        };
        if table.accoil.is_none() {
            self.missing(&["accoil"], "is missing; add [tenants.accoil] with api_key");
        }
        let accoil = table.accoil.and_then(|table| self.accoil(table));
        let mapping = self.mapping(&table.mapping);
        let selector = match &table.selector {
            Some(table) => self.selector(table).map(Some),
            None => Some(None),
        };
        Some(Tenant { name: name?, intake, accoil: accoil?, mapping: mapping?, selector: selector? })
    }

    fn name(&mut self, name: Option<String>) -> Option<String> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        match &name {
            None => self.missing(&["name"], "is missing; it tells this tenant from others"),
            Some(name) if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) => {
                self.add(&["name"], NAME_RULE);
            }
            Some(_) => {}
        }
        name
    }

    fn accoil(&mut self, table: AccoilTable) -> Option<AccoilConfig> {
        self.dialect(&table);
        self.overrides(&table);
        let api_key = match &table.api_key {
            Some(source) => self.secret(&["accoil", "api_key"], source),
            None => {
                self.missing(&["accoil", "api_key"], "is missing; write where the key is, such as \"env:ACCOIL_KEY\"");
                None
            }
        };
        Some(AccoilConfig {
            api_key: api_key?,
            endpoint: table.endpoint,
            allow_private_endpoint: table.allow_private_endpoint,
            auth: table.auth,
            dialect: table.dialect,
            combined_url: table.combined_url,
            ca_file: table.ca_file.map(|path| self.base.join(path)),
            in_flight: table.in_flight,
            requests_per_second: table.requests_per_second,
        })
    }

    fn dialect(&mut self, table: &AccoilTable) {
        let (key, problem) = match (table.dialect, &table.endpoint, &table.combined_url) {
            (DialectName::Combined, _, None) => {
                let problem = "is missing; dialect \"combined\" needs the url to post to";
                return self.missing(&["accoil", "combined_url"], problem);
            }
            (DialectName::Combined, Some(_), _) => {
                ("endpoint", "is not used by dialect \"combined\", which posts to combined_url; remove it")
            }
            (DialectName::V2, _, Some(_)) => {
                ("combined_url", "is for dialect = \"combined\" only; set that or remove it")
            }
            _ => return,
        };
        self.add(&["accoil", key], problem);
    }

    fn overrides(&mut self, table: &AccoilTable) {
        let in_flight = table.in_flight.map(|number| number.get() as u64);
        let per_second = table.requests_per_second.map(u64::from);
        if table.in_flight.is_some_and(|number| number > self.delivery.window) {
            let problem = format!("must be at most delivery.window, which is {}", self.delivery.window);
            return self.add(&["accoil", "in_flight"], problem);
        }
        for (key, number) in [("in_flight", in_flight), ("requests_per_second", per_second)] {
            if let Some(problem) = number.and_then(|number| ranges::outside("delivery", key, number)) {
                self.add(&["accoil", key], problem);
            }
        }
    }

    fn mapping(&mut self, table: &MappingTable) -> Option<MappingConfig> {
        let component = match table.component.as_str() {
            "" => {
                self.add(&["mapping", "component"], "is empty; write \"default\" or a path");
                return None;
            }
            DEFAULT_COMPONENT => Component::Default,
            path => Component::File(self.base.join(path)),
        };
        Some(MappingConfig { component, settings: self.settings("mapping", &table.settings)? })
    }

    fn selector(&mut self, table: &SelectorTable) -> Option<SelectorConfig> {
        let settings = self.settings("selector", &table.settings);
        match table.component.as_deref() {
            None => self.missing(&["selector", "component"], "is missing; write the path of a group selector"),
            Some("") => self.add(&["selector", "component"], "is empty; write the path of a group selector"),
            Some(path) => {
                let component = self.base.join(path);
                return Some(SelectorConfig { component, settings: settings?, on_fault: table.on_fault });
            }
        }
        None
    }

    fn settings(&mut self, table: &str, settings: &toml::Table) -> Option<String> {
        settings::to_json(settings).map_err(|(key, problem)| self.add(&[table, "settings", &key], problem)).ok()
    }
}
