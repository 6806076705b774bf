//! Values at rest: whoever surveys a million blocks keeps all of them in memory, and looks at each for a moment.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value in about as few bytes as it can be told in. To look at it is to make it anew.
pub struct Packed<T> {
    bytes: Box<[u8]>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Packed<T> {
    /// Puts a value to rest.
    ///
    /// # Panics
    ///
    /// Where its type cannot be told in bytes, whatever its value.
    #[must_use]
    #[expect(clippy::expect_used, reason = "it depends on the type alone")]
    pub fn new(value: &T) -> Self {
        let bytes = postcard::to_stdvec(value).expect("a type that can be told in bytes");
        Self {
            bytes: bytes.into_boxed_slice(),
            of: PhantomData,
        }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// Where its type does not read what it has told, whatever its value.
    #[must_use]
    #[expect(clippy::expect_used, reason = "nobody else makes these bytes")]
    pub fn get(&self) -> T {
        postcard::from_bytes(&self.bytes).expect("the bytes of a value of this type")
    }
}

impl<T> Clone for Packed<T> {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            of: PhantomData,
        }
    }
}

impl<T> PartialEq for Packed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Packed<T> {}

impl<T: Serialize + DeserializeOwned + fmt::Debug> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<T: Serialize + DeserializeOwned> From<&T> for Packed<T> {
    fn from(value: &T) -> Self {
        Self::new(value)
    }
}
