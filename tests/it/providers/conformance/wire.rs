//! What goes over the line between the program and a server: the requests that something takes, and what is in them and in their answers.

use regex::Regex;

use super::{Opened, Subject};
use crate::support::proxy::{Line, Proxy, Request};

/// Both buckets of a subject, through a line that is listened to.
pub struct Wire {
    pub bucket: Opened,
    pub beside: Opened,
    proxy: Proxy,
}

/// What was heard.
pub struct Heard {
    requests: Vec<Request>,
    sent: String,
    answered: String,
}

impl Wire {
    /// `None` for what is not asked over HTTP.
    pub async fn of(subject: &Subject<'_>) -> Option<Self> {
        let proxy = Line::to(subject.port?).noting().open();
        let port = Some(proxy.port());
        let [one, two] = subject.files;
        Some(Self {
            bucket: Opened::of(subject, &one(port), port).await,
            beside: Opened::of(subject, &two(port), port).await,
            proxy,
        })
    }

    /// What an act takes.
    pub async fn overhear<T>(&self, act: impl Future<Output = T>) -> (T, Heard) {
        let before = self.proxy.requests().len();
        self.proxy.overheard();
        let done = act.await;
        let [sent, answered] = self.proxy.overheard();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let heard = Heard {
            requests: self.proxy.requests().split_off(before),
            sent: text(sent),
            answered: text(answered),
        };
        (done, heard)
    }
}

impl Heard {
    /// The header, the parameter of a query or the member of a document in which this is sent.
    pub fn sent_as(&self, value: &str) -> Option<&'static str> {
        let mut fields = self.requests.iter().flat_map(fields);
        let field = fields.find(|(_, found)| found == value);
        let name = field.map(|(name, _)| name).or_else(|| {
            let member = format!("\"([A-Za-z0-9]+)\": *\"{}\"", regex::escape(value));
            let member = Regex::new(&member).unwrap();
            Some(member.captures(&self.sent)?[1].to_owned())
        })?;
        Some(name.leak())
    }

    /// The condition that something is of this version.
    pub fn condition(&self, tag: &str) -> Option<&'static str> {
        let mut fields = self.requests.iter().flat_map(fields);
        let is_it = |(name, value): &(String, String)| {
            name.to_ascii_lowercase().contains("match")
                && value.trim_matches('"') == tag.trim_matches('"')
        };
        Some(fields.find(is_it)?.0.leak())
    }

    /// What the last request has that the last one of another act has not: a header or a parameter, with its value.
    pub fn added_to(&self, plain: &Self) -> Option<&'static str> {
        let of = |heard: &Self| heard.requests.last().map(fields).unwrap_or_default();
        let plain: Vec<String> = of(plain).into_iter().map(|(name, _)| name).collect();
        let mut added = of(self)
            .into_iter()
            .filter(|(name, _)| !plain.contains(name));
        let (name, value) = added.next()?;
        assert_eq!(added.next(), None, "beside {name}");
        let is_header = name.contains('-');
        let sign = if is_header { ": " } else { "=" };
        Some(format!("{name}{sign}{value}").leak())
    }

    /// Whether the query of a request names this, or what comes right after it.
    pub fn asks_for(&self, name: &str) -> bool {
        let mut fields = self.requests.iter().flat_map(fields);
        fields.any(|(_, value)| value.starts_with(name))
    }

    /// Whether an answer tells this.
    pub fn tells(&self, value: &str) -> bool {
        self.answered.contains(value)
    }

    /// In which order answers show these names, which no letter of another one follows.
    pub fn in_order<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        let answered = decoded(&self.answered);
        let place = |name: &str| {
            let ends = ["<", "\""].map(|end| answered.find(&format!("{name}{end}")));
            ends.into_iter().flatten().min()
        };
        let mut shown: Vec<(usize, &str)> = names
            .iter()
            .map(|name| {
                (
                    place(name).unwrap_or_else(|| panic!("{name}: {answered}")),
                    *name,
                )
            })
            .collect();
        shown.sort_unstable();
        shown.into_iter().map(|(_, name)| name).collect()
    }
}

/// The headers of a request, and the parameters of its query.
fn fields(request: &Request) -> Vec<(String, String)> {
    let headers = request.head.lines().skip(1);
    let headers = headers.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (spelled(name), value.trim().to_owned()));
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let parameters = query.split('&').filter_map(|pair| pair.split_once('='));
    let parameters = parameters.map(|(name, value)| (name.to_owned(), decoded(value)));
    headers.chain(parameters).collect()
}

/// Without what is percent-encoded.
fn decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let code = piece.get(..2).map(|code| u8::from_str_radix(code, 16));
        if let Some(Ok(byte)) = code {
            bytes.push(byte);
            bytes.extend(&piece.as_bytes()[2..]);
        } else {
            bytes.push(b'%');
            bytes.extend(piece.as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// As documents write a header, which goes out in small letters.
fn spelled(name: &str) -> String {
    if name.starts_with("x-") {
        return name.to_owned();
    }
    let words = name.split('-').map(|word| match word {
        "md5" => "MD5".to_owned(),
        "etag" => "ETag".to_owned(),
        word => {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        }
    });
    words.collect::<Vec<_>>().join("-")
}
