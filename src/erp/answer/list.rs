//! Lists that are read to their end, and kept to a bound.

use std::fmt::{self, Formatter};

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

/// Where the elements of a list go, one by one.
pub(super) trait Collect {
    type Element;

    /// Whether the rest is of no interest.
    fn is_full(&self) -> bool {
        false
    }

    fn add(&mut self, element: Self::Element);
}

/// Reads a list, holding no more than what is collected.
pub(super) fn into<'de, D, C>(deserializer: D, collection: C) -> Result<C, D::Error>
where
    D: Deserializer<'de>,
    C: Collect<Element: Deserialize<'de>>,
{
    struct Elements<C>(C);

    impl<'de, C: Collect<Element: Deserialize<'de>>> Visitor<'de> for Elements<C> {
        type Value = C;

        fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<C, A::Error> {
            while !self.0.is_full() {
                let Some(element) = list.next_element()? else { return Ok(self.0) };
                self.0.add(element);
            }
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(self.0)
        }
    }

    deserializer.deserialize_seq(Elements(collection))
}

/// The first `max` elements.
struct First<T> {
    max: usize,
    kept: Vec<T>,
}

impl<T> Collect for First<T> {
    type Element = T;

    fn is_full(&self) -> bool {
        self.kept.len() >= self.max
    }

    fn add(&mut self, element: T) {
        self.kept.push(element);
    }
}

pub(super) fn first<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    max: usize,
) -> Result<Vec<T>, D::Error> {
    into(deserializer, First { max, kept: Vec::new() }).map(|first| first.kept)
}
