//! The parameters in the path of a request.

use std::ops::Range;

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

/// The places of the values in the path of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Places([Place; PARAMETERS_MAX]);

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    start: u32,
    end: u32,
}

impl Place {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Places {
    /// Reads the places from the match of a router. The router matched a part of `path`, up to its end.
    pub(super) fn of(parameters: &Params<'_, '_>, path: &str) -> Self {
        let mut places = Self::default();
        for ((_, value), place) in parameters.iter().zip(&mut places.0) {
            let start = value.as_ptr().addr() - path.as_ptr().addr();
            let offset = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
            *place = Place { start: offset(start), end: offset(start + value.len()) };
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
        self.path.get(self.places.0[n].range())
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
