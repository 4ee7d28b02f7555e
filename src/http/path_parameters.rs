//! The parameters in the path of a request.

use crate::http::operation::{Operation, parameter};

/// The maximum number of parameters of a path.
const PARAMETERS_MAX: usize = 4;

/// The places of the parameters in the paths of an operation.
#[derive(Debug)]
pub(super) struct ParameterPlaces {
    /// The names of the parameters, with the numbers of their segments in the path of a request.
    places: Vec<(&'static str, usize)>,
    /// The parameter for the id of an item.
    item: Option<&'static str>,
}

impl ParameterPlaces {
    /// Reads the places in the path of an operation.
    pub(super) fn of(operation: &Operation) -> Self {
        // The path of a request begins with `/v1`, which that of the operation does not have.
        let segments = operation.path.split('/').enumerate();
        let places = segments.filter_map(|(n, segment)| Some((parameter(segment)?, n + 1))).collect::<Vec<_>>();
        assert!(places.len() <= PARAMETERS_MAX, "{} has too many parameters", operation.path);
        Self { places, item: operation.item_parameter() }
    }
}

/// The parameters of a path, with their values as sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathParameters<'a> {
    known: &'static ParameterPlaces,
    values: [&'a str; PARAMETERS_MAX],
}

impl<'a> PathParameters<'a> {
    /// Reads the parameters in the path of a request.
    pub(super) fn read(known: &'static ParameterPlaces, path: &'a str) -> Self {
        let mut values = [""; PARAMETERS_MAX];
        let mut lengths = path.as_bytes().split(|byte| *byte == b'/').map(<[u8]>::len);
        let (mut passed, mut start) = (0, 0);
        for ((_, n), value) in known.places.iter().zip(&mut values) {
            start += lengths.by_ref().take(n - passed).map(|length| length + 1).sum::<usize>();
            let end = start + lengths.next().unwrap_or_default();
            *value = path.get(start..end).unwrap_or_default();
            (passed, start) = (n + 1, end + 1);
        }
        Self { known, values }
    }

    /// Returns the value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.known.places.iter().zip(self.values).find(|((known, _), _)| *known == name).map(|(_, value)| value)
    }

    /// Returns the name of the parameter for the id of an item.
    pub(super) fn item(&self) -> Option<&'static str> {
        self.known.item
    }

    /// Returns all values, in order.
    #[cfg(test)]
    pub(super) fn values(&self) -> &[&'a str] {
        &self.values[..self.known.places.len()]
    }
}
