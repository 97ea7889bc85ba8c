//! Indices in two bytes each for as long as they fit, else in four.

/// A list of indices.
#[derive(Clone, Debug)]
pub(super) enum Narrow {
    /// 0 to `period` − 1 over and over: all answered all. Not a list at all.
    Cycle(Cycle),
    /// All are below 2^16.
    Short(Vec<u16>),
    /// Some are not.
    Long(Vec<u32>),
}

/// A list of indices of which each is one more than that before, or 0 at even distances.
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    len: usize,
    /// One more than the last index.
    next: u32,
    /// The distance of zeros, once there are two.
    period: Option<u32>,
}

impl Cycle {
    /// So many times 0 to `period` − 1.
    pub(super) fn new(times: usize, period: u32) -> Self {
        Self {
            len: times * period as usize,
            next: period,
            period: Some(period),
        }
    }

    /// Adds an index if it goes on as the others did.
    #[inline]
    fn push(&mut self, index: u32) -> bool {
        let goes_on = if index == 0 {
            let ends = *self.period.get_or_insert(self.next) == self.next;
            if self.len == 0 {
                self.period = None;
            }
            ends
        } else {
            index == self.next && self.period.is_none_or(|period| index < period)
        };
        if goes_on {
            self.len += 1;
            self.next = index + 1;
        }
        goes_on
    }

    fn get(&self, at: usize) -> u32 {
        match self.period {
            Some(period) => (at % period as usize) as u32,
            None => at as u32,
        }
    }

    /// A cycle's indices as a list.
    fn listed(&self) -> Narrow {
        let largest = self.period.unwrap_or(self.next);
        let mut list = Narrow::zeros(self.len, largest as usize);
        for at in 0..self.len {
            list.set(at, self.get(at));
        }
        list
    }
}

impl Default for Narrow {
    fn default() -> Self {
        Self::Cycle(Cycle {
            len: 0,
            next: 0,
            period: None,
        })
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

    #[inline(always)]
    pub(super) fn push(&mut self, index: u32) {
        match self {
            Self::Cycle(cycle) => {
                if !cycle.push(index) {
                    *self = cycle.listed();
                    self.push_wide(index);
                }
            }
            Self::Short(list) => match u16::try_from(index) {
                Ok(index) => list.push(index),
                Err(_) => self.push_wide(index),
            },
            Self::Long(list) => list.push(index),
        }
    }

    /// An index where the list may first have to grow wider.
    #[cold]
    fn push_wide(&mut self, index: u32) {
        if let (Self::Short(list), true) = (&mut *self, index >= 1 << 16) {
            let short = std::mem::take(list);
            *self = Self::Long(short.into_iter().map(u32::from).collect());
        }
        self.push(index);
    }

    /// These indices as a list, where they are a cycle.
    pub(super) fn listed(self) -> Self {
        match self {
            Self::Cycle(cycle) => cycle.listed(),
            list => list,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Cycle(cycle) => cycle.len,
            Self::Short(list) => list.len(),
            Self::Long(list) => list.len(),
        }
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> u32 {
        match self {
            Self::Cycle(cycle) => cycle.get(at),
            Self::Short(list) => u32::from(list[at]),
            Self::Long(list) => list[at],
        }
    }

    /// Puts an index below the limit of [`Self::zeros`] at a place of such a list.
    #[inline]
    pub(super) fn set(&mut self, at: usize, index: u32) {
        match self {
            Self::Cycle(_) => unreachable!("zeros are a list"),
            Self::Short(list) => list[at] = index as u16,
            Self::Long(list) => list[at] = index,
        }
    }

    /// What lies at the places of `order`, in that order.
    pub(super) fn gathered(self, order: &[u32]) -> Self {
        match self {
            Self::Cycle(cycle) => cycle.listed().gathered(order),
            Self::Short(list) => Self::Short(gathered(&list, order)),
            Self::Long(list) => Self::Long(gathered(&list, order)),
        }
    }

    /// Gives back what was allocated for growth.
    pub(super) fn shrink(&mut self) {
        match self {
            Self::Cycle(_) => {}
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
            let width = match list {
                Narrow::Cycle(_) => 0,
                Narrow::Short(_) => 2,
                Narrow::Long(_) => 4,
            };
            assert_eq!(width, [0, 2, 2, 4, 4, 4][len - 1]);
        }
        let all: Vec<u32> = (0..6).map(|at| list.get(at)).collect();
        assert_eq!(all, indices);
        let some = list.gathered(&[5, 0, 3]);
        assert_eq!([0, 1, 2].map(|at| some.get(at)), [u32::MAX, 0, 65_536]);
    }

    #[test]
    fn cycles_are_lists_too() {
        // What follows six cycles of three, and where a list ends.
        for more in [
            &[][..],
            &[0],
            &[0, 1],
            &[1],
            &[3],
            &[0, 2],
            &[0, 1, 2, 3],
            &[0, 0],
        ] {
            for ends in [0, 1, 2, 3, 4, 18] {
                let mut want: Vec<u32> = (0..ends).map(|at| at % 3).collect();
                want.extend(more);
                let mut list = Narrow::default();
                want.iter().for_each(|&index| list.push(index));
                let get = |list: &Narrow| -> Vec<u32> {
                    (0..list.len()).map(|at| list.get(at)).collect()
                };
                assert_eq!(get(&list), want);
                assert_eq!(get(&list.listed()), want);
            }
        }
        let again = Narrow::Cycle(Cycle::new(2, 3));
        let list: Vec<u32> = (0..again.len()).map(|at| again.get(at)).collect();
        assert_eq!(list, [0, 1, 2, 0, 1, 2]);
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
