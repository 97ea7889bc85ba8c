//! What a check of `kcorrset verify` ends with.

/// What a check found.
pub struct Verdict {
    /// One line each.
    pub differences: Vec<String>,
    /// What to say where there are none.
    pub agreed: String,
}
