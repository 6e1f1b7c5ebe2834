//! A list of items that is cheap to copy: two datasets share the items that are the same in both.

use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::dataset::ItemFacts;
use super::pieces::{Difference, Pieces};

/// Neighbours in the list, see [`Pieces`].
pub type Part = Arc<Vec<Arc<ItemFacts>>>;

/// Flow items in the order of their keys. An item that is changed in one list stays as it was in
/// the others.
#[derive(Debug, Clone, Default)]
pub struct Items(Pieces<ItemFacts>);

impl Items {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &ItemFacts> + Clone {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The items as they are shared.
    pub fn shared(&self) -> impl Iterator<Item = &Arc<ItemFacts>> {
        self.0.iter()
    }

    /// An item as it is shared.
    #[must_use]
    pub fn shared_at(&self, ix: usize) -> Option<&Arc<ItemFacts>> {
        self.0.get(ix)
    }

    /// The list in parts, each with the place of its first item.
    pub fn parts(&self) -> impl Iterator<Item = (usize, &Part)> {
        self.0.pieces()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut ItemFacts> {
        self.0.iter_mut().map(Arc::make_mut)
    }

    #[must_use]
    pub fn get(&self, ix: usize) -> Option<&ItemFacts> {
        self.0.get(ix).map(AsRef::as_ref)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn push(&mut self, item: ItemFacts) {
        self.insert(self.len(), Arc::new(item));
    }

    /// Puts an item at a place; those from there on move one further.
    pub fn insert(&mut self, ix: usize, item: Arc<ItemFacts>) {
        self.0.insert(ix, item);
    }

    /// Takes an item out; those after it move one nearer.
    pub fn remove(&mut self, ix: usize) -> Option<Arc<ItemFacts>> {
        self.0.remove(ix)
    }

    /// Puts the items into the order of their keys.
    pub fn sort(&mut self) {
        let mut items: Vec<Arc<ItemFacts>> = self.0.iter().cloned().collect();
        items.sort_by(|a, b| a.key.cmp(&b.key));
        self.0 = items.into_iter().collect();
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&ItemFacts) -> bool) {
        self.0 = self.0.iter().filter(|item| keep(item)).cloned().collect();
    }

    /// What is in this list and not in `now`, and the other way round, with their places.
    #[must_use]
    pub fn changes(&self, now: &Self) -> (Difference<ItemFacts>, Difference<ItemFacts>) {
        self.0.changes(&now.0)
    }

    /// The place of this very item in a list that is sorted by key.
    #[must_use]
    pub fn place_of(&self, item: &Arc<ItemFacts>) -> Option<usize> {
        let first = self.0.partition_point(|own| own.key < item.key);
        let mut same = (first..self.len()).take_while(|ix| self[*ix].key == item.key);
        same.find(|ix| self.0.get(*ix).is_some_and(|own| Arc::ptr_eq(own, item)))
    }
}

impl Index<usize> for Items {
    type Output = ItemFacts;

    fn index(&self, ix: usize) -> &ItemFacts {
        match self.0.get(ix) {
            Some(item) => item,
            None => panic!("there is no item {ix}; the list has {}", self.len()),
        }
    }
}

impl IndexMut<usize> for Items {
    fn index_mut(&mut self, ix: usize) -> &mut ItemFacts {
        let len = self.len();
        match self.0.get_mut(ix) {
            Some(item) => Arc::make_mut(item),
            None => panic!("there is no item {ix}; the list has {len}"),
        }
    }
}

impl FromIterator<ItemFacts> for Items {
    fn from_iter<T: IntoIterator<Item = ItemFacts>>(items: T) -> Self {
        items.into_iter().map(Arc::new).collect()
    }
}

impl FromIterator<Arc<ItemFacts>> for Items {
    fn from_iter<T: IntoIterator<Item = Arc<ItemFacts>>>(items: T) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Items {
    type Item = &'a ItemFacts;
    type IntoIter = Box<dyn Iterator<Item = &'a ItemFacts> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl<'a> IntoIterator for &'a mut Items {
    type Item = &'a mut ItemFacts;
    type IntoIter = Box<dyn Iterator<Item = &'a mut ItemFacts> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter_mut())
    }
}
