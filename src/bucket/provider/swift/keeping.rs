//! What a container says of how it keeps its objects. It has neither locks nor rules: what is to be deleted some day says so itself, object by object.

use super::ask::{Asker, Versions as Found};
use super::meaning;
use crate::bucket::keeping::{Keeping, Told, Versions};
use crate::causes;

/// What can be known.
pub(super) async fn keeping(asker: &Asker) -> Keeping {
    let versions = match asker.container(&asker.container).await {
        Ok(headers) if Found::read(&headers).are_kept => Told::Yes(Versions::Kept),
        Ok(_) => Told::Yes(Versions::Gone),
        Err(err) => {
            let meant = causes::chain(&err).find_map(meaning::meaning);
            let said = meant.and_then(|meaning| meaning.said);
            Told::No(said.unwrap_or_else(|| causes::deepest(&err)))
        }
    };
    Keeping {
        versions,
        locked: Told::Yes(None),
        rules: Told::Yes(Vec::new()),
    }
}
