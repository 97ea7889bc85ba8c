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
    /// The names with what they are for.
    pub(super) fn roles(&self) -> [(&'static str, &str); 3] {
        [
            ("user", &self.user),
            ("question", &self.question),
            ("score", &self.score),
        ]
    }
}
