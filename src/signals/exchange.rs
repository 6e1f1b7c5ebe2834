//! Values that are folded from single items and lose one as exactly as they gained it.

use std::collections::BTreeMap;

/// A value that is folded from single items and can be told without those that went.
pub trait Exchange {
    /// Takes away what went and adds what came. False when that cannot be told without the others,
    /// as of the least of a list when it went; the value is then folded anew.
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool;
}

impl Exchange for i64 {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        *self += come - gone;
        true
    }
}

impl Exchange for u64 {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        *self = *self + come - gone;
        true
    }
}

/// The least of some values.
impl<T: Ord + Copy> Exchange for Option<T> {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        let least = [*self, *come].into_iter().flatten().min();
        // What is still the least was not taken away, or came again.
        let kept = gone.is_none() || gone > self || come.is_some_and(|come| Some(come) <= *gone);
        *self = least;
        kept
    }
}

impl<T: Exchange> Exchange for Vec<T> {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        let parts = gone.iter().zip(come);
        self.iter_mut().zip(parts).all(|(own, (gone, come))| own.exchange(gone, come))
    }
}

impl<T: Exchange, const N: usize> Exchange for [T; N] {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        let parts = gone.iter().zip(come);
        self.iter_mut().zip(parts).all(|(own, (gone, come))| own.exchange(gone, come))
    }
}

impl<A: Exchange, B: Exchange> Exchange for (A, B) {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        self.0.exchange(&gone.0, &come.0) && self.1.exchange(&gone.1, &come.1)
    }
}

/// Counts by name; what is counted no more is not in it.
impl<K: Ord + Clone> Exchange for BTreeMap<K, i64> {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        for (list, sign) in [(come, 1), (gone, -1)] {
            for (name, count) in list {
                *self.entry(name.clone()).or_default() += sign * count;
            }
        }
        for name in gone.keys() {
            if self.get(name) == Some(&0) {
                self.remove(name);
            }
        }
        true
    }
}
