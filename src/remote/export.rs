//! `VictoriaMetrics`' export: a line of JSON for each series, or for a part of one, read as they come.

use std::ops::Range;
use std::sync::Arc;

use futures::StreamExt as _;

use super::delivered::{Brought, Delivered, Likeness};
use super::exported;
use super::lines::{Lines, TooLong};
use super::pace::Pace;
use super::read::{broken, tells_its_end};
use super::server::{self, Limits, Wanted, refused};
use super::sink::Sink;
use super::taking::Taking;
use super::trouble::Trouble;
use crate::error::Result;
use crate::http::header::{self, HeaderMap};
use crate::http::secrets::Secrets;
use crate::http::{HttpRequest, HttpRequestBody, form};
use crate::promql::exchange::{Answer, Begun, Exchange};
use crate::promql::{Access, Selector, seconds};

/// Reads from a server that exports as `VictoriaMetrics` does. Clones share connections.
#[derive(Debug, Clone)]
pub struct ExportClient {
    exchange: Arc<Exchange>,
    limits: Limits,
    pace: Arc<Pace>,
}

/// How many samples a line is asked to have at most: the server holds one, and so do we.
const MOST_PER_LINE: &str = "10000";

impl ExportClient {
    /// One for the server that answers there: the address is that of the export itself, such as `http://victoria:8428/api/v1/export`. Nothing is
    /// asked yet.
    pub fn new(access: &Access, limits: &Limits) -> Result<Self> {
        Ok(Self {
            exchange: Arc::new(Exchange::new(access, limits.timeout)?),
            limits: limits.clone(),
            pace: Arc::default(),
        })
    }

    /// Where it is, without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.exchange.place()
    }

    /// Hands on what the server has of the series that any of the selectors selects, within that range of milliseconds since the epoch. A series
    /// that several select is handed on once.
    ///
    /// Errors: as those of [`ReadClient::read`](super::ReadClient::read).
    pub async fn read(
        &self,
        selectors: &[Selector],
        range: Range<i64>,
        sink: &mut Sink<'_>,
    ) -> Result<Brought> {
        let once = async |wanted: &Wanted<'_>, delivered: &mut Delivered<'_, '_>| {
            self.ask(wanted, delivered).await
        };
        let access = (self.place(), &self.limits, &*self.pace);
        server::each(access, selectors, range, sink, once).await
    }

    async fn ask(
        &self,
        wanted: &Wanted<'_>,
        delivered: &mut Delivered<'_, '_>,
    ) -> Result<(), Trouble> {
        let begun = self.begin(wanted).await?;
        if tells_its_end(begun.answer.headers()) {
            return self.take(begun, wanted, delivered, None).await;
        }
        // It ends where the connection is closed, and nobody can tell whether that was its end: it is believed where it comes twice alike.
        let (mut first, mut second) = (Likeness::default(), Likeness::default());
        let mut nowhere = |_| Ok(());
        let mut unheard = Delivered::begin(&mut nowhere, Brought::default())?;
        self.take(begun, wanted, &mut unheard, Some(&mut first))
            .await?;
        let begun = self.begin(wanted).await?;
        self.take(begun, wanted, delivered, Some(&mut second))
            .await?;
        if first != second {
            let why =
                "the answer says nothing of its length, and differs from one time to the next";
            return Err(Trouble::Garbled(why.to_owned()));
        }
        Ok(())
    }

    /// Asks; what is answered is a success so far.
    async fn begin(&self, wanted: &Wanted<'_>) -> Result<Begun, Trouble> {
        let base = self.exchange.base().clone();
        let begun = self.exchange.send(base, || request(wanted)).await?;
        if begun.answer.status().is_success() {
            Ok(begun)
        } else {
            Err(refused(begun).await)
        }
    }

    /// Takes an answer line by line.
    async fn take(
        &self,
        begun: Begun,
        wanted: &Wanted<'_>,
        delivered: &mut Delivered<'_, '_>,
        mut likeness: Option<&mut Likeness>,
    ) -> Result<(), Trouble> {
        let Begun { answer, secrets } = begun;
        let (status, is_json) = (answer.status().as_u16(), is_json(answer.headers()));
        let taking = Taking::new(wanted);
        let mut number = 0;
        let mut take = |line: &[u8]| {
            number += 1;
            let line = line.trim_ascii();
            if line.is_empty() {
                return Ok(());
            }
            if let Some(likeness) = &mut likeness {
                likeness.add(line);
            }
            let read = exported::read(line);
            let (labels, samples) =
                read.map_err(|why| unread(number, status, line, &secrets, &why))?;
            delivered.reach();
            taking.samples(&labels, samples, delivered)
        };
        let mut lines = Lines::new(self.limits.max_held_bytes);
        let mut pieces = answer.into_body().bytes_stream();
        let mut is_empty = true;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|err| broken(&err))?;
            is_empty &= piece.is_empty();
            lines.push(&piece, &mut take)?;
        }
        if is_empty && !is_json {
            let why = "the answer is empty, and does not say that it is an export";
            return Err(Trouble::Garbled(why.to_owned()));
        }
        take(&lines.end())
    }
}

impl From<TooLong> for Trouble {
    fn from(TooLong(longest): TooLong) -> Self {
        Self::TooMuch(format!(
            "a line of the answer has more than {longest} bytes"
        ))
    }
}

/// A line that cannot be read: one that was cut, the page of a proxy, or the error of a server that failed within its answer.
fn unread(number: u64, status: u16, line: &[u8], secrets: &Secrets, why: &str) -> Trouble {
    let answer = Answer {
        status,
        body: line.to_vec(),
        secrets: secrets.clone(),
    };
    Trouble::Garbled(format!("line {number}: {}", answer.about(why)))
}

fn request(wanted: &Wanted<'_>) -> HttpRequest {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    let Range { start, end } = wanted.range;
    // Both times belong to what is asked for.
    let (start, end) = (seconds(start), seconds(end.saturating_sub(1)));
    let selector = wanted.selector.to_string();
    form::post(
        &mut request,
        &[
            ("match[]", selector.as_str()),
            ("start", &start),
            ("end", &end),
            ("max_rows_per_line", MOST_PER_LINE),
        ],
    );
    request
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().contains("json")
}
