//! Work that waits for a disk, done where it keeps nobody else waiting.

use std::sync::Arc;

use super::root::Root;

/// Does `work` where it may block. Whatever came of it counts only if the bucket's folder is still the one that it was.
pub(super) async fn in_folder<T: Send + 'static>(
    root: Arc<Root>,
    work: impl FnOnce(&Arc<Root>) -> object_store::Result<T> + Send + 'static,
) -> object_store::Result<T> {
    blocking(move || {
        let done = work(&root);
        root.anchor().verify()?;
        done
    })
    .await
}

/// Does `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> object_store::Result<T> + Send + 'static,
) -> object_store::Result<T> {
    tokio::task::spawn_blocking(work).await?
}
