//! Closed forms for 64 users at a time: see [`crate::stats::Completions`], whose formula this is.
//!
//! All is modulo 2^64, in loops that the compiler turns into vectors.

use super::kernel::SUMS;

/// What each of 64 users answered: d of some questions, with scores that sum to t and squares to h.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    pub(super) d: [u64; 64],
    pub(super) t: [u64; 64],
    pub(super) h: [u64; 64],
}

/// Nothing.
pub(super) const NOTHING: Answered = Answered {
    d: [0; 64],
    t: [0; 64],
    h: [0; 64],
};

impl Answered {
    /// What these answers have more than `some` of them.
    #[inline(always)]
    pub(super) fn less(&self, some: &Self) -> Self {
        let mut rest = NOTHING;
        for i in 0..64 {
            rest.d[i] = self.d[i].wrapping_sub(some.d[i]);
            rest.t[i] = self.t[i].wrapping_sub(some.t[i]);
            rest.h[i] = self.h[i].wrapping_sub(some.h[i]);
        }
        rest
    }
}

/// 64 users: s, their score without the questions to come, and g, their total.
#[derive(Clone, Copy, Debug)]
pub(super) struct Users {
    pub(super) s: [u64; 64],
    pub(super) g: [u64; 64],
}

/// The inverse of 3 modulo 2^64.
const THIRD: u64 = 0xaaaa_aaaa_aaaa_aaab;

/// n, Sa and Saa over all choices of `CHOOSE` questions, 2 or 3, of d with scores that sum to t and squares to h,
/// by a user of score s.
#[inline(always)]
fn choices<const CHOOSE: usize>(s: u64, d: u64, t: u64, h: u64) -> [u64; 3] {
    // C(d, j), C(d − 1, j − 1) and C(d − 2, j − 2). Where the latter two are not 0 as they
    // should be, d is below 2 and what they are multiplied by is 0.
    let (less, lesser) = (d.wrapping_sub(1), d.wrapping_sub(2));
    let pairs = d.wrapping_mul(less) >> 1;
    let (all, with_one, with_two) = if CHOOSE == 2 {
        (pairs, less, 1)
    } else {
        let triples = pairs.wrapping_mul(lesser).wrapping_mul(THIRD);
        (triples, less.wrapping_mul(lesser) >> 1, lesser)
    };
    let sa = s.wrapping_mul(all).wrapping_add(t.wrapping_mul(with_one));
    let once = s.wrapping_mul(t).wrapping_mul(2).wrapping_add(h);
    let saa = (s.wrapping_mul(s).wrapping_mul(all))
        .wrapping_add(once.wrapping_mul(with_one))
        .wrapping_add(t.wrapping_mul(t).wrapping_sub(h).wrapping_mul(with_two));
    [all, sa, saa]
}

/// Sums of eight users side by side.
type Parts = [[u64; 8]; SUMS];

/// Adds the n, Sa and Saa of a user of total g, and their other sums.
#[inline(always)]
fn put(parts: &mut Parts, lane: usize, g: u64, [n, sa, saa]: [u64; 3]) {
    let sg = g.wrapping_mul(n);
    let six = [n, sa, sg, saa, g.wrapping_mul(sg), g.wrapping_mul(sa)];
    for (sum, value) in parts.iter_mut().zip(six) {
        sum[lane] = sum[lane].wrapping_add(value);
    }
}

/// Adds the parts up.
#[inline(always)]
fn gather(parts: Parts, sums: &mut [u64; SUMS]) {
    for (sum, part) in sums.iter_mut().zip(parts) {
        *sum = part.iter().fold(*sum, |sum, part| sum.wrapping_add(*part));
    }
}

/// Adds to `sums` each user's part in all choices of `CHOOSE` questions, 2 or 3, of those answered:
/// n, Sa, Sg, Saa, Sgg, Sag. Users who answered too few add nothing.
#[inline(always)]
pub(super) fn add<const CHOOSE: usize>(users: &Users, answered: &Answered, sums: &mut [u64; SUMS]) {
    let mut parts = Parts::default();
    for part in (0..64).step_by(8) {
        for lane in 0..8 {
            let i = part + lane;
            let (d, t, h) = (answered.d[i], answered.t[i], answered.h[i]);
            let chosen = choices::<CHOOSE>(users.s[i], d, t, h);
            put(&mut parts, lane, users.g[i], chosen);
        }
    }
    gather(parts, sums);
}

/// Adds to `sums` each user's part in all choices of two questions of `two` and one of `one`, which are others.
#[inline(always)]
pub(super) fn add_with_one(users: &Users, two: &Answered, one: &Answered, sums: &mut [u64; SUMS]) {
    let mut parts = Parts::default();
    for part in (0..64).step_by(8) {
        for lane in 0..8 {
            let i = part + lane;
            let [n, sa, saa] = choices::<2>(users.s[i], two.d[i], two.t[i], two.h[i]);
            // Each of the d joins all of these, with a higher by its score.
            let (d, t, h) = (one.d[i], one.t[i], one.h[i]);
            let twice = t.wrapping_mul(sa).wrapping_mul(2);
            let joined = [
                d.wrapping_mul(n),
                d.wrapping_mul(sa).wrapping_add(t.wrapping_mul(n)),
                (d.wrapping_mul(saa))
                    .wrapping_add(twice)
                    .wrapping_add(h.wrapping_mul(n)),
            ];
            put(&mut parts, lane, users.g[i], joined);
        }
    }
    gather(parts, sums);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{AuditSums, Completions, Tail};

    #[test]
    fn vectors_follow_the_formula() {
        let forms = Completions::new(70, 3);
        let (mut answered, mut users) = (
            NOTHING,
            Users {
                s: [0; 64],
                g: [0; 64],
            },
        );
        let mut tails = Vec::new();
        for i in 0..64_usize {
            let mut tail = Tail::default();
            // 0 and 1 answer among them.
            for score in 0..i {
                tail.add((score * 7 % 5) as i64);
            }
            answered.d[i] = tail.answers as u64;
            (answered.t[i], answered.h[i]) = (tail.sum, tail.squares);
            users.s[i] = (i as i64 - 9) as u64;
            users.g[i] = (31 - 2 * i as i64) as u64;
            tails.push(tail);
        }
        let want = |choose| {
            let mut sums = AuditSums::default();
            for (i, tail) in tails.iter().enumerate() {
                sums += forms.of_user(choose, users.s[i] as i64, users.g[i] as i64, tail);
            }
            sums.six.to_array().map(|sum| sum.0.wrapping_add(5))
        };
        let (mut two, mut three) = ([5; SUMS], [5; SUMS]);
        add::<2>(&users, &answered, &mut two);
        add::<3>(&users, &answered, &mut three);
        assert_eq!(two, want(2));
        assert_eq!(three, want(3));
    }

    #[test]
    fn choices_within_the_limit_follow_the_formula() {
        let forms = Completions::new(70, 3);
        let (mut parts, mut users) = (
            [NOTHING; 2],
            Users {
                s: [0; 64],
                g: [0; 64],
            },
        );
        let mut want = AuditSums::default();
        for i in 0..64_usize {
            // Nobody to some before the limit, and nobody to some behind it.
            let mut tails = [Tail::default(); 2];
            for score in 0..i {
                tails[usize::from(score * 5 % 11 > i % 7)].add((score * 7 % 5) as i64);
            }
            for (part, tail) in parts.iter_mut().zip(&tails) {
                part.d[i] = tail.answers as u64;
                (part.t[i], part.h[i]) = (tail.sum, tail.squares);
            }
            users.s[i] = (i as i64 - 9) as u64;
            users.g[i] = (31 - 2 * i as i64) as u64;
            want += forms.of_user_within(1, 3, users.s[i] as i64, users.g[i] as i64, &tails);
        }
        let [before, beyond] = parts;
        let mut all = NOTHING;
        for i in 0..64 {
            all.d[i] = before.d[i] + beyond.d[i];
            all.t[i] = before.t[i] + beyond.t[i];
            all.h[i] = before.h[i] + beyond.h[i];
        }
        let (mut sums, mut too_many) = ([0; SUMS], [0; SUMS]);
        add::<3>(&users, &all, &mut sums);
        add::<3>(&users, &beyond, &mut too_many);
        add_with_one(&users, &beyond, &all.less(&beyond), &mut too_many);
        let within: [u64; SUMS] = std::array::from_fn(|i| sums[i].wrapping_sub(too_many[i]));
        assert_eq!(within, want.six.to_array().map(|sum| sum.0));
    }
}
