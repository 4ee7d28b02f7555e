//! A map in order of insertion. Each value has a position that is never reused.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fabric::page::Position;

/// A map from ids, with a faster hash than the default one. The hash does not have to resist chosen ids: the emulator
/// creates most ids, a client can choose only those of principals and those in a snapshot, and the hash has a random seed.
pub(super) type IdMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The highest position in the persisted form. It leaves room for those that follow.
const POSITION_MAX: Position = Position::MAX / 2;

/// A map from ids to values, in order of creation. A page can continue after a position even if the value at that
/// position was deleted. Copies of a map share the values until one of them changes a value.
#[derive(Debug, Clone)]
pub struct Ordered<K, V> {
    positions: IdMap<K, Position>,
    values: BTreeMap<Position, Arc<V>>,
    next: Position,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { positions: IdMap::default(), values: BTreeMap::new(), next: 1 }
    }
}

impl<K: Hash + Eq, V: PartialEq> PartialEq for Ordered<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.next == other.next && self.positions == other.positions && self.values == other.values
    }
}

/// The persisted form: the next position, and the position, id and value of each element.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored<K, V> {
    next: Position,
    values: Vec<(Position, K, V)>,
}

impl<K: Serialize + Hash + Eq, V: Serialize> Serialize for Ordered<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ids: HashMap<Position, &K> = self.positions.iter().map(|(id, position)| (*position, id)).collect();
        let values = self.values.iter().filter_map(|(position, value)| Some((*position, *ids.get(position)?, value)));
        Stored { next: self.next, values: values.collect() }.serialize(serializer)
    }
}

impl<'de, K: Deserialize<'de> + Hash + Eq, V: Deserialize<'de>> Deserialize<'de> for Ordered<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { next, values } = Stored::deserialize(deserializer)?;
        if next > POSITION_MAX {
            return Err(D::Error::custom("a position is out of range"));
        }
        let mut ordered = Self { positions: IdMap::default(), values: BTreeMap::new(), next };
        for (position, id, value) in values {
            ordered.positions.insert(id, position);
            ordered.values.insert(position, Arc::new(value));
        }
        Ok(ordered)
    }
}

impl<K: Hash + Eq, V: Clone> Ordered<K, V> {
    /// Appends a value. The map must not contain the id.
    pub fn insert(&mut self, id: K, value: V) {
        self.insert_shared(id, Arc::new(value));
    }

    /// Appends a value that other maps may share. The map must not contain the id.
    pub fn insert_shared(&mut self, id: K, value: Arc<V>) {
        self.positions.insert(id, self.next);
        self.values.insert(self.next, value);
        self.next += 1;
    }

    /// Removes and returns the value of an id. The position of the value is not used again.
    pub fn remove(&mut self, id: &K) -> Option<V> {
        self.take(id).map(Arc::unwrap_or_clone)
    }

    /// Removes and returns the value of an id, which other maps may share. The position of the value is not used again.
    pub fn take(&mut self, id: &K) -> Option<Arc<V>> {
        self.values.remove(&self.positions.remove(id)?)
    }

    /// Removes all values for which `passes` returns `false`.
    pub fn retain(&mut self, passes: impl Fn(&V) -> bool) {
        self.values.retain(|_, value| passes(value));
        let values = &self.values;
        self.positions.retain(|_, position| values.contains_key(position));
    }

    /// Returns the value of an id.
    pub fn get(&self, id: &K) -> Option<&V> {
        self.values.get(self.positions.get(id)?).map(Arc::as_ref)
    }

    /// Returns a mutable reference to the value of an id.
    pub fn get_mut(&mut self, id: &K) -> Option<&mut V> {
        self.values.get_mut(self.positions.get(id)?).map(Arc::make_mut)
    }

    /// Shares the value of an id with another map, if it has an equal one.
    pub fn share(&mut self, id: &K, other: &Self)
    where
        V: PartialEq,
    {
        let of_other = other.positions.get(id).and_then(|position| other.values.get(position));
        let own = self.positions.get(id).and_then(|position| self.values.get_mut(position));
        if let (Some(own), Some(of_other)) = (own, of_other)
            && own == of_other
        {
            *own = Arc::clone(of_other);
        }
    }

    /// Returns `true` if the map contains an id.
    pub fn contains(&self, id: &K) -> bool {
        self.positions.contains_key(id)
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns `true` if the map never contained a value.
    pub fn is_new(&self) -> bool {
        self.next == 1
    }

    /// Returns `true` if the map contains no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns all values in order of creation.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.values.values().map(Arc::as_ref)
    }

    /// Returns mutable references to all values, in order of creation.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.values_mut().map(Arc::make_mut)
    }

    /// Returns the values after a position with their positions, in order of creation. For `None`, returns all values.
    pub fn after(&self, position: Option<Position>) -> impl Iterator<Item = (Position, &V)> {
        let from = position.map_or(0, |position| position.saturating_add(1));
        self.values.range(from..).map(|(position, value)| (*position, value.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordered_never_reuses_positions() {
        let mut list: Ordered<char, char> = Ordered::default();
        for id in ['a', 'b', 'c'] {
            list.insert(id, id);
        }
        let (second, _) = list.after(None).nth(1).unwrap();
        list.remove(&'b');
        list.insert('d', 'd');
        assert_eq!(list.after(Some(second)).map(|(_, v)| *v).collect::<String>(), "cd");
        assert_eq!(list.values().collect::<String>(), "acd");
        assert_eq!((list.len(), list.contains(&'b'), list.get(&'d')), (3, false, Some(&'d')));
        let stored = serde_json::to_string(&list).unwrap();
        assert_eq!(serde_json::from_str::<Ordered<char, char>>(&stored).unwrap(), list);
    }

    #[test]
    fn change_of_a_shared_value_does_not_affect_the_other_map() {
        let (mut one, mut other): (Ordered<char, u8>, Ordered<char, u8>) = Default::default();
        one.insert('a', 1);
        other.insert('a', 1);
        one.share(&'a', &other);
        assert!(std::ptr::eq(one.get(&'a').unwrap(), other.get(&'a').unwrap()));
        other.get_mut(&'a').into_iter().for_each(|value| *value = 2);
        one.share(&'a', &other);
        assert_eq!((one.get(&'a'), other.get(&'a')), (Some(&1), Some(&2)));
    }
}
