//! Indices in two bytes each for as long as they fit, else in four.

/// A list of indices.
#[derive(Clone, Debug)]
pub(super) enum Narrow {
    /// All are below 2^16.
    Short(Vec<u16>),
    /// Some are not.
    Long(Vec<u32>),
}

impl Default for Narrow {
    fn default() -> Self {
        Self::Short(Vec::new())
    }
}

impl Narrow {
    /// So many zeros, with room for indices below `limit`.
    pub(super) fn zeros(len: usize, limit: usize) -> Self {
        if limit <= 1 << 16 {
            Self::Short(vec![0; len])
        } else {
            Self::Long(vec![0; len])
        }
    }

    #[inline]
    pub(super) fn push(&mut self, index: u32) {
        match self {
            Self::Short(list) => match u16::try_from(index) {
                Ok(index) => list.push(index),
                Err(_) => self.widen(index),
            },
            Self::Long(list) => list.push(index),
        }
    }

    /// The first index that needs four bytes.
    #[cold]
    fn widen(&mut self, index: u32) {
        if let Self::Short(list) = self {
            let short = std::mem::take(list);
            let long = short.into_iter().map(u32::from).chain([index]);
            *self = Self::Long(long.collect());
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Short(list) => list.len(),
            Self::Long(list) => list.len(),
        }
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> u32 {
        match self {
            Self::Short(list) => u32::from(list[at]),
            Self::Long(list) => list[at],
        }
    }

    /// Puts an index below the limit of [`Self::zeros`] at a place.
    #[inline]
    pub(super) fn set(&mut self, at: usize, index: u32) {
        match self {
            Self::Short(list) => list[at] = index as u16,
            Self::Long(list) => list[at] = index,
        }
    }

    /// What lies at the places of `order`, in that order.
    pub(super) fn gathered(self, order: &[u32]) -> Self {
        match self {
            Self::Short(list) => Self::Short(gathered(&list, order)),
            Self::Long(list) => Self::Long(gathered(&list, order)),
        }
    }

    /// Gives back what was allocated for growth.
    pub(super) fn shrink(&mut self) {
        match self {
            Self::Short(list) => list.shrink_to_fit(),
            Self::Long(list) => list.shrink_to_fit(),
        }
    }
}

/// What lies at the places of `order`, in that order.
pub(super) fn gathered<T: Copy>(list: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&at| list[at as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widens_where_it_must() {
        let indices = [0, 65_535, 7, 65_536, 5, u32::MAX];
        let mut list = Narrow::default();
        for (len, &index) in (1..).zip(&indices) {
            list.push(index);
            assert_eq!(list.len(), len);
            assert_eq!(matches!(list, Narrow::Short(_)), len < 4);
        }
        let all: Vec<u32> = (0..6).map(|at| list.get(at)).collect();
        assert_eq!(all, indices);
        let some = list.gathered(&[5, 0, 3]);
        assert_eq!([0, 1, 2].map(|at| some.get(at)), [u32::MAX, 0, 65_536]);
    }

    #[test]
    fn zeros_hold_what_is_below_their_limit() {
        for limit in [1, 1 << 16, (1 << 16) + 1, 1 << 20] {
            let mut list = Narrow::zeros(3, limit);
            list.set(1, limit as u32 - 1);
            assert_eq!([0, 1, 2].map(|at| list.get(at)), [0, limit as u32 - 1, 0]);
        }
    }
}
