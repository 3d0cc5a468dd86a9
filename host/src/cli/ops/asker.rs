//! Who asks, and why: the audit log wants to know.

use std::ffi::OsString;

use clap::Args;

/// Where Linux says what the machine is called.
const HOST: &str = "/proc/sys/kernel/hostname";

/// Options of every command that is written down.
#[derive(Debug, Args)]
pub(super) struct Asker {
    /// Why. It is kept with what is done, and in the audit log.
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,

    /// Who does it; USER@HOST if it is not said.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Asker {
    /// Who does it.
    pub(super) fn by(&self) -> String {
        let host = || std::fs::read_to_string(HOST).ok().or_else(|| std::env::var("HOSTNAME").ok());
        self.by.clone().unwrap_or_else(|| somebody(["USER", "LOGNAME"].map(std::env::var_os), host()))
    }

    #[cfg(test)]
    pub(super) fn of(by: &str, reason: &str) -> Self {
        Self { reason: reason.to_owned(), by: Some(by.to_owned()) }
    }
}

fn somebody(users: [Option<OsString>; 2], host: Option<String>) -> String {
    let mut users = users.into_iter().flatten().filter_map(|user| user.into_string().ok());
    // Where no shell has set it, as in a container, the number of the user is known all the same.
    let number = || format!("uid {}", rustix::process::getuid().as_raw());
    let user = users.find(|user| !user.trim().is_empty()).unwrap_or_else(number);
    match host.as_deref().map(str::trim) {
        Some(host) if !host.is_empty() => format!("{user}@{host}"),
        _ => user,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_named_is_told_by_user_and_host() {
        let some = |text: &str| Some(OsString::from(text));
        for (users, host, expected) in [
            ([some("ada"), some("bob")], Some("engine\n"), "ada@engine"),
            ([some(""), some("bob")], Some(""), "bob"),
            ([None, some("bob")], None, "bob"),
        ] {
            assert_eq!(somebody(users, host.map(str::to_owned)), expected);
        }
        let number = rustix::process::getuid().as_raw();
        assert_eq!(somebody([None, None], Some("engine".to_owned())), format!("uid {number}@engine"));
        assert_eq!(Asker::of("carol", "x").by(), "carol");
    }
}
