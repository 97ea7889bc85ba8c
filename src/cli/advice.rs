//! What to type: the library says what is wrong and names no option; here is the one that mends it.

use kcorrset::input::{InputError, LayoutFault, RowFault};
use kcorrset::matrix::MatrixError;
use kcorrset::report::{FEW_USERS, Warning};

/// An error with everything that led to it and, where an option mends it, that option.
pub fn sentence(error: &anyhow::Error) -> String {
    let advice = error.chain().find_map(of_link);
    with(format!("{error:#}"), advice)
}

/// A warning and, where an option mends it, that option.
pub fn warning(warning: &Warning) -> String {
    let advice = match warning {
        Warning::FewUsers { .. } => Some(format!(
            "--min-users {FEW_USERS} or more leaves such sets out"
        )),
        Warning::NoneDefined { .. } | Warning::FewSets { .. } => None,
    };
    with(format!("warning: {warning}"), advice)
}

fn with(what: String, advice: Option<String>) -> String {
    match advice {
        Some(advice) => format!("{what}; {advice}"),
        None => what,
    }
}

fn of_link(link: &(dyn std::error::Error + 'static)) -> Option<String> {
    link.downcast_ref().and_then(of_input)
}

fn of_input(error: &InputError) -> Option<String> {
    let columns = "--user-column, --question-column and --score-column";
    match error {
        InputError::Layout {
            fault: LayoutFault::MissingColumns { .. },
            ..
        } => Some(format!("name the columns with {columns}")),
        InputError::Row {
            fault: RowFault::MissingField { .. },
            ..
        } => Some(format!("name the fields with {columns}")),
        InputError::Table {
            error: MatrixError::Duplicate { .. },
            ..
        } => Some("choose one with --duplicates first or --duplicates last".to_owned()),
        _ => None,
    }
}
