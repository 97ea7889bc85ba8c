//! The fingerprint of a table's content.

use super::table::ResponseMatrix;
use sha2::{Digest, Sha256};

impl ResponseMatrix {
    /// SHA-256 over the canonical content, as `sha256:` and 64 hex digits.
    ///
    /// Canonical: scale (else a line of its own kind, and the denominator), question ids in input
    /// order, then every user by ascending id with their (question, score) pairs by ascending
    /// question. Every number is 8 bytes little-endian, every string its length and its UTF-8. So
    /// the order of users and of rows does not matter; the order of questions, which decides ties,
    /// does.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let mut bytes = Vec::new();
        match self.scale() {
            Some(scale) => {
                bytes.extend_from_slice(b"kcorrset table 1\n");
                number(&mut bytes, u64::from(scale));
            }
            None => {
                bytes.extend_from_slice(b"kcorrset table of fractions 1\n");
                number(&mut bytes, self.denominator());
            }
        }
        number(&mut bytes, self.questions().len() as u64);
        for id in self.questions() {
            text(&mut bytes, id);
        }
        let mut order: Vec<usize> = (0..self.users().len()).collect();
        order.sort_by_key(|&u| &self.users()[u]);
        number(&mut bytes, order.len() as u64);
        for u in order {
            text(&mut bytes, &self.users()[u]);
            let row = self.row(u);
            number(&mut bytes, row.len() as u64);
            for (q, score) in row {
                number(&mut bytes, q as u64);
                number(&mut bytes, score as u64);
            }
            hash.update(&bytes);
            bytes.clear();
        }
        hash.update(&bytes);
        let hex: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        format!("sha256:{hex}")
    }
}

fn number(bytes: &mut Vec<u8>, n: u64) {
    bytes.extend_from_slice(&n.to_le_bytes());
}

fn text(bytes: &mut Vec<u8>, s: &str) {
    number(bytes, s.len() as u64);
    bytes.extend_from_slice(s.as_bytes());
}
