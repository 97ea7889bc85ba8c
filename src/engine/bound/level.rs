//! What a floor on r asks of a set, in the scaled floats.
//!
//! With ρ > 0 the floor, c̃ = c/(ρ√G) and s = √(x'Vx):
//!
//! - **Total**: r ≥ ρ ⇔ c̃(S) ≥ s.
//! - **Rest**: with m = 1 − ρ², r(a, g − a) ≥ ρ ⇔ x'Vx < G and c̃(S) ≥ ψ(s),
//!   ψ(s) = m·s²/(ρ√G) + s·√(1 − m·s²/G) on 0 < s < √G. (c − x'Vx ≥ ρ√(x'Vx·(G − 2c + x'Vx)), squared
//!   and solved for c.)
//!
//! **A straight line under ψ.** For any σ ≥ 0: c̃ ≥ ψ(s) implies c̃ − σs + η ≥ 0 with
//! η = max over 0 ≤ s ≤ √G of σs − ψ(s). For Total σ = 1, η = 0. For Rest, with w = s√(m/G), the second
//! derivative of ψ is a constant plus a positive multiple of w(2w² − 3)/(1 − w²)^{3/2}, whose derivative
//! −3/(1 − w²)^{5/2} is negative: ψ is convex, then concave. Take s0 in the convex part, σ near ψ'(s0).
//! On the convex part the tangent at s0 lies under ψ, so σs − ψ(s) ≤ σs0 − ψ(s0) + |σ − ψ'(s0)|·√G. On
//! the concave part σs − ψ(s) is convex, so its maximum is at an end: the one at √G, or the other,
//! which belongs to the convex part too.
//!
//! **Rounding.** ψ and ψ' in floats: 1 − m·s²/G ≥ ρ² (but for a few u), so that the root's relative error
//! is at most 6u/ρ². ψ's terms are at most √G/ρ and √G, ψ' at most 3/ρ: all errors together, that of σ
//! times √G included, stay below 64u·√G/ρ³, and this is added to η.

use super::problem::Kind;
use super::scaled::{Scaled, U};

/// A floor on r and what follows from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// ρ.
    pub(super) floor: f64,
    /// 1/(ρ√G); relative error at most 5u.
    pub(super) f: f64,
    rest: Option<Rest>,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    m: f64,
    g: f64,
    root_g: f64,
    /// m/(ρ√G).
    a: f64,
    /// An end of the convex part, from inside.
    convex: f64,
    /// The rounding above.
    error: f64,
}

/// σ and η (rounding included).
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) lift: f64,
}

impl Level {
    /// `None` unless 0 < `floor`.
    pub(super) fn new(scaled: &Scaled, kind: Kind, floor: f64) -> Option<Self> {
        if floor.is_nan() || floor <= 0.0 {
            return None;
        }
        // r is at most 1; a floor above asks for what no set has.
        let root_g = scaled.g.sqrt();
        let f = 1.0 / (floor * root_g);
        let rest = (kind == Kind::Rest).then(|| {
            let rho = floor.min(1.0);
            let m = (1.0 - rho) * (1.0 + rho);
            let mut rest = Rest {
                m,
                g: scaled.g,
                root_g,
                a: m / (rho * root_g),
                convex: 0.0,
                error: 64.0 * U * root_g / (rho * rho * rho),
            };
            rest.convex = rest.end_of_convex();
            rest
        });
        Some(Self { floor, f, rest })
    }

    /// A good line at s.
    pub(super) fn line(&self, s: f64) -> Line {
        match &self.rest {
            None => Line {
                slope: 1.0,
                lift: 0.0,
            },
            Some(rest) => {
                let s = s.min(rest.convex);
                let slope = rest.slope(s).max(0.0);
                let at = slope * s - rest.psi(s);
                let end = slope * rest.root_g - rest.psi(rest.root_g);
                Line {
                    slope,
                    lift: at.max(end).max(0.0) + rest.error,
                }
            }
        }
    }

    /// ψ(s) (s for Total), within [`Self::slack`] of the truth.
    pub(super) fn psi(&self, s: f64) -> f64 {
        match &self.rest {
            None => s,
            Some(rest) => rest.psi(s.min(rest.root_g)),
        }
    }

    /// Whether a set may have this x'Vx; G itself was rounded.
    pub(super) fn has_room_for(&self, q: f64) -> bool {
        self.rest.is_none_or(|rest| q <= rest.g * (1.0 + 4.0 * U))
    }

    /// What a computed ψ, compared with c̃ = `c`, may be off by: ψ's own rounding, and a root's,
    /// which is relative to c̃ where both are near.
    pub(super) fn slack(&self, c: f64) -> f64 {
        self.rest.map_or(0.0, |rest| rest.error) + 16.0 * U * c
    }
}

impl Rest {
    fn psi(&self, s: f64) -> f64 {
        self.a * s * s + s * (1.0 - self.m * s * s / self.g).max(0.0).sqrt()
    }

    fn slope(&self, s: f64) -> f64 {
        let w = (self.m * s * s / self.g).min(1.0 - 1e-12);
        2.0 * self.a * s + (1.0 - 2.0 * w) / (1.0 - w).sqrt()
    }

    /// ψ'' has the sign of 2 − ρ√κ·(3 − 2mκ)/(1 − mκ)^{3/2}, κ = s²/G, which falls with κ: bisects
    /// for its zero and steps back by 1e-6, far more than rounding can move it.
    fn end_of_convex(&self) -> f64 {
        let rho = (1.0 - self.m).max(0.0).sqrt();
        let convex = |kappa: f64| {
            let w = self.m * kappa;
            2.0 - rho * kappa.sqrt() * (3.0 - 2.0 * w) / (1.0 - w).powf(1.5) > 1e-9
        };
        let (mut low, mut high) = (0.0, 1.0 - 1e-9);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if convex(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low * self.g).sqrt() * (1.0 - 1e-6)
    }
}
