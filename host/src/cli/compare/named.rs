//! How a component is named on the command line.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

/// A component as it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The built-in one.
    Default,
    /// That of a tenant's version.
    Version(u32),
    File(PathBuf),
}

impl Named {
    /// The number of a version.
    pub(super) fn version(&self) -> Option<u32> {
        match self {
            Self::Version(number) => Some(*number),
            _ => None,
        }
    }
}

impl FromStr for Named {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = text.strip_prefix("version:").and_then(|number| number.parse().ok());
        Ok(match (text, version) {
            ("default", _) => Self::Default,
            (_, Some(number)) => Self::Version(number),
            (_, None) => Self::File(text.into()),
        })
    }
}

/// A group selector as it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NamedSelector {
    /// None: the mapping's own rule decides.
    None,
    File(PathBuf),
}

impl FromStr for NamedSelector {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "none" { Self::None } else { Self::File(text.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_of_a_version_is_a_file() {
        for (text, named) in [
            ("default", Named::Default),
            ("version:12", Named::Version(12)),
            ("version:x", Named::File("version:x".into())),
            ("./version:12", Named::File("./version:12".into())),
            ("x.wasm", Named::File("x.wasm".into())),
        ] {
            assert_eq!(text.parse::<Named>().unwrap(), named);
        }
    }
}
