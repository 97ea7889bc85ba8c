//! Which columns or fields of a source are its users, questions and scores.

/// Names of the three columns or fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnNames {
    /// Who answered.
    pub user: String,
    /// What was asked.
    pub question: String,
    /// With which score.
    pub score: String,
}

impl Default for ColumnNames {
    fn default() -> Self {
        Self {
            user: "user".to_owned(),
            question: "question".to_owned(),
            score: "score".to_owned(),
        }
    }
}

impl ColumnNames {
    /// The name that two of them share, if any.
    pub(super) fn shared(&self) -> Option<&str> {
        if self.user == self.question || self.user == self.score {
            Some(&self.user)
        } else if self.question == self.score {
            Some(&self.question)
        } else {
            None
        }
    }
}
