//! The answer of searches: in its form, where it goes, with its warnings, and the exit code that belongs to it.

use super::advice;
use super::exit::{Exit, Stopped};
use super::form::Form;
use super::output::Output;
use super::question::Question;
use super::talk::{Talk, say};
use kcorrset::engine::Watch;
use kcorrset::input::{Decimal, Reversed};
use kcorrset::matrix::Score;
use kcorrset::report::{self, Ran, Report, Search, Shown, Turned, grouped, lengths, one_line};

/// Where an answer goes, and in which form.
pub struct Answer<'a> {
    /// What was asked, and of which table.
    pub question: &'a Question,
    /// The form of the result.
    pub form: Form,
    /// What a table shows of several K.
    pub shown: Shown,
    /// Where the result goes.
    pub output: Output,
}

/// How searches ended before their end.
pub struct Ended {
    /// How far the last one was, as `k 3 (2 of 4): after 5 of 10 sets`.
    pub how_far: String,
    /// Whether a signal ended it, or else the time that was given.
    pub by_signal: bool,
    /// The K that were not begun.
    pub not_begun: Vec<usize>,
    /// What to do to go on, where what was done is kept; begins with a semicolon.
    pub kept: Option<String>,
}

impl Ended {
    /// Says how it ended, where nothing else is said of it.
    pub fn end(self) -> anyhow::Result<Exit> {
        let kept = self.kept.unwrap_or_default();
        if self.by_signal {
            return Err(Stopped(format!("{}{kept}", self.how_far)).into());
        }
        let left = match self.not_begun.is_empty() {
            true => String::new(),
            false => format!("; not begun: k {}", lengths(&self.not_begun)),
        };
        say(&format!(
            "warning: the time was over {}{left}{kept}",
            self.how_far
        ));
        Ok(Exit::TimeOver)
    }
}

impl Answer<'_> {
    /// Writes the result of these searches, the last of which may have ended early; `before` is done once the result
    /// is known and before it is written, unless a search ended early.
    pub fn give(
        self,
        ran: Ran,
        searches: Vec<Search>,
        ended: Option<Ended>,
        before: impl FnOnce(&Report) -> anyhow::Result<()>,
        talk: Talk,
    ) -> anyhow::Result<Exit> {
        if let Some(ended) = &ended
            && ended.by_signal
            && !matches!(self.output, Output::Stdout)
        {
            // A file keeps what it holds: nobody asked for less than all in it.
            if !talk.is_quiet() {
                let several = searches.len() + ended.not_begun.len() > 1;
                unfinished(&searches, several);
            }
            return Err(Stopped(format!(
                "{}{}",
                ended.how_far,
                ended.kept.as_deref().unwrap_or_default()
            ))
            .into());
        }
        let mut report = Report::of(self.question.table(), ran, searches);
        report.data.reversed = self.question.reversed.as_ref().map(reversed);
        let shown = match self.form {
            Form::Table => self.shown,
            Form::Json | Form::Csv => Shown::All,
        };
        let text = match self.form {
            Form::Table => report::table(&report, shown),
            Form::Json => report::json(&report)?,
            Form::Csv => report::csv(&report)?,
        };
        if ended.is_none() {
            before(&report)?;
        }
        self.output
            .write(|out| Ok(out.write_all(text.as_bytes())?))?;
        for warning in report::warnings(&report, shown) {
            say(&advice::warning(&warning));
        }
        match ended {
            None => Ok(Exit::Done),
            Some(ended) => ended.end(),
        }
    }
}

/// What a document says of questions that were reversed.
fn reversed(reversed: &Reversed) -> Turned {
    Turned {
        questions: reversed.questions.clone(),
        low: written(reversed.range.low),
        high: written(reversed.range.high),
    }
}

/// A score as it is written.
fn written(Score { mantissa, digits }: Score) -> String {
    let mantissa = mantissa.into();
    Decimal { mantissa, digits }.to_string()
}

/// Says what was found before a signal: of the K that are done, and of the one that is not.
fn unfinished(searches: &[Search], several: bool) {
    let Some((last, done)) = searches.split_last() else {
        return;
    };
    for search in done {
        let Some(best) = search.results.first() else {
            continue;
        };
        let ids: Vec<_> = best.questions.iter().map(|id| one_line(id)).collect();
        let (k, ids) = (search.query.k, ids.join(", "));
        say(&format!("the best set of {k}, of all: r {}, {ids}", best.r));
    }
    let name = if several {
        format!("k {}: ", last.query.k)
    } else {
        String::new()
    };
    if last.results.is_empty() {
        say(&format!("{name}no set was found before the stop"));
        return;
    }
    say(&format!(
        "{name}the best so far, {}\n{}",
        report::halted(last).unwrap_or_default(),
        report::rows(&last.results).trim_end()
    ));
}

/// How far a search of so many sets is: those done; of sets without ranks none are counted.
pub fn far(sets: Option<u128>, watch: &Watch) -> String {
    match sets {
        Some(all) => format!("{} of {} sets", grouped(watch.done()), grouped(all)),
        None => "a part of the proof".to_owned(),
    }
}
