//! What can be wrong with a destination before the first request is made.

/// Why no client can be made for a destination. No variant carries a key.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// A URL of the configuration cannot be used.
    #[error("{key} {problem}")]
    Url {
        /// The configuration key: `endpoint` or `combined_url`.
        key: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The host is, or resolves to, an address that is not allowed.
    #[error(transparent)]
    Address(#[from] super::address::AddressRefused),
    /// The API key cannot be put in a header.
    #[error("api_key holds a character that no http header can carry; check the variable or file it comes from")]
    Key,
    /// The file of certificates cannot be used.
    #[error("ca_file {path} {problem}; it must hold certificates in pem form")]
    CaFile {
        /// The file's path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The TLS or HTTP library refused its configuration.
    #[error("http client cannot be made: {0}")]
    Client(String),
}

impl OutboundError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "endpoint-url",
            Self::Address(_) => "endpoint-address",
            Self::Key => "api-key-characters",
            Self::CaFile { .. } => "ca-file",
            Self::Client(_) => "http-client",
        }
    }
}
