//! Why there is no certificate, why bytes are none, and why a proof is not accepted.

/// Why a search cannot be certified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a certificate cannot be made for this: {what}; {hint}")]
pub struct NoCertificate {
    /// What it is for.
    pub what: &'static str,
    /// What to do instead.
    pub hint: &'static str,
}

/// Why bytes are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// They begin otherwise.
    #[error("is not a certificate; a search makes one beside its result")]
    Foreign,
    /// Another version of the form.
    #[error(
        "is a certificate of version {found:?}, and this version of kcorrset reads version {known}: check it with \
         the version that wrote it"
    )]
    Version {
        /// As it stands there.
        found: String,
        /// The one that is read.
        known: u32,
    },
    /// The digest at the end is not that of the rest.
    #[error(
        "is damaged: its bytes do not have the digest that it ends with; copy or make it again"
    )]
    Digest,
    /// Right bytes by the digest, in no form that is known.
    #[error("is malformed: {what}; make it again")]
    Malformed {
        /// What is wrong.
        what: String,
    },
}

/// Why a certificate does not prove a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It is no proof of this list.
    #[error("{0}")]
    Wrong(String),
    /// This cannot be decided here.
    #[error("the certificate cannot be checked: {0}")]
    Unable(String),
    /// The caller asked to stop.
    #[error("stopped")]
    Stopped,
}

impl CheckError {
    pub(super) fn wrong(what: impl Into<String>) -> Self {
        Self::Wrong(what.into())
    }

    pub(super) fn unable(what: impl Into<String>) -> Self {
        Self::Unable(what.into())
    }
}
