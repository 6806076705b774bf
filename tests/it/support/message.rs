//! Messages of HTTP as they pass a proxy: where their heads and bodies end.

use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf,
    copy,
};
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

    /// Copies a body whose length is known, with another byte in its middle.
    pub async fn damage(
        self,
        reader: &mut (impl AsyncBufRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        let Self::Length(length @ 1..) = self else {
            return self.copy(reader, writer).await;
        };
        let before = length / 2;
        copy(&mut (&mut *reader).take(before), writer).await?;
        let middle = reader.read_u8().await?;
        writer.write_u8(middle ^ 1).await?;
        let after = length - before - 1;
        copy(&mut reader.take(after), writer).await.map(drop)
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

/// Reads what somebody says, and notes it where it is to be noted.
pub struct Overheard<'a, R> {
    pub from: R,
    pub notes: Option<&'a Mutex<Vec<u8>>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Overheard<'_, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.from).poll_read(context, buffer))?;
        if let Some(notes) = self.notes {
            notes.lock().unwrap().extend(&buffer.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

/// An answer of the server that may be changed before it is passed on. Its length is told anew.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// As they came, without ends of line.
    pub headers: Vec<String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Its body, which must be text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// What a head says that answers a request of that method; its body is yet to come.
    pub fn of(head: &[u8], method: &str) -> Self {
        let is_length = |line: &str| line.to_ascii_lowercase().starts_with("content-length:");
        let text = String::from_utf8_lossy(head);
        let mut lines = text.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        Self {
            status: status.parse().unwrap(),
            headers: lines
                .filter(|line| !line.is_empty())
                // The answer to HEAD tells the length of what it does not bring.
                .filter(|line| method == "HEAD" || !is_length(line))
                .map(str::to_owned)
                .collect(),
            body: Vec::new(),
        }
    }

    /// As it goes out.
    pub fn bytes(&self) -> Vec<u8> {
        let mut headers = self.headers.join("\r\n");
        let tells = |name: &str| {
            let mut lines = self.headers.iter();
            lines.any(|line| line.to_ascii_lowercase().starts_with(name))
        };
        let is_chunked = tells("transfer-encoding: chunked");
        if !is_chunked && !tells("content-length:") && self.status != 204 {
            headers = format!("Content-Length: {}\r\n{headers}", self.body.len());
        }
        let head = format!("HTTP/1.1 {} Edited\r\n{headers}\r\n\r\n", self.status);
        if !is_chunked {
            return [head.as_bytes(), &self.body].concat();
        }
        let mut bytes = head.into_bytes();
        for piece in self.body.chunks(1000) {
            bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
            bytes.extend([piece, b"\r\n"].concat());
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    }
}
