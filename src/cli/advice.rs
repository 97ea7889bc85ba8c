//! What to type: the library says what is wrong and names no option; here is the one that mends it.

use kcorrset::engine::{EngineError, QueryError};
use kcorrset::input::{InputError, LayoutFault, RowFault};
use kcorrset::matrix::MatrixError;
use kcorrset::report::{FEW_USERS, Warning};
use kcorrset::search::SearchError;
use std::error::Error;

/// An error with all that led to it and, where an option mends it, that option.
pub fn error(error: &anyhow::Error) -> String {
    let advice = error.chain().find_map(of_link);
    with(format!("error: {error:#}"), advice)
}

/// A warning and, where an option mends it, that option.
pub fn warning(warning: &Warning) -> String {
    let few = format!("--min-users {FEW_USERS} or more leaves such sets out");
    let advice = match warning {
        Warning::FewUsers { .. } => Some(few.as_str()),
        Warning::NoneDefined { .. } | Warning::FewSets { .. } => None,
    };
    with(format!("warning: {warning}"), advice)
}

fn with(what: String, advice: Option<&str>) -> String {
    match advice {
        Some(advice) => format!("{what}; {advice}"),
        None => what,
    }
}

/// What to type where `link` is one of the library's errors.
fn of_link(link: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = link.downcast_ref() {
        return of_input(error);
    }
    if let Some(error) = link.downcast_ref() {
        return Some(of_query(error));
    }
    match link.downcast_ref() {
        Some(SearchError::Engine(error)) => of_engine(error),
        _ => link.downcast_ref().and_then(of_engine),
    }
}

fn of_input(error: &InputError) -> Option<&'static str> {
    match error {
        InputError::Layout {
            fault: LayoutFault::MissingColumns { .. },
            ..
        } => Some("name the columns with --user-column, --question-column and --score-column"),
        InputError::Row {
            fault: RowFault::MissingField { .. },
            ..
        } => Some("name the fields with --user-column, --question-column and --score-column"),
        InputError::Table {
            error: MatrixError::Duplicate { .. } | MatrixError::Contradiction { .. },
            ..
        } => Some("choose one with --duplicates first or --duplicates last"),
        _ => None,
    }
}

fn of_query(error: &QueryError) -> &'static str {
    match error {
        QueryError::NoQuestions => "give -k 1 or more",
        QueryError::TooFewQuestions { .. } => "give a smaller -k",
        QueryError::TooManySets { .. } => "give another -k",
        QueryError::NoSuchQuestion { .. } => "name questions of the table",
        QueryError::MinUsersBelowTwo { .. } => "give --min-users 2 or more",
        QueryError::TooFewUsers { .. } => "give a smaller --min-users",
        QueryError::NoPlaces => "give --top 1 or more",
    }
}

fn of_engine(error: &EngineError) -> Option<&'static str> {
    match error {
        EngineError::Refused { engine: "gpu", .. } | EngineError::Device { .. } => {
            Some("--engine cpu needs no GPU")
        }
        EngineError::NoGpu => Some("install a driver for it, or use --engine cpu"),
        EngineError::NoSuchGpu { .. } => Some("`kcorrset devices` lists what --device can name"),
        EngineError::NoThreads { .. } => Some("give a smaller --threads"),
        EngineError::Refused { .. } | EngineError::SelfTest { .. } | EngineError::Stopped => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn an_engine_is_advised_of_under_any_context() {
        let alone: anyhow::Error = EngineError::NoGpu.into();
        let want = "error: no GPU adapter was found (Vulkan, Metal or DirectX 12); install a \
                    driver for it, or use --engine cpu";
        assert_eq!(error(&alone), want);
        let deep: anyhow::Error = SearchError::Engine(EngineError::NoGpu).into();
        assert_eq!(error(&deep), want);
        let wrapped = Err::<(), _>(alone).context("bench").unwrap_err();
        assert_eq!(
            error(&wrapped),
            want.replacen("error: ", "error: bench: ", 1)
        );
        assert_eq!(error(&anyhow::anyhow!("other")), "error: other");
    }
}
