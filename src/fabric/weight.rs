//! Weights: the approximate sizes of values in memory. They limit what a tenant stores.

use std::fmt::{self, Display, Write as _};

use serde::de::value::Error;
use serde::ser::{self, Serialize};

/// The weight of every value in addition to its text, in bytes. It covers the value in memory, and its quotes, digits
/// and separators in JSON.
const NODE: usize = 80;
/// The weight of the separators of a member name, in bytes.
const NAME: usize = 4;
/// The additional weight of a character that JSON escapes as `\u0000`, in bytes.
const ESCAPE: usize = 5;

/// The approximate size of a value in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// The size of the payloads of definitions. Copies of a state share them.
    pub payloads: usize,
    /// The size of everything else.
    pub rest: usize,
}

impl Weight {
    /// Returns the sum.
    pub fn total(self) -> usize {
        self.payloads.saturating_add(self.rest)
    }
}

/// Returns the approximate size of a value in memory, in bytes. The result is at least the size of the value as JSON.
pub fn weight(value: &(impl Serialize + ?Sized)) -> usize {
    weigh(value).total()
}

/// Returns the approximate size of a value in memory. The sum is at least the size of the value as JSON.
pub fn weigh(value: &(impl Serialize + ?Sized)) -> Weight {
    let mut scale = Scale(Weight::default());
    match value.serialize(&mut scale) {
        Ok(()) => scale.0,
        // Stored values cannot fail to serialize. If one does, nothing is large enough to store it.
        Err(_) => Weight { payloads: 0, rest: usize::MAX },
    }
}

/// A serializer that adds up the weight of the values that it receives, and writes nothing.
struct Scale(Weight);

impl Scale {
    fn node(&mut self, content: usize) {
        self.0.rest = self.0.rest.saturating_add(NODE + content);
    }

    fn name(&mut self, name: &'static str) {
        self.0.rest += NAME + name.len();
    }
}

/// Counts the bytes of a text as JSON.
struct Text(usize);

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let escaped = text.bytes().filter(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\').count();
        self.0 += text.len() + escaped * ESCAPE;
        Ok(())
    }
}

/// Implements methods of [`ser::Serializer`] for scalars, whose text fits into [`NODE`].
macro_rules! scalars {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, _: $type) -> Result<(), Error> {
            self.node(0);
            Ok(())
        })*
    };
}

impl ser::Serializer for &mut Scale {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    scalars! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_unit_struct: &'static str,
    }

    /// Returns `false`, so that payloads are weighed as bytes, and not first encoded in Base64.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        self.collect_str(text)
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Result<(), Error> {
        let mut text = Text(0);
        let _ = write!(text, "{value}");
        self.node(text.0);
        Ok(())
    }

    /// Weighs a payload as its Base64 encoding, which is longer.
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Error> {
        self.0.payloads += bytes.len().div_ceil(3) * 4;
        self.node(0);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.node(0);
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.node(variant.len());
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
        self.node(0);
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Self, Error> {
        self.node(variant.len());
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        self.serialize_seq(None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        self.serialize_seq(None)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Self, Error> {
        self.node(variant.len());
        Ok(self)
    }
}

/// Implements a trait of a compound value whose elements have no names.
macro_rules! unnamed {
    ($($trait:ident: $method:ident),*) => {
        $(impl ser::$trait for &mut Scale {
            type Ok = ();
            type Error = Error;

            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        })*
    };
}

/// Implements a trait of a compound value whose elements have fixed names.
macro_rules! named {
    ($($trait:ident),*) => {
        $(impl ser::$trait for &mut Scale {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.name(name);
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        })*
    };
}

unnamed! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
}
named! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for &mut Scale {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "(?s).{0,20}".prop_map(Value::from),
            "[\u{0}-\u{1f}\"\\\\]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map("(?s).{0,8}", inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn weight_is_at_least_the_size_as_json(value in value()) {
            prop_assert!(weight(&value) >= value.to_string().len());
        }
    }

    #[test]
    fn weight_grows_with_the_number_of_values_and_the_length_of_texts() {
        assert!(weight(&vec![Value::Null; 1_000]) >= 1_000 * size_of::<Value>());
        assert!(weight(&"x".repeat(1_000)) >= 1_000);
    }
}
