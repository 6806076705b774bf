//! Uploads that were begun and neither completed nor aborted, as a service tells of them that does.

use object_store::Result;
use object_store::path::Path;
use thanos_bucket::bucket::{Begun, BegunForm, Unfinished};

use super::Store;
use super::faults::Verb;
use crate::world::{Side, Upload};

fn told(number: u64, upload: &Upload) -> Begun {
    Begun {
        form: BegunForm::Upload,
        key: upload.path.clone(),
        id: number.to_string(),
        touched: chrono::DateTime::from_timestamp_millis(upload.touched_ms),
    }
}

#[async_trait::async_trait]
impl Unfinished for Store {
    async fn begun(&self, _: Option<&Path>) -> Result<Vec<Begun>> {
        let fate = self.request(Verb::List, "uploads").await?;
        let uploads = self.with(|world| {
            let uploads = world.storage.uploads.iter();
            let uploads = uploads.filter(|_| self.side == Side::Target);
            uploads
                .map(|(number, upload)| told(*number, upload))
                .collect()
        });
        self.answer(fate, Ok(uploads)).await
    }

    async fn look_at(&self, begun: &Begun) -> Result<Option<Begun>> {
        let fate = self.request(Verb::Head, &begun.key).await?;
        let number = begun.id.parse().unwrap();
        let upload = self.with(|world| {
            let upload = world.storage.uploads.get(&number);
            upload.map(|upload| told(number, upload))
        });
        self.answer(fate, Ok(upload)).await
    }

    async fn end(&self, begun: &Begun) -> Result<()> {
        let fate = self.request(Verb::Abort, &begun.key).await?;
        let number = begun.id.parse().unwrap();
        self.with(|world| {
            world.judge_ending_an_upload(self.run, number);
            world.storage.uploads.remove(&number);
        });
        self.answer(fate, Ok(())).await
    }
}
