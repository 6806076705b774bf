//! What is known of the process is shown from its beginning to its end, beside the work.

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::board::Board;
use crate::engine::Stop;
use crate::error::Result;
use crate::serve::{Server, Settings};

/// Who shows it; what it holds ends with it.
pub(super) struct Shown {
    board: Board,
    /// Tells the board as soon as the end is asked for: nobody is sent here any more while the last run ends.
    _watching: AbortOnDropHandle<()>,
    serving: Option<AbortOnDropHandle<()>>,
    ended: CancellationToken,
}

impl Shown {
    /// It is shown from now on, with these settings or to nobody.
    ///
    /// Errors: nobody can listen there.
    pub(super) async fn begin(
        settings: Option<Settings>,
        board: &Board,
        stop: &Stop,
    ) -> Result<Self> {
        let ended = CancellationToken::new();
        let serving = match settings {
            Some(settings) => {
                let server = Server::bind(settings).await?;
                let end = ended.clone().cancelled_owned();
                let serving = tokio::spawn(server.run(board.clone(), end));
                Some(AbortOnDropHandle::new(serving))
            }
            None => None,
        };
        let (told, asked) = (board.clone(), stop.clone());
        let watching = tokio::spawn(async move {
            asked.wait().await;
            told.ends();
        });
        Ok(Self {
            board: board.clone(),
            _watching: AbortOnDropHandle::new(watching),
            serving,
            ended,
        })
    }

    /// Requests in hand are answered, and none is taken any more.
    pub(super) async fn end(self) {
        self.board.ends();
        self.ended.cancel();
        if let Some(serving) = self.serving {
            // Whatever becomes of it, the work is done.
            let _ = serving.await;
        }
    }
}
