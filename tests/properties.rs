//! What must not change when a table is changed in a known way.
