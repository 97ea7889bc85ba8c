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
    pub(super) survivors: Result<Vec<u64>, Redo>,
}

/// Of a dispatch whose loops the adapter cut short (`shaders/shared/loops.wgsl`): nothing, so that
/// the chunk is done again in halves.
///
/// # Errors
/// There are none of a single set.
pub(super) fn cut_short(chunk: Chunk) -> Result<Seen, String> {
    if chunk.sets < 2 {
        return Err("it cuts short the loops that a single set takes; use --engine cpu".to_owned());
    }
    Ok(Seen {
        sums: AuditSums::default(),
        defined: 0,
        survivors: Err(Redo::Size),
    })
}

/// Reads the records of dispatch `serial`, and the count and offsets of survivors, of which there is
/// room for `capacity` or as many as the chunk has sets.
///
/// # Errors
/// Says what is missing or does not fit together.
pub(super) fn read(
    records: &[u8],
    survivors: &[u8],
    chunk: Chunk,
    serial: u32,
    capacity: u32,
) -> Result<Seen, String> {
    // Mapped memory has its own alignment: copied, not cast.
    let records: Vec<Record> = bytemuck::pod_collect_to_vec(records);
    let survivors: Vec<u32> = bytemuck::pod_collect_to_vec(survivors);
    if records.iter().any(|record| record.cut == serial) {
        return cut_short(chunk);
    }
    let mut sums = AuditSums::default();
    let (mut defined, mut kept, mut kept_offsets) = (0_u64, 0_u64, 0_u32);
    for (i, record) in records.iter().enumerate() {
        if record.serial != serial {
            return Err(format!(
                "workgroup {i} of {} did not report in dispatch {serial}",
                records.len()
            ));
        }
        let tally = record.tally;
        let [n, sa, sg, saa, sgg, sag] = tally
            .sums
            .map(|[low, high]| u64::from(high) << 32 | u64::from(low));
        sums += AuditSums {
            sets: u128::from(tally.sets),
            n,
            sa,
            sg,
            saa,
            sgg,
            sag,
        };
        defined += u64::from(tally.defined);
        kept += u64::from(tally.kept);
        kept_offsets = kept_offsets.wrapping_add(tally.kept_offsets);
    }
    let Some((&count, offsets)) = survivors.split_first() else {
        return Err("no count of survivors was read back".to_owned());
    };
    if u64::from(count) != kept || kept > chunk.sets {
        return Err(format!(
            "{kept} survivors were found among {} sets and {count} were counted",
            chunk.sets
        ));
    }
    let survivors = if count > capacity {
        Err(Redo::Survivors)
    } else {
        // At most the chunk's sets, and as many as there is room for.
        let offsets = &offsets[..count as usize];
        let sum = offsets.iter().fold(0_u32, |sum, &o| sum.wrapping_add(o));
        if sum != kept_offsets || offsets.iter().any(|&o| u64::from(o) >= chunk.sets) {
            return Err("the survivors read back are not those that were found".to_owned());
        }
        Ok(offsets.iter().copied().map(u64::from).collect())
    };
    Ok(Seen {
        sums,
        defined,
        survivors,
    })
}

#[cfg(test)]
mod tests {
    use super::super::layout::Tally;
    use super::*;

    const CHUNK: Chunk = Chunk { first: 7, sets: 20 };

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
            padding: [0; 2],
        }
    }

    fn read(records: &[Record], survivors: &[u32]) -> Result<Seen, String> {
        let survivors = bytemuck::cast_slice(survivors);
        super::read(bytemuck::cast_slice(records), survivors, CHUNK, 3, 3)
    }

    #[test]
    fn what_fits_together_is_added_up() {
        let seen = read(&[record(1, 19), record(1, 2)], &[2, 2, 19, 99]).unwrap();
        assert_eq!((seen.sums.sets, seen.sums.sag), (20, 2 * ((1 << 32) + 5)));
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
        assert!(cut_short(one).unwrap_err().contains("--engine cpu"));
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
}
