//! What a reader of a report should know besides.

use super::document::{Report, Search};
use super::table::Shown;
use super::text::count;

/// Below this many users in common a high r is easily chance, and the winner gets a warning.
pub const FEW_USERS: u64 = 10;

/// What a reader of a report should know besides, each one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// There is no result.
    #[error(
        "no set{} has a defined correlation: none was answered in full by {min_users} users whose \
         scores and totals vary",
        of(*k)
    )]
    NoneDefined {
        /// K, where there are several.
        k: Option<usize>,
        /// Users that a set needed.
        min_users: u64,
    },
    /// The best set has fewer users than [`FEW_USERS`].
    #[error(
        "the best set{} rests on only {}, and with so few a high r comes by chance",
        of(*k),
        count((*users).into(), "user")
    )]
    FewUsers {
        /// K, where there are several.
        k: Option<usize>,
        /// Users of the best set.
        users: u64,
    },
    /// A list of sets within a distance of the best is full.
    #[error(
        "the list of sets{} near the best is full: more than these {places} may be as near",
        of(*k)
    )]
    FullList {
        /// K, where there are several.
        k: Option<usize>,
        /// N.
        places: usize,
    },
    /// There are fewer sets with a defined correlation than were asked for.
    #[error(
        "the {asked} best sets{} were asked for, and only {} a defined correlation",
        of(*k),
        match found { 1 => "1 has".to_owned(), n => format!("{n} have") }
    )]
    FewSets {
        /// K, where there are several.
        k: Option<usize>,
        /// N.
        asked: usize,
        /// Results.
        found: usize,
    },
}

/// Which sets, where there are several K.
fn of(k: Option<usize>) -> String {
    let named = |k| format!(" of {}", count(k as u128, "question"));
    k.map_or(String::new(), named)
}

/// What a reader of `report` should know besides, of what is `shown` of it.
#[must_use]
pub fn warnings(report: &Report, shown: Shown) -> Vec<Warning> {
    let several = report.is_of_several();
    let searches = report.searches.iter();
    searches
        .flat_map(|search| of_search(search, several.then_some(search.query.k), shown))
        .collect()
}

fn of_search(search: &Search, k: Option<usize>, shown: Shown) -> Vec<Warning> {
    let (asked, found) = (search.query.top, search.results.len());
    // Of a search that was stopped, what is missing may be among the sets that were not looked at.
    let whole = search.halt().is_none();
    let Some(winner) = search.results.first() else {
        if !whole {
            return Vec::new();
        }
        let min_users = search.query.min_users;
        return vec![Warning::NoneDefined { k, min_users }];
    };
    let users = winner.users;
    let few_users = (users < FEW_USERS).then_some(Warning::FewUsers { k, users });
    // Where only the best is shown, none is missing.
    let all = shown == Shown::All || k.is_none();
    let near = search.query.within.is_some();
    let few_sets = all && whole && !near && found < asked;
    let few_sets = few_sets.then_some(Warning::FewSets { k, asked, found });
    let places = asked;
    let full = (near && found == asked).then_some(Warning::FullList { k, places });
    few_users.into_iter().chain(few_sets).chain(full).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use expect_test::expect;

    fn said(report: &Report, shown: Shown) -> String {
        let warnings = warnings(report, shown).into_iter();
        let sentences: Vec<_> = warnings.map(|warning| warning.to_string()).collect();
        sentences.join("\n")
    }

    #[test]
    fn warns_of_few_users_few_sets_and_none() {
        let mut report = sample::report();
        expect![[r#"
            the best set rests on only 7 users, and with so few a high r comes by chance
            the 3 best sets were asked for, and only 2 have a defined correlation"#]]
        .assert_eq(&said(&report, Shown::All));
        assert_eq!(said(&report, Shown::Best), said(&report, Shown::All));
        report.searches[0].query.top = 2;
        report.searches[0].results[0].users = FEW_USERS;
        assert_eq!(said(&report, Shown::All), "");
        report.searches[0].results.clear();
        expect![[r#"no set has a defined correlation: none was answered in full by 2 users whose scores and totals vary"#]]
            .assert_eq(&said(&report, Shown::All));
    }

    #[test]
    fn names_the_k_where_there_are_several() {
        let mut report = sample::several();
        expect![[r#"
            the best set of 2 questions rests on only 7 users, and with so few a high r comes by chance
            the 3 best sets of 2 questions were asked for, and only 2 have a defined correlation
            the 3 best sets of 3 questions were asked for, and only 1 has a defined correlation"#]].assert_eq(&said(&report, Shown::All));
        report.searches[1].results.clear();
        expect![[r#"
            the best set of 2 questions rests on only 7 users, and with so few a high r comes by chance
            no set of 3 questions has a defined correlation: none was answered in full by 2 users whose scores and totals vary"#]].assert_eq(&said(&report, Shown::Best));
    }
}
