//! Stub.
/// Stub.
#[derive(Debug, Clone)]
pub struct Selector(String);
impl std::str::FromStr for Selector {
    type Err = crate::error::Error;
    fn from_str(text: &str) -> crate::error::Result<Self> {
        Ok(Self(text.to_owned()))
    }
}
impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
