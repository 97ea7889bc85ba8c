//! Tasks beside each other, a thread each: devices of a fleet, kernels that compile.

/// Does `task` with every item at once; what it gives is in the order of the items.
pub(super) fn each<I: Sync, T: Send>(items: &[I], task: impl Fn(&I) -> T + Sync) -> Vec<T> {
    if let [item] = items {
        return vec![task(item)];
    }
    std::thread::scope(|scope| {
        let task = &task;
        let threads: Vec<_> = items
            .iter()
            .map(|item| scope.spawn(move || task(item)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|e| std::panic::resume_unwind(e))
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    /// One after another would never end here: each waits for all.
    #[test]
    fn all_are_at_work_at_once_and_answer_in_order() {
        for items in [1, 2, 5] {
            let all = Barrier::new(items);
            let numbers: Vec<usize> = (0..items).collect();
            let doubled = each(&numbers, |number| {
                all.wait();
                2 * number
            });
            assert_eq!(doubled, (0..items).map(|i| 2 * i).collect::<Vec<_>>());
        }
        assert!(each(&[], |(): &()| ()).is_empty());
    }
}
