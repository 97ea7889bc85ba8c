//! What an engine that proves its list by a tree leaves behind, so that the proof can be checked elsewhere.

/// A finished proof: the multipliers of its bound, and its tree in depth-first order.
///
/// Questions are numbered by their position in the query's space. What the parts mean is said in
/// [`crate::certificate`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The r that no excluded set reaches.
    pub floor: f64,
    /// Multipliers are in units in which a covariance n·Σxy − Σx·Σy is 2^-power.
    pub power: i32,
    /// Whether there are multipliers of all four products of bounds, or of the first two.
    pub four: bool,
    /// d, then N of each pair j < i, row by row; with `four` then W of all i and j, and O like N.
    pub multipliers: Vec<f32>,
    /// Tokens one after another, see [`Token`].
    pub tape: Vec<u8>,
    /// Nodes of the tree, each time that one was looked at.
    pub nodes: u64,
}

/// One event of the tree.
///
/// A node is any number of `Drop`, `Fix` and `Again`, then one of the others; behind `Branch` stand the node
/// with the question, and the node without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// No set with this question reaches the floor: from here on the node is the sets without it.
    Drop(usize),
    /// No set without this question reaches the floor: from here on the node is the sets with it.
    Fix(usize),
    /// The node is parted by this question.
    Branch(usize),
    /// The node was looked at again.
    Again,
    /// No set of the node reaches the floor.
    Prune,
    /// Each set of the node was looked at.
    Leaf,
    /// More questions are to be chosen than are open: there is no set.
    Empty,
}

/// Why bytes are no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// They end within a token, or before one.
    #[error("the tree ends too early")]
    Ends,
    /// They stand for nothing.
    #[error("byte {at} of the tree is no token")]
    Unknown {
        /// Where it starts.
        at: usize,
    },
}

impl Token {
    /// Four times the question and 0, 1 or 2; four times 0 to 3 and 3.
    fn code(self) -> u64 {
        let of = |question: usize, kind: u64| 4 * question as u64 + kind;
        match self {
            Self::Drop(question) => of(question, 0),
            Self::Fix(question) => of(question, 1),
            Self::Branch(question) => of(question, 2),
            Self::Again => 3,
            Self::Prune => 7,
            Self::Leaf => 11,
            Self::Empty => 15,
        }
    }

    fn of_code(code: u64) -> Option<Self> {
        let question = usize::try_from(code / 4).ok()?;
        Some(match (code % 4, code / 4) {
            (0, _) => Self::Drop(question),
            (1, _) => Self::Fix(question),
            (2, _) => Self::Branch(question),
            (_, 0) => Self::Again,
            (_, 1) => Self::Prune,
            (_, 2) => Self::Leaf,
            (_, 3) => Self::Empty,
            _ => return None,
        })
    }

    /// Appends the token: its code, seven bits a byte from the lowest on, with 128 added where more follow.
    pub fn write(self, tape: &mut Vec<u8>) {
        let mut code = self.code();
        while code > 127 {
            tape.push((code & 127) as u8 | 128);
            code >>= 7;
        }
        tape.push(code as u8);
    }

    /// The token at `at`, which moves behind it. It is written in as few bytes as will do.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn read(tape: &[u8], at: &mut usize) -> Result<Self, TokenError> {
        let start = *at;
        let unknown = TokenError::Unknown { at: start };
        let mut code = 0_u64;
        for shift in (0..35).step_by(7) {
            let &byte = tape.get(*at).ok_or(TokenError::Ends)?;
            *at += 1;
            code |= u64::from(byte & 127) << shift;
            if byte < 128 {
                let shortest = byte > 0 || shift == 0;
                return Self::of_code(code).filter(|_| shortest).ok_or(unknown);
            }
        }
        Err(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_they_were_written() {
        let mut tokens = vec![Token::Again, Token::Prune, Token::Leaf, Token::Empty];
        for question in [0, 1, 31, 32, 100, 2047, 4096, 1 << 20] {
            tokens.extend([Token::Drop, Token::Fix, Token::Branch].map(|of| of(question)));
        }
        let mut tape = Vec::new();
        tokens.iter().for_each(|token| token.write(&mut tape));
        let mut at = 0;
        for &token in &tokens {
            assert_eq!(Token::read(&tape, &mut at), Ok(token));
        }
        assert_eq!(Token::read(&tape, &mut at), Err(TokenError::Ends));
        for bytes in [&[128][..], &[255; 4]] {
            assert_eq!(Token::read(bytes, &mut 0), Err(TokenError::Ends));
        }
        // A kind that there is not, a code in more bytes than it needs, one that never ends.
        for bytes in [&[19][..], &[132, 0], &[255; 9]] {
            let unknown = Err(TokenError::Unknown { at: 0 });
            assert_eq!(Token::read(bytes, &mut 0), unknown);
        }
    }
}
