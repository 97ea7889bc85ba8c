//! What to type: the library says what is wrong and names no option; here is the one that mends it.

use kcorrset::engine::{EngineError, QueryError};
use kcorrset::input::{
    CodesFault, InputError, LayoutFault, Looks, Note, OptionsFault, RowFault, ScoreFault,
};
use kcorrset::matrix::MatrixError;
use kcorrset::plan::{self, Remedy};
use kcorrset::report::{FEW_USERS, Warning, count};
use kcorrset::search::SearchError;
use std::error::Error;

/// An error with all that led to it and, where an option mends it, that option.
pub fn error(error: &anyhow::Error) -> String {
    let advice = error.chain().find_map(of_link);
    with(format!("error: {error:#}"), advice.as_deref())
}

/// A warning and, where an option mends it, that option.
pub fn warning(warning: &Warning) -> String {
    let few = format!("--min-users {FEW_USERS} or more leaves such sets out");
    let advice = match warning {
        Warning::FewUsers { .. } => Some(few.as_str()),
        Warning::FullList { .. } => Some("--top N makes room for more"),
        Warning::NoneDefined { .. } | Warning::FewSets { .. } => None,
    };
    with(format!("warning: {warning}"), advice)
}

/// A warning that a search would be long and what to type to shorten it.
pub fn long(warning: &plan::Warning) -> String {
    let of = |remedy: &Remedy| match remedy {
        Remedy::Proof(gap) => {
            let gap = gap.map_or(String::new(), |gap| {
                format!(" (its gap so far is {gap:.6})")
            });
            format!("--engine bound may prove its list far sooner{gap}")
        }
        Remedy::Zeros => {
            "--unanswered zero, if a missing answer may count as 0, lets --engine bound prove its \
                          list without a look at each set"
                .to_owned()
        }
        Remedy::MinUsers(users, seconds) => {
            format!(
                "--min-users {users} would take about {}",
                plan::time(*seconds)
            )
        }
        Remedy::Parts(parts) => format!(
            "--part I/N searches one of N parts, {} of about an hour, and --session FILE goes on where a search \
             was ended",
            count(*parts, "part")
        ),
        Remedy::Stop => "--max-time TIME ends it with the best sets so far".to_owned(),
    };
    let help: Vec<_> = warning.remedies.iter().map(of).collect();
    with(format!("warning: {warning}"), Some(&help.join("; ")))
}

/// A note on a table and, where an option mends it, that option.
pub fn note(note: &Note) -> String {
    let advice = match note {
        Note::Outside { scores, .. } => {
            let codes = scores.join(",");
            Some(format!(
                "if so, --missing NA,{codes} takes them for missing answers"
            ))
        }
        Note::Against { .. } => Some("if so, --reverse LIST turns them round".to_owned()),
        Note::Reversed { .. } => Some("--range MIN..MAX says another range".to_owned()),
        Note::Numbered => Some("--user-column NAME names one".to_owned()),
        Note::Nameless { .. } | Note::BlankUsers { .. } | Note::Alike { .. } => None,
    };
    let kind = if note.is_warning() { "warning" } else { "note" };
    with(format!("{kind}: {note}"), advice.as_deref())
}

fn with(what: String, advice: Option<&str>) -> String {
    match advice {
        Some(advice) => format!("{what}; {advice}"),
        None => what,
    }
}

/// What to type where `link` is one of the library's errors.
fn of_link(link: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = link.downcast_ref() {
        return of_input(error);
    }
    if let Some(error) = link.downcast_ref() {
        return Some(of_query(error).to_owned());
    }
    let engine = match link.downcast_ref() {
        Some(SearchError::Engine(error)) => of_engine(error),
        _ => link.downcast_ref().and_then(of_engine),
    };
    engine.map(str::to_owned)
}

fn of_input(error: &InputError) -> Option<String> {
    match error {
        InputError::Layout { fault, .. } => of_layout(fault),
        InputError::Row { fault, .. } => of_row(fault),
        InputError::Table { error, .. } => of_table(error).map(str::to_owned),
        InputError::Options(OptionsFault::Codes(fault)) => of_codes(fault).map(str::to_owned),
        InputError::Options(OptionsFault::Twice { .. }) => {
            Some("see --user-column and the like".to_owned())
        }
        InputError::Read { .. } | InputError::Unpack { .. } => None,
    }
}

fn of_codes(fault: &CodesFault) -> Option<&'static str> {
    match fault {
        CodesFault::RangeAlone => Some("give --reverse LIST too"),
        CodesFault::Label { .. } | CodesFault::LabelTwice { .. } => {
            Some("correct --map; what means no answer goes into --missing")
        }
        CodesFault::LabelMissing { .. } => {
            Some("take it out of --map, or give --missing a list without it")
        }
        CodesFault::Range { .. } | CodesFault::Pair { .. } | CodesFault::Round { .. } => None,
    }
}

/// What to type where columns of a long table are not there.
const NAMES: &str = "name the columns with --user-column, --question-column and --score-column";
/// What to type where fields of JSON records are not there.
const FIELDS: &str = "name the fields with --user-column, --question-column and --score-column";

/// What to type where a table has another shape than the one asked for; `names` where it has none.
fn of_shape(looks: Option<&Looks>, names: &str) -> String {
    match looks {
        Some(Looks::Wide) => "give --wide, with --user-column NAME if a column names the users, and \
                              --questions LIST (such as A1..O5 or Q*) if not all others are questions"
            .to_owned(),
        Some(Looks::Long) => format!("leave out --wide, and {names} if need be"),
        Some(Looks::Nested { field }) => {
            format!("give --wide --answers-field {field}, and --user-column NAME for the user's field")
        }
        None => format!("{names}, or give --wide if a row is a user and a column a question"),
    }
}

fn of_layout(fault: &LayoutFault) -> Option<String> {
    let advice = match fault {
        // A header that has one of the three is likely long; they stand quoted in the list.
        LayoutFault::MissingColumns {
            looks: None,
            missing,
            ..
        } if missing.matches('"').count() < 6 => NAMES,
        LayoutFault::MissingColumns { looks, .. } => return Some(of_shape(looks.as_ref(), NAMES)),
        LayoutFault::Shape { looks, .. } => return Some(of_shape(Some(looks), NAMES)),
        LayoutFault::Choice { .. } => "name others with --questions",
        LayoutFault::Reverse { .. } => "name others with --reverse",
        LayoutFault::NoRange => "give --range MIN..MAX",
        LayoutFault::NoQuestions { .. } => "choose them with --questions LIST",
        LayoutFault::NoUsers => "give --user-column NAME, or leave out --skip-blank-users",
        LayoutFault::NoHeader => "leave out --skip-rows",
        LayoutFault::NoSheets => "leave out --sheet",
        LayoutFault::NoFields => "leave out --answers-field",
        LayoutFault::Undecodable { .. } => "name the encoding with --encoding latin1 or the like",
        LayoutFault::Marked { .. } => "leave out --encoding",
        _ => return None,
    };
    Some(advice.to_owned())
}

fn of_row(fault: &RowFault) -> Option<String> {
    match fault {
        RowFault::MissingField { looks, .. } => Some(of_shape(looks.as_deref(), FIELDS)),
        RowFault::Shape { looks, .. } => Some(of_shape(Some(looks), FIELDS)),
        RowFault::Utf8 { .. } => {
            Some("name another encoding with --encoding latin1 or the like".to_owned())
        }
        RowFault::EmptyId { .. } => {
            Some("--skip-blank-users leaves out rows without a user".to_owned())
        }
        RowFault::OutsideRange { .. } => {
            Some("give another --range MIN..MAX, or --missing LIST if it is a code".to_owned())
        }
        RowFault::NoQuestion { fault, .. } => Some(format!(
            "choose the questions with --questions LIST (such as A1..O5 or Q*){}",
            match of_score(fault) {
                Some(advice) => format!(", or {advice}"),
                None => String::new(),
            }
        )),
        RowFault::Score { fault, .. } => of_score(fault).map(str::to_owned),
        _ => None,
    }
}

fn of_score(fault: &ScoreFault) -> Option<&'static str> {
    match fault {
        ScoreFault::NotANumber { .. } => Some(
            "give labels their scores with --map 'LABEL=SCORE', and codes of missing answers with --missing LIST",
        ),
        ScoreFault::NoValue { .. } => Some("--missing LIST takes such texts for missing answers"),
        ScoreFault::Comma { .. } => Some("--decimal-comma reads commas as points"),
        ScoreFault::Point { .. } => Some("leave out --decimal-comma"),
        ScoreFault::TooManyDigits { .. } => Some("--round DIGITS rounds it"),
        _ => None,
    }
}

fn of_table(error: &MatrixError) -> Option<&'static str> {
    match error {
        MatrixError::Duplicate { repeats, .. } if repeats.different == 0 => {
            Some("--duplicates same takes them as one answer")
        }
        MatrixError::Duplicate { .. } | MatrixError::Contradiction { .. } => {
            Some("choose one with --duplicates first, last, max or mean")
        }
        MatrixError::NoDenominator
        | MatrixError::TooWide { .. }
        | MatrixError::SumsTooWide { .. } => Some("--round DIGITS rounds scores and means"),
        MatrixError::NoResponses | MatrixError::TooMany { .. } => None,
    }
}

fn of_query(error: &QueryError) -> &'static str {
    match error {
        QueryError::NoQuestions => "give -k 1 or more",
        QueryError::TooFewQuestions { .. } => "give a smaller -k",
        QueryError::NoSuchQuestion { .. } => "name questions of the table",
        QueryError::MinUsersBelowTwo { .. } => "give --min-users 2 or more",
        QueryError::TooFewUsers { .. } => "give a smaller --min-users",
        QueryError::Twice { .. } => "name each question once in --include and --exclude",
        QueryError::TooManyIncluded { .. } => "give a larger -k, or include fewer questions",
        QueryError::NoSetAllowed { .. } => "change --per-group or -k",
        QueryError::NoColumn => "give --criterion-column or --criterion-file",
        QueryError::DistanceOfBound => "leave out --rank-by, or --within",
        QueryError::NoPlaces => "give --top 1 or more",
    }
}

fn of_engine(error: &EngineError) -> Option<&'static str> {
    match error {
        EngineError::Refused { engine: "gpu", .. } | EngineError::Device { .. } => {
            Some("--engine cpu needs no GPU")
        }
        EngineError::Refused {
            engine: "bound",
            hint,
            ..
        } if hint.contains("certificate") => Some("leave out --certificate"),
        EngineError::Refused {
            engine: "bound",
            hint,
            ..
        } => Some(
            match (
                hint.starts_with("count missing"),
                hint.ends_with("another engine"),
            ) {
                (true, true) => "--unanswered zero does the one, --engine cpu the other",
                (true, false) => "--unanswered zero does the one, another -k the other",
                (false, true) => "--engine cpu takes any table and any of its sets",
                (false, false) => "no other engine takes so many sets; another -k makes fewer",
            },
        ),
        EngineError::NotNumbered { .. } => Some(
            "another -k does the one, --engine bound the other, with --unanswered zero where a missing answer means 0",
        ),
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
