//! What a dispatch reported, taken apart and checked: a record of each workgroup, then a counter of
//! survivors and their offsets. Pure; a fault of the device is a message.

use super::layout::{RECORD_BYTES, Record};
use crate::stats::AuditSums;

/// What all workgroups together said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// Over every set.
    pub(super) seen: AuditSums,
    /// Sets with a correlation, as far as the shader counts them.
    pub(super) defined: u64,
    /// Their offsets; `None` where there were more than there was room for.
    pub(super) survivors: Option<Vec<u64>>,
}

/// Reads the answer of `workgroups` workgroups to dispatch `serial`, which had `sets` sets and room
/// for `capacity` survivors.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(
    bytes: &[u8],
    workgroups: u32,
    serial: u32,
    sets: u64,
    capacity: u32,
) -> Result<Report, String> {
    let at = workgroups as usize * RECORD_BYTES as usize;
    let Some((records, survivors)) = bytes.split_at_checked(at) else {
        return Err("less was read back than was written".to_owned());
    };
    // Mapped memory has its own alignment: copied, not cast.
    let records: Vec<Record> = bytemuck::pod_collect_to_vec(records);
    let survivors: Vec<u32> = bytemuck::pod_collect_to_vec(survivors);
    let mut seen = AuditSums::default();
    let (mut defined, mut kept, mut kept_offsets) = (0_u64, 0_u64, 0_u32);
    for (i, record) in records.iter().enumerate() {
        if record.serial != serial {
            return Err(format!(
                "workgroup {i} of {workgroups} did not report in dispatch {serial}"
            ));
        }
        let tally = record.tally;
        let [n, sa, sg, saa, sgg, sag] = tally
            .sums
            .map(|[low, high]| u64::from(high) << 32 | u64::from(low));
        seen += AuditSums {
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
    if u64::from(count) != kept || kept > sets {
        return Err(format!(
            "{kept} survivors were found among {sets} sets and {count} were counted"
        ));
    }
    let mut report = Report {
        seen,
        defined,
        survivors: None,
    };
    if count <= capacity {
        let offsets = offsets.get(..count as usize).unwrap_or_default();
        let sum = offsets.iter().fold(0_u32, |sum, &o| sum.wrapping_add(o));
        if sum != kept_offsets || offsets.iter().any(|&o| u64::from(o) >= sets) {
            return Err("the survivors read back are not those that were found".to_owned());
        }
        report.survivors = Some(offsets.iter().copied().map(u64::from).collect());
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::super::layout::Tally;
    use super::*;

    /// Two workgroups of 64 sets each, with survivors 3, and 70 and 127.
    fn answer() -> (Vec<Record>, Vec<u32>) {
        let record = |kept, kept_offsets| Record {
            tally: Tally {
                sets: 64,
                defined: 60,
                kept,
                kept_offsets,
                sums: [[u32::MAX, 1], [2, 0], [3, 0], [4, 0], [5, 0], [6, 0]],
            },
            serial: 9,
            padding: [0; 3],
        };
        (vec![record(1, 3), record(2, 197)], vec![3, 127, 3, 70, 0])
    }

    fn told(answer: &(Vec<Record>, Vec<u32>), capacity: u32) -> Result<Report, String> {
        let mut bytes = bytemuck::cast_slice::<Record, u8>(&answer.0).to_vec();
        bytes.extend(bytemuck::cast_slice::<u32, u8>(&answer.1));
        read(&bytes, 2, 9, 128, capacity)
    }

    #[test]
    fn a_whole_answer_is_added_up() {
        let report = told(&answer(), 4).unwrap();
        assert_eq!(report.survivors, Some(vec![127, 3, 70]));
        assert_eq!((report.seen.sets, report.defined), (128, 120));
        assert_eq!((report.seen.n, report.seen.sag), ((2 << 33) - 2, 12));
        assert_eq!(told(&answer(), 2).unwrap().survivors, None);
    }

    #[test]
    fn every_disagreement_is_told() {
        let changed = |change: fn(&mut (Vec<Record>, Vec<u32>))| {
            let mut answer = answer();
            change(&mut answer);
            told(&answer, 4).unwrap_err()
        };
        assert!(changed(|a| a.0[1].serial = 8).contains("workgroup 1 of 2 did not report"));
        assert!(changed(|a| a.1[0] = 2).contains("2 were counted"));
        assert!(changed(|a| a.0[0].tally.kept = 0).contains("2 survivors were found"));
        assert!(changed(|a| a.1[1] = 126).contains("not those"));
        assert!(changed(|a| (a.1[1], a.1[3]) = (128, 69)).contains("not those"));
        assert!(changed(|a| a.1.clear()).contains("no count"));
        assert!(changed(|a| _ = (a.0.pop(), a.1.clear())).contains("less was read"));
    }
}
