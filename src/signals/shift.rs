//! Where the elements of a list are after some went and others came.

/// The places of what went and of what came, each sorted; all others keep their order.
#[derive(Debug, Default)]
pub struct Shift {
    gone: Vec<usize>,
    come: Vec<usize>,
}

impl Shift {
    #[must_use]
    pub fn new<T>(gone: &[(usize, T)], come: &[(usize, T)]) -> Self {
        let places = |list: &[(usize, T)]| list.iter().map(|(place, _)| *place).collect();
        Self { gone: places(gone), come: places(come) }
    }

    /// The place now of what was at `old`; `None` when it went.
    #[must_use]
    pub fn place(&self, old: usize) -> Option<usize> {
        let before = self.gone.partition_point(|place| *place < old);
        if self.gone.get(before) == Some(&old) {
            return None;
        }
        if self.gone == self.come {
            return Some(old);
        }
        // By so many of those that stay it is preceded; each that came before it moves it on.
        let mut place = old - before;
        for come in &self.come {
            if *come > place {
                break;
            }
            place += 1;
        }
        Some(place)
    }

    /// Whether everything that stays is where it was.
    #[must_use]
    pub fn keeps_places(&self) -> bool {
        self.gone == self.come
    }

    /// Whether what is at a place now came.
    #[must_use]
    pub fn is_new(&self, place: usize) -> bool {
        self.come.binary_search(&place).is_ok()
    }

    /// Whether two sorted lists of places name the same elements, those that went or came left out.
    #[must_use]
    pub fn same(&self, old: &[usize], new: &[usize]) -> bool {
        (self.gone == self.come && old == new) || {
            let old = old.iter().filter_map(|place| self.place(*place));
            old.eq(new.iter().copied().filter(|place| !self.is_new(*place)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_move_with_what_comes_and_goes() {
        let before = ["a", "b", "c", "d", "e", "f"];
        let after = ["x", "a", "c", "y", "z", "d", "f", "w"];
        let places = |list: &[&'static str], other: &[&str]| -> Vec<(usize, &'static str)> {
            list.iter().copied().enumerate().filter(|(_, one)| !other.contains(one)).collect()
        };
        let shift = Shift::new(&places(&before, &after), &places(&after, &before));
        for (old, name) in before.iter().enumerate() {
            let now = after.iter().position(|other| other == name);
            assert_eq!(shift.place(old), now, "{name}");
        }
        assert!(shift.is_new(0) && !shift.is_new(1));
        assert!(shift.same(&[0, 2, 5], &[1, 2, 6]));
        assert!(shift.same(&[0, 1], &[0, 1, 3]), "b went, x and y came");
        assert!(!shift.same(&[0, 3], &[1, 2]) && !shift.same(&[0], &[1, 2]));
    }
}
