//! What a device has compiled: every text once, whoever asks and however many ask at once. Knows no device.

use super::lock::locked;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Where a text's pipeline will be. It is locked while that is compiled, so that others wait for it.
type Place<P> = Arc<Mutex<Option<P>>>;

/// Pipelines by the whole text of their kernels.
#[derive(Debug)]
pub(super) struct Compiled<P> {
    places: Mutex<HashMap<String, Place<P>>>,
    /// Names of those that compile now.
    now: Mutex<Vec<&'static str>>,
    /// How many were compiled.
    count: Mutex<usize>,
}

impl<P> Default for Compiled<P> {
    fn default() -> Self {
        Self {
            places: Mutex::default(),
            now: Mutex::default(),
            count: Mutex::default(),
        }
    }
}

impl<P: Clone> Compiled<P> {
    /// The pipeline of this text, by `compile` where there is none yet. A failure leaves nothing: the next who
    /// asks compiles again.
    pub(super) fn get<E>(
        &self,
        name: &'static str,
        text: &str,
        compile: impl FnOnce() -> Result<P, E>,
    ) -> Result<P, E> {
        let place = Arc::clone(locked(&self.places).entry(text.to_owned()).or_default());
        let mut place = locked(&place);
        if let Some(pipeline) = &*place {
            return Ok(pipeline.clone());
        }
        locked(&self.now).push(name);
        let compiled = compile();
        let mut now = locked(&self.now);
        if let Some(at) = now.iter().position(|&other| other == name) {
            now.remove(at);
        }
        drop(now);
        let pipeline = compiled?;
        *locked(&self.count) += 1;
        Ok(place.insert(pipeline).clone())
    }

    /// Names of those that compile now, in the order in which they began.
    pub(super) fn now(&self) -> Vec<&'static str> {
        locked(&self.now).clone()
    }

    /// How many were compiled.
    pub(super) fn count(&self) -> usize {
        *locked(&self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::beside::each;
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn a_text_is_compiled_once_however_many_ask_at_once() {
        let compiled = Compiled::default();
        let all = Barrier::new(8);
        let got = each(&[0; 8], |_| {
            all.wait();
            compiled.get("score", "text", || Ok::<_, ()>("pipeline"))
        });
        assert_eq!(got, [Ok("pipeline"); 8]);
        assert_eq!((compiled.count(), compiled.now()), (1, Vec::new()));
    }

    /// Two texts are compiled beside each other: each waits for the other, and both are said to compile.
    #[test]
    fn different_texts_do_not_wait_for_each_other() {
        let compiled = Compiled::default();
        let both = Barrier::new(2);
        let seen = each(&["expand", "score"], |&name| {
            compiled.get(name, name, || {
                both.wait();
                let now = compiled.now();
                both.wait();
                Ok::<_, ()>(now)
            })
        });
        for now in seen {
            let mut now = now.unwrap();
            now.sort_unstable();
            assert_eq!(now, ["expand", "score"]);
        }
        assert_eq!(compiled.count(), 2);
    }

    #[test]
    fn a_failure_is_tried_again() {
        let compiled = Compiled::default();
        assert_eq!(compiled.get("score", "text", || Err("lost")), Err("lost"));
        assert_eq!((compiled.count(), compiled.now()), (0, Vec::new()));
        assert_eq!(compiled.get("score", "text", || Ok::<_, &str>(7)), Ok(7));
        assert_eq!(compiled.get("score", "text", || Err("again")), Ok(7));
        assert_eq!(compiled.count(), 1);
    }
}
