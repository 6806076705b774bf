//! Messages of HTTP as they pass a proxy: where their heads and bodies end.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::time::sleep;

/// A message up to its empty line; nothing when the connection has ended.
pub async fn read_head(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    loop {
        let length = reader.read_until(b'\n', &mut head).await?;
        if length == 0 {
            return Ok(None);
        }
        if head.ends_with(b"\r\n\r\n") {
            return Ok(Some(head));
        }
    }
}

/// How the end of a body is told.
#[derive(Clone, Copy)]
pub enum Body {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Body {
    /// As the header says, if it says something.
    pub fn of(head: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(head).to_ascii_lowercase();
        let header = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        if header("transfer-encoding").is_some_and(|value| value.trim().ends_with("chunked")) {
            return Some(Self::Chunked);
        }
        header("content-length")?
            .trim()
            .parse()
            .ok()
            .map(Self::Length)
    }

    /// Copies a body whose length is known so slowly that it takes so long.
    pub async fn trickle(
        self,
        reader: &mut (impl AsyncBufRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
        time: Duration,
    ) -> io::Result<()> {
        const STEPS: u32 = 20;
        let Self::Length(length) = self else {
            return self.copy(reader, writer).await;
        };
        let mut left = length;
        for step in 0..STEPS {
            sleep(time / STEPS).await;
            let piece = left / u64::from(STEPS - step);
            copy(&mut (&mut *reader).take(piece), writer).await?;
            left -= piece;
        }
        Ok(())
    }

    /// Copies a body to its end.
    pub async fn copy(
        self,
        reader: &mut (impl AsyncBufRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        match self {
            Self::Length(length) => copy(&mut reader.take(length), writer).await.map(drop),
            Self::UntilClose => copy(reader, writer).await.map(drop),
            Self::Chunked => loop {
                let mut size = Vec::new();
                reader.read_until(b'\n', &mut size).await?;
                writer.write_all(&size).await?;
                let text = String::from_utf8_lossy(&size);
                let digits = text.split(';').next().unwrap_or_default().trim();
                let length = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
                if length == 0 {
                    // Trailers end with an empty line, as a head does.
                    loop {
                        let mut trailer = Vec::new();
                        reader.read_until(b'\n', &mut trailer).await?;
                        writer.write_all(&trailer).await?;
                        if trailer.len() <= 2 {
                            return Ok(());
                        }
                    }
                }
                copy(&mut reader.take(length + 2), writer).await?;
            },
        }
    }
}
