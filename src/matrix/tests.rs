#[cfg(test)]
mod tests {
    use super::*;

    fn int(mantissa: i64) -> Option<Score> {
        Some(Score {
            mantissa,
            digits: 0,
        })
    }

    #[test]
    fn rows_columns_and_totals_agree() {
        let mut b = MatrixBuilder::new();
        b.push("x", "q1", int(2), 1).unwrap();
        b.push("y", "q2", int(-1), 2).unwrap();
        b.push("x", "q2", int(5), 3).unwrap();
        b.push("z", "q3", None, 4).unwrap();
        let m = b.finish(Duplicates::Error, "line").unwrap();
        assert_eq!(m.users(), ["x", "y", "z"]);
        assert_eq!(m.questions(), ["q1", "q2", "q3"]);
        assert_eq!(m.totals(), [7, -1, 0]);
        assert_eq!(m.row(0).collect::<Vec<_>>(), [(0, 2), (1, 5)]);
        assert_eq!(m.column(1).users(), [0, 1]);
        assert_eq!(m.column(1).answered(), [0b11]);
        assert_eq!(m.column(1).score(1), Some(-1));
        assert_eq!(m.column(2).score(0), None);
        assert_eq!(m.responses(), 3);
    }

    #[test]
    fn one_scale_for_the_whole_table() {
        let mut b = MatrixBuilder::new();
        let half = Score {
            mantissa: 5,
            digits: 1,
        };
        b.push("x", "q1", Some(half), 1).unwrap();
        b.push("x", "q2", int(3), 2).unwrap();
        let m = b.finish(Duplicates::Error, "line").unwrap();
        assert_eq!((m.scale(), m.totals()[0]), (Some(1), 35));
    }

    #[test]
    fn duplicates_by_choice() {
        let rows = || {
            let mut b = MatrixBuilder::new();
            for (i, s) in [4, 6, 9].into_iter().enumerate() {
                b.push("x", "q1", int(s), i as u64 + 2).unwrap();
            }
            b
        };
        let err = rows().finish(Duplicates::Error, "line").unwrap_err();
        assert!(matches!(
            err,
            MatrixError::Duplicate {
                first: 2,
                second: 3,
                ..
            }
        ));
        let first = rows().finish(Duplicates::First, "line").unwrap();
        let last = rows().finish(Duplicates::Last, "line").unwrap();
        assert_eq!((first.totals()[0], last.totals()[0]), (4, 9));
    }

    #[test]
    fn the_fingerprint_ignores_the_order_of_users_only() {
        let table = |rows: &[(&str, &str, i64)]| {
            let mut b = MatrixBuilder::new();
            for &(u, q, s) in rows {
                b.push(u, q, int(s), 0).unwrap();
            }
            b.finish(Duplicates::Error, "line").unwrap().fingerprint()
        };
        let base = table(&[("x", "a", 1), ("y", "a", 0), ("x", "b", 2)]);
        assert_eq!(base, table(&[("y", "a", 0), ("x", "a", 1), ("x", "b", 2)]));
        assert_ne!(base, table(&[("x", "b", 2), ("x", "a", 1), ("y", "a", 0)]));
        assert_ne!(base, table(&[("x", "a", 1), ("y", "a", 1), ("x", "b", 2)]));
    }

    #[test]
    fn sums_that_cannot_be_exact_are_refused() {
        let mut b = MatrixBuilder::new();
        b.push("x", "a", int(i64::MAX), 1).unwrap();
        assert!(matches!(
            b.finish(Duplicates::Error, "line"),
            Err(MatrixError::SumsTooWide { .. })
        ));
        let mut b = MatrixBuilder::new();
        b.push("x", "a", int(i64::MAX), 1).unwrap();
        b.push("x", "b", int(1), 1).unwrap();
        assert!(matches!(
            b.finish(Duplicates::Error, "line"),
            Err(MatrixError::TooWide { .. })
        ));
    }
}
