//! Which store is meant among those that a catalogue names: the first public one, or that of a region.

use super::token::Failure;

/// What stores are called in catalogues.
pub(super) const STORE: &str = "object-store";

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `None` where it is not the public one.
    pub(super) public_url: Option<String>,
    pub(super) region: String,
}

/// The address of the store of that region, or of the first one. `is_empty` says whether the catalogue names no service at all.
pub(super) fn chosen(
    endpoints: &[Endpoint],
    region: Option<&str>,
    is_empty: bool,
) -> Result<String, Failure> {
    let mut public = endpoints
        .iter()
        .filter_map(|endpoint| Some((endpoint.public_url.as_deref()?, endpoint.region.as_str())))
        .filter(|(url, _)| !url.is_empty());
    let found = public
        .clone()
        .find(|(_, here)| region.is_none_or(|region| region == *here));
    if let Some((url, _)) = found {
        return Ok(url.to_owned());
    }
    if public.next().is_none() {
        return Err(Failure::final_one(if is_empty {
            "the token that came is for no project: config.project_id, or config.project_name with its domain, names it".to_owned()
        } else if endpoints.is_empty() {
            format!("the catalogue that came names no {STORE} for this project")
        } else {
            format!("the catalogue that came names no public address of the {STORE}")
        }));
    }
    let all = endpoints.iter().filter(|it| it.public_url.is_some());
    let mut regions: Vec<&str> = all.map(|it| it.region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    Err(Failure::final_one(format!(
        "config.region_name {:?}: the catalogue that came has an {STORE} in {}",
        region.unwrap_or_default(),
        regions.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.41
    #[test]
    fn the_first_store_is_meant_or_that_of_the_region() {
        let endpoint = |region: &str, url: Option<&str>| Endpoint {
            public_url: url.map(str::to_owned),
            region: region.to_owned(),
        };
        let all = [
            endpoint("One", None),
            endpoint("One", Some("https://one")),
            endpoint("Two", Some("https://two")),
        ];
        for (endpoints, region, is_empty, expected) in [
            (&all[..], None, false, Ok("https://one")),
            (&all, Some("Two"), false, Ok("https://two")),
            (&all, Some("two"), false, Err("in One, Two")),
            (&all[..1], None, false, Err("no public address")),
            (&[], None, false, Err("names no object-store")),
            (&[], None, true, Err("config.project_name")),
            (&[], Some("One"), true, Err("config.project_name")),
        ] {
            let found = chosen(endpoints, region, is_empty);
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(failure), Err(expected)) => {
                    assert!(failure.to_string().contains(expected), "{failure}");
                }
                (found, expected) => panic!("{found:?} {expected:?}"),
            }
        }
    }
}
