//! One row a user, one column a question: the sink of wide tables.

use super::answers::{Answers, Read};
use super::choice::Choice;
use super::codes::CellFault;
use super::columns::ColumnNames;
use super::error::{LayoutFault, OptionsFault, Place, RowFault, Stop};
use super::long::missing;
use super::note::Note;
use super::options::{ReadOptions, Wide as Options};
use super::quote::list;
use super::shape::{self, Looks};
use super::sink::{Cell, Fields, Fit, Sink};

/// The rows of a wide table.
pub(super) struct Wide<'o> {
    options: &'o ReadOptions,
    wide: &'o Options,
    names: Vec<String>,
    user: Option<usize>,
    criterion: Option<usize>,
    /// Column and index of each question.
    questions: Vec<(usize, u32)>,
    rows: u64,
    /// Columns come one by one, as records have them.
    open: bool,
    answers: Answers,
}

impl<'o> Wide<'o> {
    pub(super) fn new(options: &'o ReadOptions, wide: &'o Options) -> Result<Self, OptionsFault> {
        if let (Some(user), Some(criterion)) = (&wide.user, &options.criterion_column)
            && user == criterion
        {
            return Err(OptionsFault::Twice {
                column: user.clone(),
                first: "user",
                second: "criterion",
            });
        }
        Ok(Self {
            options,
            wide,
            names: Vec::new(),
            user: None,
            criterion: None,
            questions: Vec::new(),
            rows: 0,
            open: true,
            answers: Answers::new(options)?,
        })
    }

    pub(super) fn finish(mut self) -> Result<Read, Stop> {
        if self.user.is_none() {
            if self.options.skip_blank_users {
                return Err(LayoutFault::NoUsers.into());
            }
            self.answers.note(Note::Numbered);
        }
        self.answers.finish(self.options)
    }

    /// Columns that are named and no questions.
    fn named(&self) -> Vec<String> {
        let named = [&self.wide.user, &self.options.criterion_column];
        named.into_iter().flatten().cloned().collect()
    }

    /// What the column called `name` is.
    fn role(&self, name: &str) -> Role {
        let default = ColumnNames::default().user;
        if self.wide.user.as_ref().unwrap_or(&default) == name {
            Role::User
        } else if self.options.criterion_column.as_deref() == Some(name) {
            Role::Criterion
        } else {
            Role::Question
        }
    }

    /// The columns among `names` that may be questions.
    fn candidates(&self, names: &[&str]) -> Vec<usize> {
        let question =
            |&at: &usize| !names[at].is_empty() && self.role(names[at]) == Role::Question;
        (0..names.len()).filter(question).collect()
    }

    /// Those that are chosen.
    fn chosen(&self, names: &[&str], choice: &Choice) -> Result<Vec<usize>, LayoutFault> {
        let candidates = self.candidates(names);
        let of: Vec<&str> = candidates.iter().map(|&at| names[at]).collect();
        let chosen = choice
            .of(&of)
            .map_err(|fault| LayoutFault::Choice { fault })?;
        let kept = candidates.into_iter().zip(chosen);
        Ok(kept
            .filter_map(|(at, chosen)| chosen.then_some(at))
            .collect())
    }
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    User,
    Criterion,
    Question,
}

/// The fault of a score in the column called `name`.
fn fault(name: &str, fault: CellFault, chosen: bool) -> RowFault {
    match fault {
        CellFault::Score(fault) if !chosen => RowFault::NoQuestion {
            column: name.to_owned(),
            fault,
        },
        fault => RowFault::of_cell(name, fault),
    }
}

impl Sink for Wide<'_> {
    fn fit(&self, names: &[&str]) -> Fit {
        let named = self.named();
        if !named.iter().all(|name| names.contains(&name.as_str())) {
            return Fit::No;
        }
        match &self.options.questions {
            None if named.is_empty() => Fit::Maybe,
            None => Fit::Sure,
            Some(choice) if self.chosen(names, choice).is_ok() => Fit::Sure,
            Some(_) => Fit::No,
        }
    }

    fn header(&mut self, names: &[String], place: Place) -> Result<(), Stop> {
        self.open = false;
        let looks = shape::of(names.iter().map(String::as_str), &self.options.columns)
            .filter(|looks| *looks == Looks::Long);
        if let Some(fault) = missing(&self.named(), names, place, looks.clone()) {
            return Err(fault.into());
        }
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = || list(names.iter().map(String::as_str));
        let columns = match &self.options.questions {
            Some(choice) => self.chosen(&all, choice)?,
            None => {
                if let Some(looks) = looks {
                    let found = found();
                    return Err(LayoutFault::Shape {
                        looks,
                        header: place,
                        found,
                    }
                    .into());
                }
                self.candidates(&all)
            }
        };
        if columns.is_empty() {
            let found = found();
            return Err(LayoutFault::NoQuestions {
                header: place,
                found,
            }
            .into());
        }
        let roles: Vec<Role> = all.iter().map(|name| self.role(name)).collect();
        let at = |role| roles.iter().position(|own| *own == role);
        (self.user, self.criterion) = (at(Role::User), at(Role::Criterion));
        if let Some(second) = roles.iter().rposition(|role| *role == Role::User)
            && Some(second) != self.user
        {
            let column = names[second].clone();
            return Err(LayoutFault::RepeatedColumn {
                column,
                header: place,
            }
            .into());
        }
        for &column in &columns {
            let question = self.answers.question(&names[column])?;
            if question as usize != self.questions.len() {
                let column = names[column].clone();
                return Err(LayoutFault::RepeatedColumn {
                    column,
                    header: place,
                }
                .into());
            }
            self.questions.push((column, question));
        }
        let nameless = names.iter().filter(|name| name.is_empty()).count();
        if nameless > 0 && self.options.questions.is_none() {
            self.answers.note(Note::Nameless { columns: nameless });
        }
        self.names = names.to_vec();
        Ok(())
    }

    fn fields(&self) -> Fields {
        let needed = self.named();
        match &self.wide.answers {
            None => Fields::All { needed },
            Some(answers) => {
                let mut beside = needed.clone();
                if self.wide.user.is_none() {
                    beside.push(ColumnNames::default().user);
                }
                Fields::Within {
                    answers: answers.clone(),
                    beside,
                    needed,
                }
            }
        }
    }

    fn column(&mut self, name: &str, beside: bool) -> Result<(), Stop> {
        let column = self.names.len();
        self.names.push(name.to_owned());
        let late = self.wide.user.is_none() && self.rows > 0;
        match self.role(name) {
            _ if !beside && self.wide.answers.is_some() => {}
            // Rows before this one were users by their numbers.
            Role::User if late => {}
            Role::User => {
                self.user = Some(column);
                return Ok(());
            }
            Role::Criterion => {
                self.criterion = Some(column);
                return Ok(());
            }
            Role::Question => {}
        }
        if self.questions.is_empty()
            && let Some(choice) = &self.options.questions
        {
            self.answers.choose_later(choice);
        }
        let question = self.answers.question(name)?;
        self.questions.push((column, question));
        Ok(())
    }

    fn takes(&self, column: usize) -> bool {
        Some(column) == self.user
            || Some(column) == self.criterion
            || self.questions.iter().any(|&(own, _)| own == column)
    }

    fn row<'a>(&mut self, place: Place, cell: impl Fn(usize) -> Cell<'a>) -> Result<(), Stop> {
        self.rows += 1;
        if self.rows == 1 && self.open && self.options.questions.is_none() {
            let names = || self.names.iter().map(String::as_str);
            let looks = shape::of(names(), &self.options.columns);
            if let Some(looks @ Looks::Long) = looks {
                let found = list(names());
                return Err(Stop::Row(place, RowFault::Shape { looks, found }));
            }
        }
        let user = match self.user {
            None => self.answers.numbered(place, self.rows)?,
            Some(column) => match self
                .answers
                .user(place, cell(column), &self.names[column])?
            {
                Some(user) => user,
                None => return Ok(()),
            },
        };
        if let Some(column) = self.criterion {
            self.answers.value(user, place, cell(column))?;
        }
        let chosen = self.options.questions.is_some();
        for &(column, question) in &self.questions {
            let name = &self.names[column];
            self.answers
                .answer(user, question, place, cell(column), |wrong| {
                    fault(name, wrong, chosen)
                })?;
        }
        Ok(())
    }

    fn looks(&self, fields: &[(String, bool)]) -> Option<Looks> {
        // An object that is already looked into is not what is amiss.
        let known = self.wide.answers.as_deref();
        let mut objects = fields.iter().filter(|(_, holds_object)| *holds_object);
        let object = objects.find(|(field, _)| Some(field.as_str()) != known);
        object.map(|(field, _)| Looks::Nested {
            field: field.clone(),
        })
    }
}
