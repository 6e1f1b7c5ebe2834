//! A long list in pieces. Two lists share the pieces that are the same in both, so that a copy
//! with one change costs one piece, and what differs is found without looking at the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Elements of a piece when it is cut; it holds at most twice as many.
const PIECE: usize = 512;

/// A list in which an element that is changed stays as it was in all copies made before.
#[derive(Debug)]
pub struct Pieces<T> {
    /// None is empty.
    pieces: Vec<Arc<Vec<Arc<T>>>>,
    /// The place of the first element of each piece, and the length of the list.
    starts: Vec<usize>,
}

/// Elements of one of two lists that the other one lacks, with their places, in order.
pub type Difference<T> = Vec<(usize, Arc<T>)>;

impl<T> Pieces<T> {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> + Clone {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    /// The pieces, each with the place of its first element.
    pub fn pieces(&self) -> impl Iterator<Item = (usize, &Arc<Vec<Arc<T>>>)> {
        self.starts.iter().copied().zip(&self.pieces)
    }

    #[must_use]
    pub fn get(&self, ix: usize) -> Option<&Arc<T>> {
        let (piece, place) = self.place(ix);
        self.pieces.get(piece)?.get(place)
    }

    /// The element, made this list's own.
    pub fn get_mut(&mut self, ix: usize) -> Option<&mut Arc<T>> {
        let (piece, place) = self.place(ix);
        Arc::make_mut(self.pieces.get_mut(piece)?).get_mut(place)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Arc<T>> {
        self.pieces.iter_mut().flat_map(|piece| Arc::make_mut(piece).iter_mut())
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many elements at the beginning fulfil a condition that the rest does not.
    #[must_use]
    pub fn partition_point(&self, mut before: impl FnMut(&T) -> bool) -> usize {
        let piece = self.pieces.partition_point(|piece| before(&piece[0])).saturating_sub(1);
        let Some(own) = self.pieces.get(piece) else { return 0 };
        self.starts[piece] + own.partition_point(|one| before(one))
    }

    /// Puts an element at a place; those from there on move one further.
    pub fn insert(&mut self, ix: usize, one: Arc<T>) {
        if self.pieces.is_empty() {
            self.pieces.push(Arc::default());
        }
        let last = self.pieces.len() - 1;
        // At a border it goes to the end of the piece before.
        let piece = self.starts[..=last.min(self.starts.len().saturating_sub(1))]
            .partition_point(|start| *start < ix)
            .saturating_sub(1);
        let own = Arc::make_mut(&mut self.pieces[piece]);
        own.insert(ix - self.starts.get(piece).copied().unwrap_or(0), one);
        if own.len() > 2 * PIECE {
            let rest = own.split_off(PIECE);
            self.pieces.insert(piece + 1, Arc::new(rest));
        }
        self.count();
    }

    /// Adds an element at the end.
    pub fn push(&mut self, one: Arc<T>) {
        match self.pieces.last_mut().filter(|last| last.len() < PIECE) {
            Some(last) => Arc::make_mut(last).push(one),
            None => {
                self.pieces.push(Arc::new(vec![one]));
                self.starts.push(self.len());
            }
        }
        if let Some(len) = self.starts.last_mut() {
            *len += 1;
        }
    }

    /// Takes an element out; those after it move one nearer.
    pub fn remove(&mut self, ix: usize) -> Option<Arc<T>> {
        let (piece, place) = self.place(ix);
        let own = self.pieces.get_mut(piece)?;
        if place >= own.len() {
            return None;
        }
        let own = Arc::make_mut(own);
        let one = own.remove(place);
        if own.is_empty() {
            self.pieces.remove(piece);
        }
        self.count();
        Some(one)
    }

    /// What this list has and `now` lacks, and the other way round, both compared by identity.
    /// Looks only into pieces that are not shared.
    #[must_use]
    pub fn changes(&self, now: &Self) -> (Difference<T>, Difference<T>) {
        (self.without(now), now.without(self))
    }

    fn without(&self, other: &Self) -> Difference<T> {
        let pieces = |list: &Self| -> BTreeSet<*const Vec<Arc<T>>> {
            list.pieces.iter().map(Arc::as_ptr).collect()
        };
        let (own, theirs) = (pieces(self), pieces(other));
        let unshared = other.pieces.iter().filter(|piece| !own.contains(&Arc::as_ptr(piece)));
        let known: BTreeSet<*const T> =
            unshared.flat_map(|piece| piece.iter()).map(Arc::as_ptr).collect();
        let mut found = Vec::new();
        for (piece, start) in self.pieces.iter().zip(&self.starts) {
            if theirs.contains(&Arc::as_ptr(piece)) {
                continue;
            }
            for (place, one) in piece.iter().enumerate() {
                if !known.contains(&Arc::as_ptr(one)) {
                    found.push((start + place, Arc::clone(one)));
                }
            }
        }
        found
    }

    fn place(&self, ix: usize) -> (usize, usize) {
        let piece = self.starts.partition_point(|start| *start <= ix).saturating_sub(1);
        (piece, ix - self.starts.get(piece).copied().unwrap_or(0))
    }

    fn count(&mut self) {
        self.starts.clear();
        let mut start = 0;
        for piece in &self.pieces {
            self.starts.push(start);
            start += piece.len();
        }
        self.starts.push(start);
    }
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), starts: vec![0] }
    }
}

impl<T> Clone for Pieces<T> {
    fn clone(&self) -> Self {
        Self { pieces: self.pieces.clone(), starts: self.starts.clone() }
    }
}

impl<T> FromIterator<Arc<T>> for Pieces<T> {
    fn from_iter<I: IntoIterator<Item = Arc<T>>>(elements: I) -> Self {
        let mut list = Self::default();
        let mut elements = elements.into_iter().peekable();
        while elements.peek().is_some() {
            list.pieces.push(Arc::new(elements.by_ref().take(PIECE).collect()));
        }
        list.count();
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    fn numbers(list: &Pieces<u64>) -> Vec<u64> {
        list.iter().map(|one| **one).collect()
    }

    /// Against a plain list, over random edits.
    #[test]
    fn it_is_a_list() {
        let seed = 7;
        println!("seed {seed}");
        let dice = Entropy::from_seed(seed);
        let below = |n: usize| (dice.next_u64() % n.max(1) as u64) as usize;
        let mut plain: Vec<u64> = (0..1_500).collect();
        let mut list: Pieces<u64> = plain.iter().copied().map(Arc::new).collect();
        for step in 0..6_000 {
            let before = list.clone();
            let (at, kind) = (below(plain.len() + 1), below(5));
            match kind {
                0 | 1 if step < 4_000 => {
                    plain.insert(at, step + 10_000);
                    list.insert(at, Arc::new(step + 10_000));
                }
                2 if at < plain.len() => {
                    plain[at] = step + 50_000;
                    *list.get_mut(at).unwrap() = Arc::new(step + 50_000);
                }
                _ if at < plain.len() => {
                    assert_eq!(*list.remove(at).unwrap(), plain.remove(at));
                }
                _ => assert!(list.remove(at).is_none()),
            }
            assert_eq!(list.len(), plain.len());
            if at < plain.len() {
                assert_eq!(**list.get(at).unwrap(), plain[at]);
            }
            let (gone, come) = before.changes(&list);
            assert!(gone.len() <= 1 && come.len() <= 1);
            assert!(come.iter().all(|(place, one)| plain[*place] == **one));
            assert_eq!(before.len() + come.len(), list.len() + gone.len());
        }
        assert_eq!(numbers(&list), plain);
        while !list.is_empty() {
            list.remove(list.len() / 2);
        }
        list.insert(0, Arc::new(1));
        list.insert(1, Arc::new(2));
        assert_eq!(numbers(&list), [1, 2]);
        (3..2_000).for_each(|n| list.push(Arc::new(n)));
        assert_eq!(numbers(&list), (1..2_000).collect::<Vec<u64>>());
        assert_eq!(**list.get(1_500).unwrap(), 1_501);
    }

    #[test]
    fn it_is_searched() {
        let list: Pieces<u64> = (0..5_000).map(Arc::new).collect();
        for wanted in [0, 1, 511, 512, 513, 4_999, 5_000] {
            assert_eq!(list.partition_point(|one| *one < wanted), wanted as usize);
        }
        assert_eq!(Pieces::<u64>::default().partition_point(|_| true), 0);
    }
}
