//! The level of plain Rust, which every processor has.

use super::floats::{Floats, plain_floats};
use super::lanes::{Lanes, Line, WIDTH};
use super::level::Level;
use super::rows::{Row, Rows};

/// Plain Rust.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

#[inline(always)]
fn map2(a: Line, b: Line, f: impl Fn(f64, f64) -> f64) -> Line {
    let mut out = Line::ZERO;
    for i in 0..WIDTH {
        out.0[i] = f(a.0[i], b.0[i]);
    }
    out
}

impl Lanes for Portable {
    type V = Line;
    #[inline(always)]
    fn load(self, line: &Line) -> Line {
        *line
    }
    #[inline(always)]
    fn line(self, v: Line) -> Line {
        v
    }
    #[inline(always)]
    fn splat(self, x: f64) -> Line {
        Line([x; WIDTH])
    }
    #[inline(always)]
    fn add(self, a: Line, b: Line) -> Line {
        map2(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Line, b: Line) -> Line {
        map2(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Line, b: Line) -> Line {
        map2(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn abs(self, a: Line) -> Line {
        map2(a, a, |a, _| a.abs())
    }
    #[inline(always)]
    fn above(self, a: Line, b: Line) -> u8 {
        let mut mask = 0;
        for i in 0..WIDTH {
            mask |= u8::from(a.0[i] > b.0[i]) << i;
        }
        mask
    }
    #[inline(always)]
    fn mul_add(self, a: Line, b: Line, c: Line) -> Line {
        map2(map2(a, b, |a, b| a * b), c, |ab, c| ab + c)
    }
    #[inline(always)]
    fn max(self, a: Line, b: Line) -> Line {
        map2(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn keep(self, a: Line, mask: u8) -> Line {
        let mut out = Line::ZERO;
        for i in 0..WIDTH {
            out.0[i] = if mask >> i & 1 == 1 { a.0[i] } else { 0.0 };
        }
        out
    }
}

impl Level for Portable {}

plain_floats!(Portable, f32, 8);
plain_floats!(Portable, f64, 8);

impl Rows for Portable {
    type R = Row;
    #[inline(always)]
    fn row(self, from: &Row) -> Row {
        *from
    }
}
