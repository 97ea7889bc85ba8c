//! What a dispatch left, taken apart and checked: each workgroup's record, and the survivors. Pure.

use super::drive::{Answer, Redo};
use super::layout::Record;
use super::queue::Chunk;
use crate::stats::AuditSums;

/// What some records of a chunk say.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// Sets modulo 2^64 among their sums.
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

/// How a chunk's workgroups report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reports {
    /// The number of the chunk's last dispatch.
    pub(super) serial: u32,
    /// Whether there are as many records of the dispatch before it in front, of what a closed form excluded.
    pub(super) excluding: bool,
    /// How survivors come back.
    pub(super) survivors: Survivors,
}

/// Reads the records of `chunk`, and the count and offsets of its survivors.
///
/// Sets are counted modulo 2^64, which a set that is lost or done twice changes, and C(n, k) of them: 2 is
/// in it log₂ n times at most (Kummer). Those that were summed are fewer; of the others the number that is
/// told is the one that makes all nearest to the chunk's own.
///
/// # Errors
/// What is missing or does not fit together; [`too_long`] for a single set.
pub(super) fn read(
    records: &[u8],
    survivors: &[u8],
    chunk: Chunk,
    reports: Reports,
) -> Result<Answer, String> {
    let Reports {
        serial,
        excluding,
        survivors: layout,
    } = reports;
    // Mapped memory has its own alignment: copied, not cast.
    let records: Vec<Record> = bytemuck::pod_collect_to_vec(records);
    if records.iter().any(|record| record.cut == serial) {
        return too_long(chunk);
    }
    let (before, last) = records.split_at(if excluding { records.len() / 2 } else { 0 });
    let mut excluded = told(before, serial - 1)?.sums;
    let mut told = told(last, serial)?;
    let counted = told.sums.sets.wrapping_add(excluded.sets) as u64;
    let more = counted.wrapping_sub(chunk.sets as u64) as i64;
    let sets = chunk.sets.wrapping_add_signed(more.into());
    if excluding {
        excluded.sets = sets.wrapping_sub(told.sums.sets);
    } else {
        told.sums.sets = sets;
    }
    Ok(Answer {
        visited: told.sums,
        excluded,
        defined: Some(told.defined),
        survivors: offsets(survivors, chunk, layout, &told)?,
        ..Answer::too_large()
    })
}

/// The answer of a chunk whose loops the adapter cut short (`shaders/shared/loops.wgsl`): none, so that it
/// is done again in halves.
///
/// # Errors
/// A single set has no halves.
pub(super) fn too_long(chunk: Chunk) -> Result<Answer, String> {
    if chunk.sets < 2 {
        return Err("it cuts short the loops that a single set takes".to_owned());
    }
    Ok(Answer::too_large())
}

/// Adds up the records of dispatch `serial`.
fn told(records: &[Record], serial: u32) -> Result<Told, String> {
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
        let sets = u128::from(tally.sets) + u128::from(whole(record.closed));
        told.sums += AuditSums::new(sets, tally.sums.map(whole));
        told.defined += u64::from(tally.defined);
        told.kept += u64::from(tally.kept);
        told.kept_offsets = told.kept_offsets.wrapping_add(tally.kept_offsets);
    }
    Ok(told)
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

    const REPORTS: Reports = Reports {
        serial: 3,
        excluding: false,
        survivors: NARROW,
    };

    fn read(records: &[Record], survivors: &[u32]) -> Result<Answer, String> {
        let survivors = bytemuck::cast_slice(survivors);
        super::read(bytemuck::cast_slice(records), survivors, CHUNK, REPORTS)
    }

    fn read_wide(record: Record, survivors: &[[u32; 4]]) -> Result<Answer, String> {
        let survivors = bytemuck::cast_slice(survivors);
        let reports = Reports {
            survivors: WIDE,
            ..REPORTS
        };
        super::read(bytemuck::bytes_of(&record), survivors, HUGE, reports)
    }

    #[test]
    fn what_fits_together_is_added_up() {
        let seen = read(&[record(1, 19), record(1, 2)], &[2, 2, 19, 99]).unwrap();
        let visited = seen.visited;
        assert_eq!((visited.sets, visited.six.sag.0), (20, 2 * ((1 << 32) + 5)));
        assert_eq!(seen.excluded, AuditSums::default());
        assert_eq!((seen.defined, seen.survivors), (Some(8), Ok(vec![2, 19])));
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
        assert_eq!(seen.visited, AuditSums::default());
        assert_eq!(seen.survivors, Err(Redo::Size));
        // It was cut in a dispatch before this one.
        cut.cut = 2;
        assert!(read(&[cut], &[1, 1]).is_err());
        let one = Chunk { first: 7, sets: 1 };
        assert!(too_long(one).unwrap_err().contains("a single set"));
    }

    #[test]
    fn what_a_closed_form_excluded_is_told_apart_and_nothing_is_in_both() {
        let reports = Reports {
            excluding: true,
            survivors: WIDE,
            ..REPORTS
        };
        let read = |records: &[Record]| {
            let records = bytemuck::cast_slice(records);
            super::read(records, &[0; 16], HUGE, reports)
        };
        // All sets of the chunk but the 20 that were summed, modulo 2^64; and one of them lost.
        let all = (HUGE.sets - 20) as u64;
        let excluded = |sets: u64| Record {
            tally: Tally {
                sets: 0,
                defined: 0,
                ..record(0, 0).tally
            },
            serial: 2,
            closed: [sets as u32, (sets >> 32) as u32],
            ..record(0, 0)
        };
        let none = excluded(0);
        for lost in [0, 1] {
            let records = [none, excluded(all - lost), record(0, 0), record(0, 0)];
            let answer = read(&records).unwrap();
            assert_eq!(
                (answer.visited.sets, answer.visited.six.n.0),
                (20, 2 * ((1 << 32) + 5))
            );
            assert_eq!(answer.excluded.sets, HUGE.sets - 20 - u128::from(lost));
            assert_eq!(
                (answer.excluded.six.n.0, answer.defined),
                (2 * ((1 << 32) + 5), Some(8))
            );
        }
        // Either dispatch may be the one that a workgroup is missing from.
        let late = Record { serial: 1, ..none };
        assert!(read(&[late, none, record(0, 0), record(0, 0)]).is_err());
        let late = Record {
            serial: 2,
            ..record(0, 0)
        };
        assert!(read(&[none, none, record(0, 0), late]).is_err());
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
