//! What a dispatch left, taken apart and checked: each workgroup's record, and the survivors. Pure.

use super::drive::Redo;
use super::layout::Record;
use super::queue::Chunk;
use crate::stats::AuditSums;

/// What all workgroups of a dispatch saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Over every set.
    pub(super) sums: AuditSums,
    /// Sets that were found to have a correlation.
    pub(super) defined: u64,
    /// Offsets of the survivors.
    pub(super) survivors: Result<Vec<u128>, Redo>,
}

/// Of a dispatch whose loops the adapter cut short (`shaders/shared/loops.wgsl`): nothing, so that
/// the chunk is done again in halves.
///
/// # Errors
/// There are none of a single set.
pub(super) fn cut_short(chunk: Chunk) -> Result<Seen, String> {
    if chunk.sets < 2 {
        return Err("it cuts short the loops that a single set takes".to_owned());
    }
    Ok(Seen {
        sums: AuditSums::default(),
        defined: 0,
        survivors: Err(Redo::Size),
    })
}

/// What all records of a dispatch say.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// Modulo 2^64.
    sets: u64,
    /// Their sums.
    sums: AuditSums,
    defined: u64,
    kept: u64,
    /// Sum of the survivors' offsets modulo 2^32.
    kept_offsets: u32,
}

/// How survivors come back: the offset of each, behind their count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Survivors {
    /// Words of an offset, lowest first: 4 at most, which any fits. The count is the first of as many.
    pub(super) words: usize,
    /// How many there is room for.
    pub(super) capacity: u32,
}

impl Survivors {
    /// Bytes of the count and the offsets of `chunk`, which has no more survivors than sets.
    pub(super) fn bytes(&self, chunk: Chunk) -> u64 {
        // No more than `capacity`.
        let offsets = chunk.sets.min(self.capacity.into()) as u64;
        4 * self.words as u64 * (1 + offsets)
    }
}

/// Reads the records of dispatch `serial`, and the count and offsets of its survivors.
///
/// Sets are counted modulo 2^64, which a set that is lost or done twice changes, and C(n, k) of them: 2 is
/// in it log₂ n times at most (Kummer). The number that is told is the one nearest to the chunk's own.
///
/// # Errors
/// Says what is missing or does not fit together.
pub(super) fn read(
    records: &[u8],
    survivors: &[u8],
    chunk: Chunk,
    serial: u32,
    layout: Survivors,
) -> Result<Seen, String> {
    let Some(told) = told(records, serial)? else {
        return cut_short(chunk);
    };
    let more = told.sets.wrapping_sub(chunk.sets as u64) as i64;
    let sets = chunk.sets.wrapping_add_signed(more.into());
    Ok(Seen {
        sums: AuditSums { sets, ..told.sums },
        defined: told.defined,
        survivors: offsets(survivors, chunk, layout, &told)?,
    })
}

/// Adds up the records; `None` where loops were cut short.
fn told(records: &[u8], serial: u32) -> Result<Option<Told>, String> {
    // Mapped memory has its own alignment: copied, not cast.
    let records: Vec<Record> = bytemuck::pod_collect_to_vec(records);
    if records.iter().any(|record| record.cut == serial) {
        return Ok(None);
    }
    let mut told = Told::default();
    for (i, record) in records.iter().enumerate() {
        if record.serial != serial {
            return Err(format!(
                "workgroup {i} of {} did not report in dispatch {serial}",
                records.len()
            ));
        }
        let tally = record.tally;
        let whole = |[low, high]: [u32; 2]| u64::from(high) << 32 | u64::from(low);
        let sets = u64::from(tally.sets).wrapping_add(whole(record.closed));
        told.sets = told.sets.wrapping_add(sets);
        told.sums += AuditSums::new(0, tally.sums.map(whole));
        told.defined += u64::from(tally.defined);
        told.kept += u64::from(tally.kept);
        told.kept_offsets = told.kept_offsets.wrapping_add(tally.kept_offsets);
    }
    Ok(Some(told))
}

/// The offsets of a chunk's survivors, which must be those that its records tell of.
fn offsets(
    survivors: &[u8],
    chunk: Chunk,
    layout: Survivors,
    told: &Told,
) -> Result<Result<Vec<u128>, Redo>, String> {
    let words: Vec<u32> = bytemuck::pod_collect_to_vec(survivors);
    let Some(&count) = words.first() else {
        return Err("no count of survivors was read back".to_owned());
    };
    let kept = told.kept;
    if u64::from(count) != kept || u128::from(kept) > chunk.sets {
        return Err(format!(
            "{kept} survivors were found among {} sets and {count} were counted",
            chunk.sets
        ));
    }
    if count > layout.capacity {
        return Ok(Err(Redo::Survivors));
    }
    // At most the chunk's sets, and as many as there is room for.
    let offsets: Vec<u128> = words
        .chunks_exact(layout.words)
        .skip(1)
        .take(count as usize)
        .map(|offset| {
            let highest_first = offset.iter().rev();
            highest_first.fold(0, |high, &word| high << 32 | u128::from(word))
        })
        .collect();
    let low_words = offsets.iter().map(|&offset| offset as u32);
    let sum = low_words.fold(0_u32, u32::wrapping_add);
    if offsets.len() != count as usize
        || sum != told.kept_offsets
        || offsets.iter().any(|&offset| offset >= chunk.sets)
    {
        return Err("the survivors read back are not those that were found".to_owned());
    }
    Ok(Ok(offsets))
}

#[cfg(test)]
mod tests {
    use super::super::layout::Tally;
    use super::*;

    const CHUNK: Chunk = Chunk { first: 7, sets: 20 };
    const NARROW: Survivors = Survivors {
        words: 1,
        capacity: 3,
    };
    const HUGE: Chunk = Chunk {
        first: 7,
        sets: (1 << 100) + 1,
    };
    const WIDE: Survivors = Survivors {
        words: 4,
        capacity: 3,
    };

    fn record(kept: u32, kept_offsets: u32) -> Record {
        Record {
            tally: Tally {
                sets: 10,
                defined: 4,
                kept,
                kept_offsets,
                sums: [[5, 1]; 6],
            },
            serial: 3,
            cut: 0,
            closed: [0; 2],
        }
    }

    fn read(records: &[Record], survivors: &[u32]) -> Result<Seen, String> {
        let survivors = bytemuck::cast_slice(survivors);
        super::read(bytemuck::cast_slice(records), survivors, CHUNK, 3, NARROW)
    }

    fn read_wide(record: Record, survivors: &[[u32; 4]]) -> Result<Seen, String> {
        let survivors = bytemuck::cast_slice(survivors);
        super::read(bytemuck::bytes_of(&record), survivors, HUGE, 3, WIDE)
    }

    #[test]
    fn what_fits_together_is_added_up() {
        let seen = read(&[record(1, 19), record(1, 2)], &[2, 2, 19, 99]).unwrap();
        assert_eq!(
            (seen.sums.sets, seen.sums.six.sag.0),
            (20, 2 * ((1 << 32) + 5))
        );
        assert_eq!((seen.defined, seen.survivors), (8, Ok(vec![2, 19])));
        let full = read(&[record(4, 6)], &[4, 0, 1, 2]).unwrap();
        assert_eq!(full.survivors, Err(Redo::Survivors));
    }

    #[test]
    fn loops_cut_short_are_no_answer_whatever_else_there_is() {
        let mut cut = record(9, 9);
        cut.cut = 3;
        let missing = Record {
            serial: 2,
            ..record(0, 0)
        };
        let seen = read(&[missing, cut], &[1, 1]).unwrap();
        assert_eq!(seen.sums, AuditSums::default());
        assert_eq!(seen.survivors, Err(Redo::Size));
        // Of a dispatch before this one.
        cut.cut = 2;
        assert!(read(&[cut], &[1, 1]).is_err());
        let one = Chunk { first: 7, sets: 1 };
        assert!(cut_short(one).unwrap_err().contains("a single set"));
    }

    #[test]
    fn what_does_not_is_an_error() {
        let mut old = record(0, 0);
        old.serial = 2;
        assert!(
            read(&[record(0, 0), old], &[0])
                .unwrap_err()
                .contains("1 of 2")
        );
        for (record, survivors) in [
            (record(2, 1), &[1_u32, 1, 0][..]),
            (record(1, 1), &[2, 1, 0]),
            (record(1, 1), &[1, 2, 0]),
            (record(1, 20), &[1, 20, 0]),
            (record(0, 0), &[]),
        ] {
            assert!(read(&[record], survivors).is_err(), "{survivors:?}");
        }
    }

    #[test]
    fn offsets_of_four_words_are_read_and_held_against_the_same_sums() {
        let (far, near) = ([1, 2, 3, 4], [u32::MAX, 0, 0, 0]);
        let seen = read_wide(record(2, 0), &[[2, 9, 9, 9], far, near, [5; 4]]).unwrap();
        let far_offset = 1 + (2 << 32) + (3 << 64) + (4 << 96);
        assert_eq!(seen.survivors, Ok(vec![far_offset, u32::MAX.into()]));
        // The chunk's last set, and the one behind it.
        let last = [[1, 0, 0, 0], [0, 0, 0, 16]];
        assert_eq!(
            read_wide(record(1, 0), &last).unwrap().survivors,
            Ok(vec![1 << 100])
        );
        let full = read_wide(record(4, 0), &[[4, 0, 0, 0]]).unwrap();
        assert_eq!(full.survivors, Err(Redo::Survivors));
        for (record, survivors) in [
            (record(1, 1), &[[1, 0, 0, 0], [1, 0, 0, 16]][..]),
            (record(1, 2), &[[1, 0, 0, 0], far]),
            (record(2, 1), &[[1, 0, 0, 0], far]),
            // Fewer than were counted.
            (record(2, 1), &[[2, 0, 0, 0], far, [0; 4]][..2]),
            (record(0, 0), &[]),
        ] {
            assert!(read_wide(record, survivors).is_err(), "{survivors:?}");
        }
    }

    #[test]
    fn survivors_take_no_more_bytes_than_a_chunk_has_sets_or_there_is_room_for() {
        assert_eq!(NARROW.bytes(CHUNK), 4 * (1 + 3));
        assert_eq!(NARROW.bytes(Chunk { sets: 2, ..CHUNK }), 4 * (1 + 2));
        assert_eq!(WIDE.bytes(HUGE), 16 * (1 + 3));
        let all = Chunk {
            first: 0,
            sets: u128::MAX,
        };
        assert_eq!(WIDE.bytes(all), 16 * (1 + 3));
    }
}
