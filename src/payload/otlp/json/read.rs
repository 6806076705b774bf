//! Objects and lists in the JSON of protobuf.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A message of protobuf, which is filled member by member.
pub(super) trait Message: Default {
    /// Takes the member of this name, which is in camel case. False, and nothing is read, where it knows none.
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        members: &mut A,
    ) -> Result<bool, A::Error>;
}

/// A message that is read from JSON.
pub(super) struct Read<M>(pub(super) M);

impl<'de, M: Message> Deserialize<'de> for Read<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<M>(PhantomData<M>);
        impl<'de, M: Message> Visitor<'de> for Members<M> {
            type Value = M;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<M, E> {
                Ok(M::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<M, A::Error> {
                let mut message = M::default();
                while let Some(name) = members.next_key::<String>()? {
                    if !message.take(&in_camel_case(&name), &mut members)? {
                        members.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(message)
            }
        }
        deserializer.deserialize_any(Members(PhantomData)).map(Read)
    }
}

/// `timeUnixNano` for `time_unix_nano`.
fn in_camel_case(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return name.into();
    }
    let mut built = String::with_capacity(name.len());
    for (index, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if index > 0 => built.push(first.to_ascii_uppercase()),
            Some(first) => built.push(first),
            None => {}
        }
        built.push_str(letters.as_str());
    }
    built.into()
}

/// The next member as a message.
pub(super) fn message<'de, M: Message, A: MapAccess<'de>>(members: &mut A) -> Result<M, A::Error> {
    members.next_value::<Read<M>>().map(|read| read.0)
}

/// The next member as a list of messages.
pub(super) fn messages<'de, M: Message, A: MapAccess<'de>>(
    members: &mut A,
) -> Result<Vec<M>, A::Error> {
    let read: Vec<Read<M>> = list(members)?;
    Ok(read.into_iter().map(|read| read.0).collect())
}

/// The next member as a list; `null` is an empty one.
pub(super) fn list<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    members: &mut A,
) -> Result<Vec<T>, A::Error> {
    struct List<T>(Vec<T>);
    impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Elements<T>(PhantomData<T>);
            impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
                type Value = Vec<T>;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a list")
                }

                fn visit_unit<E>(self) -> Result<Vec<T>, E> {
                    Ok(Vec::new())
                }

                fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                    let mut elements = Vec::new();
                    while let Some(element) = list.next_element()? {
                        elements.push(element);
                    }
                    Ok(elements)
                }
            }
            deserializer
                .deserialize_any(Elements(PhantomData))
                .map(List)
        }
    }
    members.next_value::<List<T>>().map(|list| list.0)
}
