//! A list of items that is cheap to copy: two datasets share the items that are the same in both.

use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::dataset::ItemFacts;

/// Flow items in the order of their keys. An item that is changed in one list stays as it was in
/// the others.
#[derive(Debug, Clone, Default)]
pub struct Items(Vec<Arc<ItemFacts>>);

impl Items {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &ItemFacts> + ExactSizeIterator + Clone {
        self.0.iter().map(AsRef::as_ref)
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
        self.0.push(Arc::new(item));
    }

    /// Puts the items into the order of their keys.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| a.key.cmp(&b.key));
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&ItemFacts) -> bool) {
        self.0.retain(|item| keep(item));
    }
}

impl Index<usize> for Items {
    type Output = ItemFacts;

    fn index(&self, ix: usize) -> &ItemFacts {
        &self.0[ix]
    }
}

impl IndexMut<usize> for Items {
    fn index_mut(&mut self, ix: usize) -> &mut ItemFacts {
        Arc::make_mut(&mut self.0[ix])
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
    type IntoIter = std::iter::Map<std::slice::Iter<'a, Arc<ItemFacts>>, Shared>;

    fn into_iter(self) -> Self::IntoIter {
        let shared: Shared = AsRef::as_ref;
        self.0.iter().map(shared)
    }
}

type Shared = fn(&Arc<ItemFacts>) -> &ItemFacts;

impl<'a> IntoIterator for &'a mut Items {
    type Item = &'a mut ItemFacts;
    type IntoIter = std::iter::Map<std::slice::IterMut<'a, Arc<ItemFacts>>, Own>;

    fn into_iter(self) -> Self::IntoIter {
        let own: Own = Arc::make_mut;
        self.0.iter_mut().map(own)
    }
}

type Own = fn(&mut Arc<ItemFacts>) -> &mut ItemFacts;
