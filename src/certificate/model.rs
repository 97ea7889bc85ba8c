//! What is asked, as exact integers made from the table by plain loops.

use super::error::CheckError;
use crate::engine::Query;
use crate::matrix::ResponseMatrix;
use crate::stats::Criterion;
use num_bigint::BigInt;
use std::cmp::Ordering;

/// A query of a complete table. Questions are named by their position in the query's space.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// How many questions.
    pub(super) n: usize,
    /// K.
    pub(super) k: usize,
    /// The first so many are in every set.
    pub(super) fixed: usize,
    /// The question of the table at each position.
    order: Vec<usize>,
    /// What it is called.
    names: Vec<String>,
    /// n·Σxy − Σx·Σy over the users, for each two questions.
    v: Vec<i128>,
    /// n·Σxg − Σx·Σg of each question and the criterion.
    pub(super) c: Vec<i128>,
    /// n·Σg² − (Σg)².
    pub(super) g: i128,
    /// Whether the criterion is what the set leaves of the total.
    pub(super) is_rest: bool,
    pub(super) quotas: Option<Limits>,
}

/// How many questions of each group a set has.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// The group of each position; the last group has no limits.
    pub(super) group: Vec<usize>,
    /// The least and the most of each group.
    pub(super) room: Vec<(usize, usize)>,
}

impl Limits {
    /// How many questions of each group these are.
    pub(super) fn counts(&self, set: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; self.room.len()];
        for &i in set {
            counts[self.group[i]] += 1;
        }
        counts
    }

    /// Whether a whole set keeps them.
    pub(super) fn allow(&self, set: &[usize]) -> bool {
        let counts = self.counts(set);
        let mut both = counts.iter().zip(&self.room);
        both.all(|(count, (least, most))| (least..=most).contains(&count))
    }
}

/// A set's c(S) and x'Vx; where the criterion is the rest, what follows from them for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Covariance with the criterion.
    pub(super) a: i128,
    /// Variance of the set's score times that of its criterion, in two factors.
    pub(super) x: i128,
    pub(super) y: i128,
}

impl Standing {
    /// Whether it has a correlation.
    pub(super) fn is_defined(&self) -> bool {
        self.x > 0 && self.y > 0
    }

    /// By r; both are defined. r is a/√(xy), so sign(a)·a²/(xy) is compared.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.a.signum(), other.a.signum()) {
            (mine, theirs) if mine != theirs => return mine.cmp(&theirs),
            (0, _) => return Ordering::Equal,
            _ => {}
        }
        let product = |set: &Self, with: &Self| {
            let square = set.a.checked_mul(set.a)?;
            square.checked_mul(with.x)?.checked_mul(with.y)
        };
        let by_size = match (product(self, other), product(other, self)) {
            (Some(mine), Some(theirs)) => mine.cmp(&theirs),
            _ => {
                let wide = |set: &Self, with: &Self| {
                    BigInt::from(set.a) * set.a * BigInt::from(with.x) * with.y
                };
                wide(self, other).cmp(&wide(other, self))
            }
        };
        if self.a > 0 {
            by_size
        } else {
            by_size.reverse()
        }
    }
}

impl Model {
    /// The table's covariances.
    pub(super) fn new(query: &Query<'_>) -> Result<Self, CheckError> {
        let (table, space) = (query.source(), query.space());
        let order = space.order().to_vec();
        let (n, k) = (order.len(), space.k());
        let Scores { columns, criterion } = Scores::of(query)?;
        let of = |a: &[i128], b: &[i128]| covariance(a, b).ok_or_else(too_wide);
        let mut v = vec![0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let value = of(&columns[i], &columns[j])?;
                (v[i * n + j], v[j * n + i]) = (value, value);
            }
        }
        let (c, g) = with_criterion(&columns, &criterion)?;
        if g == 0 {
            return Err(CheckError::wrong("the overall score does not vary"));
        }
        let model = Self {
            n,
            k,
            fixed: space.fixed(),
            v,
            c,
            g,
            is_rest: query.ranking().criterion == Criterion::Rest,
            quotas: query.quotas().map(|quotas| {
                let wanted = quotas.wanted().iter();
                let mut room: Vec<_> = wanted.map(|w| (*w.start(), *w.end())).collect();
                let others = room.len();
                room.push((0, usize::MAX));
                let group = |&question: &usize| quotas.group(question).unwrap_or(others);
                Limits {
                    group: order.iter().map(group).collect(),
                    room,
                }
            }),
            names: order
                .iter()
                .map(|&q| table.questions()[q].clone())
                .collect(),
            order,
        };
        model.check_width()?;
        Ok(model)
    }

    /// That covariances with the overall scores fit 128 bits: what is cheap of making a model.
    pub(super) fn check_criterion(query: &Query<'_>) -> Result<(), CheckError> {
        let Scores { columns, criterion } = Scores::of(query)?;
        with_criterion(&columns, &criterion)?;
        Ok(())
    }

    /// That no sum over a set leaves 128 bits: c(S), x'Vx, and what follows for the rest.
    fn check_width(&self) -> Result<(), CheckError> {
        let largest = |values: &[i128]| values.iter().map(|v| v.unsigned_abs()).max();
        let most = [&self.v, &self.c, &vec![self.g]].map(|values| largest(values).unwrap_or(0));
        let most = most.into_iter().max().unwrap_or(0);
        let pairs = (self.k as u128).pow(2) + 2 * self.k as u128 + 2;
        let sum = most.checked_mul(pairs);
        match sum.and_then(|sum| i128::try_from(sum).ok()) {
            Some(_) => Ok(()),
            None => Err(too_wide()),
        }
    }

    /// n·Σxy − Σx·Σy of two questions.
    pub(super) fn v(&self, i: usize, j: usize) -> i128 {
        self.v[i * self.n + j]
    }

    /// A set by its c(S) and x'Vx.
    pub(super) fn standing(&self, c: i128, q: i128) -> Standing {
        if self.is_rest {
            Standing {
                a: c - q,
                x: q,
                y: self.g - 2 * c + q,
            }
        } else {
            Standing {
                a: c,
                x: q,
                y: self.g,
            }
        }
    }

    /// A set of positions.
    pub(super) fn of_set(&self, set: &[usize]) -> Standing {
        let c = set.iter().map(|&i| self.c[i]).sum();
        let pairs = set.iter().flat_map(|&i| set.iter().map(move |&j| (i, j)));
        let q = pairs.map(|(i, j)| self.v(i, j)).sum();
        self.standing(c, q)
    }

    /// The ascending questions of the table at these positions.
    pub(super) fn questions(&self, set: &[usize]) -> Vec<usize> {
        let mut questions: Vec<usize> = set.iter().map(|&i| self.order[i]).collect();
        questions.sort_unstable();
        questions
    }

    /// What the questions at these positions are called.
    pub(super) fn named(&self, set: &[usize]) -> String {
        let names: Vec<&str> = set.iter().map(|&i| self.names[i].as_str()).collect();
        names.join(", ")
    }

    /// The positions of questions of the table; `None` where one is not asked for.
    pub(super) fn positions(&self, questions: &[usize]) -> Option<Vec<usize>> {
        let place = |question: &usize| self.order.iter().position(|at| at == question);
        questions.iter().map(place).collect()
    }
}

/// Scores by position of the users who answered, and the overall scores in one unit.
struct Scores {
    columns: Vec<Vec<i128>>,
    criterion: Vec<i128>,
}

impl Scores {
    fn of(query: &Query<'_>) -> Result<Self, CheckError> {
        let (table, order) = (query.source(), query.space().order());
        let users = users(table, order)?;
        let column = |&question: &usize| {
            let scores = users.iter().map(|&user| table.column(question).score(user));
            scores.flatten().map(i128::from).collect()
        };
        Ok(Self {
            columns: order.iter().map(column).collect(),
            criterion: criterion(query, &users)?,
        })
    }
}

/// c of each question, and G.
fn with_criterion(
    columns: &[Vec<i128>],
    criterion: &[i128],
) -> Result<(Vec<i128>, i128), CheckError> {
    let of = |column: &[i128]| covariance(column, criterion).ok_or_else(too_wide);
    let c: Result<Vec<i128>, CheckError> = columns.iter().map(|column| of(column)).collect();
    Ok((c?, of(criterion)?))
}

/// The users who answered these questions, which is all or none of them.
fn users(table: &ResponseMatrix, order: &[usize]) -> Result<Vec<u32>, CheckError> {
    let mut answers = vec![0_usize; table.users().len()];
    for &question in order {
        for &user in table.column(question).users() {
            answers[user as usize] += 1;
        }
    }
    let mut users = Vec::new();
    for (user, &count) in (0..).zip(&answers) {
        if count == order.len() {
            users.push(user);
        } else if count > 0 {
            return Err(CheckError::wrong(format!(
                "user {:?} has not answered all questions, and it is for tables without missing answers",
                table.users()[user as usize]
            )));
        }
    }
    Ok(users)
}

/// The overall score of each of these users, in one unit.
fn criterion(query: &Query<'_>, users: &[u32]) -> Result<Vec<i128>, CheckError> {
    let table = query.source();
    let numbers = match (query.ranking().criterion, query.overall()) {
        (Criterion::Column, Some(overall)) => overall.numerators(),
        _ => &[],
    };
    if query.ranking().criterion == Criterion::Column {
        let of = |&user: &u32| numbers.get(user as usize).copied();
        let known: Option<Vec<i128>> = users.iter().map(of).collect();
        return known.ok_or_else(|| CheckError::wrong("a user has no overall score"));
    }
    let mut totals = vec![0_i128; table.users().len()];
    let mut answers = vec![0_u64; table.users().len()];
    for question in 0..table.questions().len() {
        let column = table.column(question);
        for (&user, &score) in column.users().iter().zip(column.scores()) {
            totals[user as usize] += i128::from(score);
            answers[user as usize] += 1;
        }
    }
    let total = |&user: &u32| totals[user as usize];
    if query.ranking().criterion != Criterion::Mean {
        return Ok(users.iter().map(total).collect());
    }
    let common = users.iter().try_fold(1_i128, |common, &user| {
        let part = i128::from(answers[user as usize]);
        common.checked_mul(part / gcd(common, part))
    });
    let mean = |user: &u32| {
        let times = common? / i128::from(answers[*user as usize]);
        total(user).checked_mul(times)
    };
    let means: Option<Vec<i128>> = users.iter().map(mean).collect();
    means.ok_or_else(too_wide)
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// n·Σab − Σa·Σb; `None` where it leaves 128 bits.
fn covariance(a: &[i128], b: &[i128]) -> Option<i128> {
    let (mut product, mut sums) = (0_i128, [0_i128; 2]);
    for (&a, &b) in a.iter().zip(b) {
        product = product.checked_add(a.checked_mul(b)?)?;
        sums = [sums[0].checked_add(a)?, sums[1].checked_add(b)?];
    }
    let users = i128::try_from(a.len()).ok()?;
    let whole = users.checked_mul(product)?;
    whole.checked_sub(sums[0].checked_mul(sums[1])?)
}

fn too_wide() -> CheckError {
    CheckError::unable("covariances leave 128 bits: round scores or the criterion's numbers")
}
