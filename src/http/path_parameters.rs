//! The parameters in the path of a request.

use matchit::Params;

use crate::http::operation::{Operation, parameter};

/// The maximum number of parameters of a path.
const PARAMETERS_MAX: usize = 4;

/// The parameters of an operation.
#[derive(Debug)]
pub(super) struct KnownParameters {
    /// The names, in the order of the path.
    names: Vec<&'static str>,
    /// The parameter for the id of an item.
    item: Option<&'static str>,
}

impl KnownParameters {
    /// Reads the parameters in the path of an operation.
    pub(super) fn of(operation: &Operation) -> Self {
        let names = operation.path.split('/').filter_map(parameter).collect::<Vec<_>>();
        assert!(names.len() <= PARAMETERS_MAX, "{} has too many parameters", operation.path);
        Self { names, item: operation.item_parameter() }
    }
}

/// The places of the values in the path of a request: where each begins and ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Places([(u32, u32); PARAMETERS_MAX]);

impl Places {
    /// Reads the places from a match of the router. The values must be slices of `path`.
    pub(super) fn of(parameters: &Params<'_, '_>, path: &str) -> Self {
        let mut places = Self::default();
        for ((_, value), place) in parameters.iter().zip(&mut places.0) {
            let start = value.as_ptr().addr() - path.as_ptr().addr();
            let offset = |offset| u32::try_from(offset).expect("a URI is shorter than 64 KiB");
            *place = (offset(start), offset(start + value.len()));
        }
        places
    }
}

/// The parameters of a path, with their values as sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathParameters<'a> {
    known: &'static KnownParameters,
    path: &'a str,
    places: Places,
}

impl<'a> PathParameters<'a> {
    /// Combines the parameters of an operation with their places in the path of a request.
    pub(super) fn new(known: &'static KnownParameters, path: &'a str, places: Places) -> Self {
        Self { known, path, places }
    }

    /// Returns the value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let n = self.known.names.iter().position(|known| *known == name)?;
        let (start, end) = self.places.0[n];
        self.path.get(start as usize..end as usize)
    }

    /// Returns the name of the parameter for the id of an item.
    pub(super) fn item(&self) -> Option<&'static str> {
        self.known.item
    }

    /// Returns all values, in order.
    #[cfg(test)]
    pub(super) fn values(&self) -> Vec<&'a str> {
        self.known.names.iter().filter_map(|name| self.get(name)).collect()
    }
}
