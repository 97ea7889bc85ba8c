//! Exit codes, and which error has which.

use kcorrset::engine::EngineError;
use kcorrset::search::{AuditFailure, SearchError};
use kcorrset::session::WholeError;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command did what it says.
    Done,
    /// It ran, and the answer is no.
    No,
    /// Bad usage, input or query.
    Bad,
    /// An audit, a self-test or the check of discards failed: do not trust this machine's answer.
    Audit,
    /// A device failed beyond recovery.
    Device,
    /// The time that was given was over before the search was.
    TimeOver,
    /// By Ctrl-C or SIGTERM.
    Stopped,
}

impl Exit {
    /// As the shell sees it.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Bad => 2,
            Self::Audit => 3,
            Self::Device => 4,
            Self::TimeOver => 5,
            Self::Stopped => 130,
        }
    }

    /// As `main` returns it.
    pub fn code(self) -> ExitCode {
        self.number().into()
    }
}

/// A command ended early because it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("stopped {0}")]
pub struct Stopped(pub String);

/// The code of an error chain: that of the first link with a code of its own, else bad usage.
pub fn of_error(error: &anyhow::Error) -> Exit {
    error.chain().find_map(of_link).unwrap_or(Exit::Bad)
}

fn of_link(link: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(error) = link.downcast_ref::<SearchError>() {
        return match error {
            SearchError::Engine(error) => of_engine(error),
            SearchError::Audit(_) | SearchError::Check(_) => Some(Exit::Audit),
        };
    }
    if link.is::<AuditFailure>() || link.is::<WholeError>() {
        return Some(Exit::Audit);
    }
    if link.is::<Stopped>() {
        return Some(Exit::Stopped);
    }
    link.downcast_ref::<EngineError>().and_then(of_engine)
}

fn of_engine(error: &EngineError) -> Option<Exit> {
    match error {
        EngineError::Stopped => Some(Exit::Stopped),
        EngineError::SelfTest { .. } => Some(Exit::Audit),
        EngineError::Device { .. } => Some(Exit::Device),
        EngineError::Refused { .. }
        | EngineError::NotNumbered { .. }
        | EngineError::NoThreads { .. }
        | EngineError::NoGpu
        | EngineError::NoSuchGpu { .. } => Some(Exit::Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};
    use kcorrset::search::CheckFailure;
    use kcorrset::stats::AuditSums;

    #[test]
    fn each_error_has_its_code_under_any_context() {
        let device = || EngineError::Device {
            device: "d".into(),
            what: "lost".into(),
        };
        let self_test = EngineError::SelfTest {
            device: "d".into(),
            what: "wrong".into(),
        };
        let audit = Box::new(AuditFailure {
            seen: AuditSums::default(),
            expected: AuditSums::default(),
        });
        let check = Box::new(CheckFailure {
            on: "d".into(),
            other: "cpu",
            sets: 1,
            place: 1,
            got: None,
            want: None,
        });
        let cases: [(anyhow::Error, u8); 7] = [
            (anyhow!("anything else"), 2),
            (EngineError::NoGpu.into(), 2),
            (self_test.into(), 3),
            (SearchError::Audit(audit).into(), 3),
            (SearchError::Check(check).into(), 3),
            (SearchError::Engine(device()).into(), 4),
            (SearchError::Engine(EngineError::Stopped).into(), 130),
        ];
        for (error, number) in cases {
            assert_eq!(of_error(&error).number(), number, "{error}");
            let wrapped = Err::<(), _>(error).context("while busy").unwrap_err();
            assert_eq!(of_error(&wrapped).number(), number, "{wrapped:#}");
        }
    }
}
