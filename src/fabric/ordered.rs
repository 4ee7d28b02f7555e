//! A map that remembers the order of insertion, with positions that never change hands.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use crate::fabric::page::Position;

/// Values by id, and in order of creation. A page can go on after a position whatever was deleted meanwhile.
#[derive(Debug, Clone)]
pub struct Ordered<K, V> {
    positions: HashMap<K, Position>,
    values: BTreeMap<Position, V>,
    next: Position,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { positions: HashMap::new(), values: BTreeMap::new(), next: 1 }
    }
}

impl<K: Hash + Eq, V: PartialEq> PartialEq for Ordered<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.next == other.next && self.positions == other.positions && self.values == other.values
    }
}

impl<K: Hash + Eq, V> Ordered<K, V> {
    /// Puts a new value at the end. The id must be new.
    pub fn insert(&mut self, id: K, value: V) {
        self.positions.insert(id, self.next);
        self.values.insert(self.next, value);
        self.next += 1;
    }

    /// Takes a value out; its position stays empty for good.
    pub fn remove(&mut self, id: &K) -> Option<V> {
        self.values.remove(&self.positions.remove(id)?)
    }

    /// Takes out all values but those that pass.
    pub fn retain(&mut self, passes: impl Fn(&V) -> bool) {
        self.values.retain(|_, value| passes(value));
        let values = &self.values;
        self.positions.retain(|_, position| values.contains_key(position));
    }

    /// The value of an id.
    pub fn get(&self, id: &K) -> Option<&V> {
        self.values.get(self.positions.get(id)?)
    }

    /// The value of an id, to change it.
    pub fn get_mut(&mut self, id: &K) -> Option<&mut V> {
        self.values.get_mut(self.positions.get(id)?)
    }

    /// Whether the id is there.
    pub fn contains(&self, id: &K) -> bool {
        self.positions.contains_key(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All values in order of creation.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.values.values()
    }

    /// All values in order of creation, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.values_mut()
    }

    /// The values after a position, in order of creation; all of them after `None`.
    pub fn after(&self, position: Option<Position>) -> impl Iterator<Item = (Position, &V)> {
        let from = position.map_or(0, |position| position.saturating_add(1));
        self.values.range(from..).map(|(position, value)| (*position, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_outlive_what_stood_there() {
        let mut list = Ordered::default();
        for id in ['a', 'b', 'c'] {
            list.insert(id, id);
        }
        let (second, _) = list.after(None).nth(1).unwrap();
        list.remove(&'b');
        list.insert('d', 'd');
        assert_eq!(list.after(Some(second)).map(|(_, v)| *v).collect::<String>(), "cd");
        assert_eq!(list.values().collect::<String>(), "acd");
        assert_eq!((list.len(), list.contains(&'b'), list.get(&'d')), (3, false, Some(&'d')));
    }
}
