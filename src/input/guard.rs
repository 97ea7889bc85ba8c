//! A fence around decoders of others: what they panic on is a damaged file.
//!
//! Parsers of binary forms meet lengths and offsets that anybody may have written. Those used here
//! mean to return errors; where one of them panics all the same, that is caught, kept off stderr, and
//! said as the fault of the file that it is. Only their calls are fenced, none of this crate's code.
//! Where panics abort (wasm32), nothing can be caught.

use super::error::LayoutFault;
use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static FENCED: Cell<bool> = const { Cell::new(false) };
}

/// Calls a decoder of `what`, such as "Parquet file". What it was working on may not be used again
/// after an error.
pub(super) fn fenced<T, E: ToString>(
    what: &'static str,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, LayoutFault> {
    keep_quiet();
    FENCED.set(true);
    // Whatever a panic leaves half done is dropped with the reader.
    let decoded = panic::catch_unwind(AssertUnwindSafe(decode));
    FENCED.set(false);
    let problem = match decoded {
        Ok(Ok(decoded)) => return Ok(decoded),
        Ok(Err(error)) => error.to_string(),
        Err(panicked) => words(&*panicked).to_owned(),
    };
    Err(LayoutFault::Damaged {
        what,
        problem: one_line(&problem),
    })
}

/// What a decoder said, on one line of a message, with room for what it quotes of a file.
fn one_line(problem: &str) -> String {
    const LONGEST: usize = 300;
    let printed = |c: char| if c.is_control() { ' ' } else { c };
    problem.chars().map(printed).take(LONGEST).collect()
}

/// What a panic said.
fn words(panicked: &(dyn Any + Send)) -> &str {
    let text = panicked.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panicked.downcast_ref::<&str>().copied());
    text.unwrap_or("its decoder gave up")
}

/// Leaves panics behind the fence unsaid, from now on; all others are told as before.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !FENCED.get() {
                told(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_faults_of_the_file() {
        let problem = |fault: LayoutFault| match fault {
            LayoutFault::Damaged { problem, .. } => problem,
            other => panic!("{other}"),
        };
        assert_eq!(fenced("file", || Ok::<_, String>(3)).unwrap(), 3);
        let error = fenced("file", || Err::<(), _>("cut short")).unwrap_err();
        assert_eq!(problem(error), "cut short");
        let empty: &[u8] = &[];
        let at = std::hint::black_box(5);
        let error = fenced("file", || Ok::<_, String>(empty[at])).unwrap_err();
        assert!(problem(error).contains("index out of bounds"));
        assert!(!FENCED.get());
    }
}
